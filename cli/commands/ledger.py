"""`aftersales ledger`: the books, of a case, of an order or of all; and giving up what is lost."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Final

import typer
from rich.table import Table
from rich.text import Text

from activities.write_offs import Lost, WriteOff, write_off
from aftersales.contract.values import Money
from cli.commands.answers import stored_case
from cli.commands.deployment import Deployment
from cli.commands.errors import MistypedError
from cli.commands.identity import CASHIERS, Speaker, speaker_of
from cli.commands.parameters import (
    DEFAULT_HOME,
    HomeOption,
    NumberArgument,
    StaffActorOption,
    StaffRoleOption,
    TypedAmount,
    said_in,
)
from cli.commands.payment_numbers import PaymentArgument
from cli.commands.screen import amount, console, moment, plain, say, table, words

if TYPE_CHECKING:
    from activities.rows import Posting
    from storage.bookkeeping import AccountSums, Books

DAY: Final = timedelta(days=1)
JsonOption = Annotated[bool, typer.Option("--json", help="Write JSON, amounts in minor units.")]
app = typer.Typer()


@app.callback()
def ledger() -> None:
    """Read the books, and write off what is lost."""


@app.command("case")
def of_case(number: NumberArgument, as_json: JsonOption = False, home: HomeOption = DEFAULT_HOME) -> None:
    """Show what was posted for a case, and its accounts."""
    asyncio.run(_of_case(Deployment(home), number, as_json=as_json))


@app.command("order")
def of_order(
    order_id: Annotated[str, typer.Argument(metavar="ORDER", help="The order's id in the shop.")],
    as_json: JsonOption = False,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Show what was posted for all cases of an order, and their accounts."""
    asyncio.run(_of_order(Deployment(home), order_id, as_json=as_json))


@app.command("trial-balance")
def trial_balance(
    at: Annotated[
        datetime | None,
        typer.Option("--at", metavar="DATE", formats=["%Y-%m-%d"], help="As at the end of that day, UTC."),
    ] = None,
    as_json: JsonOption = False,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Show every account with both of its sides, which are equal over all accounts."""
    before = None if at is None else at.replace(tzinfo=UTC) + DAY
    asyncio.run(_trial_balance(Deployment(home), before, as_json=as_json))


@app.command("write-off")
def write_off_command(
    payment: PaymentArgument,
    typed: Annotated[str, typer.Option("--amount", metavar="AMOUNT", help='How much, such as "12.30".')],
    reason: Annotated[str, typer.Option(help="Why it is given up, for the books and the case's log.")],
    lost: Annotated[
        Lost,
        typer.Option(
            show_default=True,
            help="overpayment: paid twice, and not to be got back; difference: the provider's statement has more.",
        ),
    ] = Lost.OVERPAYMENT,
    actor: StaffActorOption = None,
    role: StaffRoleOption = None,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Write off money of a payment that will not come back; for finance, and never to be undone."""
    given_up = {
        **payment._asdict(),
        "lost": lost,
        "reason": said_in("--reason", reason),
    }
    deployment, asked = Deployment(home), TypedAmount(typed)

    async def given_up_by_finance() -> None:
        await _write_off(deployment, given_up, asked, await speaker_of(deployment, actor, role, CASHIERS))

    asyncio.run(given_up_by_finance())


async def _of_case(deployment: Deployment, number: str, *, as_json: bool) -> None:
    from storage.bookkeeping import Bookkeeping  # noqa: PLC0415 - not needed for `--help`

    async with deployment.database() as engine:
        books = await Bookkeeping(engine).of_case(number)
    if not books.postings:
        await stored_case(deployment, number)
    _write(books, f"case {number}", as_json=as_json)


async def _of_order(deployment: Deployment, order_id: str, *, as_json: bool) -> None:
    from storage.bookkeeping import Bookkeeping  # noqa: PLC0415

    async with deployment.database() as engine:
        books = await Bookkeeping(engine).of_order(order_id)
    _write(books, f"order {order_id}", as_json=as_json)


async def _trial_balance(deployment: Deployment, before: datetime | None, *, as_json: bool) -> None:
    from storage.bookkeeping import Bookkeeping, Books  # noqa: PLC0415

    async with deployment.database() as engine:
        accounts = await Bookkeeping(engine).trial_balance(before)
    _write(Books((), accounts), "any case", as_json=as_json)


async def _write_off(deployment: Deployment, given_up: dict[str, object], typed: TypedAmount, speaker: Speaker) -> None:
    from storage.store import SqlStore  # noqa: PLC0415

    case = await stored_case(deployment, str(given_up["number"]))
    currency = typed.currency or (case.amount.currency if case.amount else None)
    if currency is None:
        raise MistypedError("The case has no amount, so nothing of it was paid and nothing can be written off.")
    asked = WriteOff.model_validate(given_up | speaker._asdict() | {"amount": typed.money(currency)})
    async with deployment.database() as engine, SqlStore(engine).begin() as unit:
        posting = await write_off(unit, asked, datetime.now(UTC))
    say(f"Written off: {amount(posting.amount)} of payment {posting.provider_number}, from {words(posting.credit)}.")


def _write(books: Books, whose: str, *, as_json: bool) -> None:
    if as_json:
        say(json.dumps(_as_json(books), ensure_ascii=False))
    elif not books.accounts:
        say(f"Nothing was posted for {whose}.")
    else:
        if books.postings:
            console().print(posting_table(books.postings))
        console().print(account_table(books.accounts))


def _as_json(books: Books) -> dict[str, object]:
    from storage.bookkeeping import totals  # noqa: PLC0415

    return {
        "postings": [posting.model_dump(mode="json") for posting in books.postings],
        "accounts": [each._asdict() | {"balance_minor": each.balance_minor} for each in books.accounts],
        "totals": [each._asdict() for each in totals(books.accounts)],
    }


def posting_table(postings: Sequence[Posting]) -> Table:
    """A line a posting, oldest first."""
    shown = table("Posted", "Debit", "Credit", "Amount", "Payment", "What")
    shown.columns[3].justify = "right"
    for each in postings:
        cells = (moment(each.posted_at), each.debit, each.credit, amount(each.amount), each.provider_number, each.note)
        shown.add_row(*(plain(cell) for cell in cells))
    return shown


def account_table(accounts: tuple[AccountSums, ...]) -> Table:
    """A line for each account and currency, and below them what both sides come to."""
    from storage.bookkeeping import totals  # noqa: PLC0415

    shown = table("Account", "Debit", "Credit", "Balance")
    for column in shown.columns[1:]:
        column.justify = "right"
    for each in accounts:
        shown.add_row(plain(each.account), *_sides(each), _money(each.balance_minor, each.currency))
    shown.add_section()
    for each in totals(accounts):
        holds = each.debit_minor == each.credit_minor
        verdict = Text("debit = credit", style="green") if holds else Text("does not balance", style="bold red")
        shown.add_row(Text(f"Total {each.currency}", style="bold"), *_sides(each), verdict)
    return shown


def _sides(sums: AccountSums) -> tuple[str, str]:
    return _money(sums.debit_minor, sums.currency), _money(sums.credit_minor, sums.currency)


def _money(minor: int, currency: str) -> str:
    return amount(Money(minor=minor, currency=currency))
