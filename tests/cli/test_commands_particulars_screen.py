"""What other systems said is shown whole, what differs stands out, and a silent source is never passed over."""

from __future__ import annotations

from datetime import UTC, datetime

from rich.console import Console

from activities.particulars import (
    NOTHING_ASKED,
    AccountStanding,
    Particulars,
    ShipmentRecord,
    ShippedLine,
    StockLine,
)
from activities.rulings import Replacement, Shipment
from cli.commands.particulars_screen import particulars_group

AT = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)


def shown(said: Particulars, *, colours: bool = False) -> str:
    console = Console(width=160, highlight=False, no_color=False, color_system="standard" if colours else None)
    with console.capture() as capture:
        console.print(particulars_group(said))
    return capture.get()


def test_a_parcel_is_shown_with_its_journey_and_its_lines() -> None:
    line = ShippedLine(line_id="cup", ordered_sku="CUP", shipped_sku="PLATE", shipped_quantity=2, weighed_g=410)
    record = ShipmentRecord(carrier="sf", tracking="SF1", shipped_at=AT, lines=(line,))
    text = shown(Particulars(shipment=Shipment.DIFFERS, record=record))
    assert "differs" in text
    assert "sf, SF1, shipped 2026-11-02 12:00:00 UTC, no delivery recorded" in text
    (row,) = [each for each in text.splitlines() if each.split()[:1] == ["cup"]]
    assert row.split() == ["cup", "CUP", "not", "recorded", "PLATE", "2", "not", "recorded", "410", "g"]


def test_what_was_not_ordered_stands_out() -> None:
    lines = (ShippedLine(line_id="cup", ordered_sku="CUP", picked_sku="CUP", shipped_sku="PLATE"),)
    text = shown(Particulars(record=ShipmentRecord(lines=lines)), colours=True)
    assert "\x1b[33mPLATE" in text
    assert "\x1b[33mCUP" not in text
    assert "not shipped" in text


def test_stock_and_account_are_shown() -> None:
    said = Particulars(
        replacement=Replacement.OUT_OF_STOCK,
        stock=(StockLine(line_id="cup", sku="CUP-L", available=0),),
        standing=AccountStanding(state="closed", since=AT, note="moved \x1b[2J away"),
    )
    text = shown(said)
    assert "out of stock" in text
    assert "CUP-L" in text
    assert "closed, contact not verified, since 2026-11-02 12:00:00 UTC, moved �[2J away" in text


def test_a_source_that_did_not_answer_is_named() -> None:
    text = shown(Particulars(shipment=Shipment.UNAVAILABLE, down=("accounts", "logistics")))
    assert [line.split()[0] for line in text.splitlines() if "did not answer" in line] == ["Accounts", "Logistics"]


def test_nothing_asked_is_said_in_words() -> None:
    text = shown(NOTHING_ASKED)
    assert text.count("not checked") == 2
    assert "not known" in text
