"""Our own format: every good line is an order with frozen shares, every bad one is named and stops no other."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from aftersales.contract.values import Language
from domain.allocation import FrozenShipping, ThresholdPromotion
from domain.orders import Account
from integrations.shop.outcomes import LeftOut, OrderRead
from tests.integrations.shop.statements import line, order, read, reasons, tender, the_order, the_problem


def test_a_line_becomes_an_order_with_every_fact_it_states() -> None:
    stated = order(payment_fingerprint="fp_1", address_hash="ab12")
    record = the_order(read(stated)).record
    assert record.account == Account(
        customer_id="c-1", name="王芳", email="wang@example.com", language=Language.ZH_CN, state="active"
    )
    assert (record.order_id, record.currency, record.paid) == ("SO-1", "CNY", True)
    assert (record.payment_fingerprint, record.address_hash) == ("fp_1", "ab12")
    assert record.shipping == FrozenShipping(net_minor=800)
    assert [(t.provider, t.reference, t.captured_minor) for t in record.tenders] == [("stripe", "ch_1", 10_700)]


def test_times_are_kept_in_utc() -> None:
    record = the_order(read(order())).record
    assert record.bought_at == datetime(2026, 3, 1, 1, 0, tzinfo=UTC)
    assert record.bought_at.tzinfo is UTC
    assert record.delivered_at == datetime(2026, 3, 3, 12, 0, tzinfo=UTC)


def test_discounts_are_frozen_over_the_units() -> None:
    lines = [line(discount_minor=1), line(line_id="2", quantity=1, final_sale=True, sku="POT", category="kitchen")]
    record = the_order(read(order(lines=lines, tenders=[tender(15_699)]))).record
    assert [each.frozen.worth().net_minor for each in record.lines] == [9_932, 4_967]
    assert (record.lines[0].sku, record.lines[1].sku) == ("1", "POT")
    assert record.lines[1].final_sale


def test_a_promotion_is_kept_with_its_threshold() -> None:
    promotion = {"threshold_minor": 10_000, "discount_minor": 3_000}
    record = the_order(read(order(promotion=promotion, tenders=[tender(7_700)]))).record
    assert record.promotion == ThresholdPromotion(threshold_minor=10_000, discount_minor=3_000)


def test_shipping_is_taxed_as_the_lines_are_unless_it_says_otherwise() -> None:
    taxed = order(tax_mode="exclusive", shipping={"price_minor": 800, "tax_bp": 1_000}, tenders=[tender(10_780)])
    assert the_order(read(taxed)).record.shipping == FrozenShipping(net_minor=800, tax_minor=80)
    untaxed = order(tax_mode="exclusive", shipping={"price_minor": 800, "tax_mode": "none"})
    assert the_order(read(untaxed)).record.shipping == FrozenShipping(net_minor=800)


def test_gift_cards_and_store_credit_are_their_own_provider() -> None:
    gift = {"tender_id": "gift", "kind": "gift_card", "reference": "gc_1", "captured_minor": 700}
    record = the_order(read(order(tenders=[gift, tender(10_000)]))).record
    assert [each.provider for each in record.tenders] == ["gift_card", "stripe"]


@pytest.mark.parametrize(
    ("changes", "field", "says"),
    [
        ({"currency": "yuan"}, "currency", "pattern"),
        ({"paid": "yes"}, "paid", "valid boolean"),
        ({"lines": []}, "lines", "at least 1"),
        ({"lines": [line(quantity=2.5)]}, "lines.0.quantity", "valid integer"),
        ({"lines": [line(unit_price_minor="50.00")]}, "lines.0.unit_price_minor", "valid integer"),
        ({"lines": [line(unit_price_minor=-1)]}, "lines.0.unit_price_minor", "greater than or equal to 0"),
        ({"lines": [line(disount_minor=5)]}, "lines.0.disount_minor", "not permitted"),
        ({"lines": [line(title="NUL \x00")]}, "lines.0.title", "control characters"),
        ({"bought_at": "2026-03-01T09:00:00"}, "bought_at", "timezone"),
        ({"bought_at": 1_772_000_000}, "bought_at", "valid datetime"),
        ({"bought_at": "9999-12-31T23:59:59-12:00"}, "bought_at", "the year is not between"),
        ({"customer": {"customer_id": "c-1", "email": "nobody"}}, "customer.email", "pattern"),
        ({"customer": {"customer_id": "c-1", "email": "a\0@b.example"}}, "customer.email", "pattern"),
        ({"customer": {"customer_id": "c-1", "language": "fr"}}, "customer.language", "'zh-CN' or 'en'"),
        ({"tenders": [tender(0)]}, "tenders.0.captured_minor", "greater than 0"),
        ({"tenders": [tender(10_700, provider="gift_card")]}, "tenders.0", "names the provider that took it"),
        ({"tenders": [tender(10_700, kind="gift_card")]}, "tenders.0", "leave it out"),
        ({"tenders": [tender(5_350), tender(5_350)]}, "", "same tender_id"),
        ({"delivered_at": "2026-02-01T00:00:00Z"}, "", "lies before bought_at"),
    ],
)
def test_a_wrong_value_is_named_by_its_field(changes: dict[str, object], field: str, says: str) -> None:
    problem = the_problem(read(order(**changes)))
    assert (problem.reason, problem.field) == (LeftOut.BAD_VALUE, field)
    assert says in problem.sentence


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"tenders": [tender(10_699)]}, "add up to 10699, but the order comes to 10700"),
        ({"tenders": []}, "add up to 0"),
        ({"order_discount_minor": 10_001}, "discounts exceed its price"),
        ({"order_discount_bp": 500}, "both a discount amount and a discount percentage"),
        ({"lines": [line(), line()]}, "same id"),
        ({"lines": [line(tax_minor=5)]}, "a tax where none applies"),
        ({"currency": "XXX"}, "not a currency"),
    ],
)
def test_amounts_that_contradict_each_other_are_no_order(changes: dict[str, object], says: str) -> None:
    problem = the_problem(read(order(**changes)))
    assert problem.reason is LeftOut.CONTRADICTION
    assert says in problem.sentence


def test_an_order_still_to_be_paid_names_what_it_will_be_paid_by() -> None:
    assert not the_order(read(order(paid=False))).record.paid
    assert the_problem(read(order(paid=False, tenders=[]))).field == "tenders"


def test_an_order_that_cost_nothing_needs_no_tender() -> None:
    free = order(order_discount_minor=0, order_discount_bp=10_000, shipping=None, tenders=[])
    assert the_order(read(free)).record.tenders == ()


@pytest.mark.parametrize("text", ['{"order_id": "SO-1"', "order SO-1", '{"a": "\\ud800"}', "[" * 10_000])
def test_a_line_that_is_no_json_is_named(text: str) -> None:
    problem = the_problem(read(text))
    assert problem.reason is LeftOut.NOT_JSON
    assert problem.text == text


def test_one_bad_line_stops_no_other() -> None:
    outcomes = read(order(), "{", "", b"\xff", "[]", order(order_id="SO-2"))
    assert [outcome.record.order_id for outcome in outcomes if isinstance(outcome, OrderRead)] == ["SO-1", "SO-2"]
    assert reasons(outcomes) == [LeftOut.NOT_JSON, LeftOut.NOT_UTF8, LeftOut.BAD_VALUE]


def test_a_second_order_under_one_id_is_named_with_the_row_of_the_first() -> None:
    outcomes = read(order(), order(paid=False))
    assert [outcome.rows[0].number for outcome in outcomes if isinstance(outcome, OrderRead)] == [1]
    problem = the_problem(outcomes[1:])
    assert (problem.row, problem.reason) == (2, LeftOut.DUPLICATE_ORDER)
    assert "stands in row 1 already" in problem.sentence


def test_an_order_mended_below_its_bad_line_comes_in() -> None:
    outcomes = read(order(currency=""), order())
    assert the_order(outcomes).rows[0].number == 2


def test_the_row_is_kept_as_it_stood_in_the_file() -> None:
    text = json.dumps(order(paid=None))
    assert the_problem(read(f"  {text}\r")).text == text


def test_several_wrong_fields_are_counted() -> None:
    assert "(and 1 more)" in the_problem(read(order(currency="", paid=None))).sentence
