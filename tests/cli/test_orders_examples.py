"""The example orders: good ones, fresh at every run, one for each way a refund can go."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from io import BytesIO

from aftersales.contract.values import Language
from cli.orders.examples import EXAMPLES, example_lines, example_shipments, example_stock
from cli.orders.payments import BOOKS
from domain.orders import OrderRecord
from domain.rails import GIFT_CARD, STORE_CREDIT
from domain.warehouse import Parcel
from integrations.providers import NAMES
from integrations.shop.json_lines import read_json_lines
from integrations.shop.outcomes import OrderRead
from integrations.shop.warehouse import COUNTS, PARCELS, Stated, read_statements

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


def example_orders(now: datetime, run: str) -> list[OrderRecord]:
    """The examples as an import reads them."""
    outcomes = read_json_lines(BytesIO(example_lines(now, run).encode()))
    return [outcome.record for outcome in outcomes if isinstance(outcome, OrderRead)]


def examples() -> dict[str, OrderRecord]:
    return {example.key: order for example, order in zip(EXAMPLES, example_orders(NOW, "r1"), strict=True)}


def test_every_example_is_an_order_that_the_import_takes() -> None:
    assert len(example_lines(NOW, "r1").splitlines()) == len(example_orders(NOW, "r1")) == len(EXAMPLES) >= 20


def test_another_run_makes_other_orders_and_other_payments() -> None:
    names = [
        {order.order_id for order in example_orders(NOW, run)}
        | {tender.reference for order in example_orders(NOW, run) for tender in order.tenders}
        for run in ("r1", "r2")
    ]
    assert not names[0] & names[1]


def test_dates_are_counted_back_from_now() -> None:
    orders = examples()
    assert orders["late"].delivered_at == NOW - timedelta(days=20)
    assert orders["late"].bought_at == NOW - timedelta(days=22)
    assert orders["transit"].delivered_at is None


def test_customers_read_both_languages_at_addresses_that_exist_nowhere() -> None:
    accounts = [order.account for order in examples().values()]
    assert {account.language for account in accounts} == set(Language)
    assert all(account.email.endswith("@customers.example") for account in accounts)


def test_the_orders_differ_in_what_they_are_there_for() -> None:
    orders = examples()
    assert orders["clearance"].lines[0].final_sale
    assert orders["yen"].currency == "JPY"
    assert [tender.captured_minor for tender in orders["two-cards"].tenders] == [39_900, 20_000]
    assert orders["two-lines"].shipping is not None
    assert orders["two-lines"].lines[0].frozen.worth().discount_minor > 1_000
    assert orders["threshold"].promotion is not None
    assert orders["taxed"].lines[0].frozen.worth().tax_minor == 480
    assert orders["blocked"].account.state == "blocked"
    assert not orders["unpaid"].paid


def test_every_way_of_paying_is_among_them() -> None:
    paid_by = {tender.provider for order in examples().values() for tender in order.tenders}
    assert paid_by == {*NAMES, GIFT_CARD, STORE_CREDIT, "cash"}
    assert [tender.captured_minor for tender in examples()["gift-card"].tenders] == [19_900, 10_000]


def test_the_sandbox_can_hold_every_payment_of_the_providers_that_it_plays() -> None:
    orders = examples().values()
    played = [tender for order in orders for tender in order.tenders if tender.provider in BOOKS]
    assert played
    assert all(BOOKS[tender.provider].reference.fullmatch(tender.reference) for tender in played)


def parcels() -> dict[str, Parcel]:
    """By order, as an import reads them."""
    read = read_statements(BytesIO(example_shipments(NOW, "r1").encode()), ".jsonl", PARCELS)
    return {each.record.order_id: each.record for each in read if isinstance(each, Stated)}


def test_every_paid_order_was_sent_and_one_of_them_wrongly() -> None:
    orders, sent = examples(), parcels()
    assert set(sent) == {order.order_id for order in orders.values() if order.paid}
    wrong = [
        key
        for key, order in orders.items()
        for line in sent.get(order.order_id, Parcel(order_id=order.order_id)).lines
        if line.shipped_sku not in {each.sku for each in order.lines}
    ]
    assert wrong == ["wrong-item"]
    transit = sent[orders["transit"].order_id]
    assert (transit.shipped_at is None, transit.delivered_at) == (False, None)


def test_one_other_size_of_the_boots_is_in_stock_and_one_is_not() -> None:
    read = read_statements(BytesIO(example_stock(NOW).encode()), ".jsonl", COUNTS)
    counts = {each.record.sku: each.record.available for each in read if isinstance(each, Stated)}
    assert examples()["boots"].lines[0].sku == "BOOTS-42"
    assert "BOOTS-42" not in counts
    assert (counts["BOOTS-43"] > 0, counts["BOOTS-44"]) == (True, 0)
