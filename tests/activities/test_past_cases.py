"""What would have been done about a version's word."""

from __future__ import annotations

import pytest

from activities.gates import OF_THE_HOUR
from activities.past_cases import done_about
from activities.precautions import Held
from activities.rulings import Action
from aftersales.contract.values import CaseKind
from tests.fakes.policy import NO_LIMITS
from tests.policy.cases import ORDINARY, facts
from tests.support.assessed import past_case

FOUR_EYES = NO_LIMITS.model_copy(update={"four_eyes": ORDINARY.amount_minor})


@pytest.mark.parametrize("action", list(Action))
def test_an_ordinary_case_is_done_as_ruled(action: Action) -> None:
    assert done_about(past_case(), ORDINARY, action, NO_LIMITS) is action


@pytest.mark.parametrize("kind", [CaseKind.EXCHANGE, CaseKind.RETURN_AND_REFUND])
def test_returns_and_exchanges_take_a_person_except_to_turn_them_down_or_to_ask(kind: CaseKind) -> None:
    known = facts(kind=kind)
    done = {action: done_about(past_case(), known, action, NO_LIMITS) for action in Action}
    assert {action for action, did in done.items() if did is action} == {
        Action.REJECT,
        Action.ASK_EVIDENCE,
        Action.REVIEW,
    }


@pytest.mark.parametrize("why", sorted(OF_THE_HOUR))
def test_what_other_cases_used_up_holds_every_version_s_approval_back(why: Held) -> None:
    case = past_case(held=(why.value,))
    assert done_about(case, ORDINARY, Action.APPROVE, NO_LIMITS) is Action.REVIEW
    assert done_about(case, ORDINARY, Action.REJECT, NO_LIMITS) is Action.REJECT


def test_a_version_is_held_to_its_own_ceilings_not_to_those_of_then() -> None:
    case = past_case(held=(Held.AUTOMATIC_CEILING.value,))
    assert done_about(case, ORDINARY, Action.APPROVE, NO_LIMITS) is Action.APPROVE
    assert done_about(case, ORDINARY, Action.APPROVE, FOUR_EYES) is Action.REVIEW
