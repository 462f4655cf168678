"""The outcome model, from the workflow's side: what is asked, what is sent, what is waited for (design: payments)."""

from __future__ import annotations

import pytest
from temporalio.exceptions import ApplicationError

from activities.types import OutcomeKind as Kind
from activities.types import Stage
from aftersales.contract.handles import RefundCaseHandle
from aftersales.contract.messages import PaymentChanged, Withdrawal
from aftersales.contract.values import CaseStatus, DecisionKind, ErrorCode, LegState, WaitsFor
from tests.workflows.conftest import Begin, Running
from tests.workflows.world import World, outcome


async def test_an_approved_case_is_paid_told_and_closed_after_its_windows(begin: Begin) -> None:
    case = await begin(World())
    result = await case.result()
    assert result.status is CaseStatus.REFUNDED
    assert case.world.calls == ["intake", "submit N-1-1", "closed"]
    assert case.world.stages == [Stage.REFUNDED, Stage.SURVEY, Stage.SURVEY_REMINDER]


async def test_an_unknown_end_is_asked_for_before_anything_is_sent_again(begin: Begin) -> None:
    case = await begin(World().script(submits=[outcome(Kind.UNKNOWN)], queries=[outcome(Kind.SUCCEEDED)]))
    await case.reach(CaseStatus.REFUNDED)
    assert case.world.calls == ["intake", "submit N-1-1", "query N-1-1"]
    assert Stage.PAYMENT_CONFIRMING not in case.world.stages, "found at once: the customer need not worry"


async def test_only_not_found_allows_sending_again_and_with_the_same_number(begin: Begin) -> None:
    case = await begin(World().script(submits=[outcome(Kind.UNKNOWN)], queries=[outcome(Kind.NOT_FOUND)]))
    await case.reach(CaseStatus.REFUNDED)
    assert case.world.calls == ["intake", "submit N-1-1", "query N-1-1", "submit N-1-1"]


async def test_a_call_that_fell_over_counts_as_unknown(begin: Begin) -> None:
    lost = ApplicationError("the worker was killed", non_retryable=True)
    case = await begin(World().script(submits=[lost], queries=[lost, outcome(Kind.SUCCEEDED)]))
    await case.reach(CaseStatus.REFUNDED)
    assert case.world.calls == ["intake", "submit N-1-1", "query N-1-1", "query N-1-1"]
    await case.hears(Stage.PAYMENT_CONFIRMING)


async def test_a_provider_out_of_reach_is_tried_again_later_with_the_same_number(begin: Begin) -> None:
    away = [outcome(Kind.RETRY_SAME, "connection_refused")] * 8
    case = await begin(World().script(submits=away))
    await case.pass_time(minutes=20)
    view = await case.view()
    assert view.status is CaseStatus.PAYING
    assert "reachable" in view.waiting
    assert view.due_at is not None
    await case.reach(CaseStatus.REFUNDED, within_hours=3)
    assert case.world.calls == ["intake", *["submit N-1-1"] * 9]
    assert len(case.world.payments) == 2, "one note that it waits and one that it is paid"


async def test_while_the_provider_is_certainly_untouched_the_customer_may_withdraw(begin: Begin) -> None:
    case = await begin(World().script(submits=[outcome(Kind.RETRY_SAME, "connection_refused")] * 20))
    await case.pass_time(minutes=5)
    answer = await case.handle.execute_update(RefundCaseHandle.withdraw, Withdrawal())
    assert answer.accepted
    assert (await case.result()).status is CaseStatus.WITHDRAWN


async def test_a_withdrawal_while_money_may_be_moving_is_too_late(begin: Begin) -> None:
    waiting = [outcome(Kind.UNKNOWN, "timeout")] * 4
    case = await begin(World().script(submits=[outcome(Kind.UNKNOWN)], queries=waiting))
    await case.pass_time(seconds=30)
    answer = await case.handle.execute_update(RefundCaseHandle.withdraw, Withdrawal())
    assert (answer.accepted, answer.code) == (False, ErrorCode.TOO_LATE)
    await case.reach(CaseStatus.REFUNDED, within_hours=3)


async def test_out_of_reach_after_an_unknown_end_still_leaves_the_money_in_doubt(begin: Begin) -> None:
    case = await begin(
        World().script(
            submits=[outcome(Kind.UNKNOWN), *[outcome(Kind.RETRY_SAME, "connection_refused")] * 9],
            queries=[outcome(Kind.NOT_FOUND)],
        )
    )
    await case.pass_time(minutes=3)
    assert case.world.standing.legs[0].state is LegState.CONFIRMING
    answer = await case.handle.execute_update(RefundCaseHandle.withdraw, Withdrawal())
    assert answer.code is ErrorCode.TOO_LATE


async def test_a_pending_payment_ends_by_the_poll_when_no_message_comes(begin: Begin) -> None:
    case = await begin(World().script(submits=[outcome(Kind.PENDING)], queries=[outcome(Kind.PENDING)]))
    await case.reach(CaseStatus.REFUNDED, within_hours=10)
    assert case.world.calls == ["intake", "submit N-1-1", "query N-1-1", "query N-1-1"]
    await case.hears(Stage.REFUNDED)
    assert case.world.stages[:2] == [Stage.PAYMENT_ON_ITS_WAY, Stage.REFUNDED]


async def test_the_providers_hint_ends_the_wait_and_the_case_asks_the_provider(begin: Begin) -> None:
    case = await begin(World().script(submits=[outcome(Kind.PENDING)]))
    await case.pass_time(minutes=1)
    await case.handle.signal(RefundCaseHandle.payment_changed, PaymentChanged(provider="stripe"))
    await case.reach(CaseStatus.REFUNDED, within_hours=0.1)
    assert case.world.calls[-1] == "query N-1-1"


async def test_a_hint_during_the_call_is_not_lost(begin: Begin) -> None:
    world = World().script(submits=[outcome(Kind.PENDING)])
    case_box: list[Running] = []

    async def hint() -> None:
        await case_box[0].handle.signal(RefundCaseHandle.payment_changed, PaymentChanged(provider="stripe"))

    world.looks_until_known = 1
    world.during_submit = hint
    case_box.append(await begin(world))
    await case_box[0].reach(CaseStatus.REFUNDED, within_hours=0.5)


async def test_not_found_for_an_accepted_payment_never_sends_it_again(begin: Begin) -> None:
    case = await begin(World().script(submits=[outcome(Kind.PENDING)], queries=[outcome(Kind.NOT_FOUND)] * 2))
    await case.reach(CaseStatus.REFUNDED, within_hours=48)
    assert case.world.calls.count("submit N-1-1") == 1


async def test_the_merchants_trouble_pauses_alerts_and_goes_on_with_the_same_number(begin: Begin) -> None:
    case = await begin(World().script(submits=[outcome(Kind.NEEDS_MERCHANT, "balance_insufficient")] * 2))
    await case.pass_time(minutes=5)
    assert (await case.view()).legs[0].state is LegState.BLOCKED
    await case.reach(CaseStatus.REFUNDED, within_hours=12)
    assert case.world.calls == ["intake", *["submit N-1-1"] * 3]
    assert case.world.stages.count(Stage.PAYMENT_BLOCKED) == 1


async def test_the_merchants_trouble_while_a_request_is_in_doubt_alarms_once_and_takes_nothing_back(
    begin: Begin,
) -> None:
    locked = [outcome(Kind.NEEDS_MERCHANT, "api_key_expired")] * 3
    case = await begin(World().script(submits=[outcome(Kind.UNKNOWN, "timeout")], queries=locked))
    await case.pass_time(minutes=5)
    assert case.world.standing.legs[0].state is LegState.CONFIRMING
    answer = await case.handle.execute_update(RefundCaseHandle.withdraw, Withdrawal())
    assert answer.code is ErrorCode.TOO_LATE
    await case.reach(CaseStatus.REFUNDED, within_hours=72)
    assert case.world.calls == ["intake", "submit N-1-1", *["query N-1-1"] * 4]
    assert case.world.stages.count(Stage.PAYMENT_BLOCKED) == 1
    assert len(case.world.payments) == 2


@pytest.mark.parametrize(
    ("first", "stages"),
    [
        (Kind.NEEDS_MERCHANT, [Stage.PAYMENT_BLOCKED, Stage.APPROVED, Stage.REFUNDED]),
        (Kind.RETRY_SAME, [Stage.APPROVED, Stage.REFUNDED]),
        (Kind.UNKNOWN, [Stage.REFUNDED]),
        (Kind.REJECTED, [Stage.PAYMENT_FAILED]),
    ],
)
async def test_an_approval_is_told_with_what_comes_of_it_and_by_itself_only_if_the_money_waits(
    begin: Begin, first: Kind, stages: list[Stage]
) -> None:
    case = await begin(World().script(submits=[outcome(first)]))
    await case.pass_time(hours=6)
    assert sorted(case.world.stages) == sorted(stages)  # two that set out together may arrive either way round
    assert case.world.approving == [stage for stage in stages[-1:] if Stage.APPROVED not in stages]


async def test_another_body_under_the_number_is_asked_for_never_sent_under_another(begin: Begin) -> None:
    case = await begin(World().script(submits=[outcome(Kind.CONFLICT, "idempotency_error")]))
    await case.reach(CaseStatus.REFUNDED, within_hours=3)
    assert case.world.calls == ["intake", "submit N-1-1", "query N-1-1"]
    await case.hears(Stage.PAYMENT_BLOCKED)


@pytest.mark.parametrize("kind", [Kind.REJECTED, Kind.NEEDS_PAYEE])
async def test_a_proven_failure_waits_for_finance_who_may_try_again(begin: Begin, kind: Kind) -> None:
    no = outcome(kind, "expired_or_canceled_card")
    case = await begin(World().script(submits=[no], queries=[no]))
    view = await case.reach(CaseStatus.PAYMENT_FAILED)
    assert "finance" in view.waiting
    await case.decide(DecisionKind.APPROVE)
    await case.reach(CaseStatus.REFUNDED)
    asked_again = ["intake", "submit N-1-1", "query N-1-1", "submit N-1-2"]
    assert case.world.calls == asked_again, "a new number after a proven failure"


async def test_finance_may_give_a_failed_payment_up(begin: Begin) -> None:
    case = await begin(World().script(submits=[outcome(Kind.REJECTED)]))
    await case.reach(CaseStatus.PAYMENT_FAILED)
    await case.decide(DecisionKind.REJECT, explanation="settled at the till")
    assert (await case.result()).status is CaseStatus.REJECTED


async def test_when_a_part_was_paid_and_the_rest_is_given_up_the_customer_is_told_of_the_part(begin: Begin) -> None:
    world = World(giving_up_leads_to=CaseStatus.PARTLY_REFUNDED).script(submits=[outcome(Kind.REJECTED)])
    case = await begin(world)
    await case.reach(CaseStatus.PAYMENT_FAILED)
    await case.decide(DecisionKind.REJECT, explanation="settled at the till")
    await case.hears(Stage.REFUNDED)
    assert (await case.result()).status is CaseStatus.PARTLY_REFUNDED


async def test_money_that_comes_back_within_the_window_opens_the_case_again(begin: Begin) -> None:
    case = await begin(World().script(queries=[outcome(Kind.REVERSED, "lost_or_stolen_card")]))
    await case.reach(CaseStatus.REFUNDED)
    await case.pass_time(days=5)
    await case.handle.signal(RefundCaseHandle.payment_changed, PaymentChanged(provider="stripe"))
    await case.reach(CaseStatus.PAYMENT_FAILED)
    await case.hears(Stage.REVERSED)
    await case.decide(DecisionKind.APPROVE)
    assert (await case.result()).status is CaseStatus.REFUNDED


async def test_a_hint_without_a_reversal_changes_nothing(begin: Begin) -> None:
    case = await begin(World())
    await case.reach(CaseStatus.REFUNDED)
    await case.handle.signal(RefundCaseHandle.payment_changed, PaymentChanged(provider="stripe"))
    result = await case.result()
    assert result.status is CaseStatus.REFUNDED
    assert case.world.calls.count("query N-1-1") == 1


# --- a provider that changes its mind ---------------------------------------------------------------------


NO = outcome(Kind.REJECTED, "expired_or_canceled_card")
HINT = PaymentChanged(provider="stripe", provider_number="N-1-1")


async def payment_failed(begin: Begin, world: World) -> Running:
    world.submits.append(NO)
    case = await begin(world)
    await case.reach(CaseStatus.PAYMENT_FAILED)
    return case


async def test_a_failed_payment_that_succeeded_after_all_is_found_by_the_providers_hint(begin: Begin) -> None:
    case = await payment_failed(begin, World())
    await case.handle.signal(RefundCaseHandle.payment_changed, HINT)
    await case.reach(CaseStatus.REFUNDED)
    await case.hears(Stage.REFUNDED)
    assert case.world.calls == ["intake", "submit N-1-1", "query N-1-1"]
    assert case.world.stages[:2] == [Stage.PAYMENT_FAILED, Stage.REFUNDED]


async def test_finances_retry_asks_for_the_failed_number_and_sends_no_other_when_it_paid(begin: Begin) -> None:
    """The message of the provider was lost: only the question before the new number finds it."""
    case = await payment_failed(begin, World())
    await case.decide(DecisionKind.APPROVE)
    await case.reach(CaseStatus.REFUNDED)
    assert case.world.calls == ["intake", "submit N-1-1", "query N-1-1"]
    await case.hears(Stage.REFUNDED)


async def test_no_new_number_is_sent_while_the_failed_one_cannot_be_asked_for(begin: Begin) -> None:
    away = [outcome(Kind.UNKNOWN, "timeout"), outcome(Kind.NEEDS_MERCHANT, "api_key_expired"), outcome(Kind.CONFLICT)]
    case = await payment_failed(begin, World().script(queries=[*away, NO]))
    await case.decide(DecisionKind.APPROVE)
    await case.pass_time(seconds=1)
    assert "submit N-1-2" not in case.world.calls
    answer = await case.handle.execute_update(RefundCaseHandle.withdraw, Withdrawal())
    assert answer.code is ErrorCode.TOO_LATE
    await case.reach(CaseStatus.REFUNDED, within_hours=20)
    assert case.world.calls == ["intake", "submit N-1-1", *["query N-1-1"] * 4, "submit N-1-2"]
    assert case.world.stages.count(Stage.PAYMENT_BLOCKED) == 1


async def test_a_failed_payment_that_is_under_way_again_is_waited_for(begin: Begin) -> None:
    case = await payment_failed(begin, World().script(queries=[outcome(Kind.PENDING)]))
    await case.decide(DecisionKind.APPROVE)
    await case.reach(CaseStatus.REFUNDED, within_hours=10)
    assert case.world.calls == ["intake", "submit N-1-1", "query N-1-1", "query N-1-1"]


async def test_a_hint_that_says_nothing_new_leaves_the_choice_to_finance(begin: Begin) -> None:
    case = await payment_failed(begin, World().script(queries=[NO]))
    await case.handle.signal(RefundCaseHandle.payment_changed, HINT)
    await case.pass_time(minutes=5)
    view = await case.view()
    assert (view.status, "finance" in view.waiting) == (CaseStatus.PAYMENT_FAILED, True)
    assert len(case.world.payments) == 1, "the failure alone was recorded"


async def test_a_provider_that_does_not_answer_after_its_hint_is_asked_again(begin: Begin) -> None:
    case = await payment_failed(begin, World().script(queries=[outcome(Kind.UNKNOWN, "timeout")] * 3))
    await case.handle.signal(RefundCaseHandle.payment_changed, HINT)
    await case.reach(CaseStatus.REFUNDED, within_hours=1)
    assert case.world.calls.count("query N-1-1") == 4


async def test_a_decision_while_the_provider_does_not_answer_is_taken_and_still_pays_once(begin: Begin) -> None:
    case = await payment_failed(begin, World().script(queries=[outcome(Kind.UNKNOWN, "timeout")] * 5))
    await case.handle.signal(RefundCaseHandle.payment_changed, HINT)
    await case.pass_time(seconds=1)
    answer = await case.decide(DecisionKind.APPROVE)
    assert answer.accepted
    await case.reach(CaseStatus.REFUNDED, within_hours=10)
    assert not [call for call in case.world.calls if call == "submit N-1-2"]


async def test_a_hint_about_a_payment_of_nobodys_asks_for_nothing(begin: Begin) -> None:
    case = await payment_failed(begin, World())
    await case.handle.signal(
        RefundCaseHandle.payment_changed, PaymentChanged(provider="stripe", provider_number="N-9-9")
    )
    await case.pass_time(minutes=5)
    assert case.world.calls == ["intake", "submit N-1-1"]


# --- money that nobody expected any more ------------------------------------------------------------------


async def paid_by_a_second_number(begin: Begin, *late: Kind) -> Running:
    """The provider says no to the first number once more before the second is sent, and later something else."""
    case = await payment_failed(begin, World().script(queries=[NO, *(outcome(kind) for kind in late)]))
    await case.decide(DecisionKind.APPROVE)
    await case.reach(CaseStatus.REFUNDED)
    await case.hears(Stage.REFUNDED)
    return case


async def test_when_the_earlier_number_paid_too_finance_is_told_at_once_and_the_customer_nothing(begin: Begin) -> None:
    case = await paid_by_a_second_number(begin, Kind.SUCCEEDED)
    await case.handle.signal(RefundCaseHandle.payment_changed, HINT)
    await case.hears(Stage.PAYMENT_BLOCKED)
    view = await case.view()
    assert (view.status, view.waits_for) == (CaseStatus.REFUNDED, WaitsFor.FINANCE)
    assert view.waiting == "finance to look at money that moved unexpectedly"
    assert case.world.stages == [Stage.PAYMENT_FAILED, Stage.REFUNDED, Stage.PAYMENT_BLOCKED]


async def test_a_second_payment_that_comes_back_is_not_called_the_end_of_the_refund(begin: Begin) -> None:
    case = await paid_by_a_second_number(begin, Kind.SUCCEEDED, Kind.REVERSED)
    await case.handle.signal(RefundCaseHandle.payment_changed, HINT)
    await case.hears(Stage.PAYMENT_BLOCKED)
    await case.handle.signal(RefundCaseHandle.payment_changed, HINT)
    while (await case.view()).waits_for is WaitsFor.FINANCE:
        await case.pass_time(seconds=1)
    assert (await case.result()).status is CaseStatus.REFUNDED
    assert Stage.REVERSED not in case.world.stages, "the customer has the money that they were told of"
