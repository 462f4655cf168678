"""An application is weighed, decided and written down with all that it was decided from (P2.1, P2.3-P2.5, P5.1)."""

from __future__ import annotations

import json

import pytest

from activities.assessment import digest
from activities.case_steps import CaseSteps
from activities.particulars import AccountStanding, Particulars, ShipmentRecord, ShippedLine, StockLine
from activities.precautions import AssessmentRow, Held
from activities.rulings import Action, Change, Facts, Fired, Goods, Replacement, RiskLevel, RiskRules, Shipment
from activities.types import OutcomeKind
from aftersales.contract.messages import EvidenceSupplied
from aftersales.contract.numbers import number_for
from aftersales.contract.values import (
    AmountKind,
    CaseKind,
    CaseStatus,
    DecisionKind,
    EvidenceRef,
    Reason,
    Role,
    WaitsFor,
)
from storage.portal import PortalStore
from tests.activities.desk import Desk, answer_of
from tests.activities.shop import KEYRING, NOW, application, items
from tests.activities.test_gates import ONE_CUP, Answering
from tests.fakes import FakePolicy

FEE_BP = 1500
PHOTO = EvidenceRef(sha256="a" * 64, media_type="image/jpeg", size_bytes=2048)
A_TENTH = 1000


async def assessed(desk: Desk) -> AssessmentRow:
    async with desk.store.begin() as unit:
        return (await unit.assessments(desk.number))[-1]


def asking(desk: Desk, policy: FakePolicy, **said: object) -> None:
    """From now on the other systems of the shop say this."""
    desk.steps = CaseSteps(desk.store, policy, KEYRING, enquiries=Answering(Particulars.model_validate(said)))


# --- the record -------------------------------------------------------------------------------------------


async def test_a_decision_keeps_what_it_was_made_from(desk: Desk, policy: FakePolicy) -> None:
    policy.would_change = (
        Change(fact="amount_minor", now="3333", otherwise="20001", action=Action.REVIEW, row="large"),
    )
    await desk.apply()
    row = await assessed(desk)
    assert (row.sequence, row.at, row.policy_hash) == (1, NOW, policy.content_hash)
    assert (row.action, row.held) == (Action.APPROVE, ())
    assert row.facts == policy.facts[-1]
    assert row.ruling.fired == (Fired(table="decision", row="row-approve"),)
    assert row.changes == policy.would_change
    assert (row.order_id, row.customer_id, row.amount.minor) == ("order-1", "customer-1", ONE_CUP)


async def test_the_log_vouches_for_the_record(desk: Desk) -> None:
    await desk.apply()
    (entry,) = [row for row in await desk.audit() if row["action"] == "assessed"]
    facts = json.loads(entry["facts"])
    assert facts["assessment"] == 1
    assert facts["digest"] == digest(await assessed(desk))


async def test_evidence_that_was_asked_for_makes_a_second_record(desk: Desk, policy: FakePolicy) -> None:
    asking(desk, policy, standing=AccountStanding(note="good customer"))
    policy.says(Action.ASK_EVIDENCE, "evidence_needed")
    await desk.apply()
    asking(desk, policy, down=("accounts",))
    policy.says(Action.APPROVE)
    await desk.say(EvidenceSupplied(note="no camera"))
    second = await assessed(desk)
    assert (second.sequence, second.action) == (2, Action.APPROVE)
    assert second.particulars.standing == AccountStanding(note="good customer")


async def test_the_version_in_the_shadow_decides_nothing_and_its_other_word_is_kept(
    desk: Desk, policy: FakePolicy
) -> None:
    policy.draft = FakePolicy(Action.REJECT, content_hash="d" * 64)
    assert (await desk.apply()).standing.status is CaseStatus.PAYING
    shadow = (await assessed(desk)).shadow
    assert shadow is not None
    assert (shadow.policy_hash, shadow.action) == ("d" * 64, Action.REJECT)


# --- the facts --------------------------------------------------------------------------------------------


async def facts_about(desk: Desk, policy: FakePolicy, **asked: object) -> Facts:
    await desk.apply(application(**asked))
    return policy.facts[-1]


async def test_the_goods_and_the_declarations_are_facts(desk: Desk, policy: FakePolicy) -> None:
    facts = await facts_about(
        desk, policy, items=items(cups=1, lamp=1), goods_back=True, unused=True, packaging_intact=True
    )
    assert facts.goods == (Goods(category="home"),)
    assert (facts.goods_back, facts.unused, facts.packaging_intact) == (True, True, True)
    assert (facts.days_since_delivery, facts.days_since_purchase, facts.delivered) == (5, 10, True)


async def test_what_the_shop_shipped_is_weighed(desk: Desk, policy: FakePolicy) -> None:
    line = ShippedLine(line_id="cups", ordered_sku="cups", picked_sku="cups", shipped_sku="bowls", expected_g=900)
    record = ShipmentRecord(shipped_at=NOW, delivered_at=NOW, lines=(line.model_copy(update={"weighed_g": 100}),))
    asking(desk, policy, shipment=Shipment.DIFFERS, record=record)
    facts = await facts_about(desk, policy, reason=Reason.WRONG_ITEM)
    assert (facts.shipment, facts.carrier_delivered, facts.weight_differs) == (Shipment.DIFFERS, True, True)


async def test_what_is_in_stock_instead_is_a_fact(desk: Desk, policy: FakePolicy) -> None:
    stock = (StockLine(line_id="cups", sku="cups-l", available=3),)
    asking(desk, policy, replacement=Replacement.IN_STOCK, stock=stock)
    facts = await facts_about(desk, policy, reason=Reason.WRONG_SIZE, wanted_sku="cups-l")
    assert facts.replacement is Replacement.IN_STOCK


async def test_a_picture_that_was_seen_in_another_case_is_a_fact_and_a_sign(desk: Desk, policy: FakePolicy) -> None:
    portal = PortalStore(desk.engine)
    await desk.apply(request_key="theirs")
    numbers = {"theirs": desk.number, "ours": number_for("backend", "ours")}
    for key, number in numbers.items():
        await portal.take_evidence(number, PHOTO, key, NOW, customer_id="customer-1")
    assert not policy.facts[-1].evidence_reused
    policy.risk = RiskRules(points={"evidence_reused": 40}, medium_from=30, high_from=60)
    await desk.apply(application(evidence=(PHOTO,)), "ours")
    facts = policy.facts[-1]
    assert (facts.evidence_count, facts.picture_count, facts.evidence_reused) == (1, 1, True)
    assert facts.risk_level is RiskLevel.MEDIUM


async def test_an_application_corrected_after_a_mistake_is_no_sign_of_fraud(desk: Desk, policy: FakePolicy) -> None:
    portal = PortalStore(desk.engine)
    for key, lines in (("mistaken", items(nope=1)), ("corrected", items(cups=1))):
        await portal.take_evidence(number_for("backend", key), PHOTO, key, NOW, customer_id="customer-1")
        await desk.apply(application(evidence=(PHOTO,), items=lines), key)
    assert (await desk.case()).status is CaseStatus.PAYING
    (facts,) = policy.facts
    assert (facts.picture_count, facts.evidence_reused) == (1, False)


@pytest.mark.parametrize(("state", "active"), [("active", True), ("blocked", False)])
async def test_the_account_has_to_stand_well_with_the_shops_own_system(
    desk: Desk, policy: FakePolicy, state: str, active: bool
) -> None:
    asking(desk, policy, standing=AccountStanding(state=state))
    assert (await facts_about(desk, policy)).account_active is active


# --- what is done about it --------------------------------------------------------------------------------


async def by_an_agent(desk: Desk, request_key: str = "first", **asked: object) -> CaseStatus:
    applied = await desk.apply(application(**asked), request_key, actor="agent-7", role=Role.AGENT)
    return applied.standing.status


async def test_a_no_is_enforced_for_the_customer_and_advice_to_the_staff(desk: Desk, policy: FakePolicy) -> None:
    policy.says(Action.REJECT, "window_closed")
    assert await by_an_agent(desk) is CaseStatus.UNDER_REVIEW
    case = await desk.case()
    assert case.entered_by == "agent-7"
    assert case.verdict is not None
    assert (case.verdict.advice, case.verdict.held) == ("reject", (Held.ENTERED_BY_STAFF.value,))
    assert (await desk.apply(request_key="by the customer")).standing.status is CaseStatus.REJECTED


async def test_a_restocking_fee_is_kept_and_shown_as_a_line(desk: Desk, policy: FakePolicy) -> None:
    policy.says(Action.APPROVE, "changed_mind_in_time", restocking_fee_bp=FEE_BP)
    standing = (await desk.apply(application(items=items(lamp=1)))).standing
    assert standing.amount is not None
    assert standing.amount.minor == 4250
    assert standing.break_down is not None
    (fee,) = [line for line in standing.break_down.lines if line.kind is AmountKind.DEDUCTION]
    assert (fee.amount_minor, fee.note) == (-750, "restocking_fee")


async def test_a_reviewer_grants_on_the_policys_terms(desk: Desk, policy: FakePolicy) -> None:
    policy.says(Action.REVIEW, "needs_return", restocking_fee_bp=A_TENTH)
    await desk.apply(application(items=items(lamp=1)))
    await desk.decide(DecisionKind.APPROVE)
    assert [row.leg.amount.minor for row in await desk.legs()] == [3000, 1500]


async def test_an_amount_that_was_asked_for_is_given_whole(desk: Desk, policy: FakePolicy) -> None:
    policy.says(Action.APPROVE, "merchant_fault", restocking_fee_bp=FEE_BP)
    standing = (await desk.apply(application(amount={"minor": 1200, "currency": "CNY"}))).standing
    assert standing.amount is not None
    assert standing.amount.minor == 1200


async def test_goods_that_need_not_come_back_are_said_to_stay(desk: Desk, policy: FakePolicy) -> None:
    policy.says(Action.APPROVE_AND_LEAVE, "merchant_fault")
    standing = (await desk.apply()).standing
    assert standing.status is CaseStatus.PAYING
    assert "need not send anything back" in standing.explanation
    paid = await desk.pay(OutcomeKind.SUCCEEDED)
    assert paid.status is not CaseStatus.REJECTED


async def test_an_exchange_is_offered_to_the_customer_whose_answer_a_person_reads(
    desk: Desk, policy: FakePolicy
) -> None:
    policy.says(Action.OFFER_EXCHANGE, "exchange_possible", group="sizes")
    offered = (await desk.apply(application(reason=Reason.WRONG_SIZE))).standing
    assert (offered.status, offered.waits_for) == (CaseStatus.AWAITING_CUSTOMER, WaitsFor.CUSTOMER)
    assert "in stock" in offered.explanation
    said = await desk.record(desk.signed(EvidenceSupplied(note="The exchange, please.")))
    assert answer_of(said).accepted
    assert (said.standing.status, said.standing.assignee) == (CaseStatus.UNDER_REVIEW, "sizes")


async def test_the_policy_names_the_group_that_reviews(desk: Desk, policy: FakePolicy) -> None:
    policy.says(Action.REVIEW, "check_shipment", group="warehouse")
    assert (await desk.apply()).standing.assignee == "warehouse"


async def test_returns_are_made_by_people_whatever_is_approved(desk: Desk, policy: FakePolicy) -> None:
    policy.says(Action.APPROVE)
    asked = application(kind=CaseKind.RETURN_AND_REFUND)
    assert (await desk.apply(asked)).standing.status is CaseStatus.UNDER_REVIEW
