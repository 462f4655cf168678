"""`aftersales webhooks`: what payment providers announced, and what of it needs somebody to look."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Final

import typer
from rich.console import Group
from rich.panel import Panel
from rich.table import Table

from cli.commands.deployment import Deployment
from cli.commands.errors import CommandError, MistypedError
from cli.commands.parameters import DEFAULT_HOME, HomeOption
from cli.commands.payloads import masked
from cli.commands.screen import amount, console, moment, plain, say, table, words

if TYPE_CHECKING:
    from storage.webhook_listing import InboxEntry

app = typer.Typer()
MOST: int = 1000
MOMENTS = ["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S"]
WIDE: Final = 150
"""From so many columns on a webhook has its line for itself."""

JsonOption = Annotated[bool, typer.Option("--json", help="Write JSON, for programs.")]


@app.callback()
def webhooks() -> None:
    """See what payment providers announced, and what of it nobody could place."""


@app.command("list")
def list_(
    unmatched: Annotated[bool, typer.Option("--unmatched", help="Only what belongs to no payment of ours.")] = False,
    amount_differs: Annotated[
        bool, typer.Option("--amount-differs", help="Only what names another amount than our record.")
    ] = False,
    unhandled: Annotated[bool, typer.Option("--unhandled", help="Only what its case has yet to be told.")] = False,
    provider: Annotated[str | None, typer.Option("--provider", metavar="NAME", help="Only of this provider.")] = None,
    since: Annotated[
        datetime | None, typer.Option("--since", formats=MOMENTS, metavar="WHEN", help="Received from then on, UTC.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=MOST, show_default=True, help="At most so many.")] = 50,
    as_json: JsonOption = False,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """List the latest webhooks, newest first."""
    chosen = [
        name
        for name, is_chosen in (("unmatched", unmatched), ("amount_differs", amount_differs), ("unhandled", unhandled))
        if is_chosen
    ]
    if len(chosen) > 1:
        raise MistypedError("Choose one of --unmatched, --amount-differs and --unhandled.")
    from_then = since.replace(tzinfo=UTC) if since else None
    entries = asyncio.run(_events(Deployment(home), "".join(chosen) or "all", provider, from_then, limit))
    if as_json:
        say(json.dumps([as_object(entry) for entry in entries], indent=2, ensure_ascii=False))
    elif not entries:
        say("No such webhook has come yet.")
    else:
        out = console()
        arranged = inbox_table if out.width >= WIDE else narrow_inbox_table
        out.print(arranged(entries))


@app.command()
def show(
    provider: Annotated[str, typer.Argument(metavar="PROVIDER", help="Such as stripe.")],
    event_id: Annotated[str, typer.Argument(metavar="EVENT_ID", help="The provider's own id of the event.")],
    as_json: JsonOption = False,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Show one webhook, with what may be personal in it masked."""
    entry = asyncio.run(_event(Deployment(home), provider, event_id))
    if entry is None:
        raise CommandError(
            f"No webhook {event_id} of {provider} has come. `aftersales webhooks list --provider {provider}` "
            "lists the latest."
        )
    if as_json:
        say(json.dumps(as_object(entry) | {"payload": masked(entry.payload)}, indent=2, ensure_ascii=False))
    else:
        console().print(entry_panel(entry))


def inbox_table(entries: Iterable[InboxEntry]) -> Table:
    """A line a webhook."""
    shown = table("Received", "Provider", "Event", "Kind", "Says", "Amount", "Application", "Standing")
    for entry in entries:
        news = entry.news
        cells = (
            moment(news.received_at),
            news.provider,
            news.event_id,
            entry.kind,
            news.says.value,
            _amounts(entry),
            news.number,
            standing(entry),
        )
        shown.add_row(*(plain(cell) for cell in cells))
    return shown


def narrow_inbox_table(entries: Iterable[InboxEntry]) -> Table:
    """Two lines a webhook, where one would cut its id in pieces, by which it can be shown."""
    shown = table("Event, received", "By, says", "Application, standing")
    for entry in entries:
        news = entry.news
        says = f"{news.says.value} {_amounts(entry)}".rstrip()
        cells = (
            f"{news.event_id}\n{moment(news.received_at)}",
            f"{news.provider} {entry.kind}\n{says}",
            f"{news.number}\n{standing(entry)}",
        )
        shown.add_row(*(plain(cell) for cell in cells))
    return shown


def entry_panel(entry: InboxEntry) -> Panel:
    """All that is stored of a webhook but what is personal."""
    facts = Table.grid(padding=(0, 2))
    facts.add_column(style="dim", no_wrap=True)
    facts.add_column(overflow="fold")
    for name, value in _facts(entry):
        if value:
            facts.add_row(name, plain(value))
    payload = json.dumps(masked(entry.payload), indent=2, ensure_ascii=False)
    title = plain(f"{entry.news.provider} {entry.news.event_id}")
    return Panel(Group(facts, "", plain(payload)), title=title, title_align="left")


def standing(entry: InboxEntry) -> str:
    """What became of it, in words."""
    what = "waits to be told" if entry.handled_at is None else words(entry.bearing.value)
    return f"{what}, amount differs" if entry.news.amount_differs else what


def as_object(entry: InboxEntry) -> dict[str, object]:
    """For programs; amounts in minor units, times in ISO 8601. No payload."""
    document = entry.model_dump(mode="json", exclude={"payload", "news"})
    return {**entry.news.model_dump(mode="json"), **document}


def _facts(entry: InboxEntry) -> Iterator[tuple[str, str]]:
    news = entry.news
    yield "Kind", entry.kind
    yield "Received", moment(news.received_at)
    yield "Says", news.says.value
    yield "Amount", _amounts(entry)
    yield "Our number", news.provider_number
    yield "Provider's reference", news.reference
    yield "Application", news.number
    yield "Standing", standing(entry)
    yield "Dealt with", moment(entry.handled_at)


def _amounts(entry: InboxEntry) -> str:
    named = amount(entry.amount)
    return f"{named} (ours: {amount(entry.ours)})" if entry.news.amount_differs else named


async def _events(
    deployment: Deployment, which: str, provider: str | None, since: datetime | None, limit: int
) -> tuple[InboxEntry, ...]:
    from storage.webhook_listing import WebhookListing, Which  # noqa: PLC0415 - not needed for `--help`

    async with deployment.database() as engine:
        return await WebhookListing(engine).events(Which(which), provider=provider, since=since, limit=limit)


async def _event(deployment: Deployment, provider: str, event_id: str) -> InboxEntry | None:
    from storage.webhook_listing import WebhookListing  # noqa: PLC0415 - not needed for `--help`

    async with deployment.database() as engine:
        return await WebhookListing(engine).event(provider, event_id)
