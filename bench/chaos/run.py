"""One run: a stack with two workers, the storm over it, the calm after it, and the count."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import httpx2
from sqlalchemy.ext.asyncio import AsyncEngine

from activities.rows import LegRow
from aftersales.client import AfterSales
from aftersales.contract.errors import AftersalesError
from aftersales.contract.messages import PaymentChanged
from aftersales.contract.values import CaseStatus
from aftersales.sealing import EncryptionKey
from bench.chaos.books import Books, open_books
from bench.chaos.kills import Victims
from bench.chaos.patience import DATABASE_AWAY
from bench.chaos.people import People
from bench.chaos.plan import CALLER, Wish, plan_of
from bench.chaos.policy import policy_for_storms
from bench.chaos.providers import SPACING_S, TIMEOUT_S, Providers
from bench.chaos.storm import Database, Storm
from bench.chaos.verdict import UNDER_WAY, Sides, breaches, sums
from cli.home import PAYEE_KEY_ID, Home
from cli.orders.payments import seed_payments
from cli.servers.postgres import PostgresCluster, postgres_cluster
from cli.servers.processes import Processes
from cli.servers.temporal_cli import obtain_temporal_cli
from cli.stack import Stack, StackOptions, running_stack
from integrations.vault import Vault
from storage.engine import create_store_engine
from storage.orders import save_orders
from storage.payees import PayeeStore

LOOK_EVERY_S: Final = 2.0
HINT_EVERY_S: Final = 8.0
LAST_APPLICATIONS_S: Final = 5.0
SWEEP_OLDER_THAN_S: Final = 16
"""Above the portal's own grace, as the setting wants it."""

TIME_SCALE: Final = 0.001
"""An hour until a payment is looked at again is four seconds; a window of thirty days outlasts any run."""


@dataclass(frozen=True)
class Ending:
    """How a run went. `seconds` of the whole, `calm_s` of them after the storm; `faults` by kind, `kills` by victim."""

    storm: Storm
    breaches: tuple[str, ...]
    sums: Mapping[tuple[str, str], Sides]
    statuses: Mapping[CaseStatus, int]
    legs: int
    messages: int
    events: int
    letters: int
    calls: int
    returned: int
    faults: Mapping[str, int]
    kills: Mapping[str, int]
    seconds: float
    calm_s: float

    @property
    def well(self) -> bool:
        return not self.breaches


@dataclass(frozen=True)
class _Scene:
    """All that a run acts on and counts."""

    storm: Storm
    stack: Stack
    wishes: Sequence[Wish]
    client: AfterSales
    engine: AsyncEngine
    sandbox: httpx2.AsyncClient
    people: People
    providers: Providers
    victims: Victims

    async def books(self) -> Books:
        mails = self.stack.options.home.mails
        return await open_books(self.wishes, self.people, self.engine, self.sandbox, mails)


async def run(storm: Storm, folder: Path, progress: Callable[[str], None]) -> Ending:
    """Play a storm below an empty folder. Raises ServerUnavailableError when its servers cannot be had."""
    began = time.monotonic()
    async with _scene(storm, folder, progress) as scene:
        progress(f"{len(scene.wishes)} refunds, two workers; the storm begins.")
        await _rage(scene)
        progress(f"The faults stop after {time.monotonic() - began:.0f} s; now everything is to come to its end.")
        calm_since = time.monotonic()
        found, books = await _calm(scene, progress)
        return await _ending(scene, found, books, began, calm_since)


@asynccontextmanager
async def _scene(storm: Storm, folder: Path, progress: Callable[[str], None]) -> AsyncIterator[_Scene]:
    async with AsyncExitStack() as opened:
        cluster, url = await _database(storm, opened)
        options = _options(folder, url)
        program = await obtain_temporal_cli(progress=progress)
        processes = await opened.enter_async_context(Processes(folder / "again"))
        stack = await opened.enter_async_context(running_stack(options, progress))
        victims = Victims(stack, cluster, program, processes)
        await victims.add_worker()
        engine = create_store_engine(stack.database_url)
        opened.push_async_callback(engine.dispose)
        sandbox = await opened.enter_async_context(stack.sandbox_admin())
        wishes, providers = plan_of(storm), Providers(storm, sandbox)
        orders = {wish.order.order_id: wish.order for wish in wishes}
        await save_orders(engine, list(orders.values()))
        await seed_payments(sandbox, list(orders.values()))
        await providers.close_ways(wishes)
        client = await stack.client(CALLER)
        people = People(storm, wishes, client, engine, PayeeStore(engine, _vault(stack)))
        yield _Scene(storm, stack, wishes, client, engine, sandbox, people, providers, victims)


async def _database(storm: Storm, opened: AsyncExitStack) -> tuple[PostgresCluster | None, str | None]:
    if storm.database is Database.SQLITE:
        return None, None
    cluster = await opened.enter_async_context(postgres_cluster())
    return cluster, await cluster.server.create_database("chaos")


def _options(folder: Path, database_url: str | None) -> StackOptions:
    timeouts = {f"AFTERSALES_{name}_TIMEOUT_S": str(TIMEOUT_S) for name in ("STRIPE", "ALIPAY", "WECHAT", "BANK")}
    return StackOptions(
        Home(folder / "stack"),
        time_scale=TIME_SCALE,
        database_url=database_url,
        headless=True,
        worker_extra={
            **timeouts,
            "AFTERSALES_WECHAT_SPACING_S": str(SPACING_S),
            "AFTERSALES_POLICY": str(policy_for_storms(folder / "policy")),
            "AFTERSALES_SWEEP_EVERY_S": "5",
            "AFTERSALES_SWEEP_OLDER_THAN_S": str(SWEEP_OLDER_THAN_S),
        },
        sandbox_extra={"SANDBOX_WECHAT_SPACING_S": str(SPACING_S)},
    )


def _vault(stack: Stack) -> Vault:
    """Locks what the worker opens."""
    return Vault([EncryptionKey(key_id=PAYEE_KEY_ID, secret=stack.options.home.secrets().payee)])


async def _rage(scene: _Scene) -> None:
    """Until all have applied and the last kill is over; time passes and people act all the while."""
    storm, victims = scene.storm, scene.victims
    await scene.providers.misbehave()
    async with _meanwhile(
        scene.people.work(),
        scene.providers.pass_time(),
        victims.kill_workers(storm.chance("kills"), storm.kill_every_s),
    ):
        await asyncio.gather(scene.people.apply(), _outages(scene))
        await asyncio.sleep(LAST_APPLICATIONS_S)
    await scene.providers.behave()
    await victims.revive()


async def _outages(scene: _Scene) -> None:
    """One after the other, each at its moment, or when the one before is over."""
    storm, victims = scene.storm, scene.victims
    began, now = asyncio.get_running_loop().time(), asyncio.get_running_loop().time
    shortly, long = storm.temporal_away_s
    timeline: tuple[tuple[float, Callable[[], Awaitable[None]]], ...] = (
        (0.15, scene.providers.run_out_of_money),
        (0.25, partial(victims.temporal_away, shortly)),
        (0.35, victims.portal_away),
        (0.45, partial(victims.database_away, storm.database_away_s)),
        (0.65, partial(victims.temporal_away, long)),
    )
    for share, strike in timeline:
        await asyncio.sleep(max(0.0, began + share * storm.applications_s - now()))
        await strike()


async def _calm(scene: _Scene, progress: Callable[[str], None]) -> tuple[tuple[str, ...], Books]:
    """What is still not as it must be when everything has ended, or the time for it is over."""
    until = time.monotonic() + scene.storm.calm_within_s
    hinted_at = 0.0
    async with _meanwhile(scene.people.work(), scene.providers.pass_time()):
        while True:
            with suppress(*DATABASE_AWAY):
                books = await scene.books()
                found = tuple(breaches(books))
                if not found or time.monotonic() > until:
                    return found, books
                progress(f"{len(found)} things to come, such as: {found[0]}")
                if time.monotonic() - hinted_at > HINT_EVERY_S:
                    hinted_at = time.monotonic()
                    await _hint(scene.client, books.legs)
            await asyncio.sleep(LOOK_EVERY_S)


async def _hint(client: AfterSales, legs: Sequence[LegRow]) -> None:
    """Have every case that is paying look at its provider, as an operator does after an outage.

    The pauses between its own looks have grown to minutes by then. A hint moves nothing by itself.
    """
    paying = {row.number for row in legs if row.leg.state in UNDER_WAY}
    for row in legs:  # of its earlier numbers, too: they are asked for before a new one is sent
        if row.number in paying:
            hint = PaymentChanged(provider=row.leg.provider, provider_number=row.leg.provider_number)
            with suppress(AftersalesError):
                await client.payment_changed(row.number, hint)


@asynccontextmanager
async def _meanwhile(*doing: Awaitable[None]) -> AsyncIterator[None]:
    """While the block lasts; what ends by an error ends the block with it."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(_awaited(each)) for each in doing]
        yield
        for task in tasks:
            task.cancel()


async def _awaited(doing: Awaitable[None]) -> None:
    await doing


async def _ending(scene: _Scene, found: tuple[str, ...], books: Books, began: float, calm_since: float) -> Ending:
    return Ending(
        storm=scene.storm,
        breaches=found,
        sums=sums(books),
        statuses=Counter(case.status for case in books.cases.values()),
        legs=len(books.legs),
        messages=sum(books.heard.values()),
        events=len(books.inbox),
        letters=len(books.letters),
        calls=await scene.providers.calls(),
        returned=scene.providers.returned,
        faults=await scene.providers.faults_met(),
        kills=scene.victims.kills,
        seconds=time.monotonic() - began,
        calm_s=time.monotonic() - calm_since,
    )
