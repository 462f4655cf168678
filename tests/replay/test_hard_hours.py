"""Clocks that disagree, decisions at the very moment of a deadline, a mail server away for a day (R11, R13, R15).

The activities are the real ones on a real database, and the server skips the waits.
"""

from __future__ import annotations

import asyncio
import uuid
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import pytest
from temporalio.testing import WorkflowEnvironment

from activities.rows import CaseRow
from activities.rulings import Action
from activities.types import Stage, Timings
from aftersales import connect
from aftersales.contract.errors import AftersalesError
from aftersales.contract.messages import Decision
from aftersales.contract.values import CaseStatus, DecisionKind, ErrorCode
from cli.servers.dev_server import DevServer
from cli.servers.search_attributes import AttributeTypes
from storage.reading import Reading
from storage.store import SqlStore
from tests.activities.shop import CUSTOMER_MAIL
from tests.replay.scene import PATIENCE_S, Scene, World, open_world
from tests.support.temporal import time_skipping

A_DAY: Final = timedelta(hours=24)
APPROVE: Final = Decision(kind=DecisionKind.APPROVE)
AGENTS: Final = "agents@shop.example"
TOLD_THAT_IT_IS_OVER: Final = (ErrorCode.TOO_LATE, ErrorCode.NOT_NOW, ErrorCode.CASE_CLOSED)
AROUND_S: Final = (-2.0, -0.1, -0.05, -0.02, -0.01, 0.0, 0.01, 0.02, 0.05, 0.1, 1.0)
SLACK: Final = timedelta(minutes=1)


@pytest.fixture
async def world(search_attributes: AttributeTypes, tmp_path: Path) -> AsyncIterator[World]:
    async with time_skipping(search_attributes) as env, open_world(env, f"sqlite:///{tmp_path}/store.db") as world:
        yield world


@pytest.fixture
async def hasty(dev_server: DevServer, tmp_path: Path) -> AsyncIterator[World]:
    """In real time: three seconds for the review, six for a customer who is asked."""
    env = WorkflowEnvironment.from_client(await connect(address=dev_server.address))
    async with open_world(env, f"sqlite:///{tmp_path}/store.db") as world:
        world.policy.waits = Timings(review_reminder_s=1, review_notice_s=2, review_escalation_s=3, evidence_window_s=6)
        yield world


async def under_review(world: World) -> Scene:
    world.policy.says(Action.REVIEW, "needs_a_person")
    case = Scene(world, uuid.uuid4().hex)
    await case.apply()
    await case.hear(Stage.REVIEW_STARTED)
    return case


async def row_of(case: Scene) -> CaseRow:
    async with SqlStore(case.world.engine).begin() as unit:
        row = await unit.case(case.number)
    assert row is not None
    return row


async def test_deadlines_go_by_the_servers_clock_however_wrong_the_workers_is(world: World) -> None:
    """R13."""
    await world.env.sleep(timedelta(days=40))
    servers_now = await world.env.get_current_time()
    assert servers_now - datetime.now(UTC) > timedelta(days=39), "the worker's clock is far behind"
    case = await under_review(world)
    row = await row_of(case)
    assert abs(row.opened_at - servers_now) < SLACK
    assert row.due_at is not None
    assert abs(row.due_at - servers_now - A_DAY) < SLACK
    await case.pass_time(hours=23, minutes=58)
    assert Stage.REVIEW_ESCALATED not in stages_told(case)
    await case.pass_time(minutes=4)
    await case.hear(Stage.REVIEW_ESCALATED)


async def test_an_approval_at_the_moment_of_the_deadline_is_taken_and_pays_once(hasty: World) -> None:
    """R11: the review's deadline escalates, it does not decide."""
    cases = [await under_review(hasty) for _ in AROUND_S]
    taken = await asyncio.gather(*map(approved_around_its_end, cases, AROUND_S))
    assert all(taken)
    for case in cases:
        await until_status(case, CaseStatus.REFUNDED)
        assert times_paid(case) == 1


async def test_an_approval_at_the_moment_a_case_expires_either_pays_or_is_told_that_it_is_over(hasty: World) -> None:
    """R11: while the customer is asked, the end of their window decides too. One of the two wins."""
    cases = [await under_review(hasty) for _ in AROUND_S]
    await asyncio.gather(*(case.decide(DecisionKind.ASK, explanation="Which of the two?") for case in cases))
    taken = await asyncio.gather(*map(approved_around_its_end, cases, AROUND_S))
    assert (taken[0], taken[-1]) == (True, False), "who is early is heard, who is late is not"
    for case, paid in zip(cases, taken, strict=True):
        await until_status(case, CaseStatus.REFUNDED if paid else CaseStatus.EXPIRED)
        assert times_paid(case) == int(paid)


async def approved_around_its_end(case: Scene, after_s: float) -> bool:
    """Send an approval so long after the moment that the case waits for; whether the case took it."""
    due_at = (await row_of(case)).due_at
    assert due_at is not None
    await asyncio.sleep((due_at - datetime.now(UTC)).total_seconds() + after_s)
    code: ErrorCode | None
    try:
        code = (await case.world.shop.decide(case.number, APPROVE, actor="agent-1")).code
    except AftersalesError as error:
        code = error.code
    assert code in (None, *TOLD_THAT_IT_IS_OVER)
    return code is None


def times_paid(case: Scene) -> int:
    return sum(leg.number == case.number for leg in case.world.provider.calls)


async def test_the_second_of_two_approvals_is_told_that_it_is_too_late_and_pays_nothing(world: World) -> None:
    """R11."""
    case = await under_review(world)
    answers = await asyncio.gather(*(world.shop.decide(case.number, APPROVE, actor=f"agent-{n}") for n in (1, 2)))
    assert sorted(answer.accepted for answer in answers) == [False, True]
    (refused,) = (answer for answer in answers if not answer.accepted)
    assert refused.code in (ErrorCode.TOO_LATE, ErrorCode.NOT_NOW)
    await case.end()
    assert len(world.provider.calls) == 1


async def test_a_day_without_a_mail_server_delays_the_letters_and_not_the_money(world: World) -> None:
    """R15."""
    world.mailer.down.update({AGENTS, CUSTOMER_MAIL})
    case = Scene(world, uuid.uuid4().hex)
    await case.apply()
    await until_status(case, CaseStatus.REFUNDED)
    await case.pass_time(hours=24)
    assert letters_of(case) == Counter()
    world.mailer.down.clear()
    await case.pass_time(hours=2)
    assert letters_of(case) == Counter({(AGENTS, Stage.REFUNDED): 1, (CUSTOMER_MAIL, Stage.REFUNDED): 1})


async def until_status(case: Scene, status: CaseStatus) -> None:
    """Wait, in real time, for the case's row; it may not be there yet."""
    reading = Reading(case.world.engine)
    async with asyncio.timeout(PATIENCE_S):
        while (record := await reading.case(case.number)) is None or record.case.status is not status:
            await asyncio.sleep(0.02)


def stages_told(case: Scene) -> list[Stage]:
    return [mail.stage for mail in case.world.mailer.sent if mail.number == case.number]


def letters_of(case: Scene) -> Counter[tuple[str, Stage]]:
    """How often each reader got each letter."""
    return Counter((mail.recipient, mail.stage) for mail in case.world.mailer.sent if mail.number == case.number)
