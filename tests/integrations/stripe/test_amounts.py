"""An amount sent by the wrong exponent is wrong by a factor of a hundred (design: money, rule 1)."""

from __future__ import annotations

import pytest

from aftersales.contract.values import Money
from domain.errors import CurrencyUnknown
from integrations.stripe.amounts import AmountNotReadableError, AmountNotSendableError, money_of, stripe_minor


@pytest.mark.parametrize(
    ("minor", "currency", "stripes"),
    [
        pytest.param(9_990, "CNY", 9_990, id="99.90 yuan"),
        pytest.param(500, "JPY", 500, id="500 yen, not 50,000"),
        pytest.param(5, "ISK", 500, id="5 kronur, by Stripe with two digits"),
        pytest.param(5, "UGX", 500, id="5 shillings, by Stripe with two digits"),
        pytest.param(500, "MGA", 5, id="5 ariary, by Stripe without digits"),
        pytest.param(5_120, "KWD", 5_120, id="5.120 dinars"),
        pytest.param(1_045, "HUF", 1_045, id="10.45 forints"),
    ],
)
def test_an_amount_goes_into_stripes_minor_units_and_comes_back(minor: int, currency: str, stripes: int) -> None:
    amount = Money(minor=minor, currency=currency)
    assert stripe_minor(amount) == stripes
    assert money_of(stripes, currency.lower()) == amount


@pytest.mark.parametrize(
    ("minor", "currency"),
    [pytest.param(5_124, "KWD", id="a third digit"), pytest.param(501, "MGA", id="part of an ariary")],
)
def test_a_fraction_that_stripe_lacks_is_refused_and_never_rounded(minor: int, currency: str) -> None:
    with pytest.raises(AmountNotSendableError, match=currency):
        stripe_minor(Money(minor=minor, currency=currency))


def test_a_part_of_a_krona_is_not_read_as_a_krona() -> None:
    with pytest.raises(AmountNotReadableError, match="ISK"):
        money_of(550, "isk")


def test_a_currency_that_is_none_is_refused() -> None:
    with pytest.raises(CurrencyUnknown):
        stripe_minor(Money(minor=1, currency="XXX"))
    with pytest.raises(CurrencyUnknown):
        money_of(1, "xxx")
