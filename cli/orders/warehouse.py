"""Importing what the warehouse states, parcels and stock counts: every row is taken in, or left out by name."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final, Generic, NamedTuple

from sqlalchemy.ext.asyncio import AsyncEngine

from cli.orders.importing import OrderFileError, opened, refuse_same
from cli.orders.rejects import Rejects, rejects_beside
from domain.warehouse import Parcel, StockCount
from integrations.shop.formats import FormatUnknownError
from integrations.shop.outcomes import LeftOut, RowProblem
from integrations.shop.warehouse import COUNTS, PARCELS, Layout, Stated, StatedT, read_statements
from storage.orders import BATCH
from storage.shop_facts import save_counts, save_parcels


@dataclass(frozen=True)
class Kind(Generic[StatedT]):
    """`save` says of each record in turn why it was left out, which has the reason `refused`; empty: it was not."""

    layout: Layout[StatedT]
    save: Callable[[AsyncEngine, Sequence[StatedT]], Awaitable[tuple[str, ...]]]
    refused: LeftOut


SHIPMENTS: Final[Kind[Parcel]] = Kind(PARCELS, save_parcels, LeftOut.UNKNOWN_ORDER)
STOCK: Final[Kind[StockCount]] = Kind(COUNTS, save_counts, LeftOut.OUTDATED)


class WarehouseReport(NamedTuple):
    """What became of a file's rows; those left out stand in `rejects`, which is None when there are none."""

    taken: int
    left_out: Mapping[LeftOut, int]
    rejects: Path | None


async def import_statements(
    path: Path, engine: AsyncEngine, kind: Kind[StatedT], rejects: Path | None = None
) -> WarehouseReport:
    """Take a file in; taking it in again changes nothing.

    `rejects`: where rows that are left out are written, by default beside the file. Raises `OrderFileError` (not
    there, not readable, unknown layout, no rows, `rejects` is the file itself), `CommandError` (they cannot be
    written).
    """
    target = rejects or rejects_beside(path)
    refuse_same(path, target)
    taken = 0
    with opened(path) as file, Rejects(target) as left_out:
        try:
            rows = read_statements(file, path.suffix, kind.layout)
        except FormatUnknownError as error:
            raise OrderFileError(f"{path} cannot be imported. {error}") from error
        while batch := await asyncio.to_thread(lambda: list(islice(rows, BATCH))):
            for outcome in await _save(engine, kind, batch):
                if isinstance(outcome, RowProblem):
                    left_out.add(outcome)
                else:
                    taken += 1
        if not taken and not left_out.counts:
            raise OrderFileError(f"{path} cannot be imported. It holds no rows below its header.")
        return WarehouseReport(taken, dict(left_out.counts), left_out.written_to)


async def _save(
    engine: AsyncEngine, kind: Kind[StatedT], batch: Sequence[Stated[StatedT] | RowProblem]
) -> Iterator[Stated[StatedT] | RowProblem]:
    """The rows in their sequence, with those that the database refuses as problems."""
    read = [outcome for outcome in batch if isinstance(outcome, Stated)]
    why = dict(
        zip((each.row.number for each in read), await kind.save(engine, [each.record for each in read]), strict=True)
    )
    return (
        outcome.row.left_out(kind.refused, why[outcome.row.number])
        if isinstance(outcome, Stated) and why[outcome.row.number]
        else outcome
        for outcome in batch
    )
