"""Sending a leg to its provider and asking for it (design: payments).

Before each call the row says that something may be under way; the call itself happens outside any transaction. A
key is used anew only after the provider said that nothing is there under the old one.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Final

from temporalio import activity

from activities.destinations import STORE_CREDIT_OF
from activities.errors import named_failures
from activities.ports import Clock, Payee, Payees, Payments, Store, Unit
from activities.rows import CaseRow, LegRow
from activities.settling import find_leg
from activities.types import CHARGEBACK_LOST, LegCall, OutcomeKind, PaymentOutcome, StepName
from aftersales.contract.errors import AftersalesError
from aftersales.contract.values import ErrorCode, LegState, Movement, PayoutMethod
from domain.chargebacks import ChargebackState
from domain.rails import Rail

HEARTBEAT_S: Final = 2
"""Often enough that a killed worker is noticed within seconds, rare enough to cost nothing."""

SPENT: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""`sent_at` of a key for which the provider replays a stored failure: as dead as one past its life."""

LOST_AFTER: Final = timedelta(days=1)
"""A request that the provider knows nothing of by then was lost on its way."""

_WAITS_FOR_DISPUTE: Final = PaymentOutcome(
    kind=OutcomeKind.NEEDS_MERCHANT,
    code=ErrorCode.CHARGEBACK_OPEN.value,
    sentence="The payment is being disputed at its provider; nothing was sent, it would pay twice.",
)
_CERTAINLY_NOT_EXECUTED: Final = frozenset({OutcomeKind.RETRY_SAME, OutcomeKind.NEEDS_MERCHANT})


class PaymentCalls:
    """The calls of one provider, served from that provider's own queue. Raises ApplicationError step_conflict."""

    def __init__(self, payments: Payments, store: Store, clock: Clock, payees: Payees, rail: Rail) -> None:
        self._payments = payments
        self._store = store
        self._clock = clock
        self._payees = payees
        self._rail = rail

    @activity.defn(name=StepName.SUBMIT_LEG.value)
    async def submit_leg(self, call: LegCall) -> PaymentOutcome:
        """Refund the leg or pay it out. No call is made for one that has its end, nor under a key past its safe life,
        nor for one that the provider does not take, or not yet, nor beside a chargeback."""
        with named_failures():
            async with self._store.begin() as unit:
                case, before = await _locked(unit, call)
                lost = before.sent_at is None and self._outlives_a_key(case)
                settled = _settled(before) or self._key_expired(before) or await _disputed(unit, before)
                settled = settled or await self._not_taken(unit, before)
                if settled is not None:
                    return await self._given_up(before, settled) if settled.code == CHARGEBACK_LOST else settled
                sent = _marked_as_sent(before, self._clock.now())
                await unit.update_leg(sent)
            async with alive():
                outcome = await self._sent_before_it_was_lost(sent) if lost else None
                outcome = outcome or await self._send(sent, first_time=before.sent_at is None)
            await self._learn(call, before, sent, outcome)
            return outcome

    def _outlives_a_key(self, case: CaseRow | None) -> bool:
        return case is not None and (self._clock.now() - case.opened_at).total_seconds() >= self._payments.key_life_s

    async def _sent_before_it_was_lost(self, leg: LegRow) -> PaymentOutcome | None:
        """What the provider has under a number that we know of no sending of (R17).

        A database that was set back forgets that it sent; the same number would still meet the same key, unless the
        case is older than a key lives.
        """
        found = await self._payments.query(leg)
        return None if found.kind is OutcomeKind.NOT_FOUND else found

    async def _send(self, leg: LegRow, *, first_time: bool) -> PaymentOutcome:
        if leg.leg.movement is Movement.REFUND:
            return await self._payments.refund(leg)
        try:
            payee = await self._payee(leg)
        except AftersalesError as error:
            return await self._without_payee(leg, error, first_time=first_time)
        return await self._payments.pay_out(leg, payee)

    async def _without_payee(self, leg: LegRow, error: AftersalesError, *, first_time: bool) -> PaymentOutcome:
        """This call sent nothing; an earlier one may have, so it is looked for before the number is given up."""
        told = PaymentOutcome(kind=OutcomeKind.NEEDS_PAYEE, code=error.code.value, sentence=str(error))
        if error.code is not ErrorCode.PAYEE_UNKNOWN:
            return told.model_copy(update={"kind": OutcomeKind.NEEDS_MERCHANT})  # our key is missing, not the account
        if first_time:
            return told
        found = await self._payments.query(leg)
        if found.kind is not OutcomeKind.NOT_FOUND:
            return found
        is_lost = leg.sent_at is not None and self._clock.now() - leg.sent_at >= LOST_AFTER
        return told if is_lost else told.model_copy(update={"kind": OutcomeKind.UNKNOWN})

    async def _payee(self, leg: LegRow) -> Payee:
        if leg.payee.startswith(STORE_CREDIT_OF):
            return Payee(token=leg.payee, method=PayoutMethod.STORE_CREDIT, account=leg.payee)
        return await self._payees.reveal(leg.payee)

    @activity.defn(name=StepName.QUERY_LEG.value)
    async def query_leg(self, call: LegCall) -> PaymentOutcome:
        """Ask for the leg by our own number. Finding nothing under a dead key makes room for a new one."""
        with named_failures():
            async with self._store.begin() as unit:
                _, row = await _locked(unit, call)
            async with alive():
                outcome = await self._payments.query(row)
            if outcome.kind is OutcomeKind.NOT_FOUND and self._key_expired(row) is not None:
                await self._take_new_key(call, row)
            return outcome

    async def _not_taken(self, unit: Unit, row: LegRow) -> PaymentOutcome | None:
        """What the provider would say by its own rules, where nothing was sent yet (design: payments, limits)."""
        if row.sent_at is not None or row.leg.movement is Movement.PAYOUT or not self._rail.is_limited:
            return None
        terms = await unit.sending_terms(row)
        now = self._clock.now()
        closed = self._rail.closed_to(row.leg.amount, bought_at=terms.bought_at, now=now, parts=terms.parts)
        if closed:
            sentence = f"{self._rail.provider} takes no refund of this payment any more; nothing was sent."
            return PaymentOutcome(kind=OutcomeKind.REJECTED, code=closed, sentence=sentence, elsewhere=True)
        wait_s = self._rail.wait_s(terms.last_sent_at, now)
        if wait_s:
            sentence = f"{self._rail.provider} takes the next refund of this payment in {wait_s} s."
            return PaymentOutcome(kind=OutcomeKind.RETRY_SAME, code="too_soon", sentence=sentence, retry_after_s=wait_s)
        return None

    async def _given_up(self, row: LegRow, told: PaymentOutcome) -> PaymentOutcome:
        """An earlier request may have gone out before the dispute: it is looked for before the number is given up."""
        if row.sent_at is None:
            return told
        async with alive():
            found = await self._payments.query(row)
        if found.kind is not OutcomeKind.NOT_FOUND:
            return found
        return told if self._clock.now() - row.sent_at >= LOST_AFTER else _WAITS_FOR_DISPUTE

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
            _, present = await _locked(unit, call)
            if present == expected:
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


async def _locked(unit: Unit, call: LegCall) -> tuple[CaseRow | None, LegRow]:
    """The case, locked, and the leg's row. Raises AftersalesError(step_conflict)."""
    case = await unit.case(call.number)
    row = find_leg(list(await unit.legs(call.number)), call.leg, call.attempt)
    if row.leg.provider_number != call.provider_number:
        raise AftersalesError(
            ErrorCode.STEP_CONFLICT,
            f"Leg {call.leg} of case {call.number} is numbered {row.leg.provider_number}, "
            f"not {call.provider_number}; nothing was sent.",
        )
    return case, row


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


async def _disputed(unit: Unit, row: LegRow) -> PaymentOutcome | None:
    """Why the money has to wait, or stays where it is: the customer has the bank take it back already (P6.1)."""
    match await unit.chargeback(row.order_id):
        case ChargebackState.LOST:
            sentence = "The customer has this payment back by a chargeback; nothing was sent, it would pay twice."
            return PaymentOutcome(kind=OutcomeKind.REJECTED, code=CHARGEBACK_LOST, sentence=sentence)
        case ChargebackState.OPEN:
            return _WAITS_FOR_DISPUTE
    return None


def _marked_as_sent(row: LegRow, now: datetime) -> LegRow:
    leg = row.leg
    if leg.state in (LegState.RESERVED, LegState.BLOCKED):
        leg = leg.model_copy(update={"state": LegState.SUBMITTING})
    return row.model_copy(update={"leg": leg, "sent_at": row.sent_at or now})
