"""Ceilings and split tenders (design: money, rules 7 to 9; P3.2)."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from aftersales.contract.values import Money
from domain.errors import AmountRefused, CurrencyMixed
from domain.tenders import Tender, TenderKind, TenderOrder, TenderShare, plan_tenders, refuse_over

AMOUNTS = st.integers(0, 10**9)
TENDERS = st.lists(st.tuples(st.sampled_from(TenderKind), AMOUNTS, AMOUNTS), min_size=1, max_size=6).map(
    lambda rows: [
        Tender(tender_id=str(number), kind=kind, captured_minor=captured, taken_minor=taken)
        for number, (kind, captured, taken) in enumerate(rows)
    ]
)
ORDERS = st.sampled_from(TenderOrder)


def yuan(minor: int) -> Money:
    return Money(minor=minor, currency="CNY")


def tender(tender_id: str, kind: TenderKind, captured: int, taken: int = 0) -> Tender:
    return Tender(tender_id=tender_id, kind=kind, captured_minor=captured, taken_minor=taken)


def said(plan: Sequence[TenderShare]) -> list[tuple[str, int]]:
    return [(share.tender_id, share.amount.minor) for share in plan]


PAID_FOUR_WAYS = [
    tender("card", TenderKind.CHARGED, 5_000),
    tender("gift", TenderKind.GIFT_CARD, 1_000),
    tender("wallet", TenderKind.CHARGED, 3_000),
    tender("credit", TenderKind.STORE_CREDIT, 2_000),
]


def test_stored_value_goes_first_and_then_the_others_as_they_were_charged() -> None:
    assert said(plan_tenders(yuan(9_500), PAID_FOUR_WAYS)) == [
        ("gift", 1_000),
        ("credit", 2_000),
        ("card", 5_000),
        ("wallet", 1_500),
    ]


def test_the_policy_may_turn_the_order_round() -> None:
    plan = plan_tenders(yuan(8_500), PAID_FOUR_WAYS, TenderOrder.TURNED_ROUND)
    assert said(plan) == [("wallet", 3_000), ("card", 5_000), ("credit", 500)]


def test_a_payment_that_gives_nothing_is_left_out() -> None:
    spent = tender("gift", TenderKind.GIFT_CARD, 1_000, taken=1_000)
    card = tender("card", TenderKind.CHARGED, 1_000)
    assert said(plan_tenders(yuan(400), [spent, card])) == [("card", 400)]


def test_what_was_refunded_or_is_reserved_is_not_given_again() -> None:
    card = tender("card", TenderKind.CHARGED, 10_000, taken=6_000)
    assert said(plan_tenders(yuan(4_000), [card])) == [("card", 4_000)]
    with pytest.raises(AmountRefused) as refusal:
        plan_tenders(yuan(4_001), [card])
    assert refusal.value.largest_minor == 4_000


@pytest.mark.parametrize("minor", [0, -5_000, 11_001])
def test_an_amount_that_no_payment_can_carry_is_refused_with_the_largest(minor: int) -> None:
    with pytest.raises(AmountRefused) as refusal:
        plan_tenders(yuan(minor), PAID_FOUR_WAYS)
    assert refusal.value.largest_minor == 11_000


def test_an_order_without_payments_gives_nothing_back() -> None:
    with pytest.raises(AmountRefused) as refusal:
        plan_tenders(yuan(1), [])
    assert refusal.value.largest_minor == 0


@given(tenders=TENDERS, order=ORDERS, percent=st.integers(1, 100))
def test_a_plan_gives_the_amount_exactly_and_no_payment_more_than_it_has_left(
    tenders: list[Tender], order: TenderOrder, percent: int
) -> None:
    left = {each.tender_id: each.left_minor for each in tenders}
    amount = sum(left.values()) * percent // 100
    if amount:
        plan = plan_tenders(yuan(amount), tenders, order)
        assert sum(share.amount.minor for share in plan) == amount
        assert all(0 < share.amount.minor <= left[share.tender_id] for share in plan)


@given(tenders=TENDERS, order=ORDERS)
def test_every_payment_but_the_last_is_emptied_before_the_next_is_touched(
    tenders: list[Tender], order: TenderOrder
) -> None:
    left = {each.tender_id: each.left_minor for each in tenders}
    amount = sum(left.values()) // 2
    if amount:
        *emptied, _ = plan_tenders(yuan(amount), tenders, order)
        assert all(share.amount.minor == left[share.tender_id] for share in emptied)


@given(tenders=TENDERS, asks=st.lists(st.integers(1, 10**9), max_size=5))
def test_no_sequence_of_refunds_takes_more_than_was_captured(tenders: list[Tender], asks: list[int]) -> None:
    taken = {each.tender_id: min(each.taken_minor, each.captured_minor) for each in tenders}
    for ask in asks:
        now = [each.model_copy(update={"taken_minor": taken[each.tender_id]}) for each in tenders]
        largest = sum(each.left_minor for each in now)
        if largest:
            for share in plan_tenders(yuan(min(ask, largest)), now):
                taken[share.tender_id] += share.amount.minor
    assert all(taken[each.tender_id] <= each.captured_minor for each in tenders)


@given(asked=st.integers(-100, 100), largest=st.integers(0, 100))
def test_just_the_amounts_from_one_to_the_largest_are_accepted(asked: int, largest: int) -> None:
    if 0 < asked <= largest:
        refuse_over(yuan(asked), yuan(largest))
    else:
        with pytest.raises(AmountRefused) as refusal:
            refuse_over(yuan(asked), yuan(largest))
        assert (refusal.value.asked_minor, refusal.value.largest_minor) == (asked, largest)


def test_a_ceiling_in_one_currency_says_nothing_about_another() -> None:
    yen = Money(minor=1, currency="JPY")
    with pytest.raises(CurrencyMixed):
        refuse_over(yen, yuan(100))


def test_a_payment_never_captured_less_than_nothing() -> None:
    with pytest.raises(ValidationError):
        tender("card", TenderKind.CHARGED, -1)
