"""`aftersales reconcile`: the ledger against the providers' own statements, and what is to be done about it."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Annotated, Final

import typer

from cli.commands.deployment import Deployment
from cli.commands.errors import CommandError, MistypedError
from cli.commands.identity import CASHIERS, speaker_of
from cli.commands.parameters import (
    DEFAULT_HOME,
    HomeOption,
    StaffActorOption,
    StaffRoleOption,
    said_in,
)
from cli.commands.screen import console, say, words

if TYPE_CHECKING:
    from activities.differences import Finding, Run

# ruff: noqa: PLC0415 - workflows, tables and stores are not needed for `--help`

MOST: Final = 1000
FORMAT: Final = ["%Y-%m-%d"]
app = typer.Typer()


@app.callback()
def reconcile() -> None:
    """Compare the ledger with the providers' statements, and close what is explained."""


@app.command()
def run(
    provider: Annotated[str, typer.Option("--provider", metavar="NAME", help="Only this one, such as stripe.")] = "",
    day: Annotated[
        datetime | None,
        typer.Option("--day", metavar="DAY", formats=FORMAT, help="This day, whatever became of it before."),
    ] = None,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Reconcile now what is due, or one day, and tell how it went."""
    from cli.commands.reconcile_runs import Asked, reconcile_now

    chosen = day.date() if day else None
    if chosen and chosen >= datetime.now(UTC).date():
        raise MistypedError(f"--day {chosen} is not over yet; no provider has made its statement.")
    asyncio.run(reconcile_now(Deployment(home), Asked(provider, chosen)))


@app.command()
def show(
    day: Annotated[
        datetime | None,
        typer.Argument(metavar="DAY", formats=FORMAT, help="A day, as 2026-03-31; without one the last runs."),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=MOST, show_default=True, help="At most so many runs.")] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="Write JSON, amounts in minor units.")] = False,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Show how a day's runs went and what each difference waits for, or the last runs."""
    asyncio.run(_show(Deployment(home), day.date() if day else None, limit, as_json=as_json))


@app.command()
def explain(
    finding: Annotated[str, typer.Argument(metavar="FINDING", help="The finding's id, such as `show` lists it.")],
    reason: Annotated[str, typer.Option(help="Why nothing is left to do about it, for the books and the log.")],
    actor: StaffActorOption = None,
    role: StaffRoleOption = None,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Close a difference that is explained; for finance."""
    said = {"finding_id": finding.strip().lower(), "reason": said_in("--reason", reason)}
    deployment = Deployment(home)

    async def explained_by_finance() -> None:
        speaker = await speaker_of(deployment, actor, role, CASHIERS)
        await _explain(deployment, {**said, **speaker._asdict()})

    asyncio.run(explained_by_finance())


async def _show(deployment: Deployment, day: date | None, limit: int, *, as_json: bool) -> None:
    from cli.commands.reconcile_screen import as_object, day_screen, run_table
    from storage.reconciliation_listing import ReconciliationListing

    async with deployment.database() as engine:
        listing = ReconciliationListing(engine)
        runs: tuple[Run, ...] = await listing.runs(day, limit=limit)
        findings: tuple[Finding, ...] = await listing.findings_of(day) if day else ()
        still_open = {(provider, at): count for provider, at, count in await listing.open_findings()}
    if as_json:
        say(json.dumps(as_object(runs, findings, still_open), ensure_ascii=False))
    elif not runs:
        say(f"Nothing was reconciled for {day} yet." if day else "Nothing was reconciled yet.")
    elif day:
        console().print(day_screen(runs, findings))
    else:
        console().print(run_table(runs, still_open))


async def _explain(deployment: Deployment, said: dict[str, object]) -> None:
    from activities.differences import FindingState
    from activities.explaining import Explanation, explain
    from storage.reconciliation import ReconciliationBook

    now = datetime.now(UTC)
    explanation = Explanation.model_validate(said)
    async with deployment.database() as engine, ReconciliationBook(engine).begin() as unit:
        finding = await explain(unit, explanation, now)
    if finding is None:
        raise CommandError(
            f"There is no finding {explanation.finding_id}. `aftersales reconcile show DAY` lists those of a day."
        )
    if finding.closed_at != now or finding.state is not FindingState.EXPLAINED:
        who = f"{finding.state.value} by {finding.closed_by} on {finding.closed_day}"
        raise CommandError(f"Finding {finding.finding_id} is closed already: {who}, {finding.reason!r}.")
    say(f"Explained: {words(finding.kind.value)}, payment {finding.subject} at {finding.provider}.")
