"""How the program writes: to a terminal of any width, into a pipe, without colour; other people's text as text."""

from __future__ import annotations

import os
import unicodedata
from datetime import UTC, datetime, timedelta
from typing import Final

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from aftersales.contract.values import CaseStatus, Money
from domain.money import to_decimal_string

PIPE_WIDTH: Final = 160
"""Without a terminal nobody has said how wide a line may be; numbers should not be cut in two there."""

_STYLES: Final = {
    CaseStatus.REFUNDED: "green",
    CaseStatus.PARTLY_REFUNDED: "green",
    CaseStatus.REJECTED: "red",
    CaseStatus.PAYMENT_FAILED: "red",
    CaseStatus.EXPIRED: "dim",
    CaseStatus.WITHDRAWN: "dim",
    CaseStatus.UNDER_REVIEW: "yellow",
    CaseStatus.NEEDS_EVIDENCE: "yellow",
    CaseStatus.AWAITING_CUSTOMER: "yellow",
}


def console() -> Console:
    """Standard output as it is now; NO_COLOR and COLUMNS are respected."""
    out = Console(highlight=False)
    if not out.is_terminal and not os.environ.get("COLUMNS"):
        out = Console(highlight=False, width=PIPE_WIDTH)
    return out


def say(line: str) -> None:
    """One line, never wrapped, so that what is in it can be copied."""
    console().print(plain(line), soft_wrap=True)


def plain(text: str, style: str = "") -> Text:
    """Text of people: no markup, no control characters that could drive the terminal."""
    kept = "".join(c if c in "\n\t" or unicodedata.category(c) not in {"Cc", "Cf"} else "�" for c in text)
    return Text(kept, style=style)


def table(*headings: str, title: str = "") -> Table:
    """An empty table; the first column, mostly a number, is kept in one piece."""
    made = Table(box=box.SIMPLE_HEAD, title=title or None, title_justify="left", title_style="bold", pad_edge=False)
    for place, heading in enumerate(headings):
        made.add_column(heading, no_wrap=place == 0, overflow="fold")
    return made


def words(value: str) -> str:
    """`under_review` as people say it."""
    return value.replace("_", " ")


def status(value: CaseStatus) -> Text:
    return Text(words(value.value), style=_STYLES.get(value, ""))


def amount(money: Money | None) -> str:
    return "" if money is None else f"{to_decimal_string(money)} {money.currency}"


def counted(count: int, noun: str, several: str = "") -> str:
    """`1 case`, `2,000 cases`; `several` where that is not the noun with an s."""
    return f"{count:,} {noun if count == 1 else several or f'{noun}s'}"


def moment(at: datetime | None) -> str:
    return "" if at is None else at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def due(at: datetime | None, now: datetime) -> str:
    """A deadline with how far off it is: `2026-03-02 09:30:00 UTC (in 3 h 10 min)`."""
    if at is None:
        return ""
    distance = at - now
    far = f"in {span(distance)}" if distance >= timedelta() else f"{span(-distance)} ago"
    return f"{moment(at)} ({far})"


def span(length: timedelta) -> str:
    """A length of time by its two largest units."""
    seconds = int(length.total_seconds())
    parts = [
        f"{count} {unit}"
        for count, unit in (
            (seconds // 86400, "d"),
            (seconds // 3600 % 24, "h"),
            (seconds // 60 % 60, "min"),
            (seconds % 60, "s"),
        )
        if count
    ]
    return " ".join(parts[:2]) or "0 s"
