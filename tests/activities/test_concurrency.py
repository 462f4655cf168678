"""Ceilings and claims hold when everything happens at once (rule 7; R9, R10)."""

from __future__ import annotations

import asyncio

import pytest
from temporalio.testing import ActivityEnvironment

from activities.precautions import Held
from activities.types import Intake, StepResult
from aftersales.contract.values import CaseStatus, ErrorCode
from domain.allocation import DraftLine, OrderDraft, TaxMode
from domain.freezing import freeze
from storage.orders import OrderRecord, RecordLine, RecordTender, save_orders
from tests.activities.desk import Desk
from tests.activities.shop import CUPS_MINOR, NOW, application, items, order_record, start_of
from tests.fakes import FakePolicy
from tests.fakes.policy import NO_LIMITS


async def take_in(desk: Desk, request_key: str, order_id: str = "order-1", **quantities: int) -> StepResult:
    start = start_of(application(order_id=order_id, items=items(**quantities)), request_key)
    step = Intake(number=start.number, round=1, now=NOW, start=start)
    return await ActivityEnvironment().run(desk.steps.intake, step)


async def test_of_many_cases_for_one_unit_one_is_granted(desk: Desk) -> None:
    results = await asyncio.gather(*(take_in(desk, f"key-{n}", lamp=1) for n in range(12)))
    granted = [result for result in results if result.standing.status is CaseStatus.PAYING]
    refused = {result.standing.reason_code for result in results} - {"merchant_fault"}
    assert len(granted) == 1
    assert refused == {ErrorCode.UNIT_ALREADY_CLAIMED.value}
    assert await desk.money_taken() == 5000


async def test_partial_refunds_that_race_never_pass_what_was_paid(desk: Desk) -> None:
    results = await asyncio.gather(*(take_in(desk, f"key-{n}", cups=1) for n in range(8)))
    granted = [result for result in results if result.standing.status is CaseStatus.PAYING]
    assert len(granted) == 3
    assert await desk.money_taken() == CUPS_MINOR


async def test_fifty_applications_at_once_never_exceed_what_was_captured_of_the_order_or_of_any_payment(
    desk: Desk,
) -> None:
    """Sixty pens for 600.00, of which only 300.00 were captured, by two payments: the money ends before the pens do."""
    await save_orders(desk.engine, [pens()])
    results = await asyncio.gather(*(take_in(desk, f"key-{n}", "pens", pens=1) for n in range(50)))
    granted = [result for result in results if result.standing.status is CaseStatus.PAYING]
    refused = [result for result in results if result.standing.status is CaseStatus.REJECTED]
    assert (len(granted), len(refused)) == (30, 20)
    taken = {
        tender.tender_id: (tender.taken_minor, tender.captured_minor) for tender in (await desk.order("pens")).tenders
    }
    assert taken == {"gift": (10_000, 10_000), "card": (20_000, 20_000)}


@pytest.mark.parametrize(
    ("ceiling", "held"),
    [
        ("automatic_customer_day", Held.CUSTOMER_BUDGET),
        ("automatic_product_day", Held.PRODUCT_BUDGET),
        ("automatic_day", Held.DAY_BUDGET),
        ("customer_period", Held.CUSTOMER_CEILING),
        ("order", Held.ORDER_CEILING),
    ],
)
async def test_fifty_automatic_approvals_at_once_never_pass_a_ceiling(
    desk: Desk, policy: FakePolicy, ceiling: str, held: Held
) -> None:
    """Each of 10.00, of which 75.00 may be approved by rule: seven are, and the others go to people, who are told."""
    await save_orders(desk.engine, [pens()])
    policy.limits = NO_LIMITS.model_copy(update={ceiling: 7500})
    results = await asyncio.gather(*(take_in(desk, f"key-{n}", "pens", pens=1) for n in range(50)))
    granted = [result for result in results if result.standing.status is CaseStatus.PAYING]
    assert len(granted) == 7
    others = [result.standing for result in results if result not in granted]
    assert {standing.status for standing in others} == {CaseStatus.UNDER_REVIEW}
    assert {standing.verdict.held for standing in others if standing.verdict} == {(held.value,)}


async def test_one_application_a_hundred_times_at_once_uses_its_budget_once(desk: Desk, policy: FakePolicy) -> None:
    policy.limits = NO_LIMITS.model_copy(update={"automatic_day": 3333})
    await asyncio.gather(*(take_in(desk, "same", cups=1) for _ in range(100)), return_exceptions=True)
    desk.number = start_of(application(), "same").number
    assert (await desk.case()).status is CaseStatus.PAYING
    assert await desk.money_taken() == 3333


def pens() -> OrderRecord:
    draft = OrderDraft(
        currency="CNY",
        tax_mode=TaxMode.NONE,
        lines=(DraftLine(line_id="pens", quantity=60, unit_price_minor=1000),),
    )
    line = RecordLine(sku="pens", title="pens", category="home", final_sale=False, frozen=freeze(draft).lines[0])
    tenders = (
        RecordTender(tender_id="gift", provider="gift_card", reference="gc_pens", captured_minor=10_000),
        RecordTender(tender_id="card", provider="stripe", reference="ch_pens", captured_minor=20_000),
    )
    return order_record("pens").model_copy(update={"lines": (line,), "shipping": None, "tenders": tenders})


async def test_one_application_taken_in_by_many_workers_at_once_is_one_case(desk: Desk) -> None:
    results = await asyncio.gather(*(take_in(desk, "same", cups=1) for _ in range(6)), return_exceptions=True)
    desk.number = start_of(application(), "same").number
    assert any(isinstance(result, StepResult) for result in results)
    assert await desk.money_taken() == 3333
    assert (await desk.actions()).count("received") == 1
