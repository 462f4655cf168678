"""Runs and findings of the reconciliation as people read them; nothing here writes or locks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, Final

from sqlalchemy import Select, func, select
from sqlalchemy.engine import RowMapping
from sqlalchemy.ext.asyncio import AsyncEngine

from activities.differences import Finding, FindingState, Run
from storage.engine import snapshots
from storage.reconciliation import finding_of
from storage.tables import RECONCILIATION_FINDINGS, RECONCILIATION_RUNS

_RUNS: Final = RECONCILIATION_RUNS.c
_FINDINGS: Final = RECONCILIATION_FINDINGS.c


class ReconciliationListing:
    """Queries over one engine."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = snapshots(engine)

    async def runs(self, day: date | None = None, *, limit: int) -> tuple[Run, ...]:
        """Runs of a day, or the last ones, the latest day first."""
        query = select(RECONCILIATION_RUNS).order_by(_RUNS.day.desc(), _RUNS.provider).limit(limit)
        if day is not None:
            query = query.where(_RUNS.day == day)
        return tuple(Run(**row) for row in await self._rows(query))

    async def findings_of(self, day: date) -> tuple[Finding, ...]:
        """What the runs of a day found, whatever became of it."""
        query = select(RECONCILIATION_FINDINGS).where(_FINDINGS.day == day)
        rows = await self._rows(query.order_by(_FINDINGS.provider, _FINDINGS.kind, _FINDINGS.subject))
        return tuple(finding_of(row) for row in rows)

    async def open_findings(self) -> tuple[tuple[str, date, int], ...]:
        """How many of each run's findings are open: (provider, day, findings)."""
        key = (_FINDINGS.provider, _FINDINGS.day)
        query = select(*key, func.count()).where(_FINDINGS.state == FindingState.OPEN).group_by(*key)
        async with self._engine.connect() as connection:
            return tuple((row[0], row[1], row[2]) for row in await connection.execute(query))

    async def _rows(self, query: Select[*tuple[Any, ...]]) -> Sequence[RowMapping]:
        async with self._engine.connect() as connection:
            return (await connection.execute(query)).mappings().all()
