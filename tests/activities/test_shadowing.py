"""The draft beside the live policy: heard when it disagrees, and never in the way."""

from __future__ import annotations

from activities.rulings import Action, Facts, Fired, Ruling
from activities.shadowing import LONGEST_FAILURE, in_the_shadow
from policy.errors import PolicyError
from tests.fakes.policy import FakePolicy
from tests.policy.cases import ORDINARY

DRAFT = "d" * 64
LIVE = FakePolicy(Action.APPROVE).ruling


def draft(action: Action = Action.APPROVE) -> FakePolicy:
    return FakePolicy(action, content_hash=DRAFT)


class BrokenPolicy(FakePolicy):
    def __init__(self, error: Exception) -> None:
        super().__init__(content_hash=DRAFT)
        self._error = error

    def rule(self, facts: Facts) -> Ruling:  # noqa: ARG002 - the port's words
        raise self._error


def test_without_a_draft_and_with_one_that_agrees_there_is_nothing_to_say() -> None:
    assert in_the_shadow(None, ORDINARY, LIVE) is None
    assert in_the_shadow(draft(), ORDINARY, LIVE) is None


def test_a_draft_that_would_do_something_else_is_heard_with_the_rows_that_held() -> None:
    said = in_the_shadow(draft(Action.REVIEW), ORDINARY, LIVE)
    assert said is not None
    assert (said.policy_hash, said.action, said.failure) == (DRAFT, Action.REVIEW, "")
    assert said.fired == (Fired(table="decision", row="row-review"),)


def test_a_draft_that_would_pay_another_amount_disagrees() -> None:
    other = draft()
    other.says(Action.APPROVE, refund_shipping=True)
    assert in_the_shadow(other, ORDINARY, LIVE) is not None


def test_amounts_of_what_is_not_paid_are_no_disagreement() -> None:
    other = draft()
    other.says(Action.REJECT, refund_shipping=True)
    assert in_the_shadow(other, ORDINARY, FakePolicy(Action.REJECT).ruling) is None


def test_a_draft_that_cannot_decide_is_written_down_as_one_and_stops_nothing() -> None:
    said = in_the_shadow(BrokenPolicy(PolicyError("it cannot decide.", table="decision")), ORDINARY, LIVE)
    assert said is not None
    assert said.failure == "In table 'decision': it cannot decide."
    silent = in_the_shadow(BrokenPolicy(ZeroDivisionError()), ORDINARY, LIVE)
    assert silent is not None
    assert silent.failure == "ZeroDivisionError"
    wordy = in_the_shadow(BrokenPolicy(ValueError("x" * 10_000)), ORDINARY, LIVE)
    assert wordy is not None
    assert len(wordy.failure) == LONGEST_FAILURE
