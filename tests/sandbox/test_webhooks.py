"""Webhooks: signed, delivered until acknowledged, and unreliable in every scripted way."""

import asyncio
import json
import time

import pytest
import stripe

from sandbox.settings import SandboxSettings
from tests.sandbox.servers import Box, Received, Receiver, sandbox, until

SUCCESS = ["refund.created", "refund.updated", "charge.refund.updated"]


async def attempts(box: Box, about: str | None = None) -> list[dict[str, object]]:
    params = {} if about is None else {"object": about}
    rows: list[dict[str, object]] = (await box.admin.get("/admin/deliveries", params=params)).json()["attempts"]
    return rows


async def settled(box: Box) -> None:
    """Wait until nothing is owed any more."""

    async def nothing_waits() -> bool:
        return not (await box.admin.get("/admin/deliveries")).json()["waiting"]

    await until(nothing_waits)


def shown(event: Received) -> dict[str, object]:
    """The object inside an event."""
    inner: dict[str, object] = json.loads(event.body)["data"]["object"]
    return inner


async def test_signature_verifies_with_the_real_sdk(listened: Box, receiver: Receiver) -> None:
    refund = await listened.refund()
    for received in await receiver.wait_for(3):
        event = received.verified()
        assert event.id.startswith("evt_")
        assert event.object == "event"
        assert event.livemode is False
        assert event.data.object["id"] == refund.id


async def test_a_signature_covers_the_exact_bytes(listened: Box, receiver: Receiver) -> None:
    await listened.refund()
    [first, *_] = await receiver.wait_for(3)
    tampered = Received(first.signature, first.body.replace(b"succeeded", b"failed   "))
    with pytest.raises(stripe.SignatureVerificationError):
        tampered.verified()


async def test_a_success_is_created_then_updated_with_its_reference(listened: Box, receiver: Receiver) -> None:
    await listened.refund()
    created, updated, _ = await receiver.wait_for(3)
    assert receiver.types == SUCCESS
    assert "available" not in json.dumps(shown(created))
    assert "available" in json.dumps(shown(updated))
    changed = json.loads(updated.body)["data"]["previous_attributes"]
    assert set(changed) == {"destination_details"}


async def test_an_event_names_the_request_that_caused_it(listened: Box, receiver: Receiver) -> None:
    await listened.refund(key="key-77")
    created, updated, _ = await receiver.wait_for(3)
    assert json.loads(created.body)["request"]["idempotency_key"] == "key-77"
    assert json.loads(updated.body)["request"] == {"id": None, "idempotency_key": None}


async def test_a_replay_sends_no_second_event(listened: Box, receiver: Receiver) -> None:
    await listened.refund()
    await listened.refund()
    await settled(listened)
    assert receiver.types == SUCCESS


async def test_a_pending_refund_is_announced_and_later_its_failure(listened: Box, receiver: Receiver) -> None:
    await listened.script("pending")
    refund = await listened.refund()
    await receiver.wait_for(1)
    await listened.admin.post(f"/admin/stripe/refunds/{refund.id}/finish", json={"outcome": "fail"})
    await receiver.wait_for(4)
    assert receiver.types == ["refund.created", "refund.updated", "charge.refund.updated", "refund.failed"]
    assert [shown(event)["status"] for event in receiver.received] == ["pending", "failed", "failed", "failed"]
    assert json.loads(receiver.received[1].body)["data"]["previous_attributes"]["status"] == "pending"


async def test_a_reversal_is_announced_as_a_failure(listened: Box, receiver: Receiver) -> None:
    refund = await listened.refund()
    await receiver.wait_for(3)
    await listened.admin.post(f"/admin/stripe/refunds/{refund.id}/reverse", json={})
    await receiver.wait_for(6)
    assert receiver.types[3:] == ["refund.updated", "charge.refund.updated", "refund.failed"]


async def test_an_event_is_sent_again_until_acknowledged(listened: Box, receiver: Receiver) -> None:
    receiver.statuses = [500, 503, 404]
    await listened.script("pending")
    refund = await listened.refund()
    received = await receiver.wait_for(4)
    await settled(listened)
    assert len({event.id for event in received}) == 1
    rows = await attempts(listened, refund.id)
    assert [(row["attempt"], row["status"]) for row in rows] == [(1, 500), (2, 503), (3, 404), (4, 200)]
    assert {row["state"] for row in rows} == {"done"}


@pytest.mark.parametrize(("status", "tries"), [(200, 1), (204, 1), (299, 1), (300, 2), (301, 2), (410, 2)])
async def test_any_2xx_ends_the_tries_and_nothing_else_does(
    listened: Box, receiver: Receiver, status: int, tries: int
) -> None:
    receiver.statuses = [status]
    await listened.script("pending")
    await listened.refund()
    await settled(listened)
    assert len(receiver.received) == tries


async def test_each_attempt_is_signed_anew(listened: Box, receiver: Receiver) -> None:
    receiver.statuses = [500]
    await listened.script("pending")
    await listened.refund()
    for event in await receiver.wait_for(2):
        assert event.verified().type == "refund.created"


async def test_an_unacknowledged_event_does_not_hold_back_the_next(listened: Box, receiver: Receiver) -> None:
    receiver.statuses = [500]
    await listened.refund()
    await receiver.wait_for(4)
    assert sorted(receiver.types) == sorted([*SUCCESS, "refund.created"])
    assert receiver.types[1] == "refund.updated"


async def test_after_the_last_retry_the_event_is_given_up(receiver: Receiver) -> None:
    receiver.statuses = [500] * 10
    quick = SandboxSettings(webhook_url=receiver.url, webhook_retry_scale=1e-7)
    async with sandbox(quick) as box:
        await box.seed()
        await box.script("pending")
        await box.refund()
        await receiver.wait_for(10)
        await settled(box)
        rows = await attempts(box)
    assert len(rows) == 10
    assert {row["state"] for row in rows} == {"given_up"}


async def test_an_unreachable_receiver_is_recorded_as_an_error() -> None:
    quick = SandboxSettings(webhook_url="http://127.0.0.1:9/", webhook_retry_scale=1e-7)
    async with sandbox(quick) as box:
        await box.seed()
        await box.script("pending")
        await box.refund()
        await settled(box)
        rows = await attempts(box)
    assert {row["error"] for row in rows} == {"ConnectError"}
    assert {row["status"] for row in rows} == {None}


async def test_never_call_back_keeps_the_events_and_sends_none(listened: Box, receiver: Receiver) -> None:
    await listened.script("never_call_back")
    silent = await listened.refund(leg="leg-1", key="key-1")
    await listened.refund(leg="leg-2", key="key-2")
    await settled(listened)
    assert len(receiver.received) == 3
    events = (await listened.admin.get("/admin/events", params={"object": silent.id})).json()["events"]
    assert [event["type"] for event in events] == SUCCESS


async def test_never_call_back_is_silent_about_a_later_failure_too(listened: Box, receiver: Receiver) -> None:
    await listened.admin.post("/admin/faults", json={"kinds": ["pending", "never_call_back"]})
    refund = await listened.refund()
    await listened.admin.post(f"/admin/stripe/refunds/{refund.id}/finish", json={"outcome": "fail"})
    await settled(listened)
    assert receiver.received == []


async def test_call_back_twice_sends_the_same_event_twice(listened: Box, receiver: Receiver) -> None:
    await listened.script("call_back_twice")
    await listened.refund()
    received = await receiver.wait_for(6)
    assert len({event.id for event in received}) == 3
    assert all(event.verified() for event in received)


async def test_bad_signature_is_first_refused_then_repaired(listened: Box, receiver: Receiver) -> None:
    receiver.statuses = [400]
    await listened.admin.post("/admin/faults", json={"kinds": ["pending", "bad_signature"]})
    await listened.refund()
    forged, genuine = await receiver.wait_for(2)
    with pytest.raises(stripe.SignatureVerificationError):
        forged.verified()
    assert genuine.verified().id == forged.id
    await settled(listened)
    assert [row["forged"] for row in await attempts(listened)] == [True, False]


async def test_out_of_order_brings_the_update_before_the_creation(listened: Box, receiver: Receiver) -> None:
    await listened.script("out_of_order")
    await listened.refund()
    await receiver.wait_for(3)
    assert receiver.types == ["refund.updated", "charge.refund.updated", "refund.created"]


async def test_out_of_order_withholds_a_pending_creation_until_the_end(listened: Box, receiver: Receiver) -> None:
    await listened.admin.post("/admin/faults", json={"kinds": ["pending", "out_of_order"]})
    refund = await listened.refund()
    await asyncio.sleep(0.05)
    assert receiver.received == []
    await listened.admin.post(f"/admin/stripe/refunds/{refund.id}/finish", json={"outcome": "succeed"})
    await receiver.wait_for(3)
    assert receiver.types[-1] == "refund.created"
    assert shown(receiver.received[-1])["status"] == "pending"


async def test_a_webhook_may_arrive_before_the_answer_of_the_call(listened: Box, receiver: Receiver) -> None:
    await listened.script("hold_after_execute")
    refunding = asyncio.create_task(listened.refund())
    await receiver.wait_for(3)
    assert not refunding.done()
    await listened.admin.post("/admin/release", json={})
    assert (await refunding).id == shown(receiver.received[0])["id"]


async def test_an_event_can_be_sent_again_ten_times(listened: Box, receiver: Receiver) -> None:
    await listened.script("pending")
    await listened.refund()
    [event] = await receiver.wait_for(1)
    path = f"/admin/events/{event.id}/redeliver"
    assert (await listened.admin.post(path, json={"times": 9})).status_code == 200
    received = await receiver.wait_for(10)
    assert {copy.body for copy in received} == {event.body}


async def test_the_body_of_an_event_is_kept_as_it_was_sent(listened: Box, receiver: Receiver) -> None:
    await listened.refund()
    [event, *_] = await receiver.wait_for(1)
    assert (await listened.admin.get(f"/admin/events/{event.id}")).content == event.body
    assert (await listened.admin.get("/admin/events/evt_nowhere")).status_code == 404
    assert (await listened.admin.post("/admin/events/evt_nowhere/redeliver", json={})).status_code == 404


async def test_webhooks_follow_a_changed_address(box: Box, receiver: Receiver) -> None:
    await box.admin.put("/admin/webhooks", json={"url": receiver.url})
    await box.refund()
    assert len(await receiver.wait_for(3)) == 3


async def test_nobody_listening_owes_nothing(box: Box) -> None:
    await box.refund()
    assert (await box.admin.get("/admin/health")).json()["deliveries_waiting"] == 0
    assert len((await box.admin.get("/admin/events")).json()["events"]) == 3


async def test_event_times_follow_the_sandbox_clock_and_signatures_real_time(listened: Box, receiver: Receiver) -> None:
    await listened.advance(30 * 24 * 3600)
    refund = await listened.refund()
    [event, *_] = await receiver.wait_for(1)
    assert event.verified().created == pytest.approx(refund.created, abs=2)
    assert refund.created > time.time() + 29 * 24 * 3600
