"""What is asked about an application, what the answers say, and that silence is never a yes (P2.3, P2.5, P2.6)."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import timedelta

import pytest

from activities.enquiring import NoEnquiries, ShopEnquiries, replacement_said, shipment_said, weight_differs
from activities.particulars import (
    NOTHING_ASKED,
    AccountStanding,
    Particulars,
    ShipmentRecord,
    ShippedLine,
    SourceDownError,
    StockLine,
)
from activities.rulings import Replacement, Shipment
from aftersales.contract.messages import Application, Item
from aftersales.contract.values import Reason
from tests.activities.shop import NOW


class Shop:
    """All three sources at once. `down`: what to raise instead of an answer."""

    def __init__(self, record: ShipmentRecord | None = None, stock: Mapping[str, int] | None = None) -> None:
        self.record = record
        self.stock = stock or {}
        self.down: Exception | None = None
        self.asked: list[str] = []

    async def shipment(self, order_id: str) -> ShipmentRecord | None:
        self._ask(f"shipment of {order_id}")
        return self.record

    async def instead_of(self, order_id: str, line_id: str, wanted_sku: str) -> StockLine | None:
        self._ask(f"{wanted_sku} instead of {order_id}/{line_id}")
        found = self.stock.get(wanted_sku)
        return None if found is None else StockLine(line_id=line_id, sku=wanted_sku, available=found)

    async def standing(self, customer_id: str) -> AccountStanding | None:
        self._ask(f"standing of {customer_id}")
        return AccountStanding(contact_verified=True)

    def _ask(self, question: str) -> None:
        self.asked.append(question)
        if self.down is not None:
            raise self.down


def application(reason: Reason = Reason.WRONG_ITEM, wanted_sku: str = "", **lines: int) -> Application:
    """For order SO-1; without `lines`, one piece of line `cup`."""
    items = tuple(Item(line_id=line_id, quantity=quantity) for line_id, quantity in (lines or {"cup": 1}).items())
    return Application(order_id="SO-1", customer_id="c-1", items=items, reason=reason, wanted_sku=wanted_sku)


def line(line_id: str = "cup", *, picked: str = "CUP", shipped: str = "CUP", **more: int) -> ShippedLine:
    return ShippedLine(line_id=line_id, ordered_sku="CUP", picked_sku=picked, shipped_sku=shipped, **more)


def sent(*lines: ShippedLine) -> ShipmentRecord:
    return ShipmentRecord(carrier="sf", shipped_at=NOW, delivered_at=NOW + timedelta(days=1), lines=lines)


@pytest.mark.parametrize(
    ("record", "said"),
    [
        (None, Shipment.UNKNOWN),
        (ShipmentRecord(lines=(line(),)), Shipment.NOT_SHIPPED),
        (sent(line()), Shipment.MATCHES),
        (sent(line(shipped="PLATE")), Shipment.DIFFERS),
        (sent(line(picked="PLATE", shipped="PLATE")), Shipment.DIFFERS),
        (sent(line("lamp")), Shipment.UNKNOWN),
        (sent(line(picked="")), Shipment.MATCHES),
        (sent(line(picked="", shipped="PLATE")), Shipment.DIFFERS),
        (sent(line(picked="", shipped="")), Shipment.UNKNOWN),
    ],
)
def test_the_records_are_compared_with_the_complaint(record: ShipmentRecord | None, said: Shipment) -> None:
    assert shipment_said(application(), record) is said


def test_what_nobody_wrote_down_never_bears_the_customer_out() -> None:
    record = sent(line(shipped="PLATE"), line("lamp", picked="", shipped=""))
    assert shipment_said(application(cup=1, lamp=1), record) is Shipment.UNKNOWN


def test_one_wrong_line_does_not_bear_out_a_complaint_of_two() -> None:
    record = sent(line(shipped="PLATE"), line("lamp"))
    assert shipment_said(application(cup=1, lamp=1), record) is Shipment.MATCHES
    assert shipment_said(application(cup=1), record) is Shipment.DIFFERS


@pytest.mark.parametrize(
    ("expected_g", "weighed_g", "apart"),
    [
        (1000, 900, False),
        (1000, 899, True),
        (1000, 1101, True),
        (100, 51, False),
        (100, 49, True),
        (0, 900, False),
        (1000, 0, False),
    ],
)
def test_a_weight_differs_by_more_than_a_tenth_and_more_than_scales_do(
    expected_g: int, weighed_g: int, apart: bool
) -> None:
    record = sent(line(expected_g=expected_g, weighed_g=weighed_g))
    assert weight_differs(application(), record) is apart
    assert not weight_differs(application(lamp=1), record), "another line's weight says nothing"
    assert not weight_differs(application(), None)


@pytest.mark.parametrize(
    ("wanted", "stock", "said"),
    [
        ("CUP-L", {"CUP-L": 2}, Replacement.IN_STOCK),
        ("CUP-L", {"CUP-L": 1}, Replacement.OUT_OF_STOCK),
        ("CUP-L", {}, Replacement.UNKNOWN),
        ("", {"CUP-L": 2}, Replacement.UNKNOWN),
    ],
)
async def test_a_replacement_is_in_stock_only_for_every_piece(
    wanted: str, stock: Mapping[str, int], said: Replacement
) -> None:
    told = await enquire(Shop(stock=stock), application(Reason.WRONG_SIZE, wanted, cup=2))
    assert told.replacement is said


@pytest.mark.parametrize(("available", "said"), [(3, Replacement.IN_STOCK), (2, Replacement.OUT_OF_STOCK)])
async def test_the_same_pieces_are_not_promised_to_two_lines(available: int, said: Replacement) -> None:
    told = await enquire(Shop(stock={"CUP-L": available}), application(Reason.WRONG_SIZE, "CUP-L", cup=2, spare=1))
    assert told.replacement is said
    assert [each.line_id for each in told.stock] == ["cup", "spare"]


def test_lines_with_replacements_of_their_own_do_not_share() -> None:
    stock = (StockLine(line_id="cup", sku="CUP-L", available=2), StockLine(line_id="lamp", sku="LAMP-L", available=1))
    wanted = application(Reason.WRONG_SIZE, "CUP-L", cup=2, lamp=1)
    assert replacement_said(wanted, stock) is Replacement.IN_STOCK


async def enquire(shop: Shop, about: Application) -> Particulars:
    return await ShopEnquiries(shop, shop, shop).about(about)


@pytest.mark.parametrize(
    ("reason", "asked"),
    [
        (Reason.WRONG_ITEM, ["shipment of SO-1", "standing of c-1"]),
        (Reason.NOT_RECEIVED, ["shipment of SO-1", "standing of c-1"]),
        (Reason.WRONG_SIZE, ["CUP-L instead of SO-1/cup", "standing of c-1"]),
        (Reason.CHANGED_MIND, ["standing of c-1"]),
    ],
)
async def test_only_what_the_reason_calls_for_is_asked(reason: Reason, asked: list[str]) -> None:
    shop = Shop()
    told = await enquire(shop, application(reason, "CUP-L"))
    assert sorted(shop.asked) == asked
    assert (told.shipment is Shipment.NOT_CHECKED) == (asked[0][:8] != "shipment")
    assert (told.replacement is Replacement.NOT_CHECKED) == (reason is not Reason.WRONG_SIZE)


async def test_a_source_that_is_down_is_named_and_is_no_answer(caplog: pytest.LogCaptureFixture) -> None:
    shop, healthy = Shop(), Shop(sent(line()))
    shop.down = SourceDownError("stock: it did not answer within 2 s")
    told = await ShopEnquiries(healthy, shop, healthy).about(application(Reason.WRONG_SIZE, "CUP-L"))
    assert (told.down, told.replacement, told.stock) == (("stock",), Replacement.UNAVAILABLE, ())
    assert told.standing is not None, "the others' answers count"
    assert "stock: it did not answer within 2 s" in caplog.text


async def test_all_sources_can_be_down_at_once() -> None:
    shop = Shop()
    shop.down = SourceDownError("away")
    told = await enquire(shop, application())
    assert (told.down, told.shipment, told.standing) == (("accounts", "logistics"), Shipment.UNAVAILABLE, None)


async def test_our_own_database_away_is_no_source_that_is_down_but_a_step_to_try_again() -> None:
    shop = Shop()
    shop.down = OSError("the database cannot be reached")
    with pytest.raises(OSError, match="database"):
        await enquire(shop, application())


async def test_the_sources_are_asked_at_once() -> None:
    together = asyncio.Barrier(2)

    class Waiting(Shop):
        async def shipment(self, order_id: str) -> ShipmentRecord | None:
            await together.wait()
            return await super().shipment(order_id)

        async def standing(self, customer_id: str) -> AccountStanding | None:
            await together.wait()
            return await super().standing(customer_id)

    async with asyncio.timeout(30):
        assert (await enquire(Waiting(sent(line())), application())).shipment is Shipment.MATCHES


async def test_a_shop_without_such_systems_asks_nobody() -> None:
    assert await NoEnquiries().about(application()) == NOTHING_ASKED
    assert await ShopEnquiries(None, None, None).about(application(Reason.WRONG_SIZE, "CUP-L")) == NOTHING_ASKED
    assert await ShopEnquiries(None, None, None).about(application()) == NOTHING_ASKED
