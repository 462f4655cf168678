"""Ceilings and claims hold when everything happens at once (rule 7; R9, R10)."""

from __future__ import annotations

import asyncio

from temporalio.testing import ActivityEnvironment

from activities.types import Intake, StepResult
from aftersales.contract.values import CaseStatus, ErrorCode
from tests.activities.desk import Desk
from tests.activities.shop import CUPS_MINOR, NOW, application, items, start_of


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


async def test_one_application_taken_in_by_many_workers_at_once_is_one_case(desk: Desk) -> None:
    results = await asyncio.gather(*(take_in(desk, "same", cups=1) for _ in range(6)), return_exceptions=True)
    desk.number = start_of(application(), "same").number
    assert any(isinstance(result, StepResult) for result in results)
    assert await desk.money_taken() == 3333
    assert (await desk.actions()).count("received") == 1
