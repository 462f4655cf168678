"""Evidence is checked beside the case: nothing waits for it, and a case without evidence pays nothing for it (P2.2)."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest
from temporalio import activity
from temporalio.exceptions import ApplicationError
from temporalio.worker import Worker

from activities.evidence_checks import CHECK_EVIDENCE, CheckEvidence
from activities.types import Resumed
from aftersales.contract import names
from aftersales.contract.handles import RefundCaseHandle
from aftersales.contract.messages import EvidenceSupplied, HandPayment
from aftersales.contract.values import CaseStatus, EvidenceRef, HandPaymentAct
from tests.workflows.conftest import Begin, Running
from tests.workflows.world import World

NOW = datetime(2026, 3, 1, tzinfo=UTC)
PHOTO = EvidenceRef(sha256="a" * 64, media_type="image/jpeg", size_bytes=9)


class Examiner:
    """Checks, or fails for good, and remembers for which cases."""

    def __init__(self, *, fails: bool = False) -> None:
        self.checked: list[str] = []
        self._fails = fails

    @activity.defn(name=CHECK_EVIDENCE)
    async def check_evidence(self, order: CheckEvidence) -> None:
        self.checked.append(order.number)
        if self._fails:
            raise ApplicationError("nobody can open that", non_retryable=True)


async def asked_for_evidence(begin: Begin) -> Running:
    case = await begin(World(assessed=CaseStatus.NEEDS_EVIDENCE))
    await case.reach(CaseStatus.NEEDS_EVIDENCE)
    return case


async def supply(case: Running, *evidence: EvidenceRef) -> None:
    message = EvidenceSupplied(evidence=evidence, note="see photo")
    await case.handle.execute_update(RefundCaseHandle.supply_evidence, message)


async def checks_in(case: Running) -> list[str]:
    """What the history has of them."""
    return [
        event.activity_task_scheduled_event_attributes.task_queue.name
        async for event in case.handle.fetch_history_events()
        if event.activity_task_scheduled_event_attributes.activity_type.name == CHECK_EVIDENCE
    ]


async def test_supplied_evidence_is_checked_on_its_own_queue(begin: Begin) -> None:
    case, examiner = await asked_for_evidence(begin), Examiner()
    async with Worker(case.env.client, task_queue=names.QUEUE_EVIDENCE, activities=[examiner.check_evidence]):
        await supply(case, PHOTO)
        assert (await case.result()).status is CaseStatus.REFUNDED
    assert len(examiner.checked) == 1
    assert await checks_in(case) == [names.QUEUE_EVIDENCE]


async def test_the_money_waits_for_no_check(begin: Begin) -> None:
    """Nobody serves the queue, so the check is under way for ever."""
    case = await asked_for_evidence(begin)
    await supply(case, PHOTO)
    async with asyncio.timeout(20):
        while (await case.view()).status is not CaseStatus.REFUNDED:
            await asyncio.sleep(0.02)
    assert await checks_in(case) == [names.QUEUE_EVIDENCE]


async def test_a_check_that_fails_for_good_changes_nothing(begin: Begin) -> None:
    case, examiner = await asked_for_evidence(begin), Examiner(fails=True)
    async with Worker(case.env.client, task_queue=names.QUEUE_EVIDENCE, activities=[examiner.check_evidence]):
        await supply(case, PHOTO)
        assert (await case.result()).status is CaseStatus.REFUNDED
    assert len(examiner.checked) == 1


async def test_the_receipt_of_a_payment_by_hand_is_checked_for_whoever_confirms_it(begin: Begin) -> None:
    case = await begin(World(assessed=CaseStatus.UNDER_REVIEW))
    paid = HandPayment(provider_number="N-1-2", act=HandPaymentAct.PAID, reference="WX-1", evidence=(PHOTO,))
    await case.handle.execute_update(RefundCaseHandle.record_hand_payment, paid)
    assert await checks_in(case) == [names.QUEUE_EVIDENCE]


@pytest.mark.parametrize("evidence", [True, False])
async def test_a_workflow_started_anew_has_evidence_checked_that_nobody_may_have_looked_at(
    begin: Begin, evidence: bool
) -> None:
    """The check that the lost one had started is lost with it, and unchecked nobody can open it."""
    lost = Resumed(opened_at=NOW, since=NOW, came_from=CaseStatus.RECEIVED, rounds={}, letters={}, evidence=evidence)
    case = await begin(World(assessed=CaseStatus.UNDER_REVIEW, lost=lost))
    await case.reach(CaseStatus.UNDER_REVIEW)
    assert await checks_in(case) == [names.QUEUE_EVIDENCE] * evidence


async def test_words_without_evidence_start_no_check(begin: Begin) -> None:
    case = await asked_for_evidence(begin)
    await supply(case)
    await case.result()
    assert await checks_in(case) == []


async def test_evidence_that_the_case_refused_is_not_checked(begin: Begin) -> None:
    case = await asked_for_evidence(begin)
    case.world.refuse_messages = True
    await supply(case, PHOTO)
    assert await checks_in(case) == []
