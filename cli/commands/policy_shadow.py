"""`aftersales policy shadow`: a checked version beside the live one, deciding nothing (P5.1)."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from aftersales.contract.values import Role
from cli.commands.deployment import Deployment
from cli.commands.errors import MistypedError
from cli.commands.parameters import DEFAULT_HOME, HomeOption, StaffActorOption, StaffRoleOption
from cli.commands.policy_acts import acting_as
from cli.commands.policy_test import LISTED, Period, SinceOption, UntilOption, period
from cli.commands.screen import amount, console, counted, moment, plain, say, table, words

if TYPE_CHECKING:
    from rich.table import Table

    from activities.past_cases import ShadowWord

# ruff: noqa: PLC0415 - stores and tables are not needed for `--help`


def shadow(
    version: Annotated[str, typer.Argument(metavar="VERSION", help="A checked version, by name or hash.")] = "",
    *,
    off: Annotated[bool, typer.Option("--off", help="Let none run in the shadow any more.")] = False,
    report: Annotated[bool, typer.Option("--report", help="Show where it disagreed with the live version.")] = False,
    since: SinceOption = "30d",
    until: UntilOption = "",
    actor: StaffActorOption = None,
    role: StaffRoleOption = None,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Let a version run beside the live one without deciding anything, and see where the two disagree."""
    if (bool(version), off, report).count(True) != 1:
        raise MistypedError("Name a version to run in the shadow, or --off, or --report: one of the three.")
    deployment = Deployment(home)
    if report:
        asyncio.run(_report(deployment, period(since, until)))
    else:
        asyncio.run(_choose(deployment, version, actor, role))


async def _choose(deployment: Deployment, version: str, actor: str | None, role: Role | None) -> None:
    from activities.policy_versions import SHADOW, SHADOW_ENDS
    from storage.policies import PolicyStore

    async with deployment.database() as engine:
        store = PolicyStore(engine)
        by = await acting_as(deployment, store, SHADOW if version else SHADOW_ENDS, version, actor, role)
        chosen = await store.find(version) if version else None
        await store.set_shadow(chosen.content_hash if chosen else None, by, datetime.now(UTC))
    if chosen is None:
        say("No version runs in the shadow.")
    else:
        say(f"{chosen.name} runs in the shadow; `aftersales policy shadow --report` shows where it disagrees.")


async def _report(deployment: Deployment, of: Period) -> None:
    from storage.assessments import AssessmentListing

    async with deployment.database() as engine:
        listing = AssessmentListing(engine)
        disagreements = await listing.shadow_words(*of)
        assessed = f"{counted(await listing.count(*of), 'case')} assessed"
    if not disagreements:
        say(f"No disagreement in {of}, with {assessed}.")
        return
    say(f"{counted(len(disagreements), 'disagreement')} in {of}, with {assessed}.")
    console().print(_changes(disagreements))
    console().print(_cases(disagreements[-LISTED:]))


def _changes(disagreements: Sequence[ShadowWord]) -> Table:
    """A line for each kind of disagreement and currency, the most frequent first."""
    counted: dict[tuple[str, str, str, str], list[int]] = {}
    for each in disagreements:
        key = (each.policy_hash[:12], words(each.ruled.value), _otherwise(each), each.currency)
        counted.setdefault(key, []).append(each.amount_minor)
    shown = table("Version", "Live version", "In the shadow", "Cases", "Asked for")
    for (version, live, other, currency), amounts in sorted(counted.items(), key=lambda item: -len(item[1])):
        shown.add_row(version, live, other, f"{len(amounts):,}", _money(sum(amounts), currency))
    return shown


def _cases(latest: Sequence[ShadowWord]) -> Table:
    """The latest, each with why the version could not decide, if it could not."""
    shown = table("Number", "At", "Amount", "Live version", "In the shadow", "Failure", title="The latest")
    for each in reversed(latest):
        asked = _money(each.amount_minor, each.currency)
        said = (words(each.ruled.value), _otherwise(each), plain(each.failure))
        shown.add_row(each.number, moment(each.at), asked, *said)
    return shown


def _otherwise(each: ShadowWord) -> str:
    if each.otherwise is None:
        return "could not decide"
    return "the same, other amounts" if each.otherwise is each.ruled else words(each.otherwise.value)


def _money(minor: int, currency: str) -> str:
    from aftersales.contract.values import Money

    return amount(Money(minor=minor, currency=currency))
