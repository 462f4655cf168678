"""What each provider takes, who pays to which destination, and when money should have arrived (P3.2, P3.3)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from aftersales.contract.values import Money, Movement, PayoutMethod
from domain.rails import BY_HAND, OWN_RAILS, STORE_CREDIT, Arrival, Rail, ways_of

FRIDAY = datetime(2026, 3, 6, 17, 0, tzinfo=UTC)
YUAN = Money(minor=100, currency="CNY")
WALLET = Rail(
    provider="wallet",
    pays_out=frozenset({PayoutMethod.ALIPAY}),
    currencies=frozenset({"CNY"}),
    most_parts=50,
    spacing_s=60,
    refund_within_days=365,
    payout_arrival=Arrival(within_days=1),
)


def closed(**changes: object) -> str:
    terms: dict[str, object] = {"amount": YUAN, "bought_at": FRIDAY, "now": FRIDAY, "parts": 0, **changes}
    amount, bought_at, now, parts = (terms[name] for name in ("amount", "bought_at", "now", "parts"))
    assert isinstance(amount, Money)
    assert isinstance(bought_at, datetime)
    assert isinstance(now, datetime)
    assert isinstance(parts, int)
    return WALLET.closed_to(amount, bought_at=bought_at, now=now, parts=parts)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({}, ""),
        ({"now": FRIDAY + timedelta(days=365)}, ""),
        ({"now": FRIDAY + timedelta(days=365, seconds=1)}, "past_refund_deadline"),
        ({"parts": 49}, ""),
        ({"parts": 50}, "too_many_parts"),
        ({"amount": Money(minor=100, currency="EUR")}, "currency_not_offered"),
    ],
)
def test_a_payment_is_closed_by_the_providers_own_limits(changes: dict[str, object], why: str) -> None:
    assert closed(**changes) == why


def test_a_provider_that_only_pays_out_takes_no_refund() -> None:
    bank = Rail(provider="bank", refunds=False)
    assert bank.is_limited
    assert bank.closed_to(YUAN, bought_at=FRIDAY, now=FRIDAY, parts=0) == "not_offered"


@pytest.mark.parametrize(
    ("ago_s", "wait_s"), [(0, 60), (1, 59), (59.2, 1), (60, 0), (3600, 0)], ids=["now", "1s", "59s", "60s", "1h"]
)
def test_the_next_refund_of_a_payment_waits_out_the_spacing(ago_s: float, wait_s: int) -> None:
    assert WALLET.wait_s(FRIDAY - timedelta(seconds=ago_s), FRIDAY) == wait_s


def test_the_first_refund_of_a_payment_waits_for_nothing() -> None:
    assert WALLET.wait_s(None, FRIDAY) == 0
    assert Rail(provider="card").wait_s(FRIDAY, FRIDAY) == 0
    assert not Rail(provider="card").is_limited


def test_working_days_leave_the_weekend_out() -> None:
    assert Arrival(within_days=1, working_days=True).expected_by(FRIDAY) == FRIDAY + timedelta(days=3)
    assert Arrival(within_days=5, working_days=True).expected_by(FRIDAY) == FRIDAY + timedelta(days=7)
    assert Arrival(within_days=1).expected_by(FRIDAY) == FRIDAY + timedelta(days=1)
    assert Arrival(within_days=0).expected_by(FRIDAY) == FRIDAY


def test_a_destination_is_paid_by_whoever_has_an_interface_for_it_and_else_by_hand() -> None:
    ways = ways_of({**OWN_RAILS, "wallet": WALLET})
    assert ways.payer(PayoutMethod.ALIPAY, "CNY") == "wallet"
    assert ways.payer(PayoutMethod.ALIPAY, "EUR") == BY_HAND, "the wallet cannot do euros"
    assert ways.payer(PayoutMethod.WECHAT_PAY, "CNY") == BY_HAND
    assert ways.payer(PayoutMethod.STORE_CREDIT, "EUR") == STORE_CREDIT


def test_a_payment_by_a_provider_that_is_not_set_up_is_given_back_by_hand() -> None:
    ways = ways_of({**OWN_RAILS, "wallet": WALLET})
    assert ways.refunder("wallet") == "wallet"
    assert ways.refunder("a provider of last year") == BY_HAND


def test_arrival_is_told_by_the_way_the_money_takes() -> None:
    ways = ways_of({"wallet": WALLET})
    assert ways.expected_by("wallet", Movement.PAYOUT, FRIDAY) == FRIDAY + timedelta(days=1)
    assert ways.expected_by("wallet", Movement.REFUND, FRIDAY) == FRIDAY + timedelta(days=14)
    assert ways.expected_by("unknown", Movement.REFUND, FRIDAY) is None
