"""A threshold promotion that a return breaks (design: money, rule 6)."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from aftersales.contract.values import AmountKind, BreakDown
from domain.allocation import DraftLine, FrozenOrder, FrozenShipping, OrderDraft, TaxMode, ThresholdPromotion
from domain.breakdown import NOTHING_TAKEN, NoteCode, Taken, taken_by
from domain.freezing import freeze
from domain.promotions import PromotionChoice, promotion_due
from domain.refunds import AmountAsked, Deduction, RefundAsked, UnitsAsked, break_down
from tests.domain.orders_for_test import (
    everything,
    given_back,
    one_line,
    orders,
    taken_after,
    thirty_off_three_hundred,
    units_of,
)

CHOICES = st.sampled_from(PromotionChoice)


def by(choice: PromotionChoice, *line_ids: str) -> RefundAsked:
    units = tuple(UnitsAsked(line_id=line_id, quantity=1) for line_id in line_ids)
    return RefundAsked(units=units, promotion=choice)


def clawing(*line_ids: str) -> RefundAsked:
    return by(PromotionChoice.CLAW_BACK, *line_ids)


def keeping(*line_ids: str) -> RefundAsked:
    return by(PromotionChoice.KEEP, *line_ids)


def promotion_said(refund: BreakDown) -> list[tuple[int, str]]:
    return [(line.amount_minor, str(line.note)) for line in refund.lines if line.kind is AmountKind.PROMOTION]


def spent(prices: dict[str, int], threshold_minor: int, discount_minor: int) -> FrozenOrder:
    return freeze(
        OrderDraft(
            currency="CNY",
            tax_mode=TaxMode.NONE,
            lines=tuple(DraftLine(line_id=i, quantity=1, unit_price_minor=price) for i, price in prices.items()),
            promotion=ThresholdPromotion(threshold_minor=threshold_minor, discount_minor=discount_minor),
        )
    )


def test_kept_the_buyer_gets_back_what_the_article_cost() -> None:
    refund = break_down(thirty_off_three_hundred(), NOTHING_TAKEN, keeping("c"))
    assert refund.total.minor == 12_000 - 1_125
    assert promotion_said(refund) == [(0, NoteCode.PROMOTION_KEPT)]


def test_clawed_back_what_is_kept_costs_its_price_without_the_promotion() -> None:
    order = thirty_off_three_hundred()
    refund = break_down(order, NOTHING_TAKEN, clawing("c"))
    assert refund.total.minor == order.paid.minor - 20_000
    assert promotion_said(refund) == [(-1_875, NoteCode.PROMOTION_CLAWED_BACK)]


def test_clawed_back_tax_on_top_is_charged_on_the_discount_too() -> None:
    order = thirty_off_three_hundred(tax_bp=1000)
    assert given_back(order, clawing("c")) == order.paid.minor - 22_000


def test_a_return_that_leaves_the_threshold_met_names_no_choice() -> None:
    order = spent({"a": 30_000, "b": 5_000}, threshold_minor=30_000, discount_minor=3_000)
    assert promotion_said(break_down(order, NOTHING_TAKEN, clawing("b"))) == []


def test_returning_everything_breaks_no_promise() -> None:
    order = thirty_off_three_hundred()
    refund = break_down(order, NOTHING_TAKEN, clawing("a", "b", "c"))
    assert (refund.total, promotion_said(refund)) == (order.paid, [])


def test_what_was_clawed_back_comes_back_with_the_last_article() -> None:
    order = thirty_off_three_hundred()
    first = break_down(order, NOTHING_TAKEN, clawing("c"))
    last = break_down(order, taken_by([first]), clawing("a", "b"))
    assert promotion_said(last) == [(1_875, NoteCode.PROMOTION_RESTORED)]
    assert first.total.minor + last.total.minor == order.paid.minor


def test_a_promotion_is_clawed_back_only_once() -> None:
    order = thirty_off_three_hundred()
    first = break_down(order, NOTHING_TAKEN, clawing("c"))
    second = break_down(order, taken_by([first]), clawing("b"))
    assert promotion_said(second) == [(937, NoteCode.PROMOTION_RESTORED)]
    assert first.total.minor + second.total.minor == order.paid.minor - 10_000


def test_a_refund_smaller_than_the_claw_back_stops_at_nothing() -> None:
    order = spent({"cheap": 100, "dear": 30_000}, threshold_minor=30_100, discount_minor=3_000)
    refund = break_down(order, NOTHING_TAKEN, clawing("cheap"))
    assert refund.total.minor == 0
    assert promotion_said(refund) == [(-90, NoteCode.PROMOTION_CLAWED_BACK)]


def test_a_deduction_finds_only_what_the_claw_back_left() -> None:
    order = thirty_off_three_hundred()
    fee = Deduction(note=NoteCode.RESTOCKING_FEE, amount_minor=100_000)
    asked = clawing("c").model_copy(update={"deductions": (fee,)})
    refund = break_down(order, NOTHING_TAKEN, asked)
    assert refund.lines[-1].amount_minor == -(12_000 - 1_125 - 1_875)
    assert refund.total.minor == 0


def test_shipping_that_comes_back_is_not_eaten_by_a_claw_back() -> None:
    order = spent({"cheap": 100, "dear": 30_000}, threshold_minor=30_100, discount_minor=3_000)
    shipped = order.model_copy(update={"shipping": FrozenShipping(net_minor=500)})
    asked = clawing("cheap").model_copy(update={"whole_shipping": True})
    assert given_back(shipped, asked) == 500


def test_an_amount_without_a_unit_breaks_no_threshold() -> None:
    order = thirty_off_three_hundred()
    asked = RefundAsked(amounts=(AmountAsked(line_id="c", amount_minor=5_000),), promotion=PromotionChoice.CLAW_BACK)
    assert promotion_said(break_down(order, NOTHING_TAKEN, asked)) == []


def test_an_order_without_a_promotion_owes_none() -> None:
    order = one_line(2, 1000)
    assert promotion_due(order, taken_after(order, units_of("1", 1))) == 0
    assert promotion_said(break_down(order, NOTHING_TAKEN, units_of("1", 1))) == []


def test_an_article_that_the_promotion_made_free_owes_its_price_without_tax() -> None:
    order = freeze(
        OrderDraft(
            currency="EUR",
            tax_mode=TaxMode.EXCLUSIVE,
            lines=(DraftLine(line_id="1", quantity=2, unit_price_minor=500, tax_bp=2000),),
            promotion=ThresholdPromotion(threshold_minor=1_000, discount_minor=1_000),
        )
    )
    assert promotion_due(order, taken_after(order, units_of("1", 1))) == 500


def test_a_policy_that_turns_to_keeping_takes_no_more_but_still_restores() -> None:
    order = thirty_off_three_hundred()
    first = break_down(order, NOTHING_TAKEN, clawing("c"))
    second = break_down(order, taken_by([first]), keeping("a"))
    assert promotion_said(second) == [(938, NoteCode.PROMOTION_RESTORED)]
    third = break_down(order, taken_by([first, second]), keeping("b"))
    assert sum(refund.total.minor for refund in (first, second, third)) == order.paid.minor


@given(order=orders(), choices=st.data())
def test_any_sequence_under_either_choice_ends_at_exactly_what_was_paid(
    order: FrozenOrder, choices: st.DataObject
) -> None:
    one_by_one = [line.line_id for line in order.lines for _ in range(line.quantity)]
    done: list[BreakDown] = []
    for line_id in choices.draw(st.permutations(one_by_one)):
        asked = by(choices.draw(CHOICES), line_id)
        done.append(break_down(order, taken_by(done), asked))
        assert 0 <= sum(refund.total.minor for refund in done) <= order.paid.minor
    done.append(break_down(order, taken_by(done), RefundAsked(whole_shipping=True)))
    assert sum(refund.total.minor for refund in done) == order.paid.minor


@given(order=orders(), choices=st.data())
def test_clawing_back_never_gives_more_than_keeping(order: FrozenOrder, choices: st.DataObject) -> None:
    line = choices.draw(st.sampled_from(order.lines))
    assert given_back(order, clawing(line.line_id)) <= given_back(order, keeping(line.line_id))


@given(order=orders())
def test_nothing_is_due_while_nothing_or_everything_is_taken(order: FrozenOrder) -> None:
    goods = sum(line.worth().goods_minor for line in order.lines)
    if order.promotion is not None and goods >= order.promotion.threshold_minor:
        assert promotion_due(order, Taken()) == 0
    assert promotion_due(order, taken_after(order, everything(order))) == 0
