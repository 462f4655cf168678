"""Every worked case of `vectors/money.json`, under its own id."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from aftersales.contract.values import BreakDown, Money
from domain.allocation import DraftLine, FrozenOrder, OrderDraft, TaxMode
from domain.breakdown import NOTHING_TAKEN, taken_by
from domain.errors import AmountRefused, AmountTooPrecise, AmountUnreadable
from domain.freezing import freeze
from domain.money import parse_amount
from domain.refunds import AmountAsked, RefundAsked, break_down, refundable_quantity
from domain.remainders import allocate
from domain.tenders import Tender, TenderKind, plan_tenders
from tests.domain.orders_for_test import everything, given_back, in_turn, one_line, units_of
from tests.domain.worked_cases import OWN_COPY, VECTORS, WITHIN_THE_ORDER, Case, case_of, cases, order_of

SHARED = Path(__file__).parents[3] / "shared" / "vectors" / "money.json"


def test_our_copy_of_the_vectors_is_the_shared_one_where_that_is_beside_the_checkout() -> None:
    shared = SHARED if SHARED.exists() else OWN_COPY
    assert json.loads(OWN_COPY.read_text(encoding="utf-8")) == json.loads(shared.read_text(encoding="utf-8"))


def test_every_section_of_the_vectors_is_run_here() -> None:
    sections = {"allocate", "unit_refunds", "free_amounts", "caps", "tenders", "currencies", "quantities"}
    assert set(VECTORS) - {"about"} == sections
    assert {case["id"] for case in VECTORS["free_amounts"]} == {"P1", "P2", "P3", "P7"}
    assert {case["id"] for case in VECTORS["caps"]} == set(CAPS) | {"S12", "S13", "S15"}
    assert set(CAPS) == WITHIN_THE_ORDER
    assert {case["id"] for case in VECTORS["quantities"]} == {"Q1", "Q3"}


@cases("allocate")
def test_an_amount_is_split_as_the_vector_says(case: Case) -> None:
    assert allocate(case["total"], case["weights"]) == case["expected"]


@pytest.mark.parametrize("case_id", ["A2", "A4", "A5", "A12"])
def test_an_orders_discount_is_frozen_in_the_shares_that_the_vector_says(case_id: str) -> None:
    """Of the cases that an order can have: a discount above zero and within the price."""
    case = case_of("allocate", case_id)
    lines = [DraftLine(line_id=str(n), quantity=1, unit_price_minor=price) for n, price in enumerate(case["weights"])]
    draft = OrderDraft(currency="EUR", tax_mode=TaxMode.NONE, lines=tuple(lines), order_discount_minor=case["total"])
    assert [line.worth().discount_minor for line in freeze(draft).lines] == case["expected"]


def asked_in(case: Case, order: FrozenOrder) -> RefundAsked:
    if case["refund"] == "everything":
        return everything(order)
    [(line, quantity)] = case["refund"].items()
    return units_of(line.removeprefix("line "), quantity)


@cases("unit_refunds")
def test_units_give_back_what_the_vector_says(case: Case) -> None:
    order = order_of(case["order"])
    assert given_back(order, asked_in(case, order)) == case["expected"]["total"]


def test_the_odd_cent_of_b6_lies_with_one_unit_and_the_shipping_tax_inside_its_price() -> None:
    case = case_of("unit_refunds", "B6")
    order = order_of(case["order"])
    shares = Counter({(run.net_minor, run.tax_minor): run.count for run in order.lines[0].runs})
    assert shares == Counter((unit["net"], unit["tax"]) for unit in case["expected"]["units"])
    assert order.shipping is not None
    inside = {"net": order.shipping.net_minor - order.shipping.tax_minor, "tax": order.shipping.tax_minor}
    assert inside == case["expected"]["shipping"]


def test_net_and_tax_of_b9_are_stated_apart() -> None:
    case = case_of("unit_refunds", "B9")
    order = order_of(case["order"])
    lines = break_down(order, NOTHING_TAKEN, everything(order)).lines
    tax = sum(line.amount_minor for line in lines if line.kind == "tax")
    net = sum(line.amount_minor for line in lines if line.kind != "tax")
    assert (net, tax) == (case["expected"]["net"], case["expected"]["tax"])


def paid_in(case: Case) -> FrozenOrder:
    """One article with the net price and the tax on top that the vector states."""
    line = DraftLine(line_id="1", quantity=1, unit_price_minor=case["paid"]["net"], tax_minor=case["paid"]["tax"])
    return freeze(OrderDraft(currency="EUR", tax_mode=TaxMode.EXCLUSIVE, lines=(line,)))


def net(minor: int) -> RefundAsked:
    return RefundAsked(amounts=(AmountAsked(line_id="1", amount_minor=minor),))


def taxes_of(refunds: list[BreakDown]) -> list[int]:
    return [taken_by([refund]).of_line("1").tax_minor for refund in refunds]


@pytest.mark.parametrize("case_id", ["P1", "P7"])
def test_a_free_amount_takes_tax_in_proportion(case_id: str) -> None:
    case = case_of("free_amounts", case_id)
    assert taxes_of(in_turn(paid_in(case), *map(net, case["refund_net"]))) == case["expected_tax"]


def test_p2_an_amount_above_what_is_left_is_refused_with_what_is_left() -> None:
    first, second = case_of("free_amounts", "P1"), case_of("free_amounts", "P2")
    with pytest.raises(AmountRefused) as refusal:
        in_turn(paid_in(first), *map(net, first["refund_net"] + second["refund_net"]))
    assert refusal.value.asked_minor == second["refund_net"][0]
    assert second["expected"] == f"refused, at most {refusal.value.largest_minor}"


def test_p3_the_amount_that_closes_takes_all_tax_that_is_left() -> None:
    first, third = case_of("free_amounts", "P1"), case_of("free_amounts", "P3")
    refunds = in_turn(paid_in(first), *map(net, first["refund_net"] + third["refund_net"]))
    assert taxes_of(refunds)[-1:] == third["expected_tax"]
    assert (sum(refund.total.minor for refund in refunds) == paid_in(first).paid.minor) is third["fully_refunded"]


def answer(refusable: Callable[[], object]) -> str:
    """In the words of the vectors."""
    try:
        refusable()
    except AmountRefused as refusal:
        return f"refused, at most {refusal.largest_minor}"
    return "accepted"


def eur(minor: int) -> Money:
    return Money(minor=minor, currency="EUR")


def cap_within_a_unit(case: Case) -> None:
    order = one_line(1, case["unit_worth"])
    already, ask = (
        RefundAsked(amounts=(AmountAsked(line_id="1", amount_minor=minor),)) for minor in (case["already"], case["ask"])
    )
    taken = NOTHING_TAKEN.plus(break_down(order, NOTHING_TAKEN, already).lines)
    assert answer(lambda: break_down(order, taken, ask)) == case["expected"]


def cap_within_shipping(case: Case) -> None:
    order = one_line(1, 100, shipping_minor=case["shipping"])
    already = RefundAsked(shipping_minor=case["already"])
    taken = NOTHING_TAKEN.plus(break_down(order, NOTHING_TAKEN, already).lines)
    assert answer(lambda: break_down(order, taken, RefundAsked(shipping_minor=case["ask"]))) == case["expected"]


CAPS: dict[str, Callable[[Case], None]] = {
    "S4": cap_within_a_unit,
    "S5": cap_within_shipping,
}


@pytest.mark.parametrize("case_id", sorted(CAPS))
def test_a_cap_answers_as_the_vector_says(case_id: str) -> None:
    CAPS[case_id](case_of("caps", case_id))


@cases("tenders")
def test_a_split_tender_is_refunded_as_the_vector_says(case: Case) -> None:
    kinds = {"gift_card": TenderKind.GIFT_CARD, "card": TenderKind.CHARGED}
    tenders = [
        Tender(tender_id=name, kind=kinds[name], captured_minor=minor)
        for payment in case["payments"]
        for name, minor in payment.items()
    ]
    plan = plan_tenders(eur(case["refund"]), tenders)
    assert [{share.tender_id: share.amount.minor} for share in plan] == case["expected"]


@cases("currencies")
def test_a_typed_amount_is_read_as_the_vector_says(case: Case) -> None:
    if "minor" in case:
        expected = Money(minor=case["minor"], currency=case["currency"])
        assert parse_amount(case["typed"], case["currency"]) == expected
    else:
        with pytest.raises((AmountTooPrecise, AmountUnreadable)):
            parse_amount(case["typed"], case["currency"])


def test_q1_what_came_back_is_refunded_and_not_what_was_announced() -> None:
    case = case_of("quantities", "Q1")
    quantity = refundable_quantity(case["announced"], case["received_good"], case["received_damaged"])
    order = one_line(case["announced"], case["unit_worth"])
    assert given_back(order, units_of("1", quantity)) == case["expected"]["refund"]
