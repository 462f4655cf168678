"""Assessing an application by the policy and following its ruling (P2.1, P5.1)."""

from __future__ import annotations

import hashlib
from typing import NamedTuple

from activities.amounts import Grant, amounts_of, clawed_back_minor
from activities.casefile import SYSTEM, CaseFile
from activities.eligibility import check_eligible
from activities.explaining_decisions import for_the_customer
from activities.gates import Gates, held_back
from activities.particulars import NOTHING_ASKED, Particulars
from activities.precautions import AssessmentRow, Held
from activities.reserving import as_asked, hold, reserve, start_paying
from activities.rows import CaseRow, Order
from activities.rulings import APPROVALS, Action, Facts, Policies, Policy, Ruling
from activities.sentences import in_words, sentence
from activities.shadowing import in_the_shadow
from activities.weighing import Signs, facts_of, look_for_signs
from aftersales.contract.values import BreakDown, CaseKind, CaseStatus, Money, WaitsFor
from aftersales.contract.views import FiredView, VerdictView
from domain.display import display_amount
from domain.errors import DomainError
from domain.promotions import PromotionChoice

POLICY_MISSING = "policy_version_missing"


class Rules(NamedTuple):
    """What a case is assessed by: the version that it was applied under (None: it is nowhere to be found), the one in
    its shadow, and what other systems of the shop said."""

    policy: Policy | None
    shadow: Policy | None = None
    particulars: Particulars = NOTHING_ASKED

    async def kept_by(self, row: CaseRow, policies: Policies) -> Rules:
        """With the version that the case began under, whichever is in force by now (P2.1)."""
        if self.policy and self.policy.content_hash == row.policy_hash:
            return self
        return self._replace(policy=await policies.version(row.policy_hash))


class Assessment(NamedTuple):
    """What the policy says of an application that may be made, and what it would give."""

    order: Order
    signs: Signs
    facts: Facts
    ruling: Ruling
    grant: Grant
    amounts: BreakDown


async def rule_on(file: CaseFile, order: Order | None, rules: Rules) -> None:
    """Assess the case by the version it was applied under, and do what that says (P2.1).

    Raises AftersalesError when the application may not be made.
    """
    if rules.policy is None:
        await refer(file, order)
    else:
        await follow(file, await assess(file, order, rules.policy, rules.particulars), rules.policy, rules)


async def assess(
    file: CaseFile, order: Order | None, policy: Policy, particulars: Particulars = NOTHING_ASKED
) -> Assessment:
    """Writes nothing. Raises AftersalesError, its sentence in the application's language, when the application may not
    be made."""
    application = file.row.start.application
    found = check_eligible(application, order)
    grant = Grant(application.items, application.amount)
    try:
        proposed = amounts_of(found, grant)
        signs = await look_for_signs(file, found, particulars, policy, proposed)
        facts = facts_of(file, found, particulars, signs, proposed)
        ruling = policy.rule(facts)
        grant = grant._replace(
            shipping=ruling.refund_shipping and application.amount is None, fee_bp=ruling.restocking_fee_bp
        )
        # What is turned down breaks no promotion, and is turned down for the policy's reason.
        promotion = PromotionChoice.KEEP if ruling.action is Action.REJECT else ruling.promotion
        return Assessment(found, signs, facts, ruling, grant, amounts_of(found, grant, promotion))
    except DomainError as error:
        raise in_words(error, application.language) from error


async def follow(file: CaseFile, assessed: Assessment, policy: Policy, rules: Rules) -> None:
    """Write the verdict down with all it was made from, and do what it says."""
    file.actor = SYSTEM
    held = await _held(file, assessed, policy)
    besides_minor = assessed.amounts.total.minor - assessed.facts.amount_minor
    gates = Gates(policy.ceilings(assessed.order.currency), held, besides_minor)
    written = await _write_down(file, assessed, gates, policy, rules)
    await _act(file, assessed, written.action, for_the_customer(written, file.row.opened_at, file.language))


async def _held(file: CaseFile, assessed: Assessment, policy: Policy) -> tuple[Held, ...]:
    ruled, facts = assessed.ruling.action, assessed.facts
    if ruled is Action.REJECT and facts.by_staff:
        return (Held.ENTERED_BY_STAFF,)  # enforced for customers, advice to the staff (P5.1)
    if ruled not in APPROVALS or facts.kind is not CaseKind.REFUND_ONLY:
        return ()
    return await held_back(file, assessed.order, facts, assessed.amounts, policy)


async def _act(file: CaseFile, assessed: Assessment, action: Action, said: str) -> None:
    """`said`: the decision in the customer's words; what a person has yet to decide says nothing."""
    ruling = assessed.ruling
    match action:
        case Action.APPROVE | Action.APPROVE_AND_LEAVE:
            await reserve(file, assessed.order, assessed.grant)
            start_paying(file, reason_code=ruling.reason_code, explanation=_of_the_refund(file, action))
        case Action.REJECT:
            await file.unit.release_units(file.row.number)
            file.change(break_down=assessed.amounts, amount=assessed.amounts.total)
            file.move(CaseStatus.REJECTED, reason_code=ruling.reason_code, explanation=said)
        case Action.ASK_EVIDENCE:
            await hold(file, assessed.order, assessed.grant)
            _ask(file, CaseStatus.NEEDS_EVIDENCE, ruling.reason_code, said)
        case Action.OFFER_EXCHANGE:
            await hold(file, assessed.order, assessed.grant)
            file.change(assignee=ruling.group)
            _ask(file, CaseStatus.AWAITING_CUSTOMER, ruling.reason_code, said)
        case Action.REVIEW:
            await hold(file, assessed.order, assessed.grant)
            file.to_review(ruling.group, reason_code=ruling.reason_code, explanation="")


def _ask(file: CaseFile, status: CaseStatus, reason_code: str, explanation: str) -> None:
    file.move(
        status,
        WaitsFor.CUSTOMER,
        assignee=file.row.assignee,
        due_in_s=file.row.timings.evidence_window_s,
        reason_code=reason_code,
        explanation=explanation,
    )


def _of_the_refund(file: CaseFile, action: Action) -> str:
    """Why it is less than what was paid for the goods, where it is; and that they stay, where they do."""
    told = [sentence("goods_left", file.language)] if action is Action.APPROVE_AND_LEAVE else []
    clawed_back = clawed_back_minor(file.row.break_down)
    if clawed_back and file.row.amount:
        taken = Money(minor=clawed_back, currency=file.row.amount.currency)
        told.append(sentence("promotion_clawed_back", file.language, amount=display_amount(taken, file.language)))
    return " ".join(told)


async def refer(file: CaseFile, order: Order | None) -> None:
    """To a person, since the version that the case was applied under is not here; never another one instead (P2.1).

    Raises AftersalesError when the application may not be made.
    """
    application = file.row.start.application
    found = check_eligible(application, order)
    file.actor = SYSTEM
    try:
        await hold(file, found, as_asked(file))
    except DomainError as error:
        raise in_words(error, application.language) from error
    file.note("not_assessed", reason=POLICY_MISSING, facts={"policy_hash": file.row.policy_hash})
    file.to_review(reason_code=POLICY_MISSING, explanation="")


async def _write_down(
    file: CaseFile, assessed: Assessment, gates: Gates, policy: Policy, rules: Rules
) -> AssessmentRow:
    action = Action.REVIEW if gates.held else gates.done(assessed.facts, assessed.ruling.action)
    verdict = _verdict(assessed.ruling, action, gates.held, policy)
    file.change(verdict=verdict, policy_hash=policy.content_hash)
    earlier = () if file.is_new else await file.unit.assessments(file.row.number)
    row = AssessmentRow(
        number=file.row.number,
        sequence=len(earlier) + 1,
        at=file.now,
        policy_hash=policy.content_hash,
        customer_id=assessed.order.account.customer_id,
        order_id=assessed.order.order_id,
        amount=assessed.amounts.total,
        facts=assessed.facts,
        ruling=assessed.ruling,
        action=action,
        held=gates.held,
        changes=policy.changes(assessed.facts, assessed.ruling, gates),
        risk=assessed.signs.risk,
        particulars=rules.particulars,
        shadow=in_the_shadow(rules.shadow, assessed.facts, assessed.ruling),
    )
    await file.unit.store_assessment(row)
    told = {
        "assessment": row.sequence,
        "policy_hash": policy.content_hash,
        "row": row.ruling.row,
        "digest": digest(row),
    }
    file.note(
        "assessed", before=assessed.ruling.action.value, after=action.value, reason=verdict.reason_code, facts=told
    )
    return row


def digest(assessment: AssessmentRow) -> str:
    """SHA-256 of all that a decision was made from: the log's chain vouches for it (P6.3)."""
    return hashlib.sha256(assessment.model_dump_json().encode()).hexdigest()


def _verdict(ruling: Ruling, action: Action, held: tuple[str, ...], policy: Policy) -> VerdictView:
    return VerdictView(
        action=action.value,
        policy_hash=policy.content_hash,
        row=ruling.row,
        reason_code=ruling.reason_code,
        promotion=ruling.promotion.value,
        tender_order=ruling.tender_order.value,
        restocking_fee_bp=ruling.restocking_fee_bp,
        advice=ruling.action.value,
        held=tuple(str(why) for why in held),
        fired=tuple(FiredView(table=each.table, row=each.row) for each in ruling.fired),
    )
