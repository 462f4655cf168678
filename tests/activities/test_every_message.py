"""Every message in every status, and by every role: what is not allowed is refused (security, ASVS 2.3.1, 8.2)."""

from __future__ import annotations

import pytest

from activities.rows import CaseRow
from activities.rulings import Action
from activities.speakers import check_speaker
from activities.turns import DECIDABLE
from activities.types import Message
from aftersales.contract.errors import AftersalesError
from aftersales.contract.messages import Appeal, Claim, Decision, EvidenceSupplied, Proof, SurveyAnswer, Withdrawal
from aftersales.contract.values import (
    OUTCOMES,
    CaseStatus,
    DecisionKind,
    ErrorCode,
    MessageKind,
    Role,
    WaitsFor,
)
from tests.activities.desk import Desk
from tests.activities.shop import CUSTOMER, NOW, application, cny, start_of
from tests.fakes import FakePolicy

DECISION = Decision(kind=DecisionKind.APPROVE)
ROOM_FOR: list[tuple[Message, Role, frozenset[CaseStatus]]] = [
    (
        DECISION,
        Role.FINANCE,
        DECIDABLE,
    ),
    (
        EvidenceSupplied(note="The blue one."),
        Role.CUSTOMER,
        frozenset({CaseStatus.NEEDS_EVIDENCE, CaseStatus.AWAITING_CUSTOMER}),
    ),
    (Withdrawal(), Role.CUSTOMER, frozenset(CaseStatus) - OUTCOMES),
    (Appeal(explanation="Please look again."), Role.CUSTOMER, frozenset({CaseStatus.REJECTED})),
    (SurveyAnswer(score=4), Role.CUSTOMER, OUTCOMES),
    (Claim(), Role.FINANCE, DECIDABLE),
]


@pytest.mark.parametrize(
    ("message", "role", "room"), ROOM_FOR, ids=[type(message).__name__ for message, _, _ in ROOM_FOR]
)
async def test_a_message_is_accepted_in_its_statuses_and_refused_in_all_others(
    desk: Desk, policy: FakePolicy, message: Message, role: Role, room: frozenset[CaseStatus]
) -> None:
    policy.says(Action.REVIEW)
    await desk.apply(application(amount=cny(1)))
    case = await desk.case()
    accepted = set()
    for status in CaseStatus:
        async with desk.store.begin() as unit:
            await unit.update_case(case.model_copy(update={"status": status, "lease": None}))
        answer = await desk.say(message, actor=CUSTOMER if role is Role.CUSTOMER else "finance-1", role=role)
        if answer.accepted:
            accepted.add(status)
        else:
            assert (answer.status, answer.code) in {(status, ErrorCode.NOT_NOW), (status, ErrorCode.TOO_LATE)}
    assert accepted == room


SPEAKERS = {
    MessageKind.DECISION: {Role.AGENT, Role.SUPERVISOR, Role.FINANCE, Role.ADMIN},
    MessageKind.EVIDENCE: {Role.CUSTOMER, Role.AGENT, Role.SUPERVISOR, Role.ADMIN},
    MessageKind.WITHDRAWAL: {Role.CUSTOMER, Role.AGENT, Role.SUPERVISOR, Role.ADMIN},
    MessageKind.APPEAL: {Role.CUSTOMER},
    MessageKind.SURVEY_ANSWER: {Role.CUSTOMER},
    MessageKind.PAYOUT_CHOICE: {Role.CUSTOMER, Role.AGENT, Role.SUPERVISOR, Role.ADMIN},
    MessageKind.HAND_PAYMENT: {Role.FINANCE, Role.ADMIN},
    MessageKind.CLAIM: {Role.AGENT, Role.SUPERVISOR, Role.FINANCE, Role.ADMIN},
}


def case_in(status: CaseStatus) -> CaseRow:
    start = start_of(application())
    return CaseRow(
        number=start.number,
        start=start,
        status=status,
        waits_for=WaitsFor.NOBODY,
        opened_at=NOW,
        updated_at=NOW,
    )


def proof_of(role: Role, actor: str = CUSTOMER) -> Proof:
    return Proof(key_id="desk", actor=actor, role=role, at=0, nonce="0" * 16, mac="0" * 64)


def may_speak(kind: MessageKind, status: CaseStatus, proof: Proof) -> bool:
    try:
        check_speaker(kind, case_in(status), proof)
    except AftersalesError:
        return False
    return True


@pytest.mark.parametrize("kind", MessageKind)
def test_each_message_has_its_speakers(kind: MessageKind) -> None:
    allowed = {role for role in Role if may_speak(kind, CaseStatus.UNDER_REVIEW, proof_of(role))}
    assert allowed == SPEAKERS[kind]


def test_money_that_failed_is_not_an_agents_to_decide() -> None:
    failed = CaseStatus.PAYMENT_FAILED
    allowed = {role for role in Role if may_speak(MessageKind.DECISION, failed, proof_of(role))}
    assert allowed == {Role.SUPERVISOR, Role.FINANCE, Role.ADMIN}


@pytest.mark.parametrize("kind", sorted(set(MessageKind) - {MessageKind.DECISION}))
def test_another_customer_is_not_heard(kind: MessageKind) -> None:
    assert not may_speak(kind, CaseStatus.REJECTED, proof_of(Role.CUSTOMER, "customer-2"))
