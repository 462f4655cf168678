"""What a reviewer decides, and what follows (P2.6, P2.8)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import insert

from activities.rulings import Action
from activities.types import OutcomeKind
from aftersales.contract.messages import Answer, Appeal, Decision
from aftersales.contract.numbers import number_for
from aftersales.contract.values import (
    CaseStatus,
    DecisionKind,
    ErrorCode,
    LegState,
    Role,
    WaitsFor,
)
from storage.tables import STAFF_ACCOUNTS, STAFF_GROUPS, STAFF_MEMBERS
from tests.activities.desk import Desk
from tests.activities.shop import CARD_MINOR, NOW, application, cny, items
from tests.fakes import FakePolicy
from tests.fakes.policy import NO_LIMITS


@pytest.fixture(name="review")
async def case_under_review(desk: Desk, policy: FakePolicy) -> Desk:
    """Two cups and the lamp, waiting for an agent; shipping is to come back."""
    policy.says(Action.REVIEW, refund_shipping=True)
    await desk.apply(application(items=items(cups=2, lamp=1)))
    return desk


async def test_approval_pays_the_whole_break_down_the_reviewer_saw(review: Desk) -> None:
    seen = (await review.case()).break_down
    answer = await review.decide(DecisionKind.APPROVE)

    case = await review.case()
    assert (answer.accepted, answer.status) == (True, CaseStatus.PAYING)
    assert case.break_down == seen
    assert case.amount == cny(6666 + 5000 + 1000)
    assert await review.money_taken() == 12666
    assert (await review.audit())[-1]["actor"] == "agent-1"


async def test_part_of_the_items_frees_the_others(review: Desk) -> None:
    await review.decide(DecisionKind.APPROVE_PART, items=items(cups=1))
    assert (await review.case()).amount == cny(3333 + 1000)
    assert await review.units_taken("cups") == 1
    assert await review.units_taken("lamp") == 0


async def test_a_line_that_is_named_twice_counts_once_with_all_its_units(review: Desk) -> None:
    """Written down as they came, they would be a row twice, and the case could be told nothing any more."""
    answer = await review.decide(DecisionKind.APPROVE_PART, items=(*items(cups=2), *items(cups=1)))
    assert (answer.code, "3" in answer.sentence) == (ErrorCode.QUANTITY_TOO_HIGH, True)
    assert (await review.decide(DecisionKind.APPROVE_PART, items=items(cups=1) * 2)).status is CaseStatus.PAYING
    assert await review.units_taken("cups") == 2


@pytest.mark.parametrize(("part", "paid"), [({"amount": cny(777)}, 777), ({"items": items(lamp=1)}, 6000)])
async def test_an_approval_that_names_a_part_never_pays_the_whole(
    review: Desk, part: dict[str, object], paid: int
) -> None:
    """Whatever its sender called it."""
    whole = Decision.model_validate({"kind": DecisionKind.APPROVE, **part})
    await review.say(whole, actor="agent-1", role=Role.AGENT)
    assert await review.money_taken() == paid


async def test_part_of_the_amount_is_paid_to_the_minor_unit(review: Desk) -> None:
    await review.decide(DecisionKind.APPROVE_PART, amount=cny(777))
    assert (await review.case()).amount == cny(777)
    assert await review.money_taken() == 777


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"amount": cny(11667)}, ErrorCode.AMOUNT_REFUSED),
        ({"amount": cny(0)}, ErrorCode.AMOUNT_REFUSED),
        ({"amount": cny(-1)}, ErrorCode.AMOUNT_REFUSED),
        ({"items": items(cups=3)}, ErrorCode.QUANTITY_TOO_HIGH),
        ({"items": items(chair=1)}, ErrorCode.ITEM_NOT_IN_ORDER),
        ({"amount": {"minor": 5, "currency": "EUR"}}, ErrorCode.WRONG_CURRENCY),
    ],
)
async def test_a_part_beyond_what_was_asked_for_is_refused_and_changes_nothing(
    review: Desk, fields: dict[str, object], code: ErrorCode
) -> None:
    before = await review.case()
    part = Decision.model_validate({"kind": DecisionKind.APPROVE_PART, **fields})
    answer = await review.say(part, actor="agent-1", role=Role.AGENT)
    assert (answer.accepted, answer.code) == (False, code)
    assert await review.case() == before
    assert await review.money_taken() == 0


async def test_a_part_is_never_more_than_the_customer_asked_for(desk: Desk, policy: FakePolicy) -> None:
    policy.says(Action.REVIEW)
    await desk.apply(application(amount=cny(900)))
    answer = await desk.decide(DecisionKind.APPROVE_PART, amount=cny(901))
    assert answer.code is ErrorCode.AMOUNT_REFUSED
    assert answer.sentence.endswith("CN¥9.00.")


async def test_a_rejection_tells_the_customer_why_and_frees_the_units(review: Desk) -> None:
    answer = await review.decide(DecisionKind.REJECT, explanation="The photos show another lamp.")
    case = await review.case()
    assert answer.accepted
    assert (case.status, case.explanation) == (CaseStatus.REJECTED, "The photos show another lamp.")
    assert await review.units_taken("cups") == 0


@pytest.mark.parametrize(
    ("kind", "field"),
    [
        (DecisionKind.REJECT, "explanation"),
        (DecisionKind.ASK, "explanation"),
        (DecisionKind.EXTEND, "handling_hours"),
        (DecisionKind.HAND_OVER, "hand_to"),
        (DecisionKind.APPROVE_PART, "items or amount"),
    ],
)
async def test_an_incomplete_decision_names_what_is_missing(review: Desk, kind: DecisionKind, field: str) -> None:
    answer = await review.decide(kind)
    assert answer.code is ErrorCode.DECISION_INCOMPLETE
    assert field in answer.sentence


async def test_asking_hands_the_case_to_the_customer_and_a_decision_is_still_possible(review: Desk) -> None:
    await review.decide(DecisionKind.ASK, explanation="Which cup is broken?")
    case = await review.case()
    assert (case.status, case.waits_for) == (CaseStatus.AWAITING_CUSTOMER, WaitsFor.CUSTOMER)
    assert case.due_at == NOW + timedelta(days=14)

    assert (await review.decide(DecisionKind.APPROVE)).status is CaseStatus.PAYING


async def test_an_extension_moves_the_deadline_later(review: Desk) -> None:
    await review.decide(DecisionKind.EXTEND, handling_hours=48)
    case = await review.case()
    assert (case.status, case.handling_hours) == (CaseStatus.UNDER_REVIEW, 48)
    assert case.due_at == NOW + timedelta(hours=24 + 48)


async def test_an_extension_of_what_is_overdue_counts_from_now(review: Desk) -> None:
    review.later(hours=30)
    await review.decide(DecisionKind.EXTEND, handling_hours=2)
    assert (await review.case()).due_at == NOW + timedelta(hours=32)


async def test_there_is_nothing_to_extend_while_the_customer_is_asked(review: Desk) -> None:
    await review.decide(DecisionKind.ASK, explanation="Which cup is broken?")
    before = await review.case()
    assert (await review.decide(DecisionKind.EXTEND, handling_hours=5)).code is ErrorCode.NOT_NOW
    assert await review.case() == before


async def test_a_second_question_has_a_window_of_its_own(review: Desk) -> None:
    await review.decide(DecisionKind.ASK, explanation="Which cup is broken?")
    review.later(days=3)
    await review.decide(DecisionKind.ASK, explanation="And which lamp?")
    case = await review.case()
    assert (case.status, case.waits_for) == (CaseStatus.AWAITING_CUSTOMER, WaitsFor.CUSTOMER)
    assert (case.explanation, case.due_at) == ("And which lamp?", NOW + timedelta(days=17))


async def test_the_same_question_again_is_refused_and_moves_no_window(review: Desk) -> None:
    await review.decide(DecisionKind.ASK, explanation="Which cup is broken?")
    asked = await review.case()
    review.later(days=3)
    answer = await review.decide(DecisionKind.ASK, explanation="Which cup is broken?")
    assert (answer.accepted, answer.code) == (False, ErrorCode.NOT_NOW)
    assert (await review.case()).due_at == asked.due_at


async def test_a_case_is_handed_over_and_escalated(review: Desk) -> None:
    await review.decide(DecisionKind.HAND_OVER, hand_to="warehouse")
    assert (await review.case()).assignee == "warehouse"
    await review.decide(DecisionKind.ESCALATE)
    case = await review.case()
    assert (case.waits_for, case.assignee) == (WaitsFor.SUPERVISOR, "supervisors")
    assert (await review.actions())[-1] == "handed_over"


@pytest.mark.parametrize(
    ("group", "waits_for"),
    [
        ("agents", WaitsFor.AGENT),
        ("supervisors", WaitsFor.SUPERVISOR),
        ("finance", WaitsFor.FINANCE),
        ("warehouse", WaitsFor.AGENT),
        ("porcelain", WaitsFor.AGENT),
    ],
)
async def test_a_case_is_handed_to_a_group_that_exists_and_waits_for_it(
    review: Desk, group: str, waits_for: WaitsFor
) -> None:
    await add_group(review, "porcelain", "wang")
    assert (await review.decide(DecisionKind.HAND_OVER, hand_to=group)).accepted
    case = await review.case()
    assert (case.assignee, case.waits_for) == (group, waits_for)


async def test_a_case_is_not_handed_to_a_group_that_does_not_exist(review: Desk) -> None:
    answer = await review.decide(DecisionKind.HAND_OVER, hand_to="porcelian")
    assert (answer.accepted, answer.code) == (False, ErrorCode.GROUP_UNKNOWN)
    assert "porcelian" in answer.sentence


async def test_a_case_is_not_handed_to_nobody_and_the_groups_with_somebody_are_named(review: Desk) -> None:
    await add_group(review, "deserted")
    await add_group(review, "left", "gone", active=False)
    await add_group(review, "porcelain", "wang")
    for group in ("deserted", "left"):
        answer = await review.decide(DecisionKind.HAND_OVER, hand_to=group)
        assert (answer.accepted, answer.code) == (False, ErrorCode.GROUP_UNKNOWN)
        assert "to: agents, finance, porcelain, supervisors, warehouse." in answer.sentence


async def add_group(desk: Desk, group: str, *members: str, active: bool = True) -> None:
    account = {"display_name": "", "mail": "", "password_hash": "", "active": active, "created_at": NOW}
    async with desk.engine.begin() as connection:
        await connection.execute(insert(STAFF_GROUPS), {"name": group})
        for each in members:
            await connection.execute(insert(STAFF_ACCOUNTS), account | {"staff_id": each, "changed_at": NOW})
            await connection.execute(insert(STAFF_MEMBERS), {"name": group, "staff_id": each})


WHY = {"reason_code": "goodwill", "explanation": "A customer of many years."}


async def overrule(desk: Desk, kind: DecisionKind, **changes: object) -> Answer:
    decision = Decision.model_validate({"kind": kind, **WHY, **changes})
    return await desk.say(decision, actor="agent-1", role=Role.AGENT)


class TestOverriding:
    """The policy is enforced for customers and advice to the staff (P5.1)."""

    @pytest.fixture(name="advised")
    async def case_that_the_policy_would_turn_down(self, desk: Desk, policy: FakePolicy) -> Desk:
        policy.says(Action.REJECT, "window_closed")
        await desk.apply(actor="agent-7", role=Role.AGENT)
        return desk

    @pytest.mark.parametrize("missing", ["reason_code", "explanation"])
    async def test_who_decides_otherwise_says_why(self, advised: Desk, missing: str) -> None:
        answer = await overrule(advised, DecisionKind.APPROVE, **{missing: ""})
        assert (answer.code, "turn it down" in answer.sentence) == (ErrorCode.REASON_NEEDED, True)
        assert not (await advised.case()).overridden

    async def test_with_a_reason_it_is_done_and_marked(self, advised: Desk) -> None:
        assert (await overrule(advised, DecisionKind.APPROVE)).status is CaseStatus.PAYING
        assert (await advised.case()).overridden
        [entry] = [each for each in await advised.audit() if each["action"] == "override"]
        assert (entry["before"], entry["after"], entry["reason"]) == ("reject", "approve", "goodwill")

    async def test_to_follow_the_advice_takes_no_reason_code(self, advised: Desk) -> None:
        assert (await advised.decide(DecisionKind.REJECT, explanation="Too late.")).accepted
        assert not (await advised.case()).overridden

    async def test_what_the_policy_would_pay_and_a_ceiling_held_back_is_not_turned_down_without_a_reason(
        self, desk: Desk, policy: FakePolicy
    ) -> None:
        policy.limits = NO_LIMITS.model_copy(update={"automatic_case": 1})
        await desk.apply()
        answer = await desk.decide(DecisionKind.REJECT, explanation="No.")
        assert (answer.code, "approve it" in answer.sentence) == (ErrorCode.REASON_NEEDED, True)
        assert (await overrule(desk, DecisionKind.REJECT)).accepted
        assert (await desk.case()).overridden


async def test_while_the_customer_is_asked_an_escalation_leaves_the_turn_with_them(review: Desk) -> None:
    await review.decide(DecisionKind.ASK, explanation="Which cup?")
    await review.decide(DecisionKind.ESCALATE)
    case = await review.case()
    assert (case.status, case.waits_for) == (CaseStatus.AWAITING_CUSTOMER, WaitsFor.CUSTOMER)


async def test_of_two_decisions_one_wins_and_the_other_is_told_so(review: Desk) -> None:
    first = await review.decide(DecisionKind.APPROVE)
    second = await review.decide(DecisionKind.REJECT, explanation="No.")
    assert (first.accepted, second.accepted) == (True, False)
    assert (second.code, second.status) == (ErrorCode.TOO_LATE, CaseStatus.PAYING)
    assert "being paid" in second.sentence


@pytest.mark.parametrize("role", [Role.CUSTOMER, Role.WAREHOUSE, Role.OPS])
async def test_who_may_not_decide_decides_nothing(review: Desk, role: Role) -> None:
    answer = await review.decide(DecisionKind.APPROVE, role=role)
    assert answer.code is ErrorCode.ROLE_NOT_ALLOWED
    assert await review.money_taken() == 0


async def test_before_the_policy_asked_a_person_nobody_decides(desk: Desk, policy: FakePolicy) -> None:
    policy.says(Action.ASK_EVIDENCE)
    await desk.apply()
    assert (await desk.decide(DecisionKind.APPROVE)).code is ErrorCode.NOT_NOW


@pytest.fixture(name="failed")
async def case_whose_card_leg_failed(desk: Desk) -> Desk:
    """The gift card got its 30.00 back; the card's 96.66 were rejected by the provider."""
    await desk.apply(application(items=items(cups=2, lamp=1)))
    await desk.pay(OutcomeKind.SUCCEEDED, leg=1)
    await desk.pay(OutcomeKind.REJECTED, leg=2, code="charge_disputed")
    return desk


async def test_finance_tries_the_failed_leg_again_under_a_new_number(failed: Desk) -> None:
    answer = await failed.decide(DecisionKind.APPROVE, role=Role.FINANCE)

    assert (answer.accepted, answer.status) == (True, CaseStatus.PAYING)
    rows = await failed.legs()
    assert [(row.leg.leg, row.leg.attempt, row.leg.state) for row in rows] == [
        (1, 1, LegState.SUCCEEDED),
        (2, 1, LegState.FAILED),
        (2, 2, LegState.RESERVED),
    ]
    assert rows[-1].leg.provider_number == f"{failed.number}-2-2"
    assert (rows[-1].sent_at, rows[-1].released) == (None, False)
    assert await failed.money_taken() == 11666


async def test_a_new_attempt_needs_money_that_is_still_there(failed: Desk) -> None:
    card_leg = (await failed.legs())[1]
    held = {"amount": cny(CARD_MINOR), "provider_number": "of another case", "state": LegState.RESERVED}
    other = {"number": number_for("backend", "other"), "leg": card_leg.leg.model_copy(update=held)}
    async with failed.store.begin() as unit:
        await unit.insert_leg(card_leg.model_copy(update={**other, "released": False}))

    answer = await failed.decide(DecisionKind.APPROVE, role=Role.FINANCE)
    assert answer.code is ErrorCode.AMOUNT_REFUSED
    assert answer.sentence.endswith("CN¥0.00.")
    assert await failed.leg_states() == [LegState.SUCCEEDED, LegState.FAILED]


async def test_giving_up_a_payment_leaves_what_was_paid_as_paid(failed: Desk) -> None:
    await failed.decide(DecisionKind.REJECT, role=Role.FINANCE, explanation="Paid in cash at the shop.")
    case = await failed.case()
    assert (case.status, case.waits_for) == (CaseStatus.PARTLY_REFUNDED, WaitsFor.NOBODY)
    assert await failed.units_taken("lamp") == 1
    assert await failed.balances() == {"sales_returns": 3000, "stored_value:gift_card": -3000}


async def test_giving_up_when_nothing_was_paid_frees_everything(desk: Desk) -> None:
    await desk.apply(application(amount=cny(3000)))
    await desk.pay(OutcomeKind.NEEDS_PAYEE, code="card_closed")
    await desk.decide(DecisionKind.REJECT, role=Role.SUPERVISOR, explanation="The customer will call.")
    assert (await desk.case()).status is CaseStatus.REJECTED
    assert await desk.units_taken("cups") == 0
    assert await desk.balances() == {}
    appeal = await desk.say(Appeal(explanation="Why?"))
    assert appeal.code is ErrorCode.NOT_NOW


@pytest.mark.parametrize(
    ("kind", "role", "code"),
    [
        (DecisionKind.APPROVE, Role.AGENT, ErrorCode.ROLE_NOT_ALLOWED),
        (DecisionKind.ESCALATE, Role.FINANCE, ErrorCode.NOT_NOW),
    ],
)
async def test_a_failed_payment_is_for_finance_to_retry_or_give_up(
    failed: Desk, kind: DecisionKind, role: Role, code: ErrorCode
) -> None:
    assert (await failed.decide(kind, role=role)).code is code


async def test_a_failed_payment_is_tried_again_whole_or_not_at_all(failed: Desk) -> None:
    answer = await failed.decide(DecisionKind.APPROVE, role=Role.FINANCE, amount=cny(777))
    assert answer.code is ErrorCode.NOT_NOW
    assert len(await failed.legs()) == 2
