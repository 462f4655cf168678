"""One run of the demo on a running stack: fresh orders, every scene at once, and the reckoning."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from rich.console import Console
from rich.live import Live

from cli.demo.board import board, fitting_board
from cli.demo.cast import Cast, SceneError
from cli.demo.reckoning import Reckoning, reckon
from cli.demo.scene import Part, Scene
from cli.demo.scenes import SCENES
from cli.demo.staging import application_of, order_of, part_of
from cli.orders.payments import seed_payments
from cli.stack import Stack
from integrations.clock import SystemClock
from storage.engine import create_store_engine
from storage.orders import save_orders
from storage.reading import CaseRecord, Reading
from storage.risk import RiskBook
from worker.paying import own_tills

CALLER: Final = "demo-shop"
REFRESH_S: Final = 0.5
CLOSING_LIMIT_S: Final = 240


@dataclass(frozen=True)
class Ending:
    """How a run went: what did not go as it must, and the money. `example`: a case to look at."""

    troubles: tuple[str, ...]
    reckoning: Reckoning
    example: str = "NUMBER"

    @property
    def well(self) -> bool:
        return not self.troubles and self.reckoning.agrees


async def run_scenes(stack: Stack, console: Console, scenes: Sequence[Scene] = SCENES) -> Ending:
    """Play all scenes until every case is closed. The table is drawn anew while they run."""
    engine = create_store_engine(stack.database_url)
    run = datetime.now(UTC).strftime("%m%d%H%M%S")
    parts = {scene: part_of(scene, run, CALLER) for scene in scenes}
    reading = Reading(engine)
    try:
        async with stack.sandbox_admin() as sandbox:
            orders = [order_of(scene, part, datetime.now(UTC)) for scene, part in parts.items()]
            saved = await save_orders(engine, orders)
            await seed_payments(sandbox, orders)
            console.print(f"{len(saved.inserted)} fresh orders imported.")
            if not console.is_terminal:
                console.print("Their refunds run now, some minutes; the table is written when all are closed.")
            cast = Cast(stack, await stack.client(CALLER), reading, RiskBook(engine), sandbox)
            shows = {part.number: scene.shows for scene, part in parts.items()}
            async with _live_board(console, reading, shows):
                troubles = await asyncio.gather(*(_play(cast, scene, part) for scene, part in parts.items()))
            records = [record for number in shows if (record := await reading.case(number))]
            console.print(board([record.case for record in records], shows))
            return Ending(
                tuple(filter(None, troubles)),
                await reckon(records, sandbox, own_tills(engine, SystemClock())),
                example=next(iter(shows)),
            )
    finally:
        await engine.dispose()


async def _play(cast: Cast, scene: Scene, part: Part) -> str:
    """Play one scene to its close; what went wrong, or nothing."""
    try:
        await scene.before(cast, part)
        application = application_of(scene, part)
        key = part.order_id.removeprefix("SO-")
        number = await cast.client.apply(application, request_key=key)
        await scene.play(cast, part)
        record = await _closed(cast, number)
    except SceneError as error:
        return f"{scene.key} ({scene.shows}): {error}"
    if record.case.status is not scene.ends:
        return f"{scene.key} ({scene.shows}): ended {record.case.status.value}, not {scene.ends.value}"
    return ""


async def _closed(cast: Cast, number: str) -> CaseRecord:
    for _ in range(int(CLOSING_LIMIT_S / REFRESH_S)):
        record = await cast.record(number)
        if record and record.case.closed_at:
            return record
        await asyncio.sleep(REFRESH_S)
    raise SceneError(f"{number}: not closed after {CLOSING_LIMIT_S} s")


@asynccontextmanager
async def _live_board(console: Console, reading: Reading, shows: Mapping[str, str]) -> AsyncIterator[None]:
    """Drawn anew while the block runs, and gone afterwards: the whole table is printed then."""
    if not console.is_terminal:  # nobody would see it, and it reads every case each time
        yield
        return

    async def draw(live: Live) -> None:
        while True:
            records = [await reading.case(number) for number in shows]
            live.update(fitting_board([record.case for record in records if record], shows, console), refresh=True)
            await asyncio.sleep(REFRESH_S)

    with Live(console=console, auto_refresh=False, transient=True) as live:
        drawing = asyncio.create_task(draw(live))
        try:
            yield
        finally:
            drawing.cancel()
