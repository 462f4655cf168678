from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from aftersales.contract import messages
from aftersales.contract.messages import (
    MASK,
    Appeal,
    Application,
    CaseStart,
    Decision,
    EvidenceSupplied,
    Item,
    PaymentChanged,
    Proof,
    SurveyAnswer,
    Withdrawal,
    mask_card_numbers,
)
from aftersales.contract.numbers import new_number
from aftersales.contract.values import DecisionKind, Frozen, Money

CARDS = {
    "visa": "4111111111111111",
    "visa of 13 digits": "4222222222222",
    "mastercard": "5555555555554444",
    "mastercard 2-series": "2223003122003222",
    "american express": "378282246310005",
    "discover": "6011111111111117",
    "jcb": "3530111333300000",
    "diners": "30569309025904",
    "unionpay": "6200000000000005",
    "unionpay of 19 digits": "6205500000000000004",
    "full-width digits": "４１１１１１１１１１１１１１１１",
}
VALID: dict[str, Any] = {
    "order_id": "1001",
    "customer_id": "C-7",
    "items": [{"line_id": "1", "quantity": 1}],
    "reason": "wrong_size",
}


@pytest.mark.parametrize("card", CARDS.values(), ids=CARDS.keys())
def test_a_card_number_never_gets_into_a_message(card: str) -> None:
    assert Withdrawal(explanation=f"My card is {card}.").explanation == f"My card is {MASK}."


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("4111 1111 1111 1111", MASK),
        ("4111-1111-1111-1111", MASK),
        ("3782 822463 10005", MASK),
        ("4111111111111111 12/29", f"{MASK} 12/29"),
        ("item 35 4111 1111 1111 1111", f"item 35 {MASK}"),
        ("4111111111111111 5555555555554444", f"{MASK} {MASK}"),
        ("卡号4111111111111111，谢谢", f"卡号{MASK}，谢谢"),
    ],
)
def test_a_card_number_is_found_however_it_is_written(written: str, kept: str) -> None:
    assert mask_card_numbers(written) == kept


@pytest.mark.parametrize(
    "text",
    [
        "order 4111111111111112",  # the sum does not hold
        "tracking 1234567890123452",  # no issuer's prefix
        "phone 13800138000",  # too short
        "62055000000000000041",  # too long
        "2026-11-23 10:45",
    ],
)
def test_other_numbers_are_left_as_they_are(text: str) -> None:
    assert mask_card_numbers(text) == text


@given(st.text(alphabet="0123456789 -abc", max_size=200))
def test_masking_twice_is_masking_once_and_never_makes_a_text_longer(text: str) -> None:
    masked = mask_card_numbers(text)
    assert mask_card_numbers(masked) == masked
    assert len(masked) <= len(text)


def test_a_text_of_full_length_with_a_card_number_can_be_read_by_the_worker() -> None:
    said = Withdrawal(explanation=(CARDS["visa of 13 digits"] + ".").ljust(4000, "x"))
    assert Withdrawal.model_validate_json(said.model_dump_json()) == said


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"order_id": ""}, "order_id"),
        ({"order_id": "1001'; --"}, "order_id"),
        ({"customer_id": "a b"}, "customer_id"),
        ({"items": []}, "items"),
        ({"items": [{"line_id": "1", "quantity": 0}]}, "items.0.quantity"),
        ({"items": [{"line_id": "1", "quantity": 1.5}]}, "items.0.quantity"),
        ({"reason": "because"}, "reason"),
        ({"description": "x" * 4001}, "description"),
        ({"amount": {"minor": 1.0, "currency": "EUR"}}, "amount.minor"),
        ({"amount": {"minor": 1, "currency": "euro"}}, "amount.currency"),
        ({"evidence": [{"sha256": "1", "media_type": "image/png", "size_bytes": 1}]}, "evidence.0.sha256"),
    ],
)
def test_a_malformed_application_is_refused_naming_the_field(change: dict[str, Any], field: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Application.model_validate(VALID | change)
    assert ".".join(map(str, refused.value.errors()[0]["loc"])) == field


PROOF: dict[str, Any] = {
    "key_id": "k",
    "actor": "c-7",
    "role": "customer",
    "at": 1,
    "nonce": "n" * 16,
    "mac": "0" * 64,
}
WORDS_FROM_OUTSIDE: list[tuple[type[Frozen], dict[str, Any], str]] = [
    (Application, VALID, "description"),
    (Application, VALID, "order_id"),
    (Application, VALID, "customer_id"),
    (Item, {"line_id": "1", "quantity": 1}, "line_id"),
    (CaseStart, {"number": new_number(), "caller": "shop", "request_key": "1", "application": VALID}, "request_key"),
    (Decision, {"kind": "approve"}, "explanation"),
    (Decision, {"kind": "approve"}, "reason_code"),
    (Decision, {"kind": "approve"}, "hand_to"),
    (EvidenceSupplied, {}, "note"),
    (Withdrawal, {}, "explanation"),
    (Appeal, {}, "explanation"),
    (SurveyAnswer, {"score": 5}, "comment"),
    (PaymentChanged, {"provider": "stripe"}, "provider"),
    (PaymentChanged, {"provider": "stripe"}, "provider_number"),
    (Proof, PROOF, "key_id"),
    (Proof, PROOF, "actor"),
    (Proof, PROOF, "nonce"),
]


@pytest.mark.parametrize("unstorable", ["\0", "\ud83d"], ids=["nul", "half a pair"])
@pytest.mark.parametrize(
    ("model", "valid", "field"), WORDS_FROM_OUTSIDE, ids=[f"{m.__name__}.{f}" for m, _, f in WORDS_FROM_OUTSIDE]
)
def test_a_character_that_cannot_be_stored_is_refused_naming_the_field(
    model: type[Frozen], valid: dict[str, Any], field: str, unstorable: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        model.model_validate(valid | {field: "kind words, long enough" + unstorable})
    assert [error["loc"] for error in refused.value.errors()] == [(field,)]


def test_every_text_of_a_message_says_what_it_may_hold() -> None:
    unbounded = {
        (name, field)
        for name, shape in contract_messages().items()
        for field, told in shape["properties"].items()
        if told.get("type") == "string" and "pattern" not in told and "format" not in told
    }
    assert unbounded == {("Answer", "sentence")}  # which the worker says


def contract_messages() -> dict[str, Any]:
    return {
        name: model.model_json_schema()
        for name, model in vars(messages).items()
        if isinstance(model, type) and issubclass(model, Frozen) and model.__module__ == messages.__name__
    }


def test_what_is_wrong_with_such_a_text_is_said_in_words() -> None:
    with pytest.raises(ValidationError, match="NUL character or half of a surrogate pair; take it out"):
        Withdrawal.model_validate_json('{"explanation": "a\\u0000b"}')


def test_pictures_and_rare_characters_are_no_surrogates() -> None:
    assert Withdrawal(explanation="谢谢😀𠮷\t\n").explanation == "谢谢😀𠮷\t\n"


@pytest.mark.parametrize("minor", [0, -1])
def test_an_amount_must_be_above_zero(minor: int) -> None:
    with pytest.raises(ValidationError, match="amount: must be above zero"):
        Application.model_validate(VALID | {"amount": {"minor": minor, "currency": "EUR"}})


@pytest.mark.parametrize("minor", [2**63, 10**30])
def test_an_amount_that_no_database_can_hold_is_refused_with_the_bound(minor: int) -> None:
    with pytest.raises(ValidationError, match=r"amount\.minor\n.*less than or equal to 9223372036854775807"):
        Application.model_validate(VALID | {"amount": {"minor": minor, "currency": "EUR"}})


@pytest.mark.parametrize("minor", [2**63 - 1, -(2**63)])
def test_an_amount_at_the_bound_of_the_database_is_an_amount(minor: int) -> None:
    assert Money(minor=minor, currency="EUR").minor == minor


def test_an_order_line_may_appear_once() -> None:
    with pytest.raises(ValidationError, match="each order line may appear once"):
        Application.model_validate(VALID | {"items": [{"line_id": "1", "quantity": 1}] * 2})


@pytest.mark.parametrize("score", [0, 6])
def test_a_score_is_between_one_and_five(score: int) -> None:
    with pytest.raises(ValidationError, match="score"):
        SurveyAnswer(score=score)


def test_a_field_of_a_newer_caller_is_ignored() -> None:
    assert Application.model_validate(VALID | {"gift": True}) == Application.model_validate(VALID)


def test_a_field_at_its_default_does_not_change_the_digest() -> None:
    bare = Application.model_validate(VALID)
    spelled_out = Application.model_validate(VALID | {"description": "", "unused": False})
    assert bare.body_digest() == spelled_out.body_digest()
    assert bare.body_digest() != bare.model_copy(update={"unused": True}).body_digest()


EUROS = Money(minor=100, currency="EUR")


@pytest.mark.parametrize(
    ("decision", "missing"),
    [
        (Decision(kind=DecisionKind.APPROVE), None),
        (Decision(kind=DecisionKind.ESCALATE), None),
        (Decision(kind=DecisionKind.APPROVE_PART), "items or amount"),
        (Decision(kind=DecisionKind.APPROVE_PART, amount=EUROS), None),
        (Decision(kind=DecisionKind.APPROVE_PART, items=(Item(line_id="1", quantity=1),)), None),
        (Decision(kind=DecisionKind.REJECT), "explanation"),
        (Decision(kind=DecisionKind.REJECT, explanation=" \n"), "explanation"),
        (Decision(kind=DecisionKind.ASK), "explanation"),
        (Decision(kind=DecisionKind.EXTEND), "handling_hours"),
        (Decision(kind=DecisionKind.HAND_OVER), "hand_to"),
    ],
)
def test_a_decision_says_what_it_still_needs(decision: Decision, missing: str | None) -> None:
    assert decision.missing_field() == missing


@pytest.mark.parametrize("field", ["reason", "proof"])
def test_a_message_cannot_be_changed(field: str) -> None:
    with pytest.raises(ValidationError, match="frozen"):
        setattr(Application.model_validate(VALID), field, None)
