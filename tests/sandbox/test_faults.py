"""Scripted faults on the wire: what the caller sees, and what was executed all the same."""

import asyncio
import time
from pathlib import Path

import httpx
import pytest
import stripe

from sandbox.faults import FaultDesk, RandomFaults, ScriptedFault, draw
from sandbox.settings import SandboxSettings
from sandbox.store import Store
from tests.sandbox.servers import PATIENCE_S, Box, sandbox


def cause_of(failure: BaseException) -> BaseException | None:
    return failure.__cause__


async def test_a_dropped_request_is_not_executed(box: Box) -> None:
    await box.script("drop_request")
    with pytest.raises(stripe.APIConnectionError) as failed:
        await box.refund()
    assert isinstance(cause_of(failed.value), httpx.RemoteProtocolError | httpx.ReadError)
    assert await box.executions() == 0


async def test_a_dropped_response_is_executed_once(box: Box) -> None:
    await box.script("execute_then_drop")
    with pytest.raises(stripe.APIConnectionError) as failed:
        await box.refund()
    assert isinstance(cause_of(failed.value), httpx.RemoteProtocolError | httpx.ReadError)
    assert await box.executions() == 1
    replayed = await box.refund()
    assert replayed.status == "succeeded"
    assert await box.executions() == 1


async def test_lost_request_and_lost_response_look_the_same(box: Box) -> None:
    seen = []
    for kind in ("drop_request", "execute_then_drop"):
        await box.script(kind)
        with pytest.raises(httpx.TransportError) as failed:
            await box.post(None, charge="ch_1", amount=5)
        seen.append((type(failed.value), str(failed.value)))
    assert seen[0] == seen[1]


async def test_a_truncated_answer_breaks_in_its_body(box: Box) -> None:
    await box.script("truncate")
    with pytest.raises(stripe.APIConnectionError) as failed:
        await box.refund()
    assert isinstance(cause_of(failed.value), httpx.RemoteProtocolError)
    assert "without sending complete message body" in str(cause_of(failed.value))
    assert await box.executions() == 1


async def test_an_unreadable_answer_is_whole_http_and_no_json(box: Box) -> None:
    await box.script("unreadable")
    with pytest.raises(stripe.APIError) as failed:
        await box.refund()
    assert "Invalid response body" in str(failed.value)
    assert await box.executions() == 1


async def test_a_slow_provider_executes_though_the_caller_has_gone(box: Box) -> None:
    await box.script("slow", seconds=0.5)
    with pytest.raises(httpx.ReadTimeout):
        await box.admin.post(
            "/v1/refunds",
            data={"charge": "ch_1", "amount": "5", "metadata[leg]": "leg-1"},
            headers={"authorization": "Bearer sk_test_sandbox"},
            timeout=httpx.Timeout(PATIENCE_S, read=0.05),
        )
    assert await box.executions() == 0
    await box.executed()


async def test_a_late_answer_was_executed_at_once(box: Box) -> None:
    await box.script("slow", seconds=0.1, slow_phase="after")
    started = time.monotonic()
    refunding = asyncio.create_task(box.refund())
    await box.executed()
    assert not refunding.done()
    await refunding
    assert time.monotonic() - started >= 0.1


async def test_a_connection_after_a_drop_works(box: Box) -> None:
    await box.script("drop_request", times=3)
    for _ in range(3):
        with pytest.raises(stripe.APIConnectionError):
            await box.refund()
    assert (await box.refund()).status == "succeeded"


async def test_a_fault_waits_for_its_leg(box: Box) -> None:
    await box.script("drop_request", leg="leg-2")
    await box.refund(leg="leg-1", key="key-1")
    with pytest.raises(stripe.APIConnectionError):
        await box.refund(leg="leg-2", key="key-2")
    assert (await box.executions("leg-1"), await box.executions("leg-2")) == (1, 0)


@pytest.mark.parametrize(("field", "value"), [("charge", "ch_2"), ("payment_intent", "pi_2"), ("payment", "ch_2")])
async def test_a_fault_waits_for_its_payment_by_any_of_its_names(box: Box, field: str, value: str) -> None:
    await box.seed("ch_2")
    await box.script("429", **{field: value})
    await box.refund(charge="ch_1", key="key-1")
    with pytest.raises(stripe.RateLimitError):
        await box.refund(charge="ch_2", key="key-2")


async def test_a_fault_of_a_post_leaves_reading_alone(box: Box) -> None:
    await box.script("drop_request")
    assert (await box.get("/v1/refunds", charge="ch_1")).status_code == 200
    with pytest.raises(stripe.APIConnectionError):
        await box.refund()


async def test_reading_can_fail_too(box: Box) -> None:
    refund = await box.refund(leg="leg-9")
    await box.script("error_500", method="GET", leg="leg-9")
    with pytest.raises(stripe.APIError):
        await box.sdk.v1.refunds.retrieve_async(refund.id)
    assert (await box.sdk.v1.refunds.retrieve_async(refund.id)).id == refund.id


async def test_faults_are_met_in_the_order_they_were_scripted(box: Box) -> None:
    for kind in ("429", "error_500", "drop_request"):
        await box.script(kind)
    statuses: list[object] = []
    for number in range(3):
        try:
            statuses.append((await box.post(f"key-{number}", charge="ch_1", amount=5)).status_code)
        except httpx.TransportError:
            statuses.append("dropped")
    assert statuses == [429, 500, "dropped"]


async def test_kinds_combine_in_one_call(box: Box) -> None:
    await box.admin.post("/admin/faults", json={"kinds": ["pending", "execute_then_drop"]})
    with pytest.raises(stripe.APIConnectionError):
        await box.refund()
    assert (await box.refund()).status == "pending"


async def test_a_fault_without_end_lasts_until_cleared(box: Box) -> None:
    await box.script("drop_request", times=None)
    for _ in range(4):
        with pytest.raises(stripe.APIConnectionError):
            await box.refund()
    await box.admin.delete("/admin/faults")
    assert (await box.refund()).status == "succeeded"


async def test_an_outage_cuts_every_call_and_executes_nothing(box: Box) -> None:
    await box.admin.put("/admin/outage", json={"on": True})
    for _ in range(2):
        with pytest.raises(stripe.APIConnectionError):
            await box.refund()
    with pytest.raises(httpx.TransportError):
        await box.get("/v1/charges/ch_1")
    await box.admin.put("/admin/outage", json={"on": False})
    assert await box.executions() == 0
    assert (await box.refund()).status == "succeeded"


async def test_an_outage_uses_up_no_scripted_fault(box: Box) -> None:
    await box.script("429")
    await box.admin.put("/admin/outage", json={"on": True})
    with pytest.raises(stripe.APIConnectionError):
        await box.refund()
    assert len((await box.admin.get("/admin/faults")).json()["queued"]) == 1


async def test_an_outage_and_an_empty_balance_last_over_a_restart(tmp_path: Path) -> None:
    settings = SandboxSettings(state_file=tmp_path / "state.sqlite")
    async with sandbox(settings) as before:
        await before.seed()
        await before.admin.put("/admin/balance", json={"currency": "usd", "amount": 0})
        await before.admin.put("/admin/outage", json={"on": True})
    async with sandbox(settings) as after:
        with pytest.raises(stripe.APIConnectionError):
            await after.refund()
        await after.admin.put("/admin/outage", json={"on": False})
        assert (await after.post(None, charge="ch_1", amount=1)).json()["error"]["code"] == "balance_insufficient"


async def _fates(box: Box, seed: int) -> list[str]:
    random = {"rate": 0.5, "kinds": ["drop_request", "429"], "seed": seed}
    await box.admin.put("/admin/faults/random", json=random)
    fates = []
    for number in range(20):
        leg = {"metadata[leg]": f"leg-{number}"}
        try:
            fates.append(str((await box.post(None, charge="ch_1", amount=1, **leg)).status_code))
        except httpx.TransportError:
            fates.append("dropped")
    return fates


async def test_random_faults_repeat_for_their_seed(box: Box) -> None:
    first, again, other = [await _fates(box, seed) for seed in (7, 7, 8)]
    assert first == again != other
    assert set(first) == {"200", "429", "dropped"}


async def test_random_faults_end_when_told(box: Box) -> None:
    await box.admin.put("/admin/faults/random", json={"rate": 1, "kind": "drop_request"})
    with pytest.raises(stripe.APIConnectionError):
        await box.refund()
    await box.admin.delete("/admin/faults/random")
    assert (await box.refund()).status == "succeeded"


async def test_a_leg_tried_again_draws_again(box: Box) -> None:
    await box.admin.put("/admin/faults/random", json={"rate": 0.5, "kind": "429", "seed": 3})
    statuses = {(await box.post(f"k{n}", charge="ch_1", amount=1)).status_code for n in range(20)}
    assert statuses == {200, 429}


def test_draws_are_spread_over_the_unit_interval() -> None:
    drawn = [draw(1, "leg", number) for number in range(2_000)]
    assert all(0 <= value < 1 for value in drawn)
    assert 0.17 < sum(value < 0.2 for value in drawn) / len(drawn) < 0.23


def test_a_scripted_fault_comes_before_a_random_one() -> None:
    desk = FaultDesk(Store(None))
    desk.randomise(RandomFaults.model_validate({"rate": 1, "kind": "slow"}))
    desk.script(ScriptedFault.model_validate({"kind": "429"}))
    taken = [desk.take("POST", "/v1/refunds", "leg", ()).kinds for _ in range(2)]
    assert taken == [{"429"}, {"slow"}]


def test_a_fault_of_three_times_counts_down() -> None:
    desk = FaultDesk(Store(None))
    desk.script(ScriptedFault.model_validate({"kind": "pending", "times": 3}))
    assert [len(desk.take("POST", "/", None, ()).kinds) for _ in range(4)] == [1, 1, 1, 0]
