"""Every worked case of `vectors/money.json`, under its own id."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from functools import partial
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from aftersales.contract.values import Money
from domain.allocation import DraftLine, DraftShipping, FrozenOrder, OrderDraft, TaxMode
from domain.breakdown import NOTHING_TAKEN, Portion
from domain.errors import AmountRefused, AmountTooPrecise, AmountUnreadable, QuantityRefused
from domain.freezing import freeze
from domain.money import parse_amount
from domain.portions import free_portion
from domain.refunds import AmountAsked, RefundAsked, break_down, refundable_quantity
from domain.remainders import allocate
from domain.tenders import Tender, TenderKind, largest_refund, plan_tenders, refuse_over
from tests.domain.orders_for_test import everything, given_back, one_line, units_of

Case = dict[str, Any]

OWN_COPY = Path(__file__).parent / "vectors" / "money.json"
SHARED = Path(__file__).parents[3] / "shared" / "vectors" / "money.json"
VECTORS: dict[str, list[Case]] = json.loads(OWN_COPY.read_text(encoding="utf-8"))


def cases(section: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("case", VECTORS[section], ids=[case["id"] for case in VECTORS[section]])


def case_of(section: str, case_id: str) -> Case:
    return next(case for case in VECTORS[section] if case["id"] == case_id)


def test_our_copy_of_the_vectors_is_the_shared_one_where_that_is_beside_the_checkout() -> None:
    shared = SHARED if SHARED.exists() else OWN_COPY
    assert json.loads(OWN_COPY.read_text(encoding="utf-8")) == json.loads(shared.read_text(encoding="utf-8"))


def test_every_section_of_the_vectors_is_run_here() -> None:
    sections = {"allocate", "unit_refunds", "free_amounts", "caps", "tenders", "currencies", "quantities"}
    assert set(VECTORS) - {"about"} == sections
    assert {case["id"] for case in VECTORS["free_amounts"]} == {"P1", "P2", "P3", "P7"}
    assert {case["id"] for case in VECTORS["caps"]} == set(CAPS)
    assert {case["id"] for case in VECTORS["quantities"]} == {"Q1", "Q3"}


@cases("allocate")
def test_an_amount_is_split_as_the_vector_says(case: Case) -> None:
    assert allocate(case["total"], case["weights"]) == case["expected"]


def order_of(stated: Case) -> FrozenOrder:
    lines = [
        DraftLine(
            line_id=str(number),
            quantity=line["quantity"],
            unit_price_minor=line["unit_price"],
            tax_bp=line.get("tax_percent", 0) * 100,
        )
        for number, line in enumerate(stated["lines"], start=1)
    ]
    return freeze(
        OrderDraft(
            currency=stated["currency"],
            tax_mode=TaxMode(stated["tax"]),
            lines=tuple(lines),
            order_discount_minor=stated.get("order_discount", 0),
            order_discount_bp=stated.get("order_discount_percent", 0) * 100,
            shipping=shipping_of(stated.get("shipping")),
        )
    )


def shipping_of(stated: Case | None) -> DraftShipping | None:
    if stated is None:
        return None
    return DraftShipping(
        price_minor=stated["price"], tax_mode=TaxMode(stated["tax"]), tax_bp=stated["tax_percent"] * 100
    )


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


def refund_nets(left: Portion, paid: Portion, nets: list[int]) -> tuple[list[int], Portion]:
    """Refund the amounts one after the other: the taxes given back, and what is left."""
    taxes = []
    for net in nets:
        given = free_portion(paid, left, net, with_tax=False, currency="EUR")
        taxes.append(given.tax_minor)
        left = left.less(given)
    return taxes, left


def paid_in(case: Case) -> Portion:
    return Portion(case["paid"]["net"], case["paid"]["tax"])


@pytest.mark.parametrize("case_id", ["P1", "P7"])
def test_a_free_amount_takes_tax_in_proportion(case_id: str) -> None:
    case = case_of("free_amounts", case_id)
    taxes, _ = refund_nets(paid_in(case), paid_in(case), case["refund_net"])
    assert taxes == case["expected_tax"]


def test_p2_an_amount_above_what_is_left_is_refused_with_what_is_left() -> None:
    first, second = case_of("free_amounts", "P1"), case_of("free_amounts", "P2")
    _, left = refund_nets(paid_in(first), paid_in(first), first["refund_net"])
    with pytest.raises(AmountRefused) as refusal:
        refund_nets(left, paid_in(first), second["refund_net"])
    assert second["expected"] == f"refused, at most {refusal.value.largest_minor}"


def test_p3_the_amount_that_closes_takes_all_tax_that_is_left() -> None:
    first, third = case_of("free_amounts", "P1"), case_of("free_amounts", "P3")
    _, left = refund_nets(paid_in(first), paid_in(first), first["refund_net"])
    taxes, left = refund_nets(left, paid_in(first), third["refund_net"])
    assert taxes == third["expected_tax"]
    assert (left == Portion(0, 0)) is third["fully_refunded"]


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


def asks_one_after_the_other(captured: int, asks: list[int]) -> tuple[list[str], int]:
    answers, reserved = [], 0
    for ask in asks:
        largest = largest_refund(eur(captured), refunded=eur(0), reserved=eur(reserved))
        answers.append(answer(partial(refuse_over, eur(ask), largest)))
        reserved += ask if answers[-1] == "accepted" else 0
    return answers, captured - reserved


def cap_over_an_order(case: Case) -> None:
    answers, _ = asks_one_after_the_other(case["captured"], case["ask"])
    assert all(found.startswith(expected) for found, expected in zip(answers, case["expected"], strict=True))


def cap_over_racing_asks(case: Case) -> None:
    for asks in permutations(case["concurrent_asks"]):
        answers, left = asks_one_after_the_other(case["captured"], list(asks))
        assert case["expected"] == f"exactly one accepted, {left} left"
        assert answers.count("accepted") == 1


CAPS: dict[str, Callable[[Case], None]] = {
    "S4": cap_within_a_unit,
    "S5": cap_within_shipping,
    "S12": cap_over_an_order,
    "S13": cap_over_an_order,
    "S15": cap_over_racing_asks,
}


@cases("caps")
def test_a_cap_answers_as_the_vector_says(case: Case) -> None:
    CAPS[case["id"]](case)


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


def test_q3_a_unit_in_an_open_case_is_refused_to_a_second_until_the_first_is_withdrawn() -> None:
    order = one_line(1, 8999)
    held = NOTHING_TAKEN.plus(break_down(order, NOTHING_TAKEN, units_of("1", 1)).lines)
    with pytest.raises(QuantityRefused) as refusal:
        break_down(order, held, units_of("1", 1))
    assert refusal.value.largest == 0
    withdrawn = NOTHING_TAKEN
    assert given_back(order, units_of("1", 1), withdrawn) == 8999
