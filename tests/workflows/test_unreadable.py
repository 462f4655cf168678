"""What cannot be read changes nothing, and does not keep the case from hearing what can be (security: the Web UI)."""

from __future__ import annotations

import pytest
from temporalio.client import WorkflowUpdateFailedError

from aftersales.contract.values import CaseStatus, DecisionKind
from tests.workflows.conftest import Begin, Running
from tests.workflows.world import World

NONSENSE: list[list[object]] = [[], [None], [{"kind": "nonsense"}], [{"kind": "approve"}, "twice"]]


async def under_review(begin: Begin) -> Running:
    case = await begin(World(assessed=CaseStatus.UNDER_REVIEW))
    await case.reach(CaseStatus.UNDER_REVIEW)
    return case


async def test_a_signal_that_cannot_be_read_is_dropped_and_the_next_is_heard(begin: Begin) -> None:
    case = await under_review(begin)
    for said in NONSENSE:
        for name in ("review", "payment_changed", "of_no_name"):
            await case.handle.signal(name, args=said)
    assert (await case.decide(DecisionKind.APPROVE)).status is CaseStatus.PAYING
    assert len(case.world.messages) == 1


@pytest.mark.parametrize("update", ["decide", "claim", "withdraw"])
async def test_an_update_that_cannot_be_read_fails_and_the_next_is_answered(begin: Begin, update: str) -> None:
    case = await under_review(begin)
    for said in ([], [None], ["nonsense"], [{}, "twice"]):
        with pytest.raises(WorkflowUpdateFailedError):
            await case.handle.execute_update(update, args=said)
    assert (await case.decide(DecisionKind.APPROVE)).status is CaseStatus.PAYING
    assert len(case.world.messages) == 1
