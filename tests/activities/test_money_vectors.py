"""The worked cases of `vectors/money.json` on a real database: order file, application, amount, reservation."""

from __future__ import annotations

import asyncio

import pytest
from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncEngine

from activities.amounts import Grant, amounts_of
from activities.rulings import Action
from aftersales.contract.messages import Withdrawal
from aftersales.contract.values import AmountKind, CaseStatus, ErrorCode, Money
from domain.errors import AmountRefused
from domain.money import to_decimal_string
from domain.orders import OrderRecord
from tests.activities.desk import Desk
from tests.activities.imported import Stated, by_card, by_gift_card, line, stated_order, take_in
from tests.activities.shop import application, items, start_of
from tests.activities.test_concurrency import take_in as apply_at_once
from tests.domain.worked_cases import Case, case_of, cases, order_of
from tests.fakes import FakePolicy

EVERYTHING = "everything"


def eur(minor: int) -> Money:
    return Money(minor=minor, currency="EUR")


def in_a_file(stated: Case) -> OrderRecord:
    """The order of a vector as a line of an order file, paid by one card."""
    lines = [
        line(str(number), each["quantity"], each["unit_price"], tax_bp=each.get("tax_percent", 0) * 100)
        for number, each in enumerate(stated["lines"], start=1)
    ]
    more: Stated = {
        "tax_mode": stated["tax"],
        "order_discount_minor": stated.get("order_discount", 0),
        "order_discount_bp": stated.get("order_discount_percent", 0) * 100,
    }
    if shipping := stated.get("shipping"):
        more["shipping"] = {
            "price_minor": shipping["price"],
            "tax_mode": shipping["tax"],
            "tax_bp": shipping["tax_percent"] * 100,
        }
    return stated_order(lines, [by_card(order_of(stated).paid.minor)], **more)


def asked_in(case: Case) -> dict[str, int]:
    if case["refund"] == EVERYTHING:
        return {str(n): each["quantity"] for n, each in enumerate(case["order"]["lines"], start=1)}
    return {name.removeprefix("line "): quantity for name, quantity in case["refund"].items()}


@cases("unit_refunds")
async def test_an_application_gives_back_what_the_vector_says(
    desk: Desk, engine: AsyncEngine, policy: FakePolicy, case: Case
) -> None:
    await take_in(engine, in_a_file(case["order"]))
    policy.says(Action.APPROVE, refund_shipping=case["refund"] == EVERYTHING)
    standing = (await desk.apply(application(order_id="order-2", items=items(**asked_in(case))))).standing
    expected = case["expected"]
    assert (standing.status, standing.amount) == (CaseStatus.PAYING, eur(expected["total"]))
    assert sum(leg.amount.minor for leg in standing.legs) == expected["total"]
    if "tax" in expected:
        assert standing.break_down is not None
        tax = sum(each.amount_minor for each in standing.break_down.lines if each.kind is AmountKind.TAX)
        assert (expected["total"] - tax, tax) == (expected["net"], expected["tax"])


@cases("tenders")
async def test_a_split_payment_is_reserved_as_the_vector_says(desk: Desk, engine: AsyncEngine, case: Case) -> None:
    kinds = {"gift_card": by_gift_card, "card": by_card}
    paid = [(kind, minor) for payment in case["payments"] for kind, minor in payment.items()]
    whole = sum(minor for _, minor in paid)
    await take_in(engine, stated_order([line("1", 1, whole)], [kinds[kind](minor) for kind, minor in paid]))
    asked = application(order_id="order-2", items=items(**{"1": 1}), amount=eur(case["refund"]))
    legs = (await desk.apply(asked)).standing.legs
    names = {"gift_card": "gift_card", "stripe": "card"}
    assert [{names[leg.provider]: leg.amount.minor} for leg in legs] == case["expected"]


async def test_s12_what_is_left_of_a_payment_bounds_the_second_ask(desk: Desk, engine: AsyncEngine) -> None:
    case = case_of("caps", "S12")
    captured, (first, second) = case["captured"], case["ask"]
    await take_in(engine, stated_order([line("1", 2, captured // 2)], [by_card(captured)]))
    found = []
    for ask in (first, second):
        asked = application(order_id="order-2", items=items(**{"1": 1}), amount=eur(ask))
        standing = (await desk.apply(asked, request_key=f"ask-{ask}")).standing
        found.append("accepted" if standing.status is CaseStatus.PAYING else "refused")
    left = captured - first
    assert [found[0], f"{found[1]}, at most {left}"] == case["expected"]
    assert (await desk.case()).reason_code == ErrorCode.AMOUNT_REFUSED.value
    assert to_decimal_string(eur(left)) in (await desk.case()).explanation


async def test_s13_nothing_and_less_than_nothing_are_refused(desk: Desk, engine: AsyncEngine) -> None:
    case = case_of("caps", "S13")
    await take_in(engine, stated_order([line("1", 1, case["captured"])], [by_card(case["captured"])]))
    order = await desk.order("order-2")
    for ask, expected in zip(case["ask"], case["expected"], strict=True):
        assert expected == "refused"
        with pytest.raises(ValidationError, match="above zero"):
            application(order_id="order-2", amount=eur(ask))
        with pytest.raises(AmountRefused) as refused:
            amounts_of(order, Grant(items(**{"1": 1}), eur(ask)))
        assert refused.value.largest_minor == case["captured"]


async def test_s15_of_two_asks_at_once_one_is_accepted(desk: Desk, engine: AsyncEngine) -> None:
    """Two articles worth more than was captured: only the ceiling over the payment stands between them."""
    case = case_of("caps", "S15")
    asks = case["concurrent_asks"]
    record = stated_order([line(str(n), 1, ask) for n, ask in enumerate(asks)], [by_card(sum(asks))])
    captured = [record.tenders[0].model_copy(update={"captured_minor": case["captured"]})]
    await take_in(engine, record.model_copy(update={"order_id": "order-1b", "tenders": tuple(captured)}))
    results = await asyncio.gather(
        *(apply_at_once(desk, f"ask-{n}", order_id="order-1b", **{str(n): 1}) for n in range(len(asks)))
    )
    accepted = [result for result in results if result.standing.status is CaseStatus.PAYING]
    left = case["captured"] - sum(tender.taken_minor for tender in (await desk.order("order-1b")).tenders)
    assert (len(accepted), case["expected"]) == (1, f"exactly one accepted, {left} left")
    [refused] = [result.standing for result in results if result not in accepted]
    assert refused.reason_code == ErrorCode.AMOUNT_REFUSED.value
    assert to_decimal_string(eur(left)) in refused.explanation


async def test_q3_a_unit_in_an_open_case_is_free_again_when_that_is_withdrawn(desk: Desk, policy: FakePolicy) -> None:
    assert case_of("quantities", "Q3")["expected"] == "refused; allowed again after the first is withdrawn"
    policy.says(Action.REVIEW)
    asked = application(items=items(lamp=1))
    first = (await desk.apply(asked, request_key="first")).standing
    second = (await desk.apply(asked, request_key="second")).standing
    assert (second.status, second.reason_code) == (CaseStatus.REJECTED, ErrorCode.UNIT_ALREADY_CLAIMED.value)
    desk.number = start_of(asked, "first").number
    assert (await desk.say(Withdrawal())).accepted
    third = (await desk.apply(asked, request_key="third")).standing
    assert (third.status, third.amount) == (CaseStatus.UNDER_REVIEW, first.amount)
