"""News of disputes comes in any order; what holds is what was said last."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest

from domain.chargebacks import BLOCKING, Chargeback, ChargebackState

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
OPEN, WON, LOST, WITHDRAWN = ChargebackState


def heard(state: ChargebackState, after_s: int = 0, **changes: object) -> Chargeback:
    said = Chargeback(
        provider="stripe",
        dispute_id="du_1",
        payment_reference="ch_1",
        state=state,
        opened_at=NOON,
        as_of=NOON + timedelta(seconds=after_s),
    )
    return said.model_copy(update=changes)


def last_of(*news: Chargeback) -> ChargebackState:
    known: Chargeback | None = None
    for each in news:
        known = each.after(known)
    assert known is not None
    return known.state


@pytest.mark.parametrize("state", [WON, LOST, WITHDRAWN])
def test_in_whatever_order_news_comes_the_last_word_holds(state: ChargebackState) -> None:
    news = (heard(OPEN), heard(OPEN, 10), heard(state, 20))
    assert {last_of(*order) for order in permutations(news)} == {state}


def test_of_the_same_second_the_end_counts() -> None:
    assert last_of(heard(OPEN), heard(WON)) is last_of(heard(WON), heard(OPEN)) is WON


def test_a_dispute_that_is_opened_again_is_open() -> None:
    assert last_of(heard(WON), heard(OPEN, 1)) is OPEN


def test_the_order_that_a_person_named_is_not_forgotten() -> None:
    known = heard(OPEN, order_id="SO-1")
    assert heard(WON, 5).after(known).order_id == "SO-1"


def test_what_is_open_or_lost_stands_in_the_way_of_a_refund() -> None:
    assert {OPEN, LOST} == BLOCKING
