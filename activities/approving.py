"""Whether money may move on a person's word: ceilings by role, four eyes, fresh login (P6.2; ASVS 2.3.2, 2.3.5, 7.5.3).

An approval is bound to the case's amount and to the destination; another amount or destination voids it (ASVS 15.4.2).
Up to the threshold one person's word is enough, even of the one who entered the case for the customer; from it on two
others have to agree. Every function refuses before it writes.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final, NamedTuple

from activities.casefile import FINANCE, SUPERVISORS, CaseFile, role_of
from activities.precautions import Approval
from activities.rows import Order
from activities.rulings import Ceilings, Policy
from activities.sentences import decider_words, refusal
from activities.speakers import same_person
from activities.turns import back_to_review
from aftersales.contract.errors import AftersalesError
from aftersales.contract.messages import Proof
from aftersales.contract.values import CaseStatus, ErrorCode, Money, Role
from domain.display import display_amount

FRESH_S: Final = 15 * 60
"""How old a login may be that approves what takes two people."""

APPROVED_FIRST: Final = "approved_first"
APPROVALS_VOIDED: Final = "approvals_voided"
CHANGED: Final = "amount_or_destination_changed"
_FINANCE: Final = frozenset({Role.FINANCE, Role.ADMIN})


class Intended(NamedTuple):
    """What is about to be paid: the case's whole amount, and the payee's token, empty for the original channel."""

    amount: Money
    destination: str = ""


class _Bounds(NamedTuple):
    """`above`: the ceiling in minor units that the customer or the order would exceed, None if both hold."""

    ceilings: Ceilings
    amount: Money
    above: int | None

    @property
    def takes_two(self) -> bool:
        return self.above is not None or self.amount.minor >= self.ceilings.four_eyes


async def agreed(file: CaseFile, order: Order, intended: Intended, policy: Policy, proof: Proof) -> bool:
    """Whether the money may move now. False: this was the first of two approvals, recorded; another person is to agree.

    Raises AftersalesError: chargeback_open, ceiling_exceeded, same_person, fresh_login_needed.
    """
    await refuse_disputed(file, order)
    bounds = await _bounds(file, order, intended.amount, policy)
    _check_role(file, bounds, proof.role)
    if same_person(proof.actor, order.account.customer_id):
        raise refusal(ErrorCode.SAME_PERSON, file.language, key="own_refund")
    _check_named_by_another(file, proof.actor)
    if not bounds.takes_two:
        return True
    _check_login(file, proof)
    return await _count(file, intended, bounds, proof)


def agreed_before(file: CaseFile, intended: Intended) -> bool:
    """Whether two people agreed already to just this intended."""
    return len(_of(file, intended)) > 1


async def refuse_disputed(file: CaseFile, order: Order) -> None:
    """Raises AftersalesError(chargeback_open): the bank that takes the payment back would pay it a second time."""
    if await file.unit.chargeback_open(order.order_id):
        raise refusal(ErrorCode.CHARGEBACK_OPEN, file.language)


async def void_others(file: CaseFile, intended: Intended) -> None:
    """Approvals of another amount or destination count no more (ASVS 15.4.2)."""
    if len(_of(file, intended)) < len(file.approvals):
        await void_all(file, CHANGED)


async def void_all(file: CaseFile, why: str) -> None:
    """None of the case's approvals counts any more; `why` is a code for the log."""
    if file.approvals:
        voided = await file.unit.void_approvals(file.row.number, file.now)
        file.note(APPROVALS_VOIDED, before=str(voided), after="0", reason=why)
        file.approvals = ()


def takes_two(file: CaseFile, amount: Money, policy: Policy) -> bool:
    """By the amount alone, or because it took two before: the customer's or the order's ceiling did not allow it."""
    return amount.minor >= policy.ceilings(amount.currency).four_eyes or bool(file.approvals)


def _of(file: CaseFile, intended: Intended) -> tuple[Approval, ...]:
    return tuple(each for each in file.approvals if (each.amount, each.destination) == intended)


async def _bounds(file: CaseFile, order: Order, amount: Money, policy: Policy) -> _Bounds:
    ceilings, number = policy.ceilings(amount.currency), file.row.number
    since = file.now - timedelta(days=ceilings.period_days)
    of_customer = await file.unit.granted_to_customer(order.account.customer_id, amount.currency, since, number)
    of_order = await file.unit.granted_of_order(order.order_id, number)
    exceeded = [
        ceiling
        for granted, ceiling in ((of_customer, ceilings.customer_period), (of_order, ceilings.order))
        if granted + amount.minor > ceiling
    ]
    return _Bounds(ceilings, amount, min(exceeded, default=None))


def _check_role(file: CaseFile, bounds: _Bounds, role: Role) -> None:
    if bounds.above is not None and role not in _FINANCE:
        raise _exceeded(file, bounds, bounds.above)
    limit = _case_ceiling(bounds.ceilings, role)
    if bounds.amount.minor > limit:
        raise _exceeded(file, bounds, limit)


def _case_ceiling(ceilings: Ceilings, role: Role) -> int:
    if role in _FINANCE:
        return ceilings.finance_case
    return ceilings.supervisor_case if role is Role.SUPERVISOR else ceilings.agent_case


def _who_may(bounds: _Bounds) -> Role | None:
    """The lowest role that may approve it, by itself or as one of two; None if nobody may."""
    able = (Role.AGENT, Role.SUPERVISOR, Role.FINANCE) if bounds.above is None else (Role.FINANCE,)
    return next((role for role in able if bounds.amount.minor <= _case_ceiling(bounds.ceilings, role)), None)


def _exceeded(file: CaseFile, bounds: _Bounds, limit_minor: int) -> AftersalesError:
    limit = Money(minor=limit_minor, currency=bounds.amount.currency)
    return refusal(
        ErrorCode.CEILING_EXCEEDED,
        file.language,
        limit=display_amount(limit, file.language),
        who=decider_words(_who_may(bounds), file.language),
    )


def _check_login(file: CaseFile, proof: Proof) -> None:
    """Whoever vouches for accounts of ours says when they logged in; another service may not know."""
    known = proof.authenticated_at or file.actor.account
    said_at = max(proof.at, file.now.timestamp())  # one that was signed and put by is as old as what it is heard for
    if known and said_at - proof.authenticated_at > FRESH_S:
        raise refusal(ErrorCode.FRESH_LOGIN_NEEDED, file.language)


async def _count(file: CaseFile, intended: Intended, bounds: _Bounds, proof: Proof) -> bool:
    """Write the approval down; whether it is the second one."""
    given = _of(file, intended)
    _check_other_person(file, given, proof.actor)
    await void_others(file, intended)
    approval = Approval(
        number=file.row.number,
        actor=proof.actor,
        role=proof.role.value,
        amount=intended.amount,
        destination=intended.destination,
        at=file.now,
    )
    await file.unit.add_approval(approval)
    file.approvals = (*given, approval)
    if given:
        return True
    await _await_another(file, bounds)
    return False


def _check_named_by_another(file: CaseFile, actor: str) -> None:
    """However small the amount: else one pair of hands would send it to an account of its own."""
    named = file.row.payout.proof if file.row.payout else None
    if named and same_person(actor, named.actor):
        raise refusal(ErrorCode.SAME_PERSON, file.language, key="entered_by_approver")


def _check_other_person(file: CaseFile, given: tuple[Approval, ...], actor: str) -> None:
    """Neither who entered the case, nor who approved already."""
    if same_person(actor, file.row.entered_by):
        raise refusal(ErrorCode.SAME_PERSON, file.language, key="entered_by_approver")
    if any(same_person(actor, each.actor) for each in given):
        raise refusal(ErrorCode.SAME_PERSON, file.language, key="approved_already")


async def _await_another(file: CaseFile, bounds: _Bounds) -> None:
    """The supervisors are to agree next, or finance where they may not."""
    may = bounds.above is None and bounds.amount.minor <= bounds.ceilings.supervisor_case
    group = SUPERVISORS if may else FINANCE
    file.note(APPROVED_FIRST, after=group)
    if file.row.status is CaseStatus.AWAITING_CUSTOMER:
        await back_to_review(file, group)
    else:
        file.change(waits_for=role_of(group), assignee=group)
