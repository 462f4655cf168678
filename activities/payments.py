"""Sending a leg to its provider and asking for it (design: payments).

Before each call the row says that something may be under way; the call itself happens outside any transaction. A
key is used anew only after the provider said that nothing is there under the old one.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Final

from temporalio import activity

from activities.errors import named_failures
from activities.ports import Clock, LegRow, Payments, Store, Unit
from activities.settling import find_leg
from activities.types import LegCall, OutcomeKind, PaymentOutcome, StepName
from aftersales.contract.errors import AftersalesError
from aftersales.contract.values import ErrorCode, LegState

HEARTBEAT_S: Final = 2
"""Often enough that a killed worker is noticed within seconds, rare enough to cost nothing."""

SPENT: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""`sent_at` of a key for which the provider replays a stored failure: as dead as one past its life."""

_CERTAINLY_NOT_EXECUTED: Final = frozenset({OutcomeKind.RETRY_SAME, OutcomeKind.NEEDS_MERCHANT})


class PaymentCalls:
    """The calls of one provider, served from that provider's own queue. Raises ApplicationError step_conflict."""

    def __init__(self, payments: Payments, store: Store, clock: Clock) -> None:
        self._payments = payments
        self._store = store
        self._clock = clock

    @activity.defn(name=StepName.SUBMIT_LEG.value)
    async def submit_leg(self, call: LegCall) -> PaymentOutcome:
        """Refund the leg. No call is made for one that has its end, nor under a key past its safe life."""
        with named_failures():
            async with self._store.begin() as unit:
                before = await _leg(unit, call)
                settled = _settled(before) or self._key_expired(before)
                if settled is not None:
                    return settled
                sent = _marked_as_sent(before, self._clock.now())
                await unit.update_leg(sent)
            async with alive():
                outcome = await self._payments.refund(sent)
            await self._learn(call, before, sent, outcome)
            return outcome

    @activity.defn(name=StepName.QUERY_LEG.value)
    async def query_leg(self, call: LegCall) -> PaymentOutcome:
        """Ask for the leg by our own number. Finding nothing under a dead key makes room for a new one."""
        with named_failures():
            async with self._store.begin() as unit:
                row = await _leg(unit, call)
            async with alive():
                outcome = await self._payments.query(row)
            if outcome.kind is OutcomeKind.NOT_FOUND and self._key_expired(row) is not None:
                await self._take_new_key(call, row)
            return outcome

    def _key_expired(self, row: LegRow) -> PaymentOutcome | None:
        if row.sent_at is None:
            return None
        age_s = (self._clock.now() - row.sent_at).total_seconds()
        if age_s < self._payments.key_life_s:
            return None
        return PaymentOutcome(
            kind=OutcomeKind.UNKNOWN,
            code="key_expired",
            sentence="The provider may have forgotten this key; the payment is looked up before it is sent again.",
        )

    async def _learn(self, call: LegCall, before: LegRow, sent: LegRow, outcome: PaymentOutcome) -> None:
        """Keep what the answer says of leg and key, so that a later attempt knows it without this one's memory.

        Only a key that was never used before is free again: an earlier request under it may be under way.
        """
        change: dict[str, object] = {}
        if outcome.kind in _CERTAINLY_NOT_EXECUTED:
            change["leg"] = before.leg
        if outcome.kind is OutcomeKind.RETRY_SAME:
            change["sent_at"] = before.sent_at
        if outcome.key_spent:
            change["sent_at"] = SPENT
        if change:
            await self._replace(call, sent, sent.model_copy(update=change))

    async def _take_new_key(self, call: LegCall, asked: LegRow) -> None:
        update = {"key_try": asked.key_try + 1, "sent_at": None}
        await self._replace(call, asked, asked.model_copy(update=update))

    async def _replace(self, call: LegCall, expected: LegRow, changed: LegRow) -> None:
        """Unless something else became of the leg meanwhile."""
        async with self._store.begin() as unit:
            if await _leg(unit, call) == expected:
                await unit.update_leg(changed)


@asynccontextmanager
async def alive() -> AsyncIterator[None]:
    """Heartbeats while a provider takes its time, so that a killed worker is told from a slow provider."""
    beating = asyncio.create_task(_beat())
    try:
        yield
    finally:
        beating.cancel()


async def _beat() -> None:
    while True:
        activity.heartbeat()
        await asyncio.sleep(HEARTBEAT_S)


async def _leg(unit: Unit, call: LegCall) -> LegRow:
    """The leg's row, its case locked. Raises AftersalesError(step_conflict)."""
    await unit.case(call.number)
    row = find_leg(list(await unit.legs(call.number)), call.leg, call.attempt)
    if row.leg.provider_number != call.provider_number:
        raise AftersalesError(
            ErrorCode.STEP_CONFLICT,
            f"Leg {call.leg} of case {call.number} is numbered {row.leg.provider_number}, "
            f"not {call.provider_number}; nothing was sent.",
        )
    return row


def _settled(row: LegRow) -> PaymentOutcome | None:
    """The end a leg has already, if it has one."""
    match row.leg.state:
        case LegState.SUCCEEDED:
            return PaymentOutcome(
                kind=OutcomeKind.SUCCEEDED,
                provider_reference=row.leg.provider_reference,
                trace=row.leg.trace,
            )
        case LegState.REVERSED:
            return PaymentOutcome(kind=OutcomeKind.REVERSED, code=row.leg.failure_code)
        case _ if row.released:
            return PaymentOutcome(
                kind=OutcomeKind.REJECTED,
                code="released",
                sentence="This leg's reservation was given back; nothing was sent.",
            )
    return None


def _marked_as_sent(row: LegRow, now: datetime) -> LegRow:
    leg = row.leg
    if leg.state in (LegState.RESERVED, LegState.BLOCKED):
        leg = leg.model_copy(update={"state": LegState.SUBMITTING})
    return row.model_copy(update={"leg": leg, "sent_at": row.sent_at or now})
