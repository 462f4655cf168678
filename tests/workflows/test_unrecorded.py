"""A provider that has paid and a ledger that takes no posting: said soon, mended by itself, never paid again (R16)."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from temporalio import activity

from activities.types import RecordPayment, StepName, StepResult
from aftersales.contract.values import CaseStatus
from tests.workflows.conftest import Begin
from tests.workflows.world import World


@dataclass
class LedgerAway(World):
    """Its ledger takes no payment until it is mended."""

    mended: bool = False

    @activity.defn(name=StepName.RECORD_PAYMENT)
    async def record_payment(self, step: RecordPayment) -> StepResult:
        if not self.mended:
            raise ConnectionError("the ledger cannot be written")
        return await super().record_payment(step)


async def test_a_payment_that_cannot_be_recorded_is_said_and_recorded_later_and_never_made_again(begin: Begin) -> None:
    world = LedgerAway()
    case = await begin(world)
    while "database" not in (await case.view()).waiting:
        await asyncio.sleep(0.1)  # local tries are made in real time
    assert (await case.view()).status is CaseStatus.PAYING
    world.mended = True
    await case.reach(CaseStatus.REFUNDED)
    assert [call for call in world.calls if call.startswith("submit")] == ["submit N-1-1"]
