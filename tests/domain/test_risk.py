"""The score of a risk: each sign with its points, and a level that no sum can talk down (P6.1)."""

from __future__ import annotations

from types import MappingProxyType
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.risk import Level, Score, Seen, Sign, score

POINTS = MappingProxyType(dict.fromkeys((sign.value for sign in Sign), 10))


class Scale(NamedTuple):
    points: MappingProxyType[str, int] = POINTS
    medium_from: int = 20
    high_from: int = 40


SCALE = Scale()
EVERYTHING = Seen(
    contact_verified=False,
    guest=True,
    account_days=1,
    cases_of_customer=9,
    cases_of_payment=9,
    cases_at_address=9,
    orders=4,
    refunded_orders=4,
    refunded_minor=400,
    amount_minor=10_000,
    keep_items=9,
    empty_boxes=1,
    not_received=1,
    evidence_reused=True,
    weight_differs=True,
    blocked=True,
)


def scored(**seen: object) -> Score:
    return score(Seen.model_validate(seen), SCALE)


def signs(**seen: object) -> list[str]:
    return [part.sign.value for part in scored(**seen).parts]


def test_a_customer_of_whom_nothing_is_known_is_of_low_risk() -> None:
    assert scored() == Score(Level.LOW, 0, ())


def test_every_sign_is_listed_with_its_points_and_they_add_up() -> None:
    found = score(EVERYTHING, SCALE)
    assert {part.sign for part in found.parts} == set(Sign)
    assert found.points == sum(part.points for part in found.parts) == 10 * len(Sign)
    assert all(part.seen for part in found.parts)


@pytest.mark.parametrize(
    ("seen", "sign"),
    [
        ({"contact_verified": False}, Sign.CONTACT_NOT_VERIFIED),
        ({"guest": True}, Sign.GUEST),
        ({"account_days": 29}, Sign.YOUNG_ACCOUNT),
        ({"cases_of_customer": 3}, Sign.MANY_CASES_CUSTOMER),
        ({"cases_of_payment": 3}, Sign.MANY_CASES_PAYMENT),
        ({"cases_at_address": 5}, Sign.MANY_CASES_ADDRESS),
        ({"orders": 3, "refunded_orders": 2}, Sign.HIGH_REFUND_RATE),
        ({"orders": 4, "refunded_orders": 2}, Sign.HIGH_REFUND_RATE),
        ({"keep_items": 2}, Sign.KEEP_ITEMS),
        ({"empty_boxes": 1}, Sign.EMPTY_BOXES),
        ({"not_received": 1}, Sign.NOT_RECEIVED_BEFORE),
        ({"refunded_orders": 2, "refunded_minor": 200, "amount_minor": 500}, Sign.LARGE_AMOUNT_FOR_CUSTOMER),
        ({"evidence_reused": True}, Sign.EVIDENCE_REUSED),
        ({"weight_differs": True}, Sign.WEIGHT_DIFFERS),
        ({"blocked": True}, Sign.LISTED_BLOCK),
    ],
)
def test_what_is_enough_for_a_sign(seen: dict[str, object], sign: Sign) -> None:
    assert signs(**seen) == [sign.value]


@pytest.mark.parametrize(
    "seen",
    [
        {"account_days": 30},
        {"account_days": None},
        {"cases_of_customer": 2, "cases_of_payment": 2, "cases_at_address": 4},
        {"orders": 2, "refunded_orders": 2},
        {"orders": 5, "refunded_orders": 2},
        {"keep_items": 1},
        {"refunded_orders": 2, "refunded_minor": 200, "amount_minor": 499},
        {"amount_minor": 10**9},
        {"chargeback_open": True},
        {"allowed": True},
    ],
)
def test_what_is_not_enough_for_a_sign(seen: dict[str, object]) -> None:
    assert signs(**seen) == []


def test_what_was_seen_is_told_in_numbers() -> None:
    (part,) = scored(orders=4, refunded_orders=3).parts
    assert part.seen == "3 of 4 orders refunded"


def test_a_sign_that_the_policy_does_not_name_counts_for_nothing() -> None:
    assert score(EVERYTHING, Scale(points=MappingProxyType({}))) == Score(Level.LOW, 0, ())


@pytest.mark.parametrize(("count", "level"), [(1, Level.LOW), (2, Level.MEDIUM), (3, Level.MEDIUM), (4, Level.HIGH)])
def test_the_level_follows_the_points(count: int, level: Level) -> None:
    seen = {"guest": True, "empty_boxes": 1, "weight_differs": True, "not_received": 1}
    assert scored(**dict(list(seen.items())[:count])).level is level


def test_a_source_that_is_down_is_never_a_low_risk() -> None:
    assert scored(source_down=True).level is Level.UNKNOWN
    assert scored(source_down=True, allowed=True).level is Level.UNKNOWN


def test_whoever_is_trusted_is_of_low_risk_whatever_was_seen() -> None:
    trusted = EVERYTHING.model_copy(update={"allowed": True, "evidence_reused": False})
    assert score(trusted, SCALE).level is Level.LOW
    assert score(trusted, SCALE).points > SCALE.high_from


@pytest.mark.parametrize("against", ["chargeback_open", "evidence_reused"])
def test_trust_does_not_outweigh_a_chargeback_or_a_picture_from_another_case(against: str) -> None:
    trusted = EVERYTHING.model_copy(update={"allowed": True, "evidence_reused": False, against: True})
    assert score(trusted, SCALE).level is Level.HIGH


counts = st.integers(0, 50)
anybody = st.builds(
    Seen,
    orders=counts,
    refunded_orders=counts,
    refunded_minor=st.integers(0, 10**12),
    amount_minor=st.integers(0, 10**12),
    cases_of_customer=counts,
    keep_items=counts,
    account_days=st.none() | counts,
    contact_verified=st.booleans(),
)


@given(anybody, st.sampled_from(["cases_of_customer", "keep_items", "empty_boxes", "not_received", "amount_minor"]))
def test_more_of_a_sign_never_lowers_the_score(seen: Seen, what: str) -> None:
    more = seen.model_copy(update={what: getattr(seen, what) + 1})
    assert score(more, SCALE).points >= score(seen, SCALE).points
