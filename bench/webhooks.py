"""Webhooks that one portal process verifies and stores in a second, on each database, while it tells the cases behind.

The portal is a real process, the deliveries come over real HTTP from this one, on connections that are kept.
"""

from __future__ import annotations

import asyncio
import base64
import json
import statistics
import sys
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import cycle
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.common import WorkflowIDConflictPolicy

from activities.rows import LegRow
from activities.types import Leg
from aftersales.contract.names import QUEUE_CASES, REFUND_CASE, SEARCH_ATTRIBUTES
from aftersales.contract.numbers import number_for, workflow_id
from aftersales.contract.values import LegState, Money
from bench.deliveries import HANDS, Hand, Told
from bench.processes import cpu_seconds
from cli.servers.dev_server import DevServer, DevServerOptions, start_dev_server
from cli.servers.postgres import postgres_cluster
from cli.servers.probes import LOOPBACK, free_port
from cli.servers.processes import Launch, Processes
from cli.servers.search_attributes import attribute_types
from cli.servers.temporal_cli import obtain_temporal_cli
from storage import schema
from storage.engine import create_store_engine
from storage.store import SqlStore
from storage.tables import WEBHOOK_INBOX

CONNECTIONS = 32
AIM_PER_S = 300
EVENTS = 4000
CASES = 50
"""Open cases without a worker: Temporal takes what they are told, and nobody acts on it."""

NUMBERS = tuple(number_for("bench", str(place)) for place in range(CASES))
SETTLE_S = 120
MINOR = 1000


@dataclass(frozen=True)
class Speed:
    """`rate`: answered a second with all connections busy; milliseconds at `AIM_PER_S` arrivals a second; `told_s`:
    seconds from the last answer until every case was told; `cpu_ms` of the portal for one event, telling included."""

    rate: float
    p50_ms: float
    p99_ms: float
    told_s: float
    cpu_ms: float


@dataclass(frozen=True)
class _Coming:
    """An event and the leg that it is news to."""

    hand: Hand
    leg: LegRow
    event_id: str

    def request(self, port: int) -> bytes:
        """Signed now: a signature is good for minutes."""
        told = Told(self.event_id, self.leg.leg.provider_number, minor=MINOR)
        body, headers = self.hand.delivery(told, datetime.now(UTC))
        lines = {"Host": f"{LOOPBACK}:{port}", "Content-Length": str(len(body)), **headers}
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        return f"POST /webhooks/{self.hand.provider} HTTP/1.1\r\n{head}\r\n".encode() + body


async def webhook_speeds(folder: Path, events: int = EVENTS) -> dict[str, Speed]:
    """By database. Raises ServerUnavailableError: no Temporal CLI, or no PostgreSQL."""
    attributes = attribute_types(SEARCH_ATTRIBUTES)
    async with Processes(folder / "logs") as processes, postgres_cluster() as cluster:
        options = DevServerOptions(await obtain_temporal_cli(), headless=True, search_attributes=attributes)
        temporal = await start_dev_server(processes, options)
        urls = {
            "SQLite": f"sqlite:///{folder / 'webhooks.db'}",
            "PostgreSQL": await cluster.server.create_database("webhooks"),
        }
        return {name: await webhook_speed(folder / name, url, temporal, events) for name, url in urls.items()}


async def webhook_speed(folder: Path, database_url: str, temporal: DevServer, events: int) -> Speed:
    """Half of the events as fast as they are taken, half at `AIM_PER_S` a second; each is news to an open case."""
    await schema.upgrade(database_url)
    await _open_cases(temporal)
    engine = create_store_engine(database_url)
    coming = list(_coming(events))
    try:
        await _insert_legs(engine, coming)
        async with _portal(folder, database_url, temporal.address) as (port, pid):
            before = cpu_seconds({"portal": pid})["portal"]
            requests = [each.request(port) for each in coming]
            began = time.perf_counter()
            await _send(port, requests[: events // 2])
            rate = events // 2 / (time.perf_counter() - began)
            times = await _send(port, requests[events // 2 :], every_s=CONNECTIONS / AIM_PER_S)
            answered = time.perf_counter()
            await _until_told(engine, events)
            told_s = time.perf_counter() - answered
            cpu_ms = (cpu_seconds({"portal": pid})["portal"] - before) * 1000 / events
    finally:
        await engine.dispose()
    return Speed(rate, statistics.median(times) * 1000, statistics.quantiles(times, n=100)[-1] * 1000, told_s, cpu_ms)


def _coming(events: int) -> Iterator[_Coming]:
    """A mix of all providers."""
    for place, hand in zip(range(events), cycle(HANDS), strict=False):
        number = NUMBERS[place % CASES]
        leg = Leg(
            leg=place + 1,
            attempt=1,
            provider=hand.provider,
            provider_number=f"{number}-{place + 1}-1",
            amount=Money(minor=MINOR, currency=hand.currency),
            state=LegState.CONFIRMING,
        )
        row = LegRow(number=number, order_id="order", tender_id="tender", reference="paid", leg=leg)
        yield _Coming(hand, row, f"evt_{place}")


async def _insert_legs(engine: AsyncEngine, coming: Sequence[_Coming]) -> None:
    async with SqlStore(engine).begin() as unit:
        for each in coming:
            await unit.insert_leg(each.leg)


async def _open_cases(temporal: DevServer) -> None:
    client = await temporal.connect()
    there = WorkflowIDConflictPolicy.USE_EXISTING
    for number in NUMBERS:
        await client.start_workflow(
            REFUND_CASE, id=workflow_id(number), task_queue=QUEUE_CASES, id_conflict_policy=there
        )


@asynccontextmanager
async def _portal(folder: Path, database_url: str, temporal: str) -> AsyncIterator[tuple[int, int]]:
    """Its port and its process id."""
    port = free_port()
    environ = _told(folder, database_url, temporal, port)
    launch = Launch(name="portal", command=(sys.executable, "-m", "portal.main"), environ=environ)
    async with Processes(folder / "logs") as processes:
        portal = processes.start(launch)
        await portal.wait_for_http(f"http://{LOOPBACK}:{port}/readyz")
        yield port, portal.pid


def _told(folder: Path, database_url: str, temporal: str, port: int) -> Mapping[str, str]:
    key = base64.b64encode(b"b" * 32).decode()
    told = {
        "AFTERSALES_DATABASE_URL": database_url,
        "AFTERSALES_EVIDENCE": str(folder / "evidence"),
        "AFTERSALES_LINK_KEYS": json.dumps([{"key_id": "bench", "secret": key}]),
        "AFTERSALES_PAYEE_KEYS": json.dumps([{"key_id": "bench", "secret": key}]),
        "AFTERSALES_PORTAL_PROOF_SECRET": key,
        "AFTERSALES_PORTAL_PORT": str(port),
        "AFTERSALES_PORTAL_TEMPORAL_ADDRESS": temporal,
    }
    for hand in HANDS:
        told |= hand.environ()
    return told


async def _send(port: int, requests: Sequence[bytes], every_s: float = 0) -> list[float]:
    """Seconds until each answer. Each connection sends its next request after the answer to the last one, and not
    sooner than `every_s` after that was due; an answer that is late counts from when its request was due."""
    left = iter(requests)
    times: list[float] = []

    async def sender(place: int) -> None:
        reader, writer = await asyncio.open_connection(LOOPBACK, port)
        due = time.perf_counter() + every_s * place / CONNECTIONS
        for request in left:
            await asyncio.sleep(max(0, due - time.perf_counter()))
            sent = due if every_s else time.perf_counter()
            writer.write(request)
            await _answered(reader)
            times.append(time.perf_counter() - sent)
            due += every_s
        writer.close()

    await asyncio.gather(*(sender(place) for place in range(CONNECTIONS)))
    return times


async def _answered(reader: asyncio.StreamReader) -> None:
    head = await reader.readuntil(b"\r\n\r\n")
    lines = head.decode().lower().splitlines()
    length = next(int(line.split(":")[1]) for line in lines if line.startswith("content-length:"))
    body = await reader.readexactly(length)
    assert lines[0].split()[1] == "200", (head, body)


async def _until_told(engine: AsyncEngine, events: int) -> None:
    """Every event is in the inbox, and its case was told. Raises TimeoutError."""
    inbox = WEBHOOK_INBOX.c
    counts = select(func.count(inbox.event_id), func.count(inbox.handled_at))
    async with asyncio.timeout(SETTLE_S):
        while True:
            async with engine.connect() as connection:
                stored, told = (await connection.execute(counts)).one()
            assert stored == events
            if told == events:
                return
            await asyncio.sleep(0.05)
