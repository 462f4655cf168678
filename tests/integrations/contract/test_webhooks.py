"""What a provider tells by itself is believed only if the provider said it, and is called the same each time (R8)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from activities.ports import RefundNews
from integrations.hearing import WebhookRefusedError
from tests.integrations.contract.bench import SandboxBench
from tests.integrations.contract.listener import Delivery, Listener
from tests.sandbox.servers import serving, until


@pytest.fixture
async def listener(bench: SandboxBench) -> AsyncIterator[Listener]:
    """The portal, told of everything that happens."""
    reader = bench.block.webhooks()
    assert reader is not None
    listening = Listener(reader)
    async with serving(listening, lifespan="off") as url:
        await bench.call_back_to(f"{url}/webhooks/{bench.provider}")
        yield listening
        await bench.call_back_to(None)


async def delivered(bench: SandboxBench, listener: Listener) -> list[Delivery]:
    """All deliveries about one leg that ended well."""
    await bench.succeed(bench.leg())
    await listener.heard(1)

    async def nothing_waits() -> bool:
        waiting: int = (await bench.box.admin.get("/admin/health")).json()["deliveries_waiting"]
        return waiting == 0

    await until(nothing_waits)
    return listener.deliveries


async def test_an_event_names_our_number_and_what_became_of_it(bench: SandboxBench, listener: Listener) -> None:
    await delivered(bench, listener)
    assert {event.provider for event in listener.events} == {bench.provider}
    ours = [event for event in listener.events if event.provider_number == bench.leg().leg.provider_number]
    assert RefundNews.SUCCEEDED in {event.says for event in ours}
    assert {event.amount for event in ours} <= {None, bench.leg().leg.amount}


async def test_a_forged_event_is_refused_and_the_genuine_one_taken(bench: SandboxBench, listener: Listener) -> None:
    await bench.box.script("bad_signature")
    await bench.succeed(bench.leg())

    async def genuine() -> bool:
        return bool(listener.events)

    await until(genuine)
    assert listener.deliveries[0].event is None
    assert listener.events[0].provider_number == bench.leg().leg.provider_number


async def test_an_event_that_could_not_be_stored_comes_again_under_its_name(
    bench: SandboxBench, listener: Listener
) -> None:
    listener.failures = 1
    await delivered(bench, listener)
    names = [event.event_id for event in listener.events]
    assert names.count(names[0]) == 2
    assert all(names.count(name) == 1 for name in names if name != names[0])


async def test_an_event_told_twice_has_one_name(bench: SandboxBench, listener: Listener) -> None:
    await bench.box.script("call_back_twice")
    await delivered(bench, listener)
    names = [event.event_id for event in listener.events]
    assert len(names) == 2 * len(set(names))


async def test_what_was_changed_on_its_way_is_refused(bench: SandboxBench, listener: Listener) -> None:
    genuine = (await delivered(bench, listener))[0]
    body = genuine.body.replace(b"0", b"1", 1)
    assert body != genuine.body
    with pytest.raises(WebhookRefusedError):
        listener.reader.read(body, genuine.headers, datetime.now(UTC))


@pytest.mark.parametrize("days", [-2, 2], ids=["from the future", "of the day before yesterday"])
async def test_an_event_far_from_the_present_is_refused(bench: SandboxBench, listener: Listener, days: int) -> None:
    genuine = (await delivered(bench, listener))[0]
    with pytest.raises(WebhookRefusedError):
        listener.reader.read(genuine.body, genuine.headers, datetime.now(UTC) + timedelta(days=days))
