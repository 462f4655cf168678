"""The plan comes from the seed alone, and hides no double payment behind a provider's own cap."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bench.chaos.plan import UNITS, Paid, Review, Wish, plan_of
from bench.chaos.storm import SHORTEST_S, Database, Storm

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def wishes() -> tuple[Wish, ...]:
    return plan_of(Storm(seed=7, refunds=500), NOON)


def test_the_same_seed_gives_the_same_plan_and_another_one_another(wishes: tuple[Wish, ...]) -> None:
    assert plan_of(Storm(seed=7, refunds=500), NOON) == wishes
    assert plan_of(Storm(seed=8, refunds=500), NOON) != wishes


def test_there_are_as_many_applications_as_refunds_each_with_a_number_of_its_own(wishes: tuple[Wish, ...]) -> None:
    assert len({wish.number for wish in wishes}) == 500
    assert [wish.at for wish in wishes] == sorted(wish.at for wish in wishes)


def test_a_small_run_too_has_every_way_of_paying() -> None:
    assert {wish.paid for wish in plan_of(Storm(seed=1, refunds=40), NOON)} == set(Paid)


def test_a_refund_is_a_fifth_of_what_was_paid(wishes: tuple[Wish, ...]) -> None:
    for wish in wishes:
        paid = sum(tender.captured_minor for tender in wish.order.tenders)
        assert wish.unit_minor * UNITS == paid
        assert wish.order.tenders[-1].captured_minor > 2 * wish.unit_minor, "the last payment is never given back whole"


def test_people_decide_a_share_of_them_in_every_way(wishes: tuple[Wish, ...]) -> None:
    assert {wish.review for wish in wishes} == {None, *Review}
    assert all(wish.application.goods_back is (wish.review is None) for wish in wishes)
    assert 80 < sum(wish.review is not None for wish in wishes) < 180


def test_some_orders_are_applied_for_twice(wishes: tuple[Wish, ...]) -> None:
    assert 350 < len({wish.order.order_id for wish in wishes}) < 500


def test_what_was_paid_long_ago_is_past_every_deadline_of_its_provider(wishes: tuple[Wish, ...]) -> None:
    long_ago = [wish.order for wish in wishes if wish.paid is Paid.ALIPAY_LONG_AGO]
    assert long_ago
    assert all(NOON - order.bought_at > timedelta(days=365) for order in long_ago)
    assert all(order.delivered_at and NOON - order.delivered_at < timedelta(days=7) for order in long_ago)


def test_draws_of_one_purpose_do_not_move_those_of_another() -> None:
    storm = Storm(seed=3)
    first = storm.chance("kills").random()
    storm.chance("plan").random()
    assert storm.chance("kills").random() == first


def test_applications_come_at_a_pace_that_two_cores_keep_up_with() -> None:
    assert Storm(seed=1, refunds=500).applications_s == 200
    assert Storm(seed=1, refunds=5).applications_s == SHORTEST_S


def test_a_run_says_how_it_is_played_again() -> None:
    again = Storm(seed=5, refunds=40, kill_every_s=2.5, database=Database.SQLITE).again()
    assert again == "python -m bench.chaos --refunds 40 --seconds-between-kills 2.5 --seed 5 --database sqlite"
