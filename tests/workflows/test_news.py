"""Hints belong to payments: asking for one forgets nothing that was said of another."""

from __future__ import annotations

from activities.types import Leg
from aftersales.contract.values import Money
from workflows.news import News


def leg(number: int) -> Leg:
    return Leg(
        leg=number,
        attempt=1,
        provider="stripe",
        provider_number=f"N-{number}-1",
        amount=Money(minor=100, currency="CNY"),
    )


def test_a_hint_is_about_the_payment_that_it_names() -> None:
    news = News()
    news.hear("N-1-1")
    assert news.of(leg(1))
    assert not news.of(leg(2))
    assert news.of_any([leg(2), leg(1)])


def test_a_hint_without_a_number_is_about_every_payment() -> None:
    news = News()
    news.hear("")
    news.asking(leg(1))
    assert not news.of(leg(1))
    assert news.of(leg(2))


def test_asking_for_one_payment_leaves_the_news_of_another() -> None:
    news = News()
    news.hear("N-1-1")
    news.hear("N-2-1")
    news.asking(leg(2))
    assert news.of(leg(1))


def test_what_is_heard_while_the_provider_is_asked_is_news_again() -> None:
    news = News()
    news.hear("N-1-1")
    news.asking(leg(1))
    news.hear("N-1-1")
    assert news.of(leg(1))
