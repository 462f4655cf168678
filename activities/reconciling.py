"""The reconciliation's acts: which days are due, and one provider's day (P3.3; design: reliability, R17, R18).

Everything here may be done twice without harm. Where a case can put a difference right it is told, and asks its
provider itself; what nobody can be told of is finance's.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities import ledger
from activities.comparing import Settled, Statement, settle, tries
from activities.differences import Book, Fee, Finding, Report, Run, RunState
from activities.errors import named_failures
from activities.payments import alive
from activities.ports import (
    CaseEngine,
    Clock,
    StatementLine,
    StatementNotReadyError,
    Statements,
    Store,
)
from activities.reporting import Reporting
from aftersales.contract.errors import AftersalesError
from aftersales.contract.messages import PaymentChanged
from aftersales.contract.values import ErrorCode, Frozen

RECONCILE_DAY: Final = "reconcile_day"
PLAN_RECONCILIATION: Final = "plan_reconciliation"
STATEMENT_NOT_READY: Final = "statement_not_ready"
STATEMENT_UNREADABLE: Final = "statement_unreadable"
NO_STATEMENTS: Final = "no_statements"

ASK_AGAIN: Final = timedelta(hours=1)
MOST_PATIENT: Final = 4
"""A statement that is not there yet is looked for after an hour, then after two more, then every four: a look costs."""

LATE_AFTER_DAYS: Final = 3
"""A statement that is not there by then is told to people; providers make theirs by the next noon."""

CATCH_UP_DAYS: Final = 30
FEES_AT_ONCE: Final = 200
_DAY: Final = timedelta(days=1)
_SURELY_FROM: Final = timedelta(hours=8)
_SURELY_UNTIL: Final = timedelta(hours=16)
"""The hours of a day in UTC that are of the same day by a provider's calendar, from California to China."""

_log = logging.getLogger(__name__)


class PlanOrder(Frozen):
    """What to reconcile: all that is due, or of one provider, or one day. `starts`: the workflows are started, too."""

    provider: str = ""
    day: date | None = None
    starts: bool = True


class DayOrder(Frozen):
    """One provider's day, in its own calendar. `at_once`: a statement that is not ready is not waited for."""

    provider: str
    day: date
    at_once: bool = False


class Plan(Frozen):
    days: tuple[DayOrder, ...] = ()


class DayResult(Frozen):
    """Counts of one run. `found`: its own findings that are open; `others`: the provider's other open ones;
    `resolved`: those that have gone; `told`: cases that were told."""

    provider: str
    day: date
    lines: int
    matched: int
    found: int
    others: int
    resolved: int
    told: int


class Reconciling:
    """`statements` by provider; `grace_days`: how long after our record a provider may still book."""

    def __init__(
        self,
        statements: Mapping[str, Statements],
        book: Book,
        store: Store,
        engine: CaseEngine,
        reporting: Reporting,
        clock: Clock,
        *,
        grace_days: int,
    ) -> None:
        self._statements = statements
        self._book = book
        self._store = store
        self._engine = engine
        self._reporting = reporting
        self._clock = clock
        self._grace_days = grace_days

    @activity.defn(name=PLAN_RECONCILIATION)
    async def plan_reconciliation(self, order: PlanOrder) -> Plan:
        """The days that are over and not reconciled. Raises ApplicationError no_statements."""
        if order.provider:
            self._statements_of(order.provider)
        chosen = [order.provider] if order.provider else sorted(self._statements)
        days = [
            DayOrder(provider=provider, day=day)
            for provider in chosen
            for day in ([order.day] if order.day else await self._due(provider))
        ]
        return Plan(days=tuple(days))

    async def _due(self, provider: str) -> list[date]:
        """Days since the first one ever reconciled, the last one always among them."""
        yesterday = self._clock.now().astimezone(UTC).date() - _DAY
        first = await self._book.first_day(provider) or yesterday
        since = max(first, yesterday - CATCH_UP_DAYS * _DAY)
        states = await self._book.states(provider, since)
        days = [since + n * _DAY for n in range((yesterday - since).days + 1)]
        return [day for day in days if states.get(day) is not RunState.DONE or day == yesterday]

    @activity.defn(name=RECONCILE_DAY)
    async def reconcile_day(self, order: DayOrder) -> DayResult:
        """Compare the day, tell cases and people. Raises ApplicationError: statement_not_ready, statement_unreadable,
        no_statements, engine_unavailable; and whatever kept a letter from being handed over."""
        with named_failures():
            async with alive():
                settled = await self._settled(order, self._statements_of(order.provider))
                await self._post_fees(settled.fees)
                told = await self._tell_cases(order.provider)
                await self._reporting.send(order.provider, order.day)
        result = DayResult(
            provider=order.provider,
            day=order.day,
            lines=settled.run.lines,
            matched=settled.run.matched,
            found=len(settled.findings),
            others=settled.others,
            resolved=settled.resolved,
            told=told,
        )
        _log.info("reconciled: %s", result.model_dump_json())
        return result

    def _statements_of(self, provider: str) -> Statements:
        if provider not in self._statements:
            there = ", ".join(sorted(self._statements)) or "none"
            raise ApplicationError(
                f"No statements of {provider} can be asked for here; there are: {there}. Set the provider up, or "
                "name another one.",
                type=NO_STATEMENTS,
                non_retryable=True,
            )
        return self._statements[provider]

    async def _settled(self, order: DayOrder, statements: Statements) -> Settled:
        try:
            lines = await statements.of(order.day)
        except StatementNotReadyError as error:
            settled = await self._without_statement(order, str(error))
            if settled is None:
                pause = ASK_AGAIN * min(activity.info().attempt, MOST_PATIENT)
                raise ApplicationError(
                    str(error), type=STATEMENT_NOT_READY, non_retryable=order.at_once, next_retry_delay=pause
                ) from error
            return settled
        except ValueError as error:
            await self._miss(order, RunState.FAILED, str(error), alarm=True)
            raise ApplicationError(str(error), type=STATEMENT_UNREADABLE, non_retryable=True) from error
        return await self._settle(order, lines)

    async def _settle(self, order: DayOrder, lines: Sequence[StatementLine], note: str = "") -> Settled:
        now = self._clock.now()
        async with self._book.begin(order.provider) as unit:
            statement = Statement(order.provider, order.day, tuple(lines), note)
            settled = await settle(unit, statement, now, self._grace_days)
            if settled.findings:
                await self._reporting.compose(
                    unit, Report(run=settled.run, findings=settled.findings, others=settled.others)
                )
        return settled

    async def _without_statement(self, order: DayOrder, sentence: str) -> Settled | None:
        """None while the statement is waited for. One that never comes is an empty one if we sent nothing then, either:
        providers make none of a day without movement. What we have of that day all the same is found missing there."""
        start = datetime.combine(order.day, time(), UTC)
        late = self._clock.now() - start > (LATE_AFTER_DAYS + 1) * _DAY
        if late:
            async with self._book.begin(order.provider) as unit:
                moved = await unit.moved(order.provider, start + _SURELY_FROM, start + _SURELY_UNTIL)
            if not moved:
                return await self._settle(order, (), "There is no statement, and nothing was sent on that day.")
        await self._miss(order, RunState.NOT_READY, sentence, alarm=late)
        return None

    async def _miss(self, order: DayOrder, state: RunState, sentence: str, *, alarm: bool) -> None:
        """Write down that the day could not be compared; what was read of it before stays."""
        now = self._clock.now()
        async with self._book.begin(order.provider) as unit:
            before = await unit.run(order.provider, order.day)
            count = await tries(unit, order.provider, order.day)
            missed = {"state": state, "tries": count, "tried_at": now, "sentence": sentence}
            run = before or Run(provider=order.provider, day=order.day, state=state, tries=count, tried_at=now)
            run = run.model_copy(update=missed)
            await unit.put_run(run)
            if alarm:
                await self._reporting.compose(unit, Report(run=run))
        if alarm:
            _log.error("%s of %s is not reconciled: %s", order.day, order.provider, sentence)
            await self._reporting.send(order.provider, order.day)

    async def _post_fees(self, fees: Sequence[Fee]) -> None:
        now = self._clock.now()
        for start in range(0, len(fees), FEES_AT_ONCE):
            async with self._store.begin() as unit:
                for fee in fees[start : start + FEES_AT_ONCE]:
                    await unit.post(ledger.fee(fee.row, fee.line_id, fee.amount, now))

    async def _tell_cases(self, provider: str) -> int:
        """How many cases were told to ask their provider. One without a workflow gets it from the sweep, and is told
        by the next run."""
        async with self._book.begin(provider) as unit:
            known = await unit.findings(provider, ())
        told = 0
        for finding in known:
            if not finding.number or finding.told_at:
                continue
            heard = await self._tell(finding)
            if heard is None:
                continue
            told += heard
            await self._mark_told(finding, heard=heard)
        return told

    async def _tell(self, finding: Finding) -> bool | None:
        """False if the case is closed, None if it has no workflow."""
        try:
            hint = PaymentChanged(provider=finding.provider, provider_number=finding.subject)
            await self._engine.payment_changed(finding.number, hint)
        except AftersalesError as error:
            match error.code:
                case ErrorCode.CASE_CLOSED:
                    return False
                case ErrorCode.CASE_UNKNOWN:
                    return None
            raise
        return True

    async def _mark_told(self, finding: Finding, *, heard: bool) -> None:
        async with self._book.begin(finding.provider) as unit:
            present = await unit.finding(finding.finding_id)
            if present is not None:
                with_finance = present.with_finance or not heard
                changes = {"told_at": self._clock.now(), "with_finance": with_finance}
                await unit.put_finding(present.model_copy(update=changes))
