"""An application is verified, assessed and, if approved, reserved, in one step (P1.3, P2.1, P5.1)."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from activities.rulings import Action
from aftersales.contract.messages import Application
from aftersales.contract.values import (
    AmountKind,
    CaseKind,
    CaseStatus,
    Channel,
    ErrorCode,
    EvidenceRef,
    Language,
    LegState,
    Money,
    Role,
    WaitsFor,
)
from storage.orders import save_orders
from tests.activities.desk import Desk
from tests.activities.shop import FORGED, NOW, PORTAL, application, cny, items, order_record
from tests.fakes import FakePolicy

UNSEEN = EvidenceRef(sha256="e" * 64, media_type="image/jpeg", size_bytes=10)


async def test_an_approved_application_is_reserved_in_full_before_anything_is_sent(desk: Desk) -> None:
    standing = (await desk.apply()).standing

    assert (standing.status, standing.waits_for) == (CaseStatus.PAYING, WaitsFor.PROVIDER)
    assert standing.amount == cny(3333)
    assert sum(leg.amount.minor for leg in standing.legs) == 3333
    assert {leg.state for leg in standing.legs} == {LegState.RESERVED}
    assert await desk.money_taken() == 3333
    assert await desk.units_taken("cups") == 1


async def test_stored_value_gives_back_first_and_each_leg_has_its_own_number(desk: Desk) -> None:
    legs = (await desk.apply()).standing.legs

    assert [(leg.provider, leg.amount.minor) for leg in legs] == [("gift_card", 3000), ("stripe", 333)]
    assert [leg.provider_number for leg in legs] == [f"{desk.number}-1-1", f"{desk.number}-2-1"]


async def test_an_approval_owes_the_customer_in_the_ledger(desk: Desk) -> None:
    await desk.apply()
    assert await desk.balances() == {"sales_returns": 3333, "customer_refunds_payable": -3333}


async def test_the_verdict_is_kept_with_its_inputs_policy_and_row(desk: Desk, policy: FakePolicy) -> None:
    await desk.apply()

    assert await desk.actions() == ["received", "assessed", "status"]
    assessed = (await desk.audit())[1]
    facts = json.loads(assessed["facts"])
    assert (assessed["actor"], facts["policy_hash"], facts["row"]) == ("system", policy.content_hash, "row-approve")
    (asked,) = policy.facts
    assert (asked.amount_minor, asked.days_since_delivery, asked.days_since_purchase) == (3333, 5, 10)
    assert (await desk.case()).policy_hash == policy.content_hash


async def test_shipping_comes_back_when_the_policy_says_so_and_only_once(desk: Desk, policy: FakePolicy) -> None:
    policy.says(Action.APPROVE, refund_shipping=True)
    first = (await desk.apply(request_key="one")).standing
    second = (await desk.apply(request_key="two")).standing

    assert first.amount == cny(3333 + 1000)
    assert second.amount == cny(3333)
    assert first.break_down is not None
    assert AmountKind.SHIPPING in {line.kind for line in first.break_down.lines}


async def test_partial_refunds_of_a_line_add_up_to_what_was_paid_for_it(desk: Desk) -> None:
    amounts = [(await desk.apply(request_key=f"key-{n}")).standing.amount for n in range(3)]
    assert sum(amount.minor for amount in amounts if amount) == 10000


async def test_a_smaller_amount_may_be_asked_for(desk: Desk) -> None:
    standing = (await desk.apply(application(amount=cny(500)))).standing
    assert (standing.status, standing.amount) == (CaseStatus.PAYING, cny(500))


async def test_a_rejection_by_policy_says_why_and_holds_nothing(desk: Desk, policy: FakePolicy) -> None:
    policy.says(Action.REJECT, "window_closed")
    standing = (await desk.apply()).standing

    assert (standing.status, standing.reason_code) == (CaseStatus.REJECTED, "window_closed")
    assert "may appeal once" in standing.explanation
    assert await desk.units_taken("cups") == 0
    assert await desk.money_taken() == 0


@pytest.mark.parametrize(
    ("action", "status", "waits_for"),
    [
        (Action.ASK_EVIDENCE, CaseStatus.NEEDS_EVIDENCE, WaitsFor.CUSTOMER),
        (Action.REVIEW, CaseStatus.UNDER_REVIEW, WaitsFor.AGENT),
    ],
)
async def test_an_undecided_case_holds_its_units_but_no_money(
    desk: Desk, policy: FakePolicy, action: Action, status: CaseStatus, waits_for: WaitsFor
) -> None:
    policy.says(action)
    standing = (await desk.apply()).standing

    assert (standing.status, standing.waits_for) == (status, waits_for)
    assert await desk.units_taken("cups") == 1
    assert await desk.money_taken() == 0
    assert (await desk.case()).due_at is not None


@pytest.mark.parametrize("kind", [CaseKind.RETURN_AND_REFUND, CaseKind.EXCHANGE])
async def test_returns_and_exchanges_go_to_a_person_whatever_the_policy_says(desk: Desk, kind: CaseKind) -> None:
    standing = (await desk.apply(application(kind=kind))).standing
    assert (standing.status, standing.assignee) == (CaseStatus.UNDER_REVIEW, "agents")
    assert standing.verdict is not None
    assert standing.verdict.action == "review"


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        (application(customer_id="customer-2"), ErrorCode.NOT_YOUR_ORDER),
        (application(items=items(chair=1)), ErrorCode.ITEM_NOT_IN_ORDER),
        (application(items=items(cups=4)), ErrorCode.QUANTITY_TOO_HIGH),
        (application(amount=Money(minor=100, currency="EUR")), ErrorCode.WRONG_CURRENCY),
        (application(amount=cny(3334)), ErrorCode.AMOUNT_REFUSED),
    ],
)
async def test_what_may_not_be_applied_for_is_a_rejected_case_that_holds_nothing(
    desk: Desk, asked: Application, code: ErrorCode
) -> None:
    standing = (await desk.apply(asked, actor=asked.customer_id)).standing

    assert (standing.status, standing.reason_code) == (CaseStatus.REJECTED, code.value)
    assert standing.verdict is None
    assert standing.explanation
    assert await desk.actions() == ["received", "refused", "status"]
    assert await desk.money_taken() == 0


async def test_an_amount_above_what_is_left_names_the_largest_that_would_do(desk: Desk) -> None:
    standing = (await desk.apply(application(amount=cny(3334)))).standing
    assert standing.explanation.endswith("the largest possible amount is CN¥33.33.")


async def test_an_unpaid_order_gives_nothing_back(desk: Desk) -> None:
    await save_orders(desk.engine, [order_record("order-2", paid=False)])
    standing = (await desk.apply(application(order_id="order-2"))).standing
    assert standing.reason_code == ErrorCode.ORDER_NOT_PAID


async def test_units_of_another_open_case_cannot_be_claimed_again(desk: Desk) -> None:
    await desk.apply(application(items=items(lamp=1)), "one")
    standing = (await desk.apply(application(items=items(lamp=1)), "two")).standing
    assert standing.reason_code == ErrorCode.UNIT_ALREADY_CLAIMED


async def test_whoever_guesses_an_order_number_learns_nothing(desk: Desk) -> None:
    guessed = application(customer_id="customer-2")
    of_another = (await desk.apply(guessed, "one", actor="customer-2")).standing
    missing = guessed.model_copy(update={"order_id": "order-9"})
    unknown = (await desk.apply(missing, "two", actor="customer-2", last_look=True)).standing
    assert of_another.explanation == unknown.explanation


async def test_the_customer_reads_the_refusal_in_their_language(desk: Desk) -> None:
    asked = application(items=items(chair=1), language=Language.ZH_CN)
    standing = (await desk.apply(asked)).standing
    assert standing.explanation == "订单中没有商品行 chair，请从订单详情中选择商品。"


async def test_an_order_the_shop_does_not_know_yet_is_looked_up_again(desk: Desk) -> None:
    asked = application(order_id="order-2")
    first = await desk.apply(asked)
    assert first.look_again
    assert (first.standing.status, first.standing.waits_for) == (CaseStatus.RECEIVED, WaitsFor.SHOP)

    await save_orders(desk.engine, [order_record("order-2")])
    second = await desk.apply(asked)
    assert not second.look_again
    assert second.standing.status is CaseStatus.PAYING
    assert (await desk.actions()).count("received") == 1


async def test_each_look_for_an_order_leaves_the_end_of_the_wait_where_it_was(desk: Desk) -> None:
    asked = application(order_id="order-2")
    timings = (await desk.apply(asked)).standing.timings
    end = desk.now + timedelta(seconds=timings.order_lookup_s)
    desk.later(seconds=90)
    await desk.apply(asked)
    assert (await desk.case()).due_at == end


async def test_after_the_last_look_an_unknown_order_is_refused(desk: Desk) -> None:
    asked = application(order_id="order-2")
    await desk.apply(asked)
    last = await desk.apply(asked, last_look=True)
    assert not last.look_again
    assert last.standing.reason_code == ErrorCode.ORDER_UNKNOWN


@pytest.mark.parametrize(("key", "code"), [(None, ErrorCode.PROOF_MISSING), (FORGED, ErrorCode.PROOF_INVALID)])
async def test_an_application_nobody_vouches_for_is_recorded_and_goes_no_further(
    desk: Desk, policy: FakePolicy, key: None, code: ErrorCode
) -> None:
    standing = (await desk.apply(key=key)).standing

    assert (standing.status, standing.reason_code) == (CaseStatus.REJECTED, code.value)
    assert policy.facts == []
    assert await desk.actions() == ["refused", "status"]


async def test_a_key_cannot_vouch_for_a_role_that_is_not_its_own(desk: Desk) -> None:
    standing = (await desk.apply(key=PORTAL, actor="agent-1", role=Role.AGENT)).standing
    assert standing.reason_code == ErrorCode.ROLE_NOT_ALLOWED


async def test_a_customer_cannot_apply_in_the_name_of_another(desk: Desk) -> None:
    standing = (await desk.apply(actor="customer-2")).standing
    assert standing.reason_code == ErrorCode.NOT_YOUR_CASE


async def test_the_warehouse_does_not_apply_for_refunds(desk: Desk) -> None:
    standing = (await desk.apply(actor="picker-1", role=Role.WAREHOUSE)).standing
    assert standing.reason_code == ErrorCode.ROLE_NOT_ALLOWED


async def test_an_agent_enters_the_case_of_a_caller_and_the_log_says_so(desk: Desk) -> None:
    standing = (await desk.apply(application(channel=Channel.PHONE), actor="agent-1", role=Role.AGENT)).standing

    assert standing.status is CaseStatus.PAYING
    received = (await desk.audit())[0]
    assert (received["actor"], received["role"]) == ("agent-1", "agent")
    assert json.loads(received["facts"]) == {
        "caller": "backend",
        "channel": "phone",
        "entered_for": "customer-1",
    }


async def test_evidence_that_was_never_uploaded_counts_for_nothing(desk: Desk, policy: FakePolicy) -> None:
    await desk.apply(application(evidence=(UNSEEN,)))
    assert policy.facts[0].evidence_count == 0
    assert (await desk.case()).evidence == ()


async def test_another_application_under_the_same_key_is_refused(desk: Desk) -> None:
    await desk.apply(application(order_id="order-2"))
    standing = (await desk.apply(application())).standing
    assert standing.reason_code == ErrorCode.REQUEST_KEY_REUSED


async def test_the_case_is_open_from_the_moment_of_the_application(desk: Desk) -> None:
    await desk.apply()
    case = await desk.case()
    assert (case.opened_at, case.updated_at, case.closed_at) == (NOW, NOW, None)
