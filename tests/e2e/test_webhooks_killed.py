"""The portal killed with hundreds of deliveries on their way: what it acknowledged is kept, the rest comes again."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.testing import ActivityEnvironment

from activities.rows import LegRow
from activities.sweeping import Sweeping, SweepOrder
from activities.types import Leg
from aftersales.contract.numbers import number_for
from aftersales.contract.values import LegState, Money
from cli.servers.probes import LOOPBACK, free_port
from cli.servers.processes import Child, Launch, Processes
from sandbox.settings import SandboxSettings
from storage import schema
from storage.engine import create_store_engine
from storage.portal import PortalStore
from storage.reading import Reading
from storage.store import SqlStore
from tests.e2e.patience import until
from tests.fakes import FakeClock, FakeEngine
from tests.sandbox.servers import WEBHOOK_SECRET, Box, sandbox

NUMBER = number_for("shop", "killed portal")
REFUNDS = 300
KILL_AT = (150, 450)
"""Killed when so many of the 900 events are stored."""


@dataclass
class Crossing:
    """A sandbox that delivers to a portal process, and the database between portal and cases."""

    box: Box
    engine: AsyncEngine
    launch: Launch
    processes: Processes
    port: int

    async def start_portal(self) -> Child:
        portal = self.processes.start(self.launch)
        await portal.wait_for_http(f"http://{LOOPBACK}:{self.port}/readyz", 60)
        return portal

    async def refund(self) -> set[str]:
        """As many refunds, each with a leg that is just being sent; their events, which nobody delivers yet."""
        await self.box.seed(amount=REFUNDS * 100)
        async with SqlStore(self.engine).begin() as unit:
            for leg in range(1, REFUNDS + 1):
                await unit.insert_leg(_leg(leg))
        for leg in range(1, REFUNDS + 1):
            number = _leg(leg).leg.provider_number
            answer = await self.box.post(number, charge="ch_1", amount=100, **{"metadata[leg]": number})
            assert answer.status_code == 200, answer.text
        return {event["id"] for event in (await self.box.admin.get("/admin/events")).json()["events"]}

    async def owe(self, events: set[str]) -> None:
        """Nobody takes them yet, so that they all come at once when somebody does."""
        url = f"http://{LOOPBACK}:{self.port}/webhooks/stripe"
        assert (await self.box.admin.put("/admin/webhooks", json={"url": url})).is_success
        for event in events:
            assert (await self.box.admin.post(f"/admin/events/{event}/redeliver", json={})).is_success

    async def acknowledged(self) -> set[str]:
        """The events that got a 2xx."""
        attempts = (await self.box.admin.get("/admin/deliveries")).json()["attempts"]
        return {attempt["event"] for attempt in attempts if attempt["status"] == 200}

    async def kill_at(self, stored: int, portal: Child) -> None:
        """By a thread that does nothing else: this one delivers, and would be late."""
        url = self.launch.environ["AFTERSALES_DATABASE_URL"]
        await asyncio.to_thread(asyncio.run, _kill_at(stored, url, portal.pid))
        await portal.kill()

    async def stored(self) -> set[str]:
        async with self.engine.connect() as connection:
            return set(await connection.scalars(text("SELECT event_id FROM webhook_inbox")))

    async def everything_delivered(self) -> bool:
        return not (await self.box.admin.get("/admin/health")).json()["deliveries_waiting"]


@pytest.fixture(params=["sqlite_url", "postgres_url"])
def url(request: pytest.FixtureRequest) -> str:
    found: str = request.getfixturevalue(request.param)
    return found


@pytest.fixture
async def crossing(
    url: str, tmp_path: Path, processes: Processes, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Crossing]:
    monkeypatch.setattr("sandbox.dispatcher.MOST_AT_ONCE", REFUNDS)
    await schema.upgrade(url)
    engine, port = create_store_engine(url), free_port()
    async with sandbox(SandboxSettings()) as box:
        yield Crossing(box, engine, _portal(url, tmp_path, port), processes, port)
    await engine.dispose()


async def test_no_acknowledged_event_is_lost_and_every_other_comes_again(crossing: Crossing) -> None:
    events = await crossing.refund()
    await crossing.owe(events)
    portal = await crossing.start_portal()
    for stored in KILL_AT:
        await crossing.kill_at(stored, portal)
        acknowledged = await crossing.acknowledged()
        assert acknowledged < events, "the portal was through before it could be killed"
        assert acknowledged <= await crossing.stored()
        portal = await crossing.start_portal()
    await until("every delivery came in the end", crossing.everything_delivered, 150)
    assert await crossing.acknowledged() == events == await crossing.stored()
    await portal.kill()  # in the grace of every event: no case was told
    assert await _told_by_the_sweep(crossing.engine) == {_leg(leg).leg.provider_number for leg in range(1, REFUNDS + 1)}


async def _told_by_the_sweep(engine: AsyncEngine) -> set[str]:
    """What the cases are told of, each once, and nothing is left."""
    inbox, cases = PortalStore(engine), FakeEngine()
    clock = FakeClock(datetime.now(UTC) + timedelta(minutes=10))
    sweeping = Sweeping(inbox, Reading(engine), cases, clock, older_than_s=60)
    await ActivityEnvironment().run(sweeping.sweep, SweepOrder())
    assert await inbox.unhandled(clock.now()) == ()
    told = [hint.provider_number for _, hint in cases.told]
    assert len(told) == len(set(told))
    return set(told)


async def _kill_at(stored: int, url: str, pid: int) -> None:
    engine = create_store_engine(url)

    async def are_in() -> bool:
        async with engine.connect() as connection:
            return int(await connection.scalar(text("SELECT count(*) FROM webhook_inbox")) or 0) >= stored

    await until(f"{stored} events are stored", are_in)
    os.kill(pid, signal.SIGKILL)
    await engine.dispose()


def _leg(leg: int) -> LegRow:
    planned = Leg(
        leg=leg,
        attempt=1,
        provider="stripe",
        provider_number=f"{NUMBER}-{leg}-1",
        amount=Money(minor=100, currency="USD"),
        state=LegState.SUBMITTING,
    )
    return LegRow(number=NUMBER, order_id="order-1", tender_id="card", reference="ch_1", leg=planned)


def _portal(url: str, folder: Path, port: int) -> Launch:
    told = {
        "AFTERSALES_DATABASE_URL": url,
        "AFTERSALES_EVIDENCE": str(folder / "evidence"),
        "AFTERSALES_LINK_KEYS": json.dumps([{"key_id": "k1", "secret": "l" * 32}]),
        "AFTERSALES_PAYEE_KEYS": json.dumps([{"key_id": "k1", "secret": base64.b64encode(b"p" * 32).decode()}]),
        "AFTERSALES_PORTAL_PROOF_SECRET": "p" * 32,
        "AFTERSALES_PORTAL_PORT": str(port),
        "AFTERSALES_PORTAL_WEBHOOK_GRACE_S": "60",
        "AFTERSALES_STRIPE_WEBHOOK_SECRETS": json.dumps([WEBHOOK_SECRET]),
    }
    return Launch(name="portal", command=(sys.executable, "-m", "portal.main"), environ=told)
