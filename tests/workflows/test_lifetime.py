"""Intake, aftercare and the end of a case: windows, survey, late messages, a database that is away."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from activities.types import OutcomeKind, Stage
from aftersales.contract.handles import RefundCaseHandle
from aftersales.contract.messages import PaymentChanged, SurveyAnswer, Withdrawal
from aftersales.contract.values import CaseStatus
from tests.workflows.conftest import Begin
from tests.workflows.world import World, outcome


async def test_an_order_the_shop_does_not_know_yet_is_looked_up_again(begin: Begin) -> None:
    case = await begin(World(looks_until_known=3))
    assert "shop" in (await case.view()).waiting
    await case.reach(CaseStatus.REFUNDED)
    assert case.world.calls[:4] == ["intake"] * 4


async def test_an_order_the_shop_never_knows_is_refused_after_some_minutes(begin: Begin) -> None:
    case = await begin(World(looks_until_known=1000))
    view = await case.reach(CaseStatus.REJECTED)
    assert view.reason_code == "order_unknown"
    assert 5 <= len(case.world.calls) <= 20


async def test_a_case_may_be_withdrawn_while_its_order_is_looked_up(begin: Begin) -> None:
    case = await begin(World(looks_until_known=1000))
    await case.pass_time(seconds=40)
    answer = await case.handle.execute_update(RefundCaseHandle.withdraw, Withdrawal())
    assert answer.accepted
    assert (await case.result()).status is CaseStatus.WITHDRAWN


async def test_the_survey_comes_after_some_days_with_one_reminder(begin: Begin) -> None:
    case = await begin(World())
    await case.result()
    told = dict(case.world.told)
    assert told[Stage.SURVEY] - told[Stage.REFUNDED] >= timedelta(days=3)
    assert told[Stage.SURVEY_REMINDER] - told[Stage.REFUNDED] >= timedelta(days=7)


async def test_a_letter_that_can_never_be_sent_holds_nothing_up_and_is_in_the_log(
    begin: Begin, caplog: pytest.LogCaptureFixture
) -> None:
    case = await begin(World(unsendable=frozenset({Stage.REFUNDED})))
    assert (await case.result()).status is CaseStatus.REFUNDED
    assert case.world.stages == [Stage.SURVEY, Stage.SURVEY_REMINDER]
    given_up = [record for record in caplog.records if "a letter was given up" in record.message]
    assert len(given_up) == 1
    assert "nobody can write that" in given_up[0].message


async def test_an_answered_survey_is_not_reminded_of(begin: Begin) -> None:
    case = await begin(World())
    await case.reach(CaseStatus.REFUNDED)
    await case.pass_time(days=4)
    answer = await case.handle.execute_update(RefundCaseHandle.answer_survey, SurveyAnswer(score=5))
    assert answer.accepted
    await case.result()
    assert case.world.stages == [Stage.REFUNDED, Stage.SURVEY]


@pytest.mark.parametrize(("score", "alerted"), [(1, True), (2, True), (3, False), (5, False)])
async def test_a_low_score_alerts_somebody_once(begin: Begin, score: int, alerted: bool) -> None:
    case = await begin(World())
    await case.reach(CaseStatus.REFUNDED)
    await case.handle.execute_update(RefundCaseHandle.answer_survey, SurveyAnswer(score=score))
    await case.result()
    assert case.world.stages.count(Stage.LOW_SCORE) == int(alerted)


async def test_a_withdrawn_case_closes_at_once_and_asks_nothing(begin: Begin) -> None:
    case = await begin(World(assessed=CaseStatus.UNDER_REVIEW))
    await case.handle.execute_update(RefundCaseHandle.withdraw, Withdrawal())
    result = await case.result()
    assert (result.status, result.refunded) == (CaseStatus.WITHDRAWN, None)
    assert case.world.stages == [Stage.REVIEW_STARTED, Stage.WITHDRAWN]


async def test_a_refund_stays_open_as_long_as_the_provider_may_take_it_back(begin: Begin) -> None:
    case = await begin(World())
    await case.reach(CaseStatus.REFUNDED)
    await case.pass_time(days=29)
    assert not (await case.view()).closed
    await case.pass_time(days=2)
    assert (await case.view()).closed


async def test_a_database_that_is_away_is_waited_for_and_the_case_says_so(begin: Begin) -> None:
    case = await begin(World(database_failures=1_000))
    while "database" not in (await case.view()).waiting:
        await asyncio.sleep(0.1)  # local tries are made in real time
    case.world.database_failures = 0
    await case.reach(CaseStatus.REFUNDED)
    assert case.world.calls.count("submit N-1-1") == 1


async def test_a_view_is_there_before_and_after_everything(begin: Begin) -> None:
    case = await begin(World().script(submits=[outcome(OutcomeKind.SUCCEEDED)]))
    await case.result()
    view = await case.view()
    assert view.closed
    assert view.legs[0].provider_number == "N-1-1"
    assert view.amount is not None


async def test_a_survey_answer_while_the_provider_is_asked_for_news_counts_as_any_other(begin: Begin) -> None:
    away = [outcome(OutcomeKind.UNKNOWN, "timeout")] * 3
    case = await begin(World().script(queries=away))
    await case.reach(CaseStatus.REFUNDED)
    await case.handle.signal(RefundCaseHandle.payment_changed, PaymentChanged(provider="stripe"))
    await case.pass_time(seconds=5)
    await case.handle.execute_update(RefundCaseHandle.answer_survey, SurveyAnswer(score=1))
    await case.result()
    assert case.world.stages == [Stage.REFUNDED, Stage.LOW_SCORE], "alerted once, and not asked for what was answered"
