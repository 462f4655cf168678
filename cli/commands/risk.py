"""`aftersales risk`: block and allow lists, chargebacks, marks, and what is known of a case's customer (P6.1)."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final

import typer

from cli.commands import risk_chargebacks
from cli.commands.deployment import Deployment
from cli.commands.errors import CommandError
from cli.commands.parameters import (
    DEFAULT_HOME,
    HomeOption,
    NumberArgument,
    StaffActorOption,
    StaffRoleOption,
    said_in,
)
from cli.commands.risk_keeping import ReasonOption, keeping
from cli.commands.screen import console, moment, say, words
from cli.commands.speaking import spoken_by
from domain.listing import ListedKind, ListEntry, ListName, Mark

# ruff: noqa: PLC0415 - the database takes a second to load, and `--help` does not need it

MOST: Final = 1000
app = typer.Typer()
app.add_typer(risk_chargebacks.app, name="chargeback", help="Record that a payment is disputed, and how it ended.")


@app.callback()
def risk() -> None:
    """Look after the lists, chargebacks and marks that an application is judged by."""


@dataclass(frozen=True)
class Listing:
    """What is put on a list, by whom and for how long."""

    kind: Annotated[
        ListedKind, typer.Argument(help="customer: the shop's id; payment: a fingerprint; address: a hash.")
    ]
    value: Annotated[str, typer.Argument(metavar="VALUE", help="The id, fingerprint or hash, as orders carry it.")]
    reason: ReasonOption
    days: Annotated[int | None, typer.Option(min=1, max=3650, help="For so many days; without it until taken off.")] = (
        None
    )
    actor: StaffActorOption = None
    role: StaffRoleOption = None
    home: HomeOption = DEFAULT_HOME

    def put_on(self, listing: ListName) -> None:
        """Write it down and tell under which id."""
        entry = asyncio.run(self._put_on(listing))
        until = f" until {moment(entry.expires_at)}" if entry.expires_at else ""
        say(f"{words(entry.kind.value).capitalize()} {entry.value} is on the {listing} list{until}: {entry.entry_id}.")

    async def _put_on(self, listing: ListName) -> ListEntry:
        from storage.risk import Attempt, listed_facts

        reason = said_in("--reason", self.reason)
        attempt = Attempt(f"listed_{listing}", listed_facts(self.kind, self.value), reason)
        async with keeping(self.home, self.actor, self.role, attempt) as (book, keeper):
            until = keeper.at + timedelta(days=self.days) if self.days else None
            return await book.enlist(keeper, listing, self.kind, self.value, reason=reason, expires_at=until)


@app.command()
@spoken_by(Listing)
def block(listing: Listing) -> None:
    """Have people look at every application of a customer, a payment or an address."""
    listing.put_on(ListName.BLOCK)


@app.command()
@spoken_by(Listing)
def allow(listing: Listing) -> None:
    """Count an application as of low risk, unless a chargeback or evidence from another case speaks against it."""
    listing.put_on(ListName.ALLOW)


@app.command()
def unlist(
    entry: Annotated[str, typer.Argument(metavar="ENTRY", help="The line's id, such as `risk lists` shows it.")],
    reason: ReasonOption,
    actor: StaffActorOption = None,
    role: StaffRoleOption = None,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Take a line off its list; it is kept, and counts no more."""

    from storage.risk import Attempt

    why = said_in("--reason", reason)

    async def taken_off() -> ListEntry | None:
        attempt = Attempt("taken_off_list", {"entry": entry.strip()}, why)
        async with keeping(home, actor, role, attempt) as (book, keeper):
            return await book.take_off(keeper, entry.strip(), why)

    removed = asyncio.run(taken_off())
    if removed is None:
        raise CommandError(f"No line {entry} is on a list. `aftersales risk lists` shows those that are.")
    say(f"Taken off the {removed.listing} list: {words(removed.kind.value)} {removed.value}.")


@app.command()
def lists(
    every: Annotated[bool, typer.Option("--all", help="Also what has expired or was taken off.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=MOST, show_default=True, help="At most so many.")] = 50,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Show who and what is on the block and allow lists, newest first."""
    from cli.commands.risk_screen import list_table
    from storage.risk import RiskBook

    now = datetime.now(UTC)

    async def listed() -> tuple[ListEntry, ...]:
        async with Deployment(home).database() as engine:
            return await RiskBook(engine).entries(None if every else now, limit=limit)

    found = asyncio.run(listed())
    if found:
        console().print(list_table(found, now))
    else:
        say("Nothing is on a list.")


@app.command()
def chargebacks(
    limit: Annotated[int, typer.Option(min=1, max=MOST, show_default=True, help="At most so many.")] = 50,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Show the latest chargebacks and what became of them."""
    asyncio.run(risk_chargebacks.show_latest(home, limit))


@app.command()
def mark(
    number: NumberArgument,
    what: Annotated[Mark, typer.Argument(metavar="MARK", help="empty_box: what came back was not the goods.")],
    actor: StaffActorOption = None,
    role: StaffRoleOption = None,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Mark a case, for later ones of the same customer."""

    from storage.risk import Attempt

    async def marked() -> bool:
        attempt = Attempt("marked", {"case": number, "mark": what.value})
        async with keeping(home, actor, role, attempt) as (book, keeper):
            return await book.mark(keeper, number, what)

    is_new = asyncio.run(marked())
    say(f"Case {number} is marked: {words(what.value)}." if is_new else f"Case {number} bears that mark already.")


@app.command()
def show(number: NumberArgument, home: HomeOption = DEFAULT_HOME) -> None:
    """Show what a case's risk is made of, and what is known of its customer, payment and address."""
    from cli.commands.risk_screen import risk_screen
    from cli.commands.risk_standing import standing_of

    console().print(risk_screen(asyncio.run(standing_of(Deployment(home), number)), datetime.now(UTC)))
