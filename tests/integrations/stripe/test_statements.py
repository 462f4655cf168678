"""Stripe's record of a day, as the reconciliation reads it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from activities.ports import StatementLine, StatementNotReadyError
from aftersales.contract.values import Money
from integrations.provider import ProviderSettingsError
from integrations.stripe import StripePayments, StripeSettings, StripeStatements
from tests.fakes.clock import FakeClock
from tests.integrations.stripe.script import LEG_NUMBER, Script, leg_row, refund_body
from tests.sandbox.servers import API_KEY, Box

DAY = date(2026, 11, 20)
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def statements_at(
    url: str, now: datetime = NOON + timedelta(days=1), key: str = API_KEY, timeout_s: float = 5
) -> StripeStatements:
    return StripeStatements(StripeSettings(key, url, timeout_s=timeout_s), FakeClock(now))


async def at(box: Box, moment: datetime) -> None:
    """Set the sandbox's present."""
    assert (await box.admin.put("/admin/clock", json={"now": moment.isoformat()})).status_code == 200


@pytest.fixture
async def lines(box: Box, payments: StripePayments) -> tuple[StatementLine, ...]:
    """The statement of a day with one refund of ours, and one that came back."""
    await at(box, NOON)
    await payments.refund(leg_row())
    lost = await payments.refund(leg_row(minor=250, provider_number="leg-lost"))
    await box.admin.post(f"/admin/stripe/refunds/{lost.provider_reference}/reverse", json={})
    return await statements_at(box.url).of(DAY)


async def test_each_refund_is_a_line_under_our_number(lines: tuple[StatementLine, ...]) -> None:
    [ours] = [line for line in lines if line.provider_number == LEG_NUMBER]
    assert (ours.provider, ours.returned, ours.fee) == ("stripe", False, None)
    assert ours.amount == leg_row().leg.amount
    assert ours.line_id.startswith("txn_")
    assert ours.reference.startswith("re_")
    assert timedelta() <= ours.booked_at - NOON < timedelta(minutes=1)


async def test_money_that_came_back_is_a_line_of_its_own(lines: tuple[StatementLine, ...]) -> None:
    lost = [line for line in lines if line.provider_number == "leg-lost"]
    assert [line.returned for line in lost] == [False, True]
    assert {line.amount for line in lost} == {Money(minor=250, currency="USD")}
    assert len({line.line_id for line in lost}) == 2


async def test_the_charges_of_the_day_are_not_in_it(lines: tuple[StatementLine, ...]) -> None:
    assert len(lines) == 3


async def test_a_payment_by_another_means_than_a_card_is_in_it(box: Box, payments: StripePayments) -> None:
    await at(box, NOON)
    await box.seed("py_2")
    await payments.refund(leg_row(reference="py_2"))
    assert [line.provider_number for line in await statements_at(box.url).of(DAY)] == [LEG_NUMBER]


@pytest.mark.parametrize(
    ("moment", "days"),
    [
        (datetime(2026, 11, 19, 23, 59, 58, tzinfo=UTC), [DAY - timedelta(days=1)]),
        (datetime(2026, 11, 20, 0, 0, 0, tzinfo=UTC), [DAY]),
        (datetime(2026, 11, 20, 23, 59, 57, tzinfo=UTC), [DAY]),
        (datetime(2026, 11, 21, 0, 0, 0, tzinfo=UTC), [DAY + timedelta(days=1)]),
    ],
)
async def test_a_day_goes_from_midnight_to_midnight_in_utc(
    box: Box, payments: StripePayments, moment: datetime, days: list[date]
) -> None:
    await at(box, moment)
    await payments.refund(leg_row())
    statements = statements_at(box.url, NOON + timedelta(days=5))
    asked = [DAY + timedelta(days=offset) for offset in (-1, 0, 1)]
    assert [day for day in asked if await statements.of(day)] == days


async def test_a_day_of_many_pages_is_read_to_its_end(box: Box) -> None:
    await at(box, NOON)
    for number in range(101):
        await box.refund(1, leg=f"leg-{number}", key=f"key-{number}")
    lines = await statements_at(box.url).of(DAY)
    assert {line.provider_number for line in lines} == {f"leg-{number}" for number in range(101)}


@pytest.mark.parametrize("now", [NOON, datetime(2026, 11, 20, 23, 59, 59, tzinfo=UTC), NOON - timedelta(days=2)])
async def test_a_day_that_is_not_over_has_no_statement_yet(box: Box, now: datetime) -> None:
    with pytest.raises(StatementNotReadyError, match="2026-11-21 00:00 UTC"):
        await statements_at(box.url, now).of(DAY)
    assert await box.requests() == []


@pytest.mark.parametrize("fault", ["drop_request", "truncate", "unreadable", "429", "error_500"])
async def test_a_statement_that_cannot_be_had_now_is_asked_for_later(box: Box, fault: str) -> None:
    await box.script(fault, method="GET")
    with pytest.raises(StatementNotReadyError, match="again"):
        await statements_at(box.url).of(DAY)


async def test_an_answer_that_is_late_is_not_an_empty_day(box: Box) -> None:
    await box.script("hold_after_execute", method="GET")
    with pytest.raises(StatementNotReadyError, match="in time"):
        await statements_at(box.url, timeout_s=0.5).of(DAY)


async def test_a_key_without_the_right_is_told_where_to_get_it(box: Box) -> None:
    with pytest.raises(ProviderSettingsError, match="AFTERSALES_STRIPE_API_KEY"):
        await statements_at(box.url, key="sk_test_of_yesterday").of(DAY)


def movement(**changes: object) -> dict[str, object]:
    """A balance transaction of `leg_row()`'s refund as Stripe shows it, expanded."""
    shown: dict[str, object] = {
        "id": "txn_1",
        "object": "balance_transaction",
        "type": "refund",
        "amount": -1_000,
        "fee": 0,
        "currency": "usd",
        "created": int(NOON.timestamp()),
        "source": refund_body(),
    }
    return {**shown, **changes}


def page(*movements: dict[str, object], has_more: bool = False) -> dict[str, object]:
    return {"object": "list", "data": list(movements), "has_more": has_more, "url": "/v1/balance_transactions"}


async def first_line(script: Script, **changes: object) -> StatementLine:
    script.get(200, page(movement(**changes)))
    return (await statements_at(script.url).of(DAY))[0]


async def test_a_fee_is_its_own_amount_in_the_balances_currency(script: Script) -> None:
    assert (await first_line(script, fee=30)).fee == Money(minor=30, currency="USD")
    assert (await first_line(script, fee=-30)).fee is None


async def test_a_balance_in_another_currency_does_not_hide_what_the_customer_got(script: Script) -> None:
    line = await first_line(script, amount=-1_100, currency="eur", fee=15)
    assert line.amount == Money(minor=1_000, currency="USD")
    assert line.fee == Money(minor=15, currency="EUR")


@pytest.mark.parametrize("source", [None, "re_1", {"object": "charge", "id": "ch_1"}])
async def test_a_line_about_nothing_of_ours_is_kept_without_a_number(script: Script, source: object) -> None:
    line = await first_line(script, source=source)
    assert (line.provider_number, line.reference) == ("", "")
    assert line.amount == Money(minor=1_000, currency="USD")


@pytest.mark.parametrize(
    "change",
    [
        {"currency": "xxx", "source": None},
        {"currency": "isk", "amount": -550, "source": None},
        {"source": {"object": "refund", "id": "re_1"}},
        {"type": "a_type_of_tomorrow"},
        {"created": 10**18},
    ],
)
async def test_what_cannot_be_read_is_named_by_its_line(script: Script, change: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="txn_1"):
        await first_line(script, **change)


@pytest.mark.parametrize(
    "body",
    [
        *({}, [], None, 3, b"", b"\xff", {"data": []}, {"data": {}, "has_more": False}),
        page({"id": "txn_1"}),
        page(has_more=True),
    ],
)
async def test_an_answer_without_a_list_is_not_an_empty_day(script: Script, body: object) -> None:
    script.get(200, body)
    with pytest.raises((StatementNotReadyError, ValueError)):
        await statements_at(script.url).of(DAY)


async def test_a_list_without_end_is_given_up(script: Script) -> None:
    script.get(200, page(movement(), has_more=True))
    with pytest.raises(ValueError, match="comes back"):
        await statements_at(script.url).of(DAY)
    assert len(script.calls) == 2
