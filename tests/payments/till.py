"""A case at its till: the workflow's own decisions, with the waits, crashes and lost results that a test chooses."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from temporalio.testing import ActivityEnvironment

from activities.casefile import OPEN, CaseFile
from activities.types import (
    Elapse,
    Intake,
    Leg,
    LegCall,
    Message,
    PaymentOutcome,
    RecordMessage,
    RecordPayment,
    Stage,
    StepName,
    StepResult,
)
from activities.types import OutcomeKind as Kind
from aftersales.contract.messages import Answer, CaseStart
from aftersales.contract.values import CaseStatus, MessageKind, Role
from aftersales.proof import sign
from tests.activities.shop import CUSTOMER, KEY, application, items, start_of
from tests.payments.shop import ORDER_ID, Crash, Shop, WorkerDiedError
from workflows import payment as stage
from workflows.case import Case
from workflows.leg import Payment, may_overtake


class WorkflowLostError(Exception):
    """The workflow is gone in mid-call; another one goes on from the database."""


class QuietCase(Case):
    """A case without letters and without a Web UI."""

    def tell(self, stage: Stage, due_at: datetime | None = None) -> None:
        """To nobody."""

    def show(self, waiting: str, due_at: datetime | None = None) -> None:
        """To nobody."""


@dataclass
class Settling(Payment):
    """`workflows.leg` decides; the till calls, records and waits."""

    till: Till = field(kw_only=True)

    async def call(self, name: StepName) -> PaymentOutcome:
        self.case.news.asking(self.leg)
        return await self.till.call(name, self.leg)

    async def record(self, outcome: PaymentOutcome) -> None:
        await self.till.record(self.leg, outcome)

    async def _sleep_until_news(self, pause: timedelta, waiting: str, others: Sequence[Leg] = ()) -> None:
        del pause, waiting, others
        await self.till.rest()


class Till:
    """One case. `crash`: how the next call's worker dies; `lost_too`: and its workflow with it; `lost_result`: the next
    record's result is lost, and the step run again."""

    def __init__(self, shop: Shop, start: CaseStart) -> None:
        self.shop = shop
        self.start = start
        self.case = QuietCase(start=start, opened_at=shop.clock.now())
        self.crash: Crash | None = None
        self.lost_too = False
        self.lost_result = False
        self._life: asyncio.Task[None] | None = None
        self._resting = asyncio.Event()
        self._awake = asyncio.Event()
        self._round = 0

    @classmethod
    async def apply(cls, shop: Shop, key: str, units: int) -> Till:
        till = cls(shop, start_of(application(order_id=ORDER_ID, items=items(cups=units)), key))
        intake = Intake(number=till.number, round=till._next(), now=shop.clock.now(), start=till.start)
        till._take(await ActivityEnvironment().run(shop.steps.intake, intake))
        return till

    @property
    def number(self) -> str:
        return self.start.number

    @property
    def status(self) -> CaseStatus:
        return self.case.standing.status

    def legs(self) -> tuple[Leg, ...]:
        """Every attempt."""
        return (*self.case.standing.legs, *self.case.standing.earlier)

    async def go_on(self) -> None:
        """Let the case do what it does until it waits for something."""
        self._resting.clear()
        self._awake.set()
        if self._life is None or self._life.done():
            self._life = asyncio.create_task(self._live())
        resting = asyncio.create_task(self._resting.wait())
        await asyncio.wait({self._life, resting}, return_when=asyncio.FIRST_COMPLETED)
        resting.cancel()
        if self._life.done():
            try:
                self._life.result()
            except WorkflowLostError:
                await self._take_up_anew()

    async def hear(self, provider_number: str) -> None:
        """A provider's hint, which is all that a webhook is."""
        self.case.news.hear(provider_number)
        await self.go_on()

    async def say(
        self, message: Message, kind: MessageKind, actor: str = CUSTOMER, role: Role = Role.CUSTOMER
    ) -> Answer:
        """What a person says while the case waits."""
        signed = sign(message, number=self.number, actor=actor, role=role, key=KEY)
        step = {"number": self.number, "round": self._next(), "now": self.shop.clock.now(), "kind": kind}
        record = RecordMessage.model_validate(step | {kind.value: signed})
        result = await self._run_twice_if_lost(record)
        self._take(result)
        assert result.answer is not None
        return result.answer

    async def lose_the_workflow(self) -> None:
        if self._life is not None:
            self._life.cancel()
            await asyncio.wait({self._life})
        await self._take_up_anew()

    # --- what the workflow's stages ask for ------------------------------------------------------------------

    async def rest(self) -> None:
        self._awake.clear()
        self._resting.set()
        await self._awake.wait()

    async def call(self, name: StepName, leg: Leg) -> PaymentOutcome:
        calls, adapter = self.shop.calls[leg.provider], self.shop.adapters[leg.provider]
        activity = calls.submit_leg if name is StepName.SUBMIT_LEG else calls.query_leg
        fields = leg.model_dump(include={"leg", "attempt", "provider", "provider_number"})
        crash, self.crash, lost_too, self.lost_too = self.crash, None, self.lost_too, False
        adapter.dies = crash if crash is not Crash.AFTER_LEARNING else None
        try:
            outcome = await ActivityEnvironment().run(activity, LegCall(number=self.number, **fields))
        except WorkerDiedError:
            outcome = None
        finally:
            adapter.dies = None
        if crash is None and outcome is not None:
            return outcome
        if lost_too:
            raise WorkflowLostError
        return PaymentOutcome(kind=Kind.UNKNOWN, code="call_lost")

    async def record(self, leg: Leg, outcome: PaymentOutcome) -> None:
        step = RecordPayment(
            number=self.number,
            round=self._next(),
            now=self.shop.clock.now(),
            leg=leg.leg,
            attempt=leg.attempt,
            outcome=outcome,
        )
        self._take(await self._run_twice_if_lost(step))

    async def _run_twice_if_lost(self, step: RecordPayment | RecordMessage) -> StepResult:
        lost, self.lost_result = self.lost_result, False
        results = [await self._run(step) for _ in range(1 + lost)]
        assert results.count(results[0]) == len(results)
        return results[0]

    async def _run(self, step: RecordPayment | RecordMessage) -> StepResult:
        if isinstance(step, RecordPayment):
            return await ActivityEnvironment().run(self.shop.steps.record_payment, step)
        return await ActivityEnvironment().run(self.shop.steps.record_message, step)

    # --- the stages: as `workflows.payment`, with this till's payments ---------------------------------------

    async def _live(self) -> None:
        while self.status is CaseStatus.PAYING:
            leg = next(leg for leg in self.case.standing.legs if leg.state in OPEN)
            if await self._may_be_sent(leg):
                await Settling(self.case, leg, till=self).settle()
        await self._ask_about_news()

    async def _may_be_sent(self, leg: Leg) -> bool:
        for failed in self.case.standing.earlier:
            if leg.state in stage._UNSENT and may_overtake(failed, leg):
                outcome = await Settling(self.case, failed, in_doubt=True, till=self).learn(wait_out_conflict=True)
                if outcome.kind in stage._MOVES:
                    await self.record(failed, outcome)
                if outcome.kind in stage._MOVES or self.status is not CaseStatus.PAYING:
                    return False
        return True

    async def _ask_about_news(self) -> None:
        for leg in self.legs():
            if self.case.news.of(leg):
                outcome = await Settling(self.case, leg, in_doubt=True, till=self).learn()
                if leg.state in stage._NEWS_TO.get(outcome.kind, ()):
                    await self.record(leg, outcome)

    # --- standing --------------------------------------------------------------------------------------------

    async def _take_up_anew(self) -> None:
        """Another workflow, with nothing but what the database says."""
        self._life = None
        async with self.shop.store.begin() as unit:
            asked = Elapse(number=self.number, round=0, now=self.shop.clock.now(), what="")
            self.case.standing = (await CaseFile.open(unit, asked)).standing()

    def _take(self, result: StepResult) -> None:
        self.case.standing = result.standing

    def _next(self) -> int:
        self._round += 1
        return self._round
