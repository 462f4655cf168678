"""A reset makes the sandbox as on its first day, and each smaller step back takes back only its own."""

import asyncio
import contextlib

import httpx
import pytest

from sandbox.settings import SandboxSettings
from tests.sandbox.servers import Box, Receiver, sandbox, until

REPORTS = ("health", "balance", "faults", "held", "executions", "requests", "events", "deliveries", "stripe/refunds")


async def reports(box: Box) -> dict[str, object]:
    """All that the admin side tells, but the time."""
    told: dict[str, object] = {name: (await box.admin.get(f"/admin/{name}")).json() for name in REPORTS}
    told["offset"] = (await box.admin.get("/admin/clock")).json()["offset_s"]
    return told


async def make_a_mess(box: Box, receiver: Receiver) -> None:
    """Use whatever a test can use."""
    await box.admin.put("/admin/webhooks", json={"url": receiver.url})
    await box.admin.put("/admin/balance", json={"currency": "usd", "amount": 9_000})
    await box.advance(5_000)
    await box.refund()
    await box.admin.put("/admin/stripe/charges/ch_1/dispute", json={"open": True})
    await box.admin.put("/admin/faults/random", json={"rate": 0.5, "kind": "429"})
    await box.script("pending", leg="leg-9")
    await box.admin.put("/admin/outage", json={"on": True})


async def test_a_reset_leaves_nothing_behind(box: Box, receiver: Receiver) -> None:
    await box.reset()
    fresh = await reports(box)
    await box.seed()
    await make_a_mess(box, receiver)
    await box.reset()
    assert await reports(box) == fresh
    assert (await box.get("/v1/charges/ch_1")).status_code == 404


async def test_after_a_reset_the_same_key_and_the_same_payment_are_new(box: Box, receiver: Receiver) -> None:
    await make_a_mess(box, receiver)
    await box.reset()
    await box.seed(amount=700, currency="eur")
    refund = await box.refund(700)
    assert (refund.status, refund.currency, refund.amount) == ("succeeded", "eur", 700)
    assert await box.executions() == 1


async def test_after_a_reset_webhooks_go_where_the_setting_says(listened: Box, receiver: Receiver) -> None:
    await listened.admin.put("/admin/webhooks", json={"url": "http://127.0.0.1:9/elsewhere"})
    await listened.reset()
    await listened.seed()
    await listened.refund()
    assert len(await receiver.wait_for(3)) == 3


async def test_a_reset_forgets_what_is_being_tried_again(receiver: Receiver) -> None:
    receiver.statuses = [500] * 1_000
    async with sandbox(SandboxSettings(webhook_url=receiver.url, webhook_retry_scale=1 / 30_000)) as box:
        await box.seed()
        await box.refund()
        await receiver.wait_for(3)
        await box.reset()
        so_far = len(receiver.received)
        await asyncio.sleep(0.1)
        assert len(receiver.received) <= so_far + 1, "at most the one that was on its way"
        assert (await box.admin.get("/admin/deliveries")).json() == {"attempts": [], "waiting": 0}


@pytest.mark.parametrize(
    ("kind", "how"),
    [
        ("slow", {"seconds": 0.2, "slow_phase": "before"}),
        ("slow", {"seconds": 0.2, "slow_phase": "after"}),
        ("hold_before_execute", {}),
        ("hold_after_execute", {}),
    ],
)
async def test_a_call_under_way_at_a_reset_leaves_nothing_in_the_new_day(
    box: Box, kind: str, how: dict[str, object]
) -> None:
    await box.script(kind, **how)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(_answered_or_cut_off(box))
        await until(lambda: _begun(box))
        await box.reset()
        await box.seed()
    assert await box.requests() == []
    assert await box.executions() == 0


async def _begun(box: Box) -> bool:
    """Whether the call has taken the fault that waited for it."""
    waiting: list[object] = (await box.admin.get("/admin/faults")).json()["queued"]
    return not waiting


async def _answered_or_cut_off(box: Box) -> None:
    with contextlib.suppress(httpx.HTTPError):
        await box.post("key-1", charge="ch_1", amount=1_000)


@pytest.mark.parametrize(
    ("path", "gone"),
    [("executions", "executions"), ("requests", "requests"), ("faults", "faults"), ("faults/random", "faults")],
)
async def test_a_smaller_step_back_takes_back_only_its_own(box: Box, path: str, gone: str) -> None:
    await box.refund()
    await box.admin.put("/admin/faults/random", json={"rate": 0.5, "kind": "429"})
    before = await reports(box)
    await box.admin.delete(f"/admin/{path}")
    after = await reports(box)
    assert {name for name in before if before[name] != after[name]} == {gone}


async def test_the_end_of_random_faults_leaves_the_scripted_ones(box: Box) -> None:
    await box.script("429")
    await box.admin.put("/admin/faults/random", json={"rate": 1, "kind": "drop_request"})
    await box.admin.delete("/admin/faults/random")
    faults = (await box.admin.get("/admin/faults")).json()
    assert (len(faults["queued"]), faults["random"]) == (1, None)


async def test_an_address_taken_away_stops_deliveries_and_the_tries_say_so(receiver: Receiver) -> None:
    receiver.statuses = [500] * 1_000
    async with sandbox(SandboxSettings(webhook_retry_scale=1 / 30_000)) as quick:
        await quick.admin.put("/admin/webhooks", json={"url": receiver.url})
        await quick.seed()
        await quick.refund()
        await receiver.wait_for(1)
        await quick.admin.put("/admin/webhooks", json={"url": None})

        async def said() -> bool:
            attempts = (await quick.admin.get("/admin/deliveries")).json()["attempts"]
            return any(row["error"] == "no webhook url" for row in attempts)

        await until(said)


async def test_the_clock_may_be_put_back_and_then_moves_from_there(box: Box) -> None:
    await box.admin.put("/admin/clock", json={"now": "2020-02-28T23:59:00+00:00"})
    assert (await box.admin.get("/admin/clock")).json()["offset_s"] < 0
    await box.advance(120)
    assert (await box.admin.get("/admin/clock")).json()["iso"].startswith("2020-02-29T00:01:0")
    refund = await box.refund()
    assert refund.created == pytest.approx((await box.admin.get("/admin/clock")).json()["now"], abs=2)


async def test_a_body_that_is_no_json_is_refused_in_words(box: Box) -> None:
    refused: httpx.Response = await box.admin.post(
        "/admin/faults", content=b"{", headers={"content-type": "application/json"}
    )
    assert refused.status_code == 422
