"""What would have changed the outcome, each time by one fact alone (P5.1).

Tried are the values on both sides of where the tables' cells begin and cease to hold, the nearest first. Reason, kind,
currency, channel and who entered it are not tried: with another one of those it would be another application.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum
from itertools import zip_longest
from typing import Final

from activities.rulings import Action, Change, Doing, Facts, Ruling

MOST: Final = 6
OTHER_APPLICATION: Final = frozenset({"reason", "kind", "currency", "channel", "by_staff", "goods"})
FINAL_SALE: Final = "final_sale"
"""A fact of the goods, not of the application; all of them are taken to be otherwise at once."""
GATES: Final = frozenset(
    {
        "account_active",
        "chargeback_open",
        "contact_verified",
        "evidence_reused",
        "listed",
        "risk_level",
        "risk_score",
        "source_down",
        "weight_differs",
    }
)
"""Tried last: nearly every case would have gone to a person with one of them otherwise, which tells little."""

_TRIED: Final = tuple(fact for fact in (*Facts.model_fields, FINAL_SALE) if fact not in OTHER_APPLICATION)

Rule = Callable[[Facts], Ruling]
Glance = Callable[[Facts], Action]
Candidate = tuple[str, object]
Inputs = Mapping[str, tuple[object, ...]]


class AsRuled:
    """Implements `activities.rulings.Doing`: nothing holds an approval back."""

    def done(self, facts: Facts, ruled: Action) -> Action:  # noqa: ARG002 - the port's words
        return ruled

    def amounts(self) -> tuple[int, ...]:
        return ()


AS_RULED: Final = AsRuled()


def what_would_change(
    rule: Rule, inputs: Inputs, facts: Facts, ruling: Ruling, gates: Doing = AS_RULED, glance: Glance | None = None
) -> tuple[Change, ...]:
    """At most `MOST` changes; of each fact and each other action only the nearest value.

    Compared is what is done, as the `gates` have it. `inputs`: for each fact that the tables ask for, the values on
    both sides of where a cell begins or ceases to hold; of yes or no and of closed lists all values are tried. Names
    that are no facts of an application are passed over. `glance` says more quickly than `rule` what is likely ruled;
    only what it sees changed is ruled on.
    """
    found: dict[tuple[str, str], Change] = {}
    present = gates.done(facts, ruling.action)
    for fact, value in _candidates(inputs, facts):
        otherwise = with_fact(facts, fact, value)
        if glance is not None and gates.done(otherwise, glance(otherwise)) is present:
            continue
        other = rule(otherwise)
        action = gates.done(otherwise, other.action)
        if action is not present:
            change = Change(
                fact=fact, now=_said(_now(facts, fact)), otherwise=_said(value), action=action, row=other.row
            )
            found.setdefault((fact, action), change)
        if len(found) == MOST:
            break
    return tuple(found.values())


def with_fact(facts: Facts, fact: str, value: object) -> Facts:
    """The facts with one of them otherwise, and with what follows from that by itself: a picture is a piece of
    evidence, and what was delivered some days ago was delivered."""
    changed: dict[str, object] = {fact: value}
    match fact, value:
        case "picture_count", int(pictures):
            changed["evidence_count"] = max(facts.evidence_count, pictures)
        case "days_since_delivery", int(days):
            changed["delivered"] = days >= 0
        case "delivered", bool(there):
            changed["days_since_delivery"] = max(facts.days_since_delivery, 0) if there else -1
        case "final_sale", bool(final):
            changed = {"goods": tuple(kind.model_copy(update={FINAL_SALE: final}) for kind in facts.goods)}
    return facts.model_copy(update=changed)


def _candidates(inputs: Inputs, facts: Facts) -> Iterator[Candidate]:
    """Of the circumstances first: the nearest value of each fact, then the second nearest of each, and so on."""
    queues = {fact: _values(fact, inputs[fact], facts) for fact in _TRIED if fact in inputs}
    for of_the_gates in (False, True):
        of_these = (values for fact, values in queues.items() if (fact in GATES) is of_the_gates)
        for round_ in zip_longest(*of_these):
            yield from (candidate for candidate in round_ if candidate is not None)


def _values(fact: str, turns: tuple[object, ...], facts: Facts) -> list[Candidate]:
    now = _now(facts, fact)
    match now:
        case bool():
            return [(fact, not now)]
        case StrEnum():
            return [(fact, value) for value in type(now) if value is not now]
        case int():
            numbers = {value for value in turns if isinstance(value, int) and _possible(fact, value, facts)} - {now}
            return [(fact, value) for value in sorted(numbers, key=lambda value: (abs(value - now), value))]
        case _:
            return []


def _possible(fact: str, value: int, facts: Facts) -> bool:
    """Whether an application could be like that."""
    match fact:
        case "days_since_delivery":
            return value >= 0 and facts.delivered
        case "amount_minor":
            return value > 0
        case "evidence_count":
            return value >= facts.picture_count
        case _:
            return value >= 0


def _now(facts: Facts, fact: str) -> object:
    if fact == FINAL_SALE:
        return any(kind.final_sale for kind in facts.goods)
    value: object = getattr(facts, fact)
    return value


def _said(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
