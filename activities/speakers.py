"""Who may say what to a case; the message's proof says who speaks (P2.6, design: security)."""

from __future__ import annotations

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

_SAID_FOR_THE_CUSTOMER = frozenset({MessageKind.WITHDRAWAL, MessageKind.EVIDENCE, MessageKind.PAYOUT_CHOICE})


def proved(message: Proven, number: str, keyring: Keyring, language: Language) -> Proof:
    """Whose message it is. Raises AftersalesError in the case's language: proof_missing, proof_invalid,
    role_not_allowed (the key may not vouch for that role)."""
    try:
        return keyring.verify(message, number)
    except AftersalesError as error:
        raise refusal(error.code, language) from error


def check_applicant(application: Application, proof: Proof) -> None:
    """Raises AftersalesError: role_not_allowed, not_your_case (a customer applies for another one)."""
    if proof.role not in APPLICANTS:
        raise refusal(ErrorCode.ROLE_NOT_ALLOWED, application.language)
    if proof.role is Role.CUSTOMER and proof.actor != application.customer_id:
        raise refusal(ErrorCode.NOT_YOUR_CASE, application.language)


def check_speaker(kind: MessageKind, case: CaseRow, proof: Proof) -> None:
    """Raises AftersalesError: role_not_allowed, not_your_case."""
    allowed = _allowed_roles(kind, case.status)
    if proof.role not in allowed:
        raise refusal(ErrorCode.ROLE_NOT_ALLOWED, case.start.application.language)
    if proof.role is Role.CUSTOMER and proof.actor != case.start.application.customer_id:
        raise refusal(ErrorCode.NOT_YOUR_CASE, case.start.application.language)


def _allowed_roles(kind: MessageKind, status: CaseStatus) -> frozenset[Role]:
    if kind is MessageKind.DECISION:
        return MONEY_DECIDERS if status is CaseStatus.PAYMENT_FAILED else DECIDERS
    if kind is MessageKind.HAND_PAYMENT:
        return CASHIERS
    if kind in _SAID_FOR_THE_CUSTOMER:
        return SPOKESMEN | {Role.CUSTOMER}
    return frozenset({Role.CUSTOMER})
