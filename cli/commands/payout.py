"""`aftersales payout`: where a customer wants money that cannot go back the way it came (P3.2).

An account is shown whole only by `reveal`, which the operations log records.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Final

import typer
from rich.table import Table

from aftersales.contract.values import LegState, Role
from cli.commands.answers import stored_case
from cli.commands.deployment import Deployment
from cli.commands.errors import CommandError
from cli.commands.identity import CASHIERS, Speaker, speaker_of
from cli.commands.parameters import (
    DEFAULT_HOME,
    HomeOption,
    NumberArgument,
    StaffActorOption,
    StaffRoleOption,
    confirm_erasing,
)
from cli.commands.payout_choice import choose, told
from cli.commands.screen import amount, console, plain, say, table, words

# ruff: noqa: PLC0415 - the database takes a second to load, and `--help` does not need it

if TYPE_CHECKING:
    from activities.ports import KeptPayee, Payee
    from activities.rows import LegRow

REVEALED: Final = "destination_revealed"
ERASED: Final = "destinations_erased"
_UNDER_WAY: Final = frozenset(LegState) - {LegState.SUCCEEDED, LegState.FAILED, LegState.REVERSED}
app = typer.Typer()
app.command()(choose)


@app.callback()
def payout() -> None:
    """Say, see and reveal where a customer wants money that cannot go back the way it came."""


@app.command()
def show(number: NumberArgument, home: HomeOption = DEFAULT_HOME) -> None:
    """Show what is owed elsewhere and the destinations that were named, masked."""
    asyncio.run(_show(Deployment(home), number))


async def _show(deployment: Deployment, number: str) -> None:
    await stored_case(deployment, number)
    async with deployment.payees() as payees:
        owed, named = await payees.owed(number), await payees.of_case(number)
    legs = await _payouts(deployment, number)
    say(told(owed, number) if owed else f"Case {number} asks for no destination.")
    if named:
        console().print(destination_table(named, legs))


def destination_table(named: Sequence[KeptPayee], legs: Sequence[LegRow]) -> Table:
    """A line a destination, with the payments that went or go to it."""
    shown = table("Destination", "Method", "Payments")
    for kept in named:
        payments = [
            f"{row.leg.provider_number} {words(row.leg.state.value)}" for row in legs if row.payee == kept.token
        ]
        shown.add_row(*(plain(cell) for cell in (kept.masked, words(kept.method.value), ", ".join(payments))))
    return shown


@app.command()
def reveal(
    number: NumberArgument,
    actor: StaffActorOption = None,
    role: StaffRoleOption = None,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Show whole the destinations that payments are on their way to; for finance, and recorded."""
    if role not in (None, *CASHIERS):
        raise CommandError(
            f"The role {role.value} may not see a whole account; `aftersales payout show {number}` shows it masked."
        )
    asyncio.run(_reveal(Deployment(home), number, actor, role))


async def _reveal(deployment: Deployment, number: str, actor: str | None, role: Role | None) -> None:
    speaker = await speaker_of(deployment, actor, role, CASHIERS)
    await stored_case(deployment, number)
    async with deployment.payees() as payees:
        named = {kept.token for kept in await payees.of_case(number)}
    payouts = await _payouts(deployment, number)
    going = {row.payee: row for row in payouts if row.payee in named and row.leg.state in _UNDER_WAY}
    if not going:
        raise CommandError(
            f"No payment of case {number} is on its way to a destination that was named. `aftersales payout show "
            f"{number}` shows those that were named, masked."
        )
    payments = ", ".join(row.leg.provider_number for row in going.values())
    await _note(deployment, [number], REVEALED, speaker, payments)
    async with deployment.payees() as payees:
        shown = [(row, await payees.reveal(token)) for token, row in going.items()]
    console().print(revealed_table(shown))


def revealed_table(shown: Sequence[tuple[LegRow, Payee]]) -> Table:
    """A line a payment with all that whoever pays it must know."""
    whole = table("Payment", "Amount", "Method", "Account", "Holder", "Bank")
    for row, payee in shown:
        cells = (
            row.leg.provider_number,
            amount(row.leg.amount),
            words(payee.method.value),
            payee.account,
            payee.holder,
            payee.bank,
        )
        whole.add_row(*(plain(cell) for cell in cells))
    return whole


@app.command()
def erase(
    customer_id: Annotated[str, typer.Argument(metavar="CUSTOMER", help="Whose destinations.")],
    actor: StaffActorOption = None,
    role: StaffRoleOption = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask again.")] = False,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Empty all destinations of a person for good; what was paid and who did what stays on record.

    Money that is still to go to one of them does not arrive there.
    """
    if role not in (None, Role.ADMIN):
        raise CommandError(f"The role {role.value} may not erase anything; an admin may.")
    confirm_erasing(f"Erase all destinations of {customer_id} for good?", said=yes)
    asyncio.run(_erase(Deployment(home), customer_id, actor))


async def _erase(deployment: Deployment, customer_id: str, actor: str | None) -> None:
    speaker = await speaker_of(deployment, actor, Role.ADMIN, ())
    async with deployment.payees() as payees:
        numbers = await payees.erase(customer_id, datetime.now(UTC))
    if not numbers:
        say(f"Nothing is kept of {customer_id}, so nothing was erased.")
        return
    await _note(deployment, numbers, ERASED, speaker)
    say(f"Erased: what was named for {', '.join(numbers)}.")


@app.command()
def relock(home: HomeOption = DEFAULT_HOME) -> None:
    """Lock all destinations with the first of AFTERSALES_PAYEE_KEYS, so that the old ones can be taken away.

    It may run beside everything else, and again.
    """
    asyncio.run(_relock(Deployment(home)))


async def _relock(deployment: Deployment) -> None:
    async with deployment.payees() as payees:
        relocked, unopened = await payees.relock()
    say(f"Destinations locked anew with the first key: {relocked}.")
    if unopened:
        under = ", ".join(f"{count} under {key_id}" for key_id, count in sorted(unopened.items()))
        raise CommandError(
            f"No key opens {under}. Put that key behind the first one in AFTERSALES_PAYEE_KEYS and run this again; "
            "with that key lost, the customers have to be asked again when their money is due."
        )


async def _payouts(deployment: Deployment, number: str) -> list[LegRow]:
    """The case's payments to destinations that were named."""
    from storage.reading import Reading

    async with deployment.database() as engine:
        record = await Reading(engine).case(number)
    return [row for row in record.legs if row.payee] if record else []


async def _note(
    deployment: Deployment, numbers: Sequence[str], action: str, speaker: Speaker, reason: str = ""
) -> None:
    """In the cases' operations logs; for a look at an account before it is shown, so that nobody sees one without."""
    from activities.rows import AuditEntry
    from storage.store import SqlStore

    now = datetime.now(UTC)
    entries = tuple(
        AuditEntry(
            number=number,
            at=now,
            actor=speaker.actor,
            role=speaker.role.value,
            channel=speaker.channel,
            action=action,
            reason=reason,
        )
        for number in numbers
    )
    async with deployment.database() as engine, SqlStore(engine).begin() as unit:
        await unit.append_audit(entries)
