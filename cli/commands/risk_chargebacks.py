"""`aftersales risk chargeback`: disputes of payments whose provider does not tell of them by itself."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.commands.deployment import Deployment
from cli.commands.errors import CommandError
from cli.commands.parameters import (
    DEFAULT_HOME,
    AmountOption,
    HomeOption,
    StaffActorOption,
    StaffRoleOption,
    TypedAmount,
    said_in,
    typed_amount,
)
from cli.commands.risk_keeping import ReasonOption, keeping
from cli.commands.screen import console, counted, say
from domain.chargebacks import Chargeback, ChargebackState

if TYPE_CHECKING:
    from aftersales.contract.values import Money
    from storage.risk import Attempt

# ruff: noqa: PLC0415 - the database takes a second to load, and `--help` does not need it

MOMENTS = ["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"]
app = typer.Typer()
ProviderArgument = Annotated[str, typer.Argument(metavar="PROVIDER", help="Who took the payment, such as alipay.")]
DisputeArgument = Annotated[str, typer.Argument(metavar="DISPUTE", help="The provider's own id of the dispute.")]


class Ending(StrEnum):
    """How a dispute ended."""

    WON = "won"
    LOST = "lost"
    WITHDRAWN = "withdrawn"


@app.callback()
def chargeback() -> None:
    """Record that a payment is disputed, and how it ended."""


@app.command("open")
def open_(
    provider: ProviderArgument,
    dispute: DisputeArgument,
    *,
    order: Annotated[str, typer.Option("--order", metavar="ORDER", help="The order that was paid by it.")],
    reason: ReasonOption,
    payment: Annotated[str, typer.Option("--payment", metavar="ID", help="The payment's id at the provider.")] = "",
    amount: AmountOption = None,
    since: Annotated[
        datetime | None, typer.Option("--since", formats=MOMENTS, metavar="WHEN", help="Disputed since then, UTC.")
    ] = None,
    actor: StaffActorOption = None,
    role: StaffRoleOption = None,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Record a dispute: until it has ended nothing of the order is refunded, for it would be paid twice."""
    typed, opened_at = typed_amount(amount), since.replace(tzinfo=UTC) if since else None
    attempt = _attempt(f"{provider} {dispute}", said_in("--reason", reason))

    async def opened() -> None:
        async with keeping(home, actor, role, attempt) as (book, keeper):
            heard = Chargeback(
                provider=provider,
                dispute_id=dispute,
                payment_reference=payment,
                order_id=order,
                state=ChargebackState.OPEN,
                amount=_disputed(typed),
                opened_at=opened_at or keeper.at,
                as_of=keeper.at,
            )
            await book.state_chargebacks(keeper, [heard], attempt.why)

    asyncio.run(opened())
    say(f"Recorded: the payment of order {order} is disputed ({provider} {dispute}); nothing of it is refunded.")


@app.command()
def close(
    provider: ProviderArgument,
    dispute: DisputeArgument,
    ending: Annotated[
        Ending, typer.Option("--as", help="won or withdrawn: refunds go on; lost: the customer has the money.")
    ],
    reason: ReasonOption,
    actor: StaffActorOption = None,
    role: StaffRoleOption = None,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Record how a dispute ended; payments that waited for it go on, or are given up."""

    attempt = _attempt(f"{provider} {dispute}", said_in("--reason", reason))

    async def closed() -> None:
        async with keeping(home, actor, role, attempt) as (book, keeper):
            known = await book.chargeback(provider, dispute)
            if known is None:
                raise CommandError(
                    f"There is no dispute {dispute} at {provider}. `aftersales risk chargebacks` lists the latest."
                )
            ended = {"state": ChargebackState(ending.value), "closed_at": keeper.at, "as_of": keeper.at}
            await book.state_chargebacks(keeper, [known.model_copy(update=ended)], attempt.why)

    asyncio.run(closed())
    say(f"Recorded: {provider} {dispute} is {ending.value}.")


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE", exists=True, dir_okay=False, help="A JSON object a line.")],
    reason: ReasonOption,
    actor: StaffActorOption = None,
    role: StaffRoleOption = None,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Record the disputes of a file, all or none; the same file again changes nothing."""
    from cli.commands.risk_file import disputes_of

    stated, attempt = disputes_of(file), _attempt(file.name, said_in("--reason", reason))

    async def recorded() -> None:
        async with keeping(home, actor, role, attempt) as (book, keeper):
            await book.state_chargebacks(keeper, stated, attempt.why)

    asyncio.run(recorded())
    say(f"Recorded: {counted(len(stated), 'dispute')}.")


async def show_latest(home: Path, limit: int) -> None:
    """Write the table, or that there is none."""
    from cli.commands.risk_screen import chargeback_table
    from storage.risk import RiskBook

    async with Deployment(home).database() as engine:
        found = await RiskBook(engine).chargebacks(limit=limit)
    if found:
        console().print(chargeback_table(found))
    else:
        say("No payment was ever disputed.")


def _attempt(about: str, why: str) -> Attempt:
    from storage.risk import Attempt

    return Attempt("chargeback", {"about": about}, why)


def _disputed(typed: TypedAmount | None) -> Money | None:
    if typed is None:
        return None
    if typed.currency is None:
        raise CommandError('--amount needs its currency, such as "12.30 CNY".')
    return typed.money(typed.currency)
