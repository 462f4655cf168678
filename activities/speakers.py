"""Who may say what to a case; the message's proof says who speaks (P2.6, design: security)."""

from __future__ import annotations

from typing import Protocol

from activities.rows import CaseRow
from activities.sentences import refusal
from aftersales.contract.errors import AftersalesError
from aftersales.contract.messages import Application, Proof, Proven
from aftersales.contract.values import CaseStatus, ErrorCode, Language, MessageKind, Role
from aftersales.proof import Keyring

APPLICANTS = frozenset({Role.CUSTOMER, Role.AGENT, Role.SUPERVISOR, Role.ADMIN, Role.OPS})
"""Who may make an application: the customer, or somebody who enters it for one (P1.1)."""

DECIDERS = frozenset({Role.AGENT, Role.SUPERVISOR, Role.FINANCE, Role.ADMIN})
MONEY_DECIDERS = frozenset({Role.SUPERVISOR, Role.FINANCE, Role.ADMIN})
SPOKESMEN = frozenset({Role.AGENT, Role.SUPERVISOR, Role.ADMIN})
"""Who may say on the telephone's other end what the customer says (P4.3)."""

CASHIERS = frozenset({Role.FINANCE, Role.ADMIN})
"""Who may say that a payment without an interface was made (P3.3)."""

_DECIDING = frozenset({MessageKind.DECISION, MessageKind.CLAIM})
_SAID_FOR_THE_CUSTOMER = frozenset({MessageKind.WITHDRAWAL, MessageKind.EVIDENCE, MessageKind.PAYOUT_CHOICE})


def same_person(one: str, other: str) -> bool:
    """Whether two ids are of one person: a service that vouches may take `Wang` and `wang` for the same login."""
    return one.casefold() == other.casefold()


class RoleHolders(Protocol):
    """Where it is known which role an account of ours holds at this moment."""

    async def holds_role(self, staff_id: str, role: Role) -> bool: ...


async def proved(message: Proven, number: str, keyring: Keyring, language: Language, holders: RoleHolders) -> Proof:
    """Whose message it is. Raises AftersalesError in the case's language: proof_missing, proof_invalid,
    role_not_allowed (the key may not vouch for that role, or the account does not hold it any more: ASVS 7.4.2)."""
    try:
        proof = keyring.verify(message, number)
    except AftersalesError as error:
        raise refusal(error.code, language) from error
    if keyring.vouches_for_staff(proof) and not await holders.holds_role(proof.actor, proof.role):
        raise refusal(ErrorCode.ROLE_NOT_ALLOWED, language, key="role_not_held")
    return proof


async def check_cashier(holders: RoleHolders, actor: str, role: Role, *, account: bool, deed: str) -> None:
    """For what is done to the books without a case's workflow. `account`: the actor is one of ours, who must hold the
    role now; `deed`: such as `writes money off`. Raises AftersalesError(role_not_allowed)."""
    if role not in CASHIERS:
        raise AftersalesError(
            ErrorCode.ROLE_NOT_ALLOWED, f"Only finance {deed}; name a finance person, with that role."
        )
    if account and not await holders.holds_role(actor, role):
        raise refusal(ErrorCode.ROLE_NOT_ALLOWED, Language.EN, key="role_not_held")


def check_applicant(application: Application, proof: Proof) -> None:
    """Raises AftersalesError: role_not_allowed, not_your_case (a customer applies for another one)."""
    if proof.role not in APPLICANTS:
        raise refusal(ErrorCode.ROLE_NOT_ALLOWED, application.language)
    if proof.role is Role.CUSTOMER and proof.actor != application.customer_id:
        raise refusal(ErrorCode.NOT_YOUR_CASE, application.language)


def check_speaker(kind: MessageKind, case: CaseRow, proof: Proof) -> None:
    """Raises AftersalesError: role_not_allowed, not_your_case."""
    allowed = _allowed_roles(kind, case)
    if proof.role not in allowed:
        raise refusal(ErrorCode.ROLE_NOT_ALLOWED, case.start.application.language)
    if proof.role is Role.CUSTOMER and proof.actor != case.start.application.customer_id:
        raise refusal(ErrorCode.NOT_YOUR_CASE, case.start.application.language)


def _allowed_roles(kind: MessageKind, case: CaseRow) -> frozenset[Role]:
    """An appeal is looked at by somebody else than an agent, who may be the one who said no (P2.8)."""
    if kind in _DECIDING:
        higher = case.appealed or case.status is CaseStatus.PAYMENT_FAILED
        return MONEY_DECIDERS if higher else DECIDERS
    if kind is MessageKind.HAND_PAYMENT:
        return CASHIERS
    if kind in _SAID_FOR_THE_CUSTOMER:
        return SPOKESMEN | {Role.CUSTOMER}
    return frozenset({Role.CUSTOMER})
