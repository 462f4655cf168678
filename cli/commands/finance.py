"""`aftersales finance`: payments that have no interface; one person makes and records them, another one confirms."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer
from rich.table import Table

from aftersales.contract.messages import HandPayment
from aftersales.contract.values import HandPaymentAct
from cli.commands.answers import stored_case, tell
from cli.commands.deployment import Deployment
from cli.commands.identity import CASHIERS, speaker_of
from cli.commands.parameters import (
    DEFAULT_HOME,
    EvidenceOption,
    HomeOption,
    MessageIdOption,
    StaffActorOption,
    StaffRoleOption,
    said_in,
)
from cli.commands.payment_numbers import PaymentArgument
from cli.commands.screen import amount, console, moment, plain, say, table, words
from cli.commands.speaking import spoken_by

if TYPE_CHECKING:
    from activities.rows import HandPaymentRow

MOST: int = 1000
_NEXT: Final = {
    HandPaymentAct.PAID: "A colleague must confirm it: `aftersales finance confirm {payment}`.",
    HandPaymentAct.CONFIRMED: "The payment {payment} counts as made.",
    HandPaymentAct.IMPOSSIBLE: "The customer is asked to name another destination, unless a chargeback gives them the "
    "money back; then the case stays with finance.",
    HandPaymentAct.REFUSED: "The payment {payment} is to be made again: `aftersales finance list`.",
}
"""What follows once the case has accepted it."""

app = typer.Typer()


@app.callback()
def finance() -> None:
    """Make and confirm the payments that no provider makes."""


@dataclass(frozen=True)
class Cashier:
    """Who of finance says something about which payment."""

    payment: PaymentArgument
    actor: StaffActorOption = None
    role: StaffRoleOption = None
    message_id: MessageIdOption = None
    home: HomeOption = DEFAULT_HOME

    def says(self, act: HandPaymentAct, evidence: Sequence[Path] = (), **said: object) -> None:
        """Send it to the payment's case and tell the answer."""
        fields = {"provider_number": self.payment.provider_number, "act": act, **said}
        asyncio.run(self._say(HandPayment.model_validate(fields), evidence))

    async def _say(self, message: HandPayment, files: Sequence[Path]) -> None:
        deployment, number = Deployment(self.home), self.payment.number
        speaker = await speaker_of(deployment, self.actor, self.role, CASHIERS)
        client = await deployment.client(speaker)
        if files:
            from cli.commands.evidence import upload  # noqa: PLC0415 - loaded only where there is evidence

            customer_id = (await stored_case(deployment, number)).start.application.customer_id
            refs = await upload(deployment, number, customer_id, files)
            message = message.model_copy(update={"evidence": refs})
        answer = await client.record_hand_payment(
            number, message, actor=speaker.actor, role=speaker.role, message_id=self.message_id
        )
        tell(number, answer, next_step=_NEXT[message.act].format(payment=self.payment.provider_number))


@app.command("list")
def list_payments(
    home: HomeOption = DEFAULT_HOME,
    limit: Annotated[int, typer.Option(min=1, max=MOST, show_default=True, help="At most so many.")] = 50,
) -> None:
    """List what is to be paid by hand, and what was paid and is to be confirmed; oldest first."""
    asyncio.run(_list(Deployment(home), limit))


async def _list(deployment: Deployment, limit: int) -> None:
    from storage.hand_payments import disputed, unfinished  # noqa: PLC0415 - not needed for `--help`

    async with deployment.database() as engine:
        payments = await unfinished(engine, limit=limit)
        held = await disputed(engine, payments)
    if payments:
        console().print(payment_table(payments, held))
    else:
        say("No payment is to be made by hand.")


def payment_table(payments: Sequence[HandPaymentRow], disputed: Collection[str] = ()) -> Table:
    """A line a payment; of accounts only what everybody may see. `disputed`: numbers of what is not to be paid."""
    shown = table("Payment", "Amount", "To", "State")
    for each in payments:
        to = words(each.method.value) if each.method else "as it was paid"
        cells = (each.provider_number, amount(each.amount), f"{to} {each.destination}".strip(), _state(each, disputed))
        shown.add_row(*(plain(cell) for cell in cells))
    return shown


def _state(payment: HandPaymentRow, disputed: Collection[str]) -> str:
    if payment.provider_number in disputed:
        return "do not pay: a chargeback gives the customer the money back"
    if payment.paid_by:
        return f"to be confirmed: paid by {payment.paid_by} with {payment.reference}, {moment(payment.paid_at)}"
    return f"to pay since {moment(payment.filed_at)}"


@app.command()
@spoken_by(Cashier)
def paid(
    cashier: Cashier,
    *,
    reference: Annotated[str, typer.Option(help="The bank's or the wallet's own number of the payment.")],
    evidence: EvidenceOption = None,
) -> None:
    """Record that you have made a payment; a colleague must confirm it."""
    cashier.says(HandPaymentAct.PAID, evidence or (), reference=said_in("--reference", reference))


@app.command()
@spoken_by(Cashier)
def confirm(cashier: Cashier) -> None:
    """Confirm a payment that a colleague has made: you have seen it at the bank."""
    cashier.says(HandPaymentAct.CONFIRMED)


@app.command()
@spoken_by(Cashier)
def refuse(
    cashier: Cashier,
    *,
    explanation: Annotated[str, typer.Option(help="What is wrong about it, for the colleague and the log.")],
) -> None:
    """Refuse a colleague's record of a payment: nothing was paid, or not that; it is to be paid again."""
    cashier.says(HandPaymentAct.REFUSED, explanation=said_in("--explanation", explanation))


@app.command()
@spoken_by(Cashier)
def impossible(
    cashier: Cashier,
    *,
    explanation: Annotated[str, typer.Option(help="Why it cannot be paid there, for the log.")],
) -> None:
    """Say that a payment cannot be made: nothing was paid, and the customer is to name another destination, if there is
    no chargeback."""
    cashier.says(HandPaymentAct.IMPOSSIBLE, explanation=said_in("--explanation", explanation))
