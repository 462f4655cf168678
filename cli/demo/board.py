"""The live table of a run: which case stands where and what it waits for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from activities.rows import CaseRow
from aftersales.contract.values import OUTCOMES, WaitsFor
from cli.commands.screen import amount, plain, status, table, words

AFTERCARE: Final = "aftercare"
_LEGEND: Final = f"{AFTERCARE}: the survey and the windows for an appeal or a reversal run, then the case closes"


def board(rows: Sequence[CaseRow], shows: Mapping[str, str]) -> Table:
    """Two lines a case. `shows`: number -> what the case is there to show."""
    made = table("Application, order", "Reason", "Amount", "State", "Waits for", "Shows")
    made.padding = (0, 1, 0, 0)
    made.columns[2].justify = "right"
    for column in made.columns[2:4]:
        column.no_wrap = True
    for row in rows:
        application = row.start.application
        made.add_row(
            Text(row.number).append_text(plain(f"\n{application.order_id}", "dim")),
            words(application.reason.value),
            amount(row.amount),
            status(row.status),
            _waits_for(row),
            shows.get(row.number, ""),
        )
    return made


def fitting_board(rows: Sequence[CaseRow], shows: Mapping[str, str], console: Console) -> Table:
    """The board at the terminal's height: where not all have room, the cases that are not closed come first."""
    closed = sum(row.closed_at is not None for row in rows)
    whole = board(rows, shows)
    lines = len(console.render_lines(whole, pad=False))
    room = console.height - 4  # the caption, and a line that the cursor stands in
    caption = f"{len(rows)} cases, {closed} of them closed; {_LEGEND}"
    if console.is_terminal and lines > room:
        shown = max(1, len(rows) * room // lines - 1)
        whole = board(sorted(rows, key=lambda row: row.closed_at is not None)[:shown], shows)
        caption += f"; {len(rows) - shown} more than this terminal has room for are listed at the end"
    whole.caption, whole.caption_justify = caption, "left"
    return whole


def _waits_for(row: CaseRow) -> str:
    if row.closed_at:
        return "closed"
    if row.waits_for is WaitsFor.NOBODY:
        return AFTERCARE if row.status in OUTCOMES else ""
    left = f", {_left(row.due_at)}" if row.due_at else ""
    return f"{row.waits_for.value}{left}"


def _left(due_at: datetime) -> str:
    seconds = int((due_at - datetime.now(UTC)).total_seconds())
    return f"{seconds} s left" if seconds >= 0 else "overdue"
