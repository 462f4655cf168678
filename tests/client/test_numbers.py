import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from aftersales.contract.errors import AftersalesError
from aftersales.contract.messages import CaseStart
from aftersales.contract.numbers import (
    ALPHABET,
    new_number,
    number_for,
    parse_number,
    workflow_id,
)
from aftersales.contract.values import ErrorCode

numbers = st.builds(number_for, st.text(max_size=20), st.text(min_size=1, max_size=40))
places = st.integers(min_value=0, max_value=13)


def _replaced(number: str, place: int, letter: str) -> str:
    plain = number.replace("-", "")
    return plain[:place] + letter + plain[place + 1 :]


def _is_refused(typed: str) -> bool:
    try:
        parse_number(typed)
    except AftersalesError as error:
        return error.code is ErrorCode.NUMBER_INVALID
    return False


def test_a_request_key_that_cannot_be_sent_has_a_number_and_is_refused_by_the_message_that_carries_it() -> None:
    application = {
        "order_id": "1",
        "customer_id": "c",
        "items": [{"line_id": "1", "quantity": 1}],
        "reason": "wrong_size",
    }
    said = {
        "number": number_for("shop", "\ud83d"),
        "caller": "shop",
        "request_key": "\ud83d",
        "application": application,
    }
    with pytest.raises(ValidationError) as refused:
        CaseStart.model_validate(said)
    assert [error["loc"] for error in refused.value.errors()] == [("request_key",)]


@given(numbers)
def test_a_number_is_read_back_as_it_was_written(number: str) -> None:
    assert parse_number(number) == number


@given(numbers, places, st.sampled_from(ALPHABET))
def test_every_single_wrong_character_is_found(number: str, place: int, letter: str) -> None:
    wrong = _replaced(number, place, letter)
    assert _is_refused(wrong) == (wrong != number.replace("-", ""))


@given(numbers, places, places)
def test_every_two_characters_that_changed_places_are_found(number: str, one: int, other: int) -> None:
    plain = number.replace("-", "")
    swapped = _replaced(_replaced(plain, one, plain[other]), other, plain[one])
    assert _is_refused(swapped) == (swapped != plain)


@given(numbers, st.integers(min_value=1, max_value=13))
def test_a_number_with_characters_missing_is_refused(number: str, kept: int) -> None:
    assert _is_refused(number.replace("-", "")[:kept])


@given(numbers)
def test_a_number_is_understood_as_it_is_heard_on_the_telephone(number: str) -> None:
    heard = number.replace("0", "O").replace("1", "l").replace("2", "Z").replace("-", " ").lower()
    assert parse_number(f"  {heard} ") == number


@pytest.mark.parametrize("typed", ["", "退款", "ABCDE-FGHJK-MNP!", "'; DROP TABLE cases; --", "A" * 10_000])
def test_what_is_no_number_is_refused_with_a_sentence_that_repeats_it(typed: str) -> None:
    with pytest.raises(AftersalesError, match="is not an application number") as refused:
        parse_number(typed)
    assert refused.value.code is ErrorCode.NUMBER_INVALID


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("4AQC0", "'4AQC0' is not an application number; one has 14 characters, written XXXXX-XXXXX-XXXX."),
        ("00000-00000-0001", "'00000-00000-0001' is not an application number; a character is wrong."),
    ],
)
def test_what_is_wrong_with_a_number_is_said_plainly(typed: str, sentence: str) -> None:
    with pytest.raises(AftersalesError) as refused:
        parse_number(typed)
    assert str(refused.value) == sentence


def test_one_request_key_stands_for_one_number_of_each_caller() -> None:
    assert number_for("shop", "k") == number_for("shop", "k")
    told_apart = {number_for(*pair) for pair in (("shop", "k"), ("shop", "k2"), ("shopk", "2"), ("sho", "pk"))}
    assert len(told_apart) == 4


def test_fresh_numbers_do_not_repeat() -> None:
    assert len({new_number() for _ in range(1000)}) == 1000


def test_the_workflow_id_carries_the_number() -> None:
    assert workflow_id("ABCDE-FGHJK-MNPQ") == "refund/ABCDE-FGHJK-MNPQ"
