"""The pause point: a caller can be killed exactly before or after the execution."""

import asyncio

import httpx
import pytest
import stripe

from sandbox.calls import Call, Envelope
from sandbox.holds import HoldingPen
from tests.sandbox.servers import Box, sdk_for, until


async def release(box: Box, **how: object) -> httpx.Response:
    return await box.admin.post("/admin/release", json=how)


async def test_a_call_held_before_execution_has_executed_nothing(box: Box) -> None:
    await box.script("hold_before_execute")
    refunding = asyncio.create_task(box.refund())
    [held] = await box.held()
    assert held["where"] == "before_execute"
    assert (held["leg"], held["idempotency_key"]) == ("leg-1", "key-1")
    assert held["payments"] == ["ch_1", "pi_1"]
    assert await box.executions() == 0
    await release(box)
    assert (await refunding).status == "succeeded"
    assert await box.executions() == 1


async def test_a_call_held_after_execution_has_executed(box: Box) -> None:
    await box.script("hold_after_execute")
    refunding = asyncio.create_task(box.refund())
    [held] = await box.held()
    assert held["where"] == "after_execute"
    assert await box.executions() == 1
    await release(box)
    assert (await refunding).status == "succeeded"


async def test_the_same_key_is_answered_while_its_first_answer_is_held_back(box: Box) -> None:
    await box.script("hold_after_execute")
    first = asyncio.create_task(box.refund())
    await box.held()
    again = await box.refund()
    await release(box)
    assert again.id == (await first).id
    assert await box.executions() == 1


async def test_a_caller_killed_before_execution_is_executed_on_release(box: Box) -> None:
    await box.script("hold_before_execute")
    doomed = asyncio.create_task(sdk_for(box.url).v1.refunds.create_async({"charge": "ch_1", "amount": 5}))
    await box.held()
    doomed.cancel()
    await asyncio.wait([doomed])
    assert await box.refundable() == 10_000
    await release(box)

    async def executed() -> bool:
        return await box.refundable() == 9_995

    await until(executed)


async def test_a_held_call_can_be_cut_off_unexecuted(box: Box) -> None:
    await box.script("hold_before_execute")
    refunding = asyncio.create_task(box.refund())
    await box.held()
    await release(box, then="drop")
    with pytest.raises(stripe.APIConnectionError):
        await refunding
    assert await box.executions() == 0
    assert (await box.refund()).status == "succeeded"


async def test_the_answer_of_a_held_call_can_be_lost(box: Box) -> None:
    await box.script("hold_after_execute")
    refunding = asyncio.create_task(box.refund())
    await box.held()
    await release(box, then="drop")
    with pytest.raises(stripe.APIConnectionError):
        await refunding
    assert await box.executions() == 1


async def test_a_hold_ends_by_itself(box: Box) -> None:
    await box.script("hold_before_execute", max_seconds=0.02)
    assert (await box.refund()).status == "succeeded"
    assert (await box.admin.get("/admin/held")).json() == {"held": []}


async def test_both_points_hold_one_call_in_turn(box: Box) -> None:
    await box.admin.post("/admin/faults", json={"kinds": ["hold_before_execute", "hold_after_execute"]})
    refunding = asyncio.create_task(box.refund())
    places = []
    for _ in range(2):
        [held] = await box.held()
        places.append(held["where"])
        await release(box, id=held["id"])
    await refunding
    assert places == ["before_execute", "after_execute"]


async def test_one_of_two_held_calls_is_released_by_its_id(box: Box) -> None:
    await box.script("hold_before_execute", times=2)
    first = asyncio.create_task(box.refund(leg="leg-1", key="key-1"))
    await box.held(1)
    second = asyncio.create_task(box.refund(leg="leg-2", key="key-2"))
    held = await box.held(2)
    assert (await release(box, id=held[1]["id"])).json() == {"released": [held[1]["id"]]}
    await second
    assert not first.done()
    await release(box)
    await first


async def test_releasing_an_unknown_call_is_refused(box: Box) -> None:
    refused = await release(box, id=99)
    assert refused.status_code == 404
    assert refused.json()["detail"]["field"] == "id"


async def test_a_reset_cuts_held_calls_off(box: Box) -> None:
    await box.script("hold_before_execute")
    refunding = asyncio.create_task(box.refund())
    await box.held()
    await box.reset()
    with pytest.raises(stripe.APIConnectionError):
        await refunding


async def test_a_call_released_twice_in_one_breath_goes_on_once_as_told_first() -> None:
    pen = HoldingPen()
    call = Call("stripe", Envelope("POST", "/v1/refunds", "", {}, b""), {}, "key-1", "leg-1", ())
    parked = asyncio.create_task(pen.park(call, "before_execute", 5))
    await asyncio.sleep(0)
    assert pen.release("drop") == [1]
    assert pen.release("continue") == []
    assert await parked == "drop"
    assert pen.held() == []


async def test_a_caller_who_gives_up_leaves_no_held_call_behind() -> None:
    pen = HoldingPen()
    call = Call("stripe", Envelope("POST", "/v1/refunds", "", {}, b""), {}, None, None, ())
    parked = asyncio.create_task(pen.park(call, "after_execute", 5))
    await asyncio.sleep(0)
    parked.cancel()
    await asyncio.wait([parked])
    assert (pen.held(), pen.release("continue")) == ([], [])


async def test_the_health_report_counts_held_calls(box: Box) -> None:
    await box.script("hold_before_execute")
    refunding = asyncio.create_task(box.refund())
    await box.held()
    assert (await box.admin.get("/admin/health")).json()["held"] == 1
    await release(box)
    await refunding
    assert (await box.admin.get("/admin/health")).json()["held"] == 0
