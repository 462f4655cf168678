"""The shares that are stored when an order is taken in (design: money, rules 2 and 3)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from domain.allocation import (
    DraftLine,
    DraftShipping,
    FrozenLine,
    FrozenOrder,
    OrderDraft,
    Run,
    TaxMode,
    ThresholdPromotion,
)
from domain.errors import CurrencyUnknown, LineUnknown, OrderInconsistent
from domain.freezing import freeze
from domain.money import LARGEST_MINOR, divide_half_up
from tests.domain.orders_for_test import drafts, one_line, orders


def draft(*lines: DraftLine, tax_mode: TaxMode = TaxMode.NONE, **more: object) -> OrderDraft:
    return OrderDraft.model_validate({"currency": "EUR", "tax_mode": tax_mode, "lines": lines, **more})


def line(line_id: str = "1", quantity: int = 1, price: int = 1000, **more: int) -> DraftLine:
    return DraftLine(line_id=line_id, quantity=quantity, unit_price_minor=price, **more)


def discounts_of(stated: OrderDraft) -> int:
    """All discounts of an order, by the words of its draft."""
    own = sum(each.discount_minor for each in stated.lines)
    promotion = stated.promotion.discount_minor if stated.promotion else 0
    goods = sum(each.quantity * each.unit_price_minor for each in stated.lines)
    percentage = divide_half_up((goods - own - promotion) * stated.order_discount_bp, 10_000)
    return own + promotion + stated.order_discount_minor + percentage


@given(stated=drafts())
def test_the_shares_of_all_units_add_up_to_the_order(stated: OrderDraft) -> None:
    worths = [each.worth() for each in freeze(stated).lines]
    assert sum(worth.goods_minor for worth in worths) == sum(
        each.quantity * each.unit_price_minor for each in stated.lines
    )
    assert sum(worth.discount_minor for worth in worths) == discounts_of(stated)
    promotion = stated.promotion.discount_minor if stated.promotion else 0
    assert sum(worth.promotion_minor for worth in worths) == promotion


@given(stated=drafts())
def test_every_line_keeps_its_units_and_its_own_discount(stated: OrderDraft) -> None:
    for each, frozen in zip(stated.lines, freeze(stated).lines, strict=True):
        assert (frozen.line_id, frozen.quantity) == (each.line_id, each.quantity)
        assert frozen.worth().discount_minor >= each.discount_minor


@given(stated=drafts())
def test_the_tax_of_a_line_is_its_net_amount_times_the_rate_half_up(stated: OrderDraft) -> None:
    for each, frozen in zip(stated.lines, freeze(stated).lines, strict=True):
        tax = sum(run.count * run.tax_minor for run in frozen.runs)
        base = 10_000 + (each.tax_bp if stated.tax_mode is TaxMode.INCLUSIVE else 0)
        assert tax == divide_half_up(frozen.worth().net_minor * each.tax_bp, base)
        assert frozen.worth().tax_minor == (tax if stated.tax_mode is TaxMode.EXCLUSIVE else 0)


@given(order=orders())
def test_no_unit_costs_less_than_nothing_or_more_than_its_price(order: FrozenOrder) -> None:
    for run in (run for each in order.lines for run in each.runs):
        assert 0 <= run.promotion_minor <= run.discount_minor <= run.goods_minor
        assert run.tax_minor <= run.net_minor or not run.tax_included


@given(order=orders())
def test_a_stored_order_is_read_back_as_it_was(order: FrozenOrder) -> None:
    assert FrozenOrder.model_validate_json(order.model_dump_json()) == order


@given(order=orders(), cut=st.integers(0, 6))
def test_a_line_cut_in_two_is_worth_its_parts(order: FrozenOrder, cut: int) -> None:
    for each in order.lines:
        head, tail = each.worth(0, min(cut, each.quantity)), each.worth(min(cut, each.quantity))
        assert tuple(a + b for a, b in zip(head, tail, strict=True)) == tuple(each.worth())


def test_a_million_units_are_stored_in_a_few_runs() -> None:
    order = one_line(1_000_000, 999, tax_bp=825, order_discount_minor=1_234_567)
    assert len(order.lines[0].runs) <= 4
    assert order.paid.minor == 999_000_000 - 1_234_567 + divide_half_up(997_765_433 * 825, 10_000)


def test_an_own_discount_falls_on_its_line_alone() -> None:
    order = freeze(draft(line("1", 3, 1000, discount_minor=100), line("2")))
    assert order.line("1").runs == (
        Run(count=1, goods_minor=1000, discount_minor=34),
        Run(count=2, goods_minor=1000, discount_minor=33),
    )
    assert order.line("2").worth().discount_minor == 0


def test_an_order_percentage_is_rounded_half_up() -> None:
    order = freeze(draft(line(price=1005), order_discount_bp=1000))
    assert order.paid.minor == 1005 - 101


def test_a_promotion_is_stored_apart_within_the_discount() -> None:
    promotion = ThresholdPromotion(threshold_minor=1000, discount_minor=300)
    order = freeze(draft(line(), promotion=promotion, order_discount_minor=70))
    assert order.lines[0].runs == (Run(count=1, goods_minor=1000, discount_minor=370, promotion_minor=300),)
    assert order.promotion == promotion


def test_a_tax_of_eight_and_a_quarter_per_cent_needs_no_fraction() -> None:
    assert one_line(1, 10_000, tax_bp=825).paid.minor == 10_825


def test_included_tax_is_stored_and_not_charged_again() -> None:
    order = freeze(draft(line(price=1190, tax_bp=1900), tax_mode=TaxMode.INCLUSIVE))
    assert order.lines[0].runs[0].tax_minor == 190
    assert order.paid.minor == 1190


def test_the_tax_that_the_shop_states_outranks_the_rate() -> None:
    taxed = draft(line(quantity=3, tax_bp=1000, tax_minor=301), tax_mode=TaxMode.EXCLUSIVE)
    assert [run.tax_minor for run in freeze(taxed).lines[0].runs] == [101, 100]
    shipping = DraftShipping(price_minor=100, tax_mode=TaxMode.EXCLUSIVE, tax_bp=1000, tax_minor=11)
    assert freeze(draft(line(), shipping=shipping)).paid.minor == 1111


def test_a_free_article_carries_a_stated_tax() -> None:
    gift = draft(line(quantity=2, price=0, tax_minor=5), tax_mode=TaxMode.EXCLUSIVE)
    assert freeze(gift).paid.minor == 5


INCONSISTENT: dict[str, OrderDraft] = {
    "the same id": draft(line("1"), line("1")),
    "both a discount amount": draft(line(), order_discount_minor=1, order_discount_bp=1),
    "worth more than": draft(line(price=LARGEST_MINOR, quantity=2)),
    "discounts exceed its price": draft(line(discount_minor=1001)),
    "exceed its price": draft(line(), order_discount_minor=1001),
    "discounts exceed": draft(line(), promotion={"threshold_minor": 0, "discount_minor": 1001}),
    "a tax where none applies": draft(line(tax_bp=1)),
    "where none applies": draft(line(), shipping=DraftShipping(price_minor=100, tax_bp=100)),
    "exceeds the price": draft(line(tax_minor=1001), tax_mode=TaxMode.INCLUSIVE),
    "was stated as paid": draft(line(), paid_minor=999),
}


@pytest.mark.parametrize("why", INCONSISTENT)
def test_an_order_that_contradicts_itself_is_refused_with_the_reason(why: str) -> None:
    with pytest.raises(OrderInconsistent, match=why):
        freeze(INCONSISTENT[why])


def test_an_order_in_no_currency_is_refused() -> None:
    with pytest.raises(CurrencyUnknown):
        freeze(draft(line(), currency="XXX"))


def test_a_stated_total_that_comes_out_is_accepted() -> None:
    assert freeze(draft(line(), paid_minor=1000)).paid.minor == 1000


def test_a_line_that_was_not_bought_is_unknown() -> None:
    with pytest.raises(LineUnknown):
        one_line(1, 100).line("2")


@pytest.mark.parametrize("quantity", [0, -1, 1_000_001, 1.0, "1"])
def test_a_quantity_is_a_whole_number_within_bounds(quantity: object) -> None:
    with pytest.raises(ValidationError):
        DraftLine.model_validate({"line_id": "1", "quantity": quantity, "unit_price_minor": 1})


@pytest.mark.parametrize("price", [-1, 1.5, "100", LARGEST_MINOR + 1])
def test_a_price_is_never_a_fraction_nor_a_string(price: object) -> None:
    with pytest.raises(ValidationError):
        DraftLine.model_validate({"line_id": "1", "quantity": 1, "unit_price_minor": price})


@pytest.mark.parametrize(("discount", "promotion"), [(101, 0), (10, 11)])
def test_a_stored_run_whose_discounts_exceed_its_price_is_not_read(discount: int, promotion: int) -> None:
    with pytest.raises(ValidationError):
        Run(count=1, goods_minor=100, discount_minor=discount, promotion_minor=promotion)


def test_a_line_has_at_least_one_unit() -> None:
    with pytest.raises(ValidationError):
        FrozenLine(line_id="1", runs=())
