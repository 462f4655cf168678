"""Reading, adding and writing amounts (design: money, rule 1)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aftersales.contract.values import Language, Money
from domain.currencies import EXPONENTS, exponent_of
from domain.display import display_amount
from domain.errors import AmountTooPrecise, AmountUnreadable, CurrencyMixed, CurrencyUnknown
from domain.money import (
    LARGEST_MINOR,
    add,
    divide_half_up,
    parse_amount,
    to_decimal_string,
    total_of,
)

CURRENCIES = st.sampled_from(sorted(EXPONENTS))


def money(minor: int, currency: str = "CNY") -> Money:
    return Money(minor=minor, currency=currency)


@given(minor=st.integers(0, LARGEST_MINOR - 1), currency=CURRENCIES)
def test_a_written_amount_reads_as_itself(minor: int, currency: str) -> None:
    typed = to_decimal_string(money(minor, currency))
    if len(typed.partition(".")[0]) <= 15:
        assert parse_amount(typed, currency) == money(minor, currency)


@given(minor=st.integers(1, LARGEST_MINOR), currency=CURRENCIES)
def test_a_negative_amount_is_the_positive_one_behind_a_sign(minor: int, currency: str) -> None:
    assert to_decimal_string(money(-minor, currency)) == "-" + to_decimal_string(money(minor, currency))


@given(minor=st.integers(0, LARGEST_MINOR), currency=CURRENCIES)
def test_a_written_amount_has_just_the_digits_of_its_currency(minor: int, currency: str) -> None:
    _, _, fraction = to_decimal_string(money(minor, currency)).partition(".")
    assert len(fraction) == exponent_of(currency)


@pytest.mark.parametrize(
    ("minor", "currency", "written"),
    [
        (0, "CNY", "0.00"),
        (5, "CNY", "0.05"),
        (-5, "CNY", "-0.05"),
        (9990, "CNY", "99.90"),
        (500, "JPY", "500"),
        (-500, "JPY", "-500"),
        (7, "KWD", "0.007"),
        (12345, "CLF", "1.2345"),
    ],
)
def test_amounts_are_written_plainly(minor: int, currency: str, written: str) -> None:
    assert to_decimal_string(money(minor, currency)) == written


def test_a_yen_is_not_multiplied_by_a_hundred() -> None:
    assert parse_amount("500", "JPY").minor == 500
    assert to_decimal_string(money(500, "JPY")) == "500"


@pytest.mark.parametrize(("typed", "minor"), [("12", 1200), ("12.3", 1230), (" 12.30 ", 1230), ("007", 700)])
def test_missing_digits_are_zeros(typed: str, minor: int) -> None:
    assert parse_amount(typed, "CNY").minor == minor


@pytest.mark.parametrize(
    "typed",
    ["", " ", ".", "12.", ".5", "1,5", "17,000", "17 000", "1.2.3", "-5", "+5", "1e3", "0x1", "¥5", "5元"],
)
def test_what_is_not_a_plain_number_is_never_guessed_at(typed: str) -> None:
    with pytest.raises(AmountUnreadable) as refusal:
        parse_amount(typed, "CNY")
    assert refusal.value.details == {"typed": typed}


@pytest.mark.parametrize(
    "typed",
    ["\uff11\uff12", "\u0661", "NaN", "1_000", "1" * 16, "12\n.5"],
)
def test_no_other_scripts_digits_and_no_programmers_numbers_are_read(typed: str) -> None:
    with pytest.raises(AmountUnreadable):
        parse_amount(typed, "CNY")


@pytest.mark.parametrize(("typed", "currency"), [("500.0", "JPY"), ("1.000", "USD"), ("1.2345", "KWD")])
def test_more_digits_than_the_currency_has_are_refused_even_when_zeros(typed: str, currency: str) -> None:
    with pytest.raises(AmountTooPrecise) as refusal:
        parse_amount(typed, currency)
    assert refusal.value.details["exponent"] == exponent_of(currency)


@pytest.mark.parametrize(
    ("typed", "currency", "sentence"),
    [
        ("500.0", "JPY", "'500.0' has decimals; amounts in JPY are whole numbers."),
        ("1.000", "USD", "'1.000' has too many decimals; amounts in USD have at most 2."),
    ],
)
def test_how_many_decimals_there_may_be_is_said_plainly(typed: str, currency: str, sentence: str) -> None:
    with pytest.raises(AmountTooPrecise) as refusal:
        parse_amount(typed, currency)
    assert str(refusal.value) == sentence


def test_no_amount_beyond_the_largest_is_read() -> None:
    assert parse_amount("10000000000000.00", "CNY").minor == LARGEST_MINOR
    with pytest.raises(AmountUnreadable):
        parse_amount("10000000000000.01", "CNY")


@pytest.mark.parametrize("currency", ["XXX", "XAU", "ABC", "cny", ""])
def test_a_currency_nobody_pays_in_is_refused(currency: str) -> None:
    with pytest.raises(CurrencyUnknown):
        parse_amount("1", currency)


@given(minors=st.lists(st.integers(-LARGEST_MINOR, LARGEST_MINOR), max_size=10))
def test_a_total_is_the_sum_and_zero_of_nothing(minors: list[int]) -> None:
    assert total_of([money(minor) for minor in minors], "CNY") == money(sum(minors))


def test_two_currencies_never_meet_in_a_sum() -> None:
    yuan, yen = money(1, "CNY"), money(1, "JPY")
    with pytest.raises(CurrencyMixed) as refusal:
        add(yuan, yen)
    assert refusal.value.details == {"expected": "CNY", "found": "JPY"}
    with pytest.raises(CurrencyMixed):
        total_of([yen], "CNY")


@pytest.mark.parametrize(
    ("numerator", "denominator", "rounded"),
    [(5, 2, 3), (-5, 2, -3), (4, 3, 1), (5, 3, 2), (0, 7, 0), (1, 2, 1), (-1, 2, -1), (10**30 + 5, 10, 10**29 + 1)],
)
def test_a_half_is_rounded_away_from_zero(numerator: int, denominator: int, rounded: int) -> None:
    assert divide_half_up(numerator, denominator) == rounded


@given(numerator=st.integers(), denominator=st.integers(1, 10**12))
def test_rounding_is_never_off_by_more_than_a_half(numerator: int, denominator: int) -> None:
    assert abs(2 * (numerator - divide_half_up(numerator, denominator) * denominator)) <= denominator


@pytest.mark.parametrize(
    ("minor", "currency", "language", "shown"),
    [
        (129900, "CNY", Language.ZH_CN, "¥1,299.00"),
        (129900, "CNY", Language.EN, "CN¥1,299.00"),
        (1230, "USD", Language.EN, "$12.30"),
        (-1230, "USD", Language.ZH_CN, "-US$12.30"),
        (500, "JPY", Language.EN, "¥500"),
    ],
)
def test_people_read_an_amount_in_their_language(minor: int, currency: str, language: Language, shown: str) -> None:
    assert display_amount(money(minor, currency), language) == shown


@given(minor=st.integers(-LARGEST_MINOR, LARGEST_MINOR), currency=CURRENCIES, language=st.sampled_from(Language))
def test_what_is_shown_has_every_digit_of_what_is_paid(minor: int, currency: str, language: Language) -> None:
    amount = money(minor, currency)
    digits = [sign for sign in display_amount(amount, language) if sign.isdigit()]
    assert "".join(digits) == to_decimal_string(amount).lstrip("-").replace(".", "")
