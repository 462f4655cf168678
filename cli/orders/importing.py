"""Importing an order file: read in batches, saved in transactions, and every row accounted for."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from sqlalchemy.ext.asyncio import AsyncEngine

from cli.commands.errors import CommandError
from cli.orders.rejects import Rejects, rejects_beside
from domain.orders import OrderRecord
from integrations.shop.formats import FormatUnknownError, OrderFormat, Outcome, read_orders, recognise
from integrations.shop.outcomes import LeftOut, OrderRead, RowProblem
from integrations.shop.retail import AS_IT_STANDS, RetailOptions, newest_purchase, read_retail, shift_to
from integrations.shop.retail_rows import RetailReturn
from storage.orders import BATCH, Saved, save_orders

Progress = Callable[[int], None]
"""Told from time to time how many bytes of the file have been read."""

Stored = Callable[[Sequence[OrderRecord]], Awaitable[None]]
"""Told of each batch of orders that are stored now, new or not."""


async def nothing_more(_orders: Sequence[OrderRecord]) -> None:
    """A `Stored` that does nothing."""


class OrderFileError(CommandError):
    """The file as a whole cannot be imported; `str(error)` says why and what to do."""


@dataclass(frozen=True)
class ImportReport:
    """What became of a file's rows: `rows` = `rows_in_orders` + the sum of `left_out`.

    `left_out` counts rows by reason, those of conflicting orders included; they stand in `rejects`, row by row,
    which is None when nothing was left out. `conflicts` are order ids under which another order is stored.
    """

    inserted: int
    unchanged: int
    updated: int
    conflicts: tuple[str, ...]
    rows: int
    rows_in_orders: int
    left_out: Mapping[LeftOut, int]
    rejects: Path | None

    @property
    def orders(self) -> int:
        return self.inserted + self.unchanged + self.updated


async def import_orders(
    path: Path,
    engine: AsyncEngine,
    *,
    options: RetailOptions = AS_IT_STANDS,
    rejects: Path | None = None,
    progress: Progress = lambda _bytes_read: None,
    stored: Stored = nothing_more,
) -> ImportReport:
    """Import a file of JSON lines or of the retail layout; importing it again changes nothing.

    `rejects`: where rows that are left out are written, by default beside the file. Raises `OrderFileError` (not
    there, not readable, unknown format, no rows, `rejects` is the file itself), `CommandError` (they cannot be
    written).
    """
    target = rejects or rejects_beside(path)
    refuse_same(path, target)
    with opened(path) as file, Rejects(target) as left_out:
        outcomes = outcomes_of(path, file, options)
        importing = _Importing(engine, left_out, stored)
        while batch := await asyncio.to_thread(lambda: list(islice(outcomes, BATCH))):
            await importing.take(batch)
            progress(file.tell())
    report = importing.report()
    if not report.rows:
        raise OrderFileError(f"{path} cannot be imported. It holds no rows below its header.")
    return report


def refuse_same(path: Path, target: Path) -> None:
    """Raises `OrderFileError`: what is left out of a file is never written over it."""
    if target.resolve() == path.resolve():
        raise OrderFileError(f"{path} is the file to import; name another one for the rows that are left out.")


def opened(path: Path) -> BinaryIO:
    """Raises `OrderFileError`."""
    try:
        return path.open("rb")
    except OSError as error:
        raise OrderFileError(f"{path} cannot be read: {error.strerror}. Name the order file to import.") from error


def outcomes_of(path: Path, file: BinaryIO, options: RetailOptions) -> Iterator[Outcome]:
    """The rows of a file by its format. Raises `OrderFileError`."""
    return read_orders(file, _recognised(path, file), options)


def _recognised(path: Path, file: BinaryIO) -> OrderFormat:
    try:
        return recognise(file, path.suffix)
    except FormatUnknownError as error:
        raise OrderFileError(f"{path} cannot be imported. {error}") from error


def recent_shift(path: Path, now: datetime, days_ago: int) -> int:
    """The shift in days that makes the newest purchase of a retail file `days_ago` days old.

    Raises `OrderFileError` for a file that cannot be read, is in another format or holds no order.
    """
    with opened(path) as file:
        if _recognised(path, file) is not OrderFormat.RETAIL:
            raise OrderFileError(f"{path} holds orders in our own format; their dates are not shifted.")
        newest = newest_purchase(read_retail(file))
    if newest is None:
        raise OrderFileError(f"{path} holds no order, so there is no newest purchase to shift.")
    return shift_to(newest, now, days_ago)


class _Importing:
    """The sums of an import under way."""

    def __init__(self, engine: AsyncEngine, left_out: Rejects, stored: Stored) -> None:
        self._engine = engine
        self._stored = stored
        self._left_out = left_out
        self._saved = Saved((), (), (), ())
        self._rows = 0

    async def take(self, batch: list[Outcome]) -> None:
        orders = [outcome for outcome in batch if isinstance(outcome, OrderRead)]
        saved = await save_orders(self._engine, [order.record for order in orders])
        self._saved = Saved(*(before + now for before, now in zip(self._saved, saved, strict=True)))
        conflicts = frozenset(saved.conflicts)
        await self._stored([order.record for order in orders if order.record.order_id not in conflicts])
        # A file names an order once, so its id tells whether it is a conflict.
        problems = [problem for outcome in batch for problem in _left_out(outcome, conflicts)]
        for problem in sorted(problems, key=lambda problem: problem.row):
            self._left_out.add(problem)
        rows_of_conflicts = sum(problem.reason is LeftOut.CONFLICT for problem in problems)
        self._rows += len(problems) - rows_of_conflicts + sum(len(order.rows) for order in orders)

    def report(self) -> ImportReport:
        left_out = dict(self._left_out.counts)
        return ImportReport(
            inserted=len(self._saved.inserted),
            unchanged=len(self._saved.unchanged),
            updated=len(self._saved.updated),
            conflicts=self._saved.conflicts,
            rows=self._rows,
            rows_in_orders=self._rows - sum(left_out.values()),
            left_out=left_out,
            rejects=self._left_out.written_to,
        )


def _left_out(outcome: Outcome, conflicts: frozenset[str]) -> tuple[RowProblem, ...]:
    """The rows of an outcome that are in no order."""
    match outcome:
        case RowProblem():
            return (outcome,)
        case RetailReturn():
            sentence = f"{outcome.quantity} of {outcome.stock_code} came back; a return is not an order."
            return (outcome.source.left_out(LeftOut.RETURN, sentence),)
        case OrderRead() if outcome.record.order_id in conflicts:
            sentence = f"Another order is stored as {outcome.record.order_id}; what was bought never changes."
            return tuple(row.left_out(LeftOut.CONFLICT, sentence) for row in outcome.rows)
        case OrderRead():
            return ()
