"""A version tried on past cases."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from activities.past_cases import PastCase
from activities.rulings import APPROVALS, Action, Facts, Ruling
from aftersales.contract.values import CaseKind, Reason
from policy.backtest import BackTest, Effect
from policy.errors import PolicyError
from tests.fakes.policy import NO_LIMITS, FakePolicy
from tests.policy.cases import any_case, facts
from tests.support.assessed import packaged, past_case

LATE = facts(reason=Reason.CHANGED_MIND, days_since_delivery=12)


def tried(draft: Action, *cases: PastCase) -> BackTest:
    test = BackTest(FakePolicy(draft))
    test.add(cases)
    return test


@given(any_case())
def test_a_version_tried_on_its_own_word_changes_nothing(known: Facts) -> None:
    test = BackTest(packaged(), against=packaged())
    test.add([past_case(known)])
    assert (test.cases, test.otherwise, test.undecided) == (1, [], [])


def test_an_approval_that_there_would_be_besides_counts_with_its_money_and_what_was_paid_in_the_end() -> None:
    paid = past_case(action=Action.REVIEW, paid_minor=9000)
    unpaid = past_case(action=Action.REVIEW, status="rejected")
    test = tried(Action.APPROVE, paid, unpaid)
    assert test.effects() == {"CNY": Effect(added=2, added_minor=2 * 9990, added_paid_minor=9000)}
    assert test.effects()["CNY"].net_minor == 2 * 9990 - 9000
    assert test.reviews_more == -2


def test_an_approval_that_there_would_no_longer_be_is_left_to_people_and_its_money_stays_open() -> None:
    test = tried(Action.REVIEW, past_case(paid_minor=9990))
    assert test.effects() == {"CNY": Effect(removed=1, removed_minor=9990, removed_paid_minor=9990)}
    assert test.effects()["CNY"].net_minor == 0
    assert test.reviews_more == 1


def test_what_would_be_turned_down_saves_what_was_paid() -> None:
    effect = tried(Action.REJECT, past_case(paid_minor=9990)).effects()["CNY"]
    assert (effect.removed, effect.refused, effect.net_minor) == (1, 1, -9990)


@given(st.lists(st.builds(past_case, any_case()), max_size=8), st.sampled_from(Action))
def test_every_case_is_counted_once_on_both_sides(cases: list[PastCase], ruled: Action) -> None:
    test = tried(ruled, *cases)
    assert test.cases == test.before.total() == test.after.total() == len(cases)
    assert sum(map(len, test.matrix().values())) == len(test.otherwise) <= len(cases)
    assert test.reviews_more == test.after[Action.REVIEW] - test.before[Action.REVIEW]
    moved = [each for each in test.otherwise if (each.before in APPROVALS) is not (each.after in APPROVALS)]
    assert sum(effect.added + effect.removed for effect in test.effects().values()) == len(moved)


def test_from_one_way_of_approving_to_another_no_money_changes() -> None:
    test = tried(Action.APPROVE_AND_LEAVE, past_case(paid_minor=9990))
    assert len(test.otherwise) == 1
    assert test.effects() == {"CNY": Effect()}
    assert test.reviews_more == 0


def test_a_version_that_cannot_decide_is_told_with_the_place_that_is_wrong() -> None:
    class BrokenPolicy(FakePolicy):
        def rule(self, facts: Facts) -> Ruling:  # noqa: ARG002 - the port's words
            raise PolicyError("it cannot decide.", table="decision")

    test = BackTest(BrokenPolicy())
    test.add([past_case()])
    assert [each.why for each in test.undecided] == ["In table 'decision': it cannot decide."]
    assert test.cases == 0


def test_each_currency_is_counted_by_itself() -> None:
    test = tried(Action.REJECT, past_case(), past_case(facts(currency="EUR"), ruled=Action.APPROVE))
    assert list(test.effects()) == ["CNY", "EUR"]


def test_the_most_frequent_change_comes_first() -> None:
    test = tried(Action.APPROVE, past_case(LATE), past_case(action=Action.REVIEW), past_case(action=Action.REVIEW))
    assert [(change, len(cases)) for change, cases in test.matrix().items()] == [
        ((Action.REVIEW, Action.APPROVE), 2),
        ((Action.REJECT, Action.APPROVE), 1),
    ]
    assert test.otherwise[0].row == "row-approve"


@pytest.mark.parametrize(
    "case",
    [
        past_case(action=Action.REVIEW, held=("day_budget",)),
        past_case(facts(chargeback_open=True)),
        past_case(facts(risk_level="high")),
        past_case(facts(kind=CaseKind.EXCHANGE)),
    ],
)
def test_what_held_an_approval_back_then_holds_the_draft_s_back_too(case: PastCase) -> None:
    test = tried(Action.APPROVE, case._replace(action=Action.REVIEW))
    assert test.otherwise == []


def test_a_draft_approves_no_more_than_its_own_ceiling() -> None:
    draft = FakePolicy(Action.APPROVE)
    draft.limits = NO_LIMITS.model_copy(update={"automatic_case": 9989})
    test = BackTest(draft)
    test.add([past_case()])
    assert [(each.before, each.after) for each in test.otherwise] == [(Action.APPROVE, Action.REVIEW)]


def test_a_no_to_what_the_staff_entered_is_only_advice() -> None:
    assert tried(Action.REJECT, past_case(facts(by_staff=True), action=Action.REVIEW)).otherwise == []


def test_facts_that_old_cases_lack_take_the_usual_value_and_are_counted() -> None:
    old = {name: value for name, value in json.loads(past_case().facts).items() if name != "shipment"}
    test = tried(Action.APPROVE, past_case(), past_case(facts=json.dumps(old)))
    assert (test.cases, test.incomplete, test.otherwise) == (2, 1, [])


def test_a_case_that_cannot_be_read_or_decided_counts_nowhere_and_is_named() -> None:
    test = tried(Action.APPROVE, past_case(facts='{"reason": "nonsense"}'), past_case())
    assert test.cases == 1
    assert test.undecided[0].number == past_case().number
    assert "reason" in test.undecided[0].why
