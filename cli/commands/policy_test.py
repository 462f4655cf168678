"""`aftersales policy test`: a draft tried on past cases before it decides new ones (P5.1)."""

from __future__ import annotations

import asyncio
import csv
import re
import statistics
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, NamedTuple

import typer

from cli.commands.deployment import Deployment
from cli.commands.errors import CommandError, MistypedError
from cli.commands.parameters import DEFAULT_HOME, HomeOption
from cli.commands.screen import console, counted, say

if TYPE_CHECKING:
    from cli.commands.policy_lookup import Found
    from policy.backtest import BackTest, Otherwise
    from storage.assessments import AssessmentListing

# ruff: noqa: PLC0415 - engine, tables and charts are not needed for `--help`

LISTED: Final = 20
CHART: Final = "back-test.svg"
_SPAN: Final = re.compile(r"([0-9]{1,4})([dh])")
_UNITS: Final = {"d": timedelta(days=1), "h": timedelta(hours=1)}

SinceOption = Annotated[
    str, typer.Option("--since", metavar="WHEN", show_default=True, help="From: `90d`, `12h`, or a day `2026-08-01`.")
]
UntilOption = Annotated[str, typer.Option("--until", metavar="WHEN", help="Up to that moment; by default up to now.")]


class Minutes(NamedTuple):
    """Of a person's work on one review; `measured` on so many past ones, 0 if they were said or assumed."""

    each: float
    measured: int


class Period(NamedTuple):
    """`until` does not belong to it."""

    since: datetime
    until: datetime

    def __str__(self) -> str:
        return f"{self.since:%Y-%m-%d} – {self.until:%Y-%m-%d}"


class Asked(NamedTuple):
    draft: str
    against: str
    period: Period
    out: Path | None
    csv: Path | None
    listed: int | None
    minutes: float | None


def back_test(
    draft: Annotated[str, typer.Argument(metavar="DRAFT", help="A version: its folder, name or hash.")],
    *,
    since: SinceOption = "90d",
    until: UntilOption = "",
    against: Annotated[
        str,
        typer.Option("--against", metavar="VERSION", help="Compare with this one instead of what was decided then."),
    ] = "",
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FOLDER", help=f"Write a chart there, as {CHART}.")
    ] = None,
    all_cases: Annotated[bool, typer.Option("--all", help=f"List all cases, not only the first {LISTED}.")] = False,
    csv_file: Annotated[
        Path | None, typer.Option("--csv", metavar="FILE", help="Write all cases decided otherwise to a CSV file.")
    ] = None,
    minutes: Annotated[
        float | None,
        typer.Option("--minutes-per-review", min=0, help="Of an agent's work; by default the median of past reviews."),
    ] = None,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Try a version on past cases: what it would decide otherwise, the money, and the agents' hours."""
    asked = Asked(draft, against, period(since, until), out, csv_file, None if all_cases else LISTED, minutes)
    asyncio.run(_test(Deployment(home), asked))


def period(since: str, until: str) -> Period:
    """Raises MistypedError."""
    now = datetime.now(UTC)
    asked = Period(_moment("--since", since, now), _moment("--until", until, now) if until else now)
    if asked.since >= asked.until:
        raise MistypedError("--since is not before --until: nothing lies between them.")
    return asked


def _moment(option: str, typed: str, now: datetime) -> datetime:
    if span := _SPAN.fullmatch(typed):
        return now - int(span[1]) * _UNITS[span[2]]
    try:
        at = datetime.fromisoformat(typed)
    except ValueError:
        raise MistypedError(f"{option} {typed!r} is no time: write 90d, 12h, or a day such as 2026-08-01.") from None
    return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)


async def _test(deployment: Deployment, asked: Asked) -> None:
    from cli.commands.policy_lookup import version_named
    from cli.commands.policy_test_screen import report
    from storage.assessments import AssessmentListing

    _try_to_write(asked)
    draft = await version_named(deployment, asked.draft)
    against = await version_named(deployment, asked.against) if asked.against else None
    async with deployment.database() as engine:
        listing = AssessmentListing(engine)
        made = await tried(listing, draft, against, asked.period)
        minutes = await _minutes(listing, asked)
    if not made.cases and not made.undecided:
        raise CommandError(f"No case was assessed in {asked.period}; name another time with --since.")
    console().print(report(made, f"{draft} on {counted(made.cases, 'case')} of {asked.period}", minutes, asked.listed))
    if asked.csv:
        _write_csv(asked.csv, made.otherwise)
    if asked.out:
        _write_chart(
            asked.out, made, f"Back-test of {draft} 草案回测，{asked.period}, {counted(made.cases, 'case')} 申请"
        )


def _try_to_write(asked: Asked) -> None:
    """Before the work that is to be written down, not after it; leaves no file. Raises OSError."""
    if asked.out:
        asked.out.mkdir(parents=True, exist_ok=True)
    for file in (asked.csv, asked.out and asked.out / CHART):
        if file:
            is_new = not file.exists()
            file.open("ab").close()
            if is_new:
                file.unlink()


async def tried(listing: AssessmentListing, draft: Found, against: Found | None, of: Period) -> BackTest:
    """The version on all cases of the time, with how far it has got on standard error."""
    from rich.console import Console
    from rich.progress import Progress

    from policy.backtest import BackTest

    made = BackTest(draft.policy, against.policy if against else None)
    total = await listing.count(*of)
    with Progress(console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()) as progress:
        task = progress.add_task("Past cases", total=total)
        async for cases in listing.past_cases(*of):
            made.add(cases)
            progress.advance(task, len(cases))
    return made


async def _minutes(listing: AssessmentListing, asked: Asked) -> Minutes:
    from policy.backtest import DEFAULT_MINUTES, ENOUGH_REVIEWS

    if asked.minutes is not None:
        return Minutes(asked.minutes, 0)
    measured = await listing.handling_minutes(*asked.period)
    if len(measured) < ENOUGH_REVIEWS:
        return Minutes(DEFAULT_MINUTES, 0)
    return Minutes(statistics.median(measured), len(measured))


def _write_csv(file: Path, cases: Sequence[Otherwise]) -> None:
    with file.open("w", encoding="utf-8", newline="") as opened:
        written = csv.writer(opened)
        written.writerow(
            ("number", "at", "currency", "amount_minor", "paid_minor", "status", "by_person", "before", "after", "row")
        )
        for case, before, after, row in cases:
            money = (case.currency, case.amount_minor, case.paid_minor)
            became = (case.status, "yes" if case.by_person else "no")
            written.writerow((case.number, case.at.isoformat(), *money, *became, before.value, after.value, row))
    say(f"{counted(len(cases), 'case')}: {file}")


def _write_chart(folder: Path, made: BackTest, title: str) -> None:
    from policy.charts import AnalysisMissingError, write_chart

    try:
        write_chart(made, title, folder / CHART)
    except AnalysisMissingError as error:
        raise CommandError(str(error)) from error
    say(f"Chart: {folder / CHART}")
