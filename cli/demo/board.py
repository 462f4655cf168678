"""The live table of a run: which case stands where and what it waits for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from rich.table import Table

from activities.ports import CaseRow
from aftersales.contract.values import CaseStatus, WaitsFor
from domain.money import to_decimal_string

COLOURS = {
    CaseStatus.REFUNDED: "green",
    CaseStatus.PARTLY_REFUNDED: "green",
    CaseStatus.REJECTED: "yellow",
    CaseStatus.PAYMENT_FAILED: "red",
    CaseStatus.PAYING: "cyan",
}


def board(rows: Sequence[CaseRow], shows: Mapping[str, str]) -> Table:
    """`shows`: number -> what the case is there to show."""
    table = Table("application", "order", "reason", "amount", "state", "waits for", "shows", expand=False)
    for row in rows:
        application = row.start.application
        table.add_row(
            row.number,
            application.order_id,
            words(application.reason.value),
            f"{to_decimal_string(row.amount)} {row.amount.currency}" if row.amount else "",
            f"[{COLOURS.get(row.status, 'white')}]{words(row.status.value)}[/]",
            _waits_for(row),
            shows.get(row.number, ""),
        )
    return table


def words(value: str) -> str:
    return value.replace("_", " ")


def _waits_for(row: CaseRow) -> str:
    if row.closed_at:
        return "closed"
    if row.waits_for is WaitsFor.NOBODY:
        return "its windows" if row.due_at is None else ""
    left = f", {_left(row.due_at)}" if row.due_at else ""
    return f"{row.waits_for.value}{left}"


def _left(due_at: datetime) -> str:
    seconds = int((due_at - datetime.now(UTC)).total_seconds())
    return f"{seconds} s left" if seconds >= 0 else "overdue"
