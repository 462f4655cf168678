"""Drives the steps of a case as its workflow does, and reads back what they wrote."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Table, select
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.testing import ActivityEnvironment

from activities.case_steps import CaseSteps
from activities.ports import Store
from activities.rows import CaseRow, LegRow, Order
from activities.types import (
    Elapse,
    Intake,
    LegCall,
    Message,
    OutcomeKind,
    PaymentOutcome,
    RecordMessage,
    RecordPayment,
    Standing,
    StepResult,
)
from aftersales.contract.messages import (
    Answer,
    Appeal,
    Application,
    Claim,
    Decision,
    EvidenceSupplied,
    HandPayment,
    PayoutChoice,
    SurveyAnswer,
    Withdrawal,
)
from aftersales.contract.values import DecisionKind, ErrorCode, LegState, MessageKind, Role
from aftersales.proof import ProofKey, sign
from storage.reading import Reading
from storage.tables import HEARD_MESSAGES, LEDGER
from tests.activities.shop import CUSTOMER, KEY, NOW, application, start_of

_KINDS: dict[type[Message], MessageKind] = {
    Decision: MessageKind.DECISION,
    EvidenceSupplied: MessageKind.EVIDENCE,
    Withdrawal: MessageKind.WITHDRAWAL,
    Appeal: MessageKind.APPEAL,
    SurveyAnswer: MessageKind.SURVEY_ANSWER,
    PayoutChoice: MessageKind.PAYOUT_CHOICE,
    HandPayment: MessageKind.HAND_PAYMENT,
    Claim: MessageKind.CLAIM,
}


class Desk:
    """One case at a time: the last one applied for. Rounds count up by themselves, time stands unless given."""

    def __init__(self, steps: CaseSteps, store: Store, engine: AsyncEngine) -> None:
        self.steps = steps
        self.store = store
        self.engine = engine
        self.now = NOW
        self.number = ""
        self._round = 0

    async def apply(
        self,
        asked: Application | None = None,
        request_key: str = "first",
        *,
        actor: str = CUSTOMER,
        role: Role = Role.CUSTOMER,
        key: ProofKey | None = KEY,
        last_look: bool = False,
    ) -> StepResult:
        start = start_of(asked or application(), request_key, actor=actor, role=role, key=key)
        self.number = start.number
        step = Intake(number=start.number, round=self._next(), now=self.now, start=start, last_look=last_look)
        return await ActivityEnvironment().run(self.steps.intake, step)

    def signed(
        self, message: Message, actor: str = CUSTOMER, role: Role = Role.CUSTOMER, key: ProofKey = KEY
    ) -> Message:
        return sign(message, number=self.number, actor=actor, role=role, key=key)

    async def record(self, message: Message, *, refusal: ErrorCode | None = None) -> StepResult:
        """A message as it is, with or without a proof."""
        return await self.tell(self.number, self._next(), message, refusal=refusal)

    async def tell(self, number: str, round_: int, message: Message, *, refusal: ErrorCode | None = None) -> StepResult:
        """To any case; for what comes at once."""
        kind = _KINDS[type(message)]
        step = RecordMessage.model_validate(
            {
                "number": number,
                "round": round_,
                "now": self.now,
                "kind": kind,
                kind.value: message,
                "refusal": refusal,
            }
        )
        return await ActivityEnvironment().run(self.steps.record_message, step)

    async def say(self, message: Message, actor: str = CUSTOMER, role: Role = Role.CUSTOMER) -> Answer:
        return answer_of(await self.record(self.signed(message, actor, role)))

    async def decide(self, kind: DecisionKind, role: Role = Role.AGENT, **fields: object) -> Answer:
        decision = Decision.model_validate({"kind": kind, **fields})
        return await self.say(decision, actor=f"{role.value}-1", role=role)

    async def pay(
        self, kind: OutcomeKind, leg: int = 1, attempt: int = 1, *, code: str = "", reference: str = "", **more: object
    ) -> Standing:
        """Record what became of a leg; where the case then stands."""
        return (await self.record_payment(kind, leg, attempt, code=code, reference=reference, **more)).standing

    async def record_payment(
        self, kind: OutcomeKind, leg: int = 1, attempt: int = 1, *, code: str = "", reference: str = "", **more: object
    ) -> StepResult:
        outcome = PaymentOutcome.model_validate({"kind": kind, "code": code, "provider_reference": reference, **more})
        step = RecordPayment(
            number=self.number, round=self._next(), now=self.now, leg=leg, attempt=attempt, outcome=outcome
        )
        return await ActivityEnvironment().run(self.steps.record_payment, step)

    async def elapse(self, what: str) -> Standing:
        step = Elapse(number=self.number, round=self._next(), now=self.now, what=what)
        return (await ActivityEnvironment().run(self.steps.elapse, step)).standing

    def later(self, **by: float) -> datetime:
        self.now += timedelta(**by)
        return self.now

    # --- what was written ----------------------------------------------------------------------------

    async def case(self) -> CaseRow:
        async with self.store.begin() as unit:
            row = await unit.case(self.number)
        assert row is not None
        return row

    async def legs(self) -> tuple[LegRow, ...]:
        async with self.store.begin() as unit:
            return await unit.legs(self.number)

    async def leg_states(self) -> list[LegState]:
        return [row.leg.state for row in await self.legs()]

    async def leg_call(self, index: int = 0) -> LegCall:
        leg = (await self.legs())[index].leg
        return LegCall(
            number=self.number,
            leg=leg.leg,
            attempt=leg.attempt,
            provider=leg.provider,
            provider_number=leg.provider_number,
        )

    async def order(self, order_id: str = "order-1") -> Order:
        """With what all cases took of it."""
        async with self.store.begin() as unit:
            order = await unit.order(order_id)
        assert order is not None
        return order

    async def units_taken(self, line_id: str) -> int:
        order = await self.order()
        return next(line.taken_units for line in order.lines if line.line_id == line_id)

    async def money_taken(self) -> int:
        return sum(tender.taken_minor for tender in (await self.order()).tenders)

    async def balances(self) -> dict[str, int]:
        """Debits less credits of every account, in minor units; those at zero left out."""
        totals: dict[str, int] = {}
        for row in await self._rows(LEDGER):
            totals[row["debit"]] = totals.get(row["debit"], 0) + row["amount_minor"]
            totals[row["credit"]] = totals.get(row["credit"], 0) - row["amount_minor"]
        return {account: total for account, total in totals.items() if total}

    async def actions(self) -> list[str]:
        """The operations log of the case, in order."""
        return [row["action"] for row in await self.audit()]

    async def audit(self) -> list[dict[str, Any]]:
        """The operations log as people read it."""
        return [dict(link.entry) for link in await Reading(self.engine).log(self.number)]

    async def heard(self) -> Sequence[Any]:
        return [row for row in await self._rows(HEARD_MESSAGES) if row["number"] == self.number]

    async def _rows(self, table: Table) -> Sequence[Any]:
        async with self.engine.connect() as connection:
            return (await connection.execute(select(table))).mappings().all()

    def _next(self) -> int:
        self._round += 1
        return self._round


def answer_of(result: StepResult) -> Answer:
    assert result.answer is not None
    return result.answer
