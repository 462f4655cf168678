"""Lists, chargebacks and a case's risk as the terminal shows them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.table import Table

from cli.commands.screen import amount, moment, plain, table, words

if TYPE_CHECKING:
    from activities.precautions import CustomerHistory, Risk
    from activities.rows import Account
    from cli.commands.risk_standing import Standing
    from domain.chargebacks import Chargeback
    from domain.listing import ListEntry


def list_table(entries: Sequence[ListEntry], now: datetime, title: str = "") -> Table:
    """A line each, in the sequence given."""
    shown = table("Line", "List", "What", "Why", "By", "Since", "Until", title=title)
    for each in entries:
        what = f"{words(each.kind.value)} {each.value}"
        cells = (each.entry_id, each.listing.value, what, each.reason, each.listed_by, moment(each.listed_at))
        shown.add_row(*(plain(cell) for cell in (*cells, _until(each, now))))
    return shown


def _until(entry: ListEntry, now: datetime) -> str:
    if entry.removed_at is not None:
        return f"taken off by {entry.removed_by}, {moment(entry.removed_at)}"
    if entry.expires_at is None:
        return "no end"
    return f"expired {moment(entry.expires_at)}" if not entry.counts_at(now) else moment(entry.expires_at)


def chargeback_table(chargebacks: Sequence[Chargeback], title: str = "") -> Table:
    """A line each, in the sequence given."""
    shown = table("Dispute", "State", "Amount", "Payment", "Order", "Opened", "Closed", title=title)
    for each in chargebacks:
        cells = (
            f"{each.provider} {each.dispute_id}",
            each.state.value,
            amount(each.amount),
            each.payment_reference,
            each.order_id,
            moment(each.opened_at),
            moment(each.closed_at),
        )
        shown.add_row(*(plain(cell) for cell in cells))
    return shown


def risk_screen(standing: Standing, now: datetime) -> RenderableType:
    """What the score is made of, then what it was made from."""
    return Group(*_parts(standing, now))


def _parts(standing: Standing, now: datetime) -> Iterator[RenderableType]:
    if standing.risk is None:
        yield plain(f"Case {standing.number} was not assessed.")
    else:
        yield plain(f"Case {standing.number}: {standing.risk.level.value} risk, {standing.risk.score} points.")
        yield from _signs(standing.risk)
    if standing.account is None:
        yield plain(f"Order {standing.order_id} is not here.")
    elif standing.history is not None:
        yield _known(standing.account, standing.history)
    if standing.entries:
        yield list_table(standing.entries, now, "Lists")
    if standing.chargebacks:
        yield chargeback_table(standing.chargebacks, "Chargebacks")


def _signs(risk: Risk) -> Iterator[RenderableType]:
    if risk.parts:
        shown = table("Sign", "Points", "Seen", title="What it is made of")
        for part in risk.parts:
            shown.add_row(plain(words(part.sign)), str(part.points), plain(part.seen))
        yield shown


def _known(account: Account, history: CustomerHistory) -> Table:
    """Besides the case at hand."""
    shown = table("", "", title="Customer, payment and address, besides this case")
    days = f"in {history.days} days"
    for name, value in (
        ("customer", account.customer_id),
        ("account", _account(account)),
        ("orders", f"{history.orders}, {history.refunded_orders} of them refunded"),
        (f"cases of the customer {days}", history.by_customer),
        (f"cases of the payment {days}", history.by_payment),
        (f"cases at the address {days}", history.by_address),
        ("refunds without a return", history.keep_items),
        ("returns without the goods", history.empty_boxes),
        ("parcels said not to have come", history.not_received),
    ):
        shown.add_row(name, plain(str(value)))
    return shown


def _account(account: Account) -> str:
    known = [
        "guest" if account.guest else words(account.state),
        "contact verified" if account.contact_verified else "contact not verified",
        *([f"since {moment(account.since)}"] if account.since else []),
    ]
    return ", ".join(known)
