"""What other systems of the shop said of an application, as the staff reads it (P2.3, P2.5, P2.6)."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from activities.particulars import AccountStanding, Particulars, ShipmentRecord, ShippedLine, StockLine
from cli.commands.screen import moment, plain, table, words

_NOT_RECORDED = "not recorded"


def particulars_group(said: Particulars) -> Group:
    """What each source said in a line, then the parcel and the stock line by line, where there are any."""
    parts: list[RenderableType] = [_summary(said)]
    if said.record and said.record.lines:
        parts.append(_parcel(said.record.lines))
    if said.stock:
        parts.append(_stock(said.stock))
    return Group(*parts)


def _summary(said: Particulars) -> Table:
    shown = Table.grid(padding=(0, 2))
    shown.add_column(style="dim", no_wrap=True)
    shown.add_column(overflow="fold")
    for name, text in _said(said):
        shown.add_row(name, plain(text))
    for source in said.down:
        shown.add_row(words(source).capitalize(), Text("did not answer", style="red"))
    return shown


def _said(said: Particulars) -> Iterator[tuple[str, str]]:
    yield "Shipment", words(said.shipment)
    if said.record:
        yield "Parcel", _journey(said.record)
    yield "Replacement", words(said.replacement)
    yield "Account", _standing(said.standing) if said.standing else "not known"


def _journey(record: ShipmentRecord) -> str:
    sent = f"shipped {moment(record.shipped_at)}" if record.shipped_at else "not shipped"
    came = f"delivered {moment(record.delivered_at)}" if record.delivered_at else "no delivery recorded"
    return ", ".join(part for part in (record.carrier, record.tracking, sent, came) if part)


def _standing(standing: AccountStanding) -> str:
    contact = "contact verified" if standing.contact_verified else "contact not verified"
    since = f"since {moment(standing.since)}" if standing.since else ""
    return ", ".join(part for part in (words(standing.state), contact, since, standing.note) if part)


def _parcel(lines: tuple[ShippedLine, ...]) -> Table:
    shown = table("Line", "Ordered", "Picked", "Shipped", "Pieces", "Expected", "Weighed", title="What was sent")
    for line in lines:
        picked, shipped = (_sku(sku, line.ordered_sku) for sku in (line.picked_sku, line.shipped_sku))
        pieces = str(line.shipped_quantity or "")
        grams = (_grams(line.expected_g), _grams(line.weighed_g))
        shown.add_row(plain(line.line_id), plain(line.ordered_sku), picked, shipped, pieces, *grams)
    return shown


def _sku(sku: str, ordered: str) -> Text:
    """What is not what was ordered stands out."""
    return plain(sku or _NOT_RECORDED, style="yellow" if sku and sku != ordered else "")


def _grams(weight: int) -> str:
    return f"{weight} g" if weight else _NOT_RECORDED


def _stock(lines: tuple[StockLine, ...]) -> Table:
    shown = table("For line", "SKU", "In stock", title="What could be sent instead")
    for line in lines:
        shown.add_row(plain(line.line_id), plain(line.sku), str(line.available))
    return shown
