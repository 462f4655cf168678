"""A version of the policy tried on past cases: what it would have decided otherwise (P5.1).

Compared is what was done with what would have been done: by the version's word, its own ceilings for one case, and
whatever else held the case back then. A version tried on its own decisions changes none of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Final, NamedTuple

from pydantic import ValidationError

from activities.past_cases import PastCase, done_about
from activities.rulings import APPROVALS, Action, Ceilings, Facts, Policy
from policy.errors import PolicyError

DEFAULT_MINUTES: Final = 6.0
"""Of a person's work on one review, unless enough of them were measured."""

ENOUGH_REVIEWS: Final = 20


class Otherwise(NamedTuple):
    """A case that would be decided otherwise; `row` of the decision table says by which rule."""

    case: PastCase
    before: Action
    after: Action
    row: str


class Effect(NamedTuple):
    """Money in one currency, in minor units. `added`: automatic approvals that there would be besides; of what they
    come to, `added_paid_minor` was paid in the end by people. `removed`: those that would have gone another way.
    `refused`: cases now turned down, of whose amount so much was paid in the end."""

    added: int = 0
    added_minor: int = 0
    added_paid_minor: int = 0
    removed: int = 0
    removed_minor: int = 0
    removed_paid_minor: int = 0
    refused: int = 0
    refused_minor: int = 0
    refused_paid_minor: int = 0

    @property
    def net_minor(self) -> int:
        """More paid (or less, below zero) by what the version decides by itself; what it leaves to people is open."""
        return self.added_minor - self.added_paid_minor - self.refused_paid_minor


class Undecided(NamedTuple):
    """A case that a version could not decide, and why."""

    number: str
    why: str


class BackTest:
    """Takes past cases, as many at a time as there are, and adds up; `against`: another version instead of what was
    done then."""

    def __init__(self, draft: Policy, against: Policy | None = None) -> None:
        self._draft = _Version(draft)
        self._against = None if against is None else _Version(against)
        self.cases = 0
        self.incomplete = 0
        """Cases whose stored facts lack some that there are today; the model's defaults stand for them."""
        self.before: Counter[Action] = Counter()
        self.after: Counter[Action] = Counter()
        self.otherwise: list[Otherwise] = []
        self.undecided: list[Undecided] = []

    def add(self, cases: Iterable[PastCase]) -> None:
        for case in cases:
            try:
                self._try(case)
            except (PolicyError, ValidationError) as error:
                why = str(error) if isinstance(error, PolicyError) else _unreadable(error)
                self.undecided.append(Undecided(case.number, why))

    def _try(self, case: PastCase) -> None:
        facts = Facts.model_validate_json(case.facts)
        before = case.action if self._against is None else self._against.decides(case, facts)[0]
        after, row = self._draft.decides(case, facts)
        self.cases += 1
        self.incomplete += len(facts.model_fields_set) < len(Facts.model_fields)
        self.before[before] += 1
        self.after[after] += 1
        if before is not after:
            self.otherwise.append(Otherwise(case, before, after, row))

    def matrix(self) -> dict[tuple[Action, Action], list[Otherwise]]:
        """The cases by what was and what would be done, the most frequent change first."""
        found: dict[tuple[Action, Action], list[Otherwise]] = {}
        for each in self.otherwise:
            found.setdefault((each.before, each.after), []).append(each)
        return dict(sorted(found.items(), key=lambda item: -len(item[1])))

    def effects(self) -> dict[str, Effect]:
        """By currency."""
        found: dict[str, Effect] = {}
        for each in self.otherwise:
            currency = each.case.currency
            found[currency] = _counted(found.get(currency, Effect()), each)
        return dict(sorted(found.items()))

    @property
    def reviews_more(self) -> int:
        """Cases that people would have had to look at besides; below zero: so many fewer."""
        return self.after[Action.REVIEW] - self.before[Action.REVIEW]


class _Version:
    """One version, with its ceilings by currency at hand."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._ceilings: dict[str, Ceilings] = {}

    def decides(self, case: PastCase, facts: Facts) -> tuple[Action, str]:
        ruling = self._policy.rule(facts)
        if case.currency not in self._ceilings:
            self._ceilings[case.currency] = self._policy.ceilings(case.currency)
        return done_about(case, facts, ruling.action, self._ceilings[case.currency]), ruling.row


def _counted(effect: Effect, each: Otherwise) -> Effect:
    asked, paid = each.case.amount_minor, each.case.paid_minor
    if each.after in APPROVALS and each.before not in APPROVALS:
        return effect._replace(
            added=effect.added + 1,
            added_minor=effect.added_minor + asked,
            added_paid_minor=effect.added_paid_minor + paid,
        )
    if each.before in APPROVALS and each.after not in APPROVALS:
        effect = effect._replace(
            removed=effect.removed + 1,
            removed_minor=effect.removed_minor + asked,
            removed_paid_minor=effect.removed_paid_minor + paid,
        )
    if each.after is Action.REJECT:
        effect = effect._replace(
            refused=effect.refused + 1,
            refused_minor=effect.refused_minor + asked,
            refused_paid_minor=effect.refused_paid_minor + paid,
        )
    return effect


def _unreadable(error: ValidationError) -> str:
    first = error.errors(include_url=False)[0]
    return f"its stored facts cannot be read: {'.'.join(map(str, first['loc']))}: {first['msg']}."
