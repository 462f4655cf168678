"""`python -m bench.evidence`: how long it takes to find a picture's like among 100,000, and to take one in."""

from __future__ import annotations

import asyncio
import random
import statistics
import sys
import tempfile
import time
from pathlib import Path

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from storage import schema
from storage.engine import Transactions, create_store_engine
from storage.rows.evidence import bands, reused_in, signed
from storage.tables import EVIDENCE_CONTENTS, LIKENESS_BANDS

PICTURES = 100_000
LOOK_UPS = 200
_AT_ONCE = 10_000


def picture(n: int) -> tuple[str, int]:
    """The n-th picture's hash and likeness; every second one is like its predecessor but for three bits."""
    likeness = random.Random(n // 2).getrandbits(64)  # noqa: S311 - a bench, no secret
    return f"{n:064x}", likeness ^ (0b10101 if n % 2 else 0)


async def fill(engine: AsyncEngine, pictures: int = PICTURES) -> None:
    async with Transactions(engine).begin() as connection:
        for start in range(0, pictures, _AT_ONCE):
            await _insert(connection, [picture(n) for n in range(start, min(start + _AT_ONCE, pictures))])


async def _insert(connection: AsyncConnection, found: list[tuple[str, int]]) -> None:
    nothing = dict.fromkeys(column.name for column in EVIDENCE_CONTENTS.columns)
    told = {"media_type": "image/jpeg", "size_bytes": 9}
    rows = [nothing | told | {"sha256": sha256, "likeness": signed(likeness)} for sha256, likeness in found]
    await connection.execute(insert(EVIDENCE_CONTENTS), rows)
    quarters = [{"band": band, "sha256": sha256} for sha256, likeness in found for band in bands(likeness)]
    await connection.execute(insert(LIKENESS_BANDS), quarters)


async def look_ups(engine: AsyncEngine, pictures: int = PICTURES, times: int = LOOK_UPS) -> list[float]:
    """Seconds of each."""
    taken = []
    async with engine.connect() as connection:
        for n in range(times):
            started = time.perf_counter()
            await reused_in(connection, "", "", picture(n * 7919 % pictures)[0])
            taken.append(time.perf_counter() - started)
    return taken


async def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'bench.db'}"
        await schema.upgrade(url)
        engine = create_store_engine(url)
        await fill(engine)
        taken = await look_ups(engine)
        await engine.dispose()
    median, worst = statistics.median(taken) * 1000, max(taken) * 1000
    sys.stdout.write(f"{PICTURES} pictures, {LOOK_UPS} look-ups: median {median:.2f} ms, slowest {worst:.2f} ms\n")


if __name__ == "__main__":
    asyncio.run(main())
