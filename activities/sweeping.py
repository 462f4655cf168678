"""Taking up what was cut off: provider news that no case was told of, open cases without a workflow (R8, R17).

Everything here may be done twice without harm: a case asks its provider whatever it is told, and a workflow that is
there is not started again.
"""

from __future__ import annotations

import logging
from collections import Counter
from datetime import timedelta
from typing import Final

from temporalio import activity

from activities.alerting import Alerting
from activities.errors import named_failures
from activities.ports import Bearing, CaseEngine, Clock, Inbox, OpenCases, ProviderNews, RunState
from aftersales.contract.errors import AftersalesError
from aftersales.contract.messages import PaymentChanged
from aftersales.contract.values import ErrorCode, Frozen

SWEEP: Final = "sweep"
BATCH: Final = 100
MOST_BATCHES: Final = 100

_log = logging.getLogger(__name__)


class SweepOrder(Frozen):
    """`after`: the application number at which the sweep before this one stopped; empty from the beginning."""

    after: str = ""


class SweepResult(Frozen):
    """Counts of one sweep. `matched`: messages whose case has appeared since. `told`, `known`: messages of which
    the case was told, or that it knew already; `left`: those for the next sweep. `looked_at`: open case rows;
    `restarted`: those given a workflow; `alarms`: what needs a person; `mailed`: mails about automatic
    approval having stopped. `after`: where the next sweep goes on."""

    matched: int = 0
    told: int = 0
    known: int = 0
    left: int = 0
    looked_at: int = 0
    restarted: int = 0
    alarms: int = 0
    mailed: int = 0
    after: str = ""


class Sweeping:
    """Takes up messages received more than `older_than_s` seconds ago: younger ones are still being dealt with.

    Of each kind of work it does at most `most_batches` pieces of `batch` rows; the next sweep does the rest.
    """

    def __init__(
        self,
        inbox: Inbox,
        cases: OpenCases,
        engine: CaseEngine,
        clock: Clock,
        alerting: Alerting | None = None,
        *,
        older_than_s: int,
        batch: int = BATCH,
        most_batches: int = MOST_BATCHES,
    ) -> None:
        self._inbox = inbox
        self._cases = cases
        self._engine = engine
        self._clock = clock
        self._alerting = alerting
        self._older_than = timedelta(seconds=older_than_s)
        self._batch = batch
        self._most_batches = most_batches

    @activity.defn(name=SWEEP)
    async def sweep(self, order: SweepOrder) -> SweepResult:
        """Cases first, so that a workflow started again can be told. Raises ApplicationError engine_unavailable."""
        counts: Counter[str] = Counter()
        with named_failures():
            await self._match(counts)
            after = await self._look_at_cases(order.after, counts)
            await self._take_up_news(counts)
            await self._alert(counts)
        result = SweepResult(**counts, after=after)
        _log.info("swept: %s", result.model_dump_json(exclude_defaults=True))
        return result

    async def _alert(self, counts: Counter[str]) -> None:
        """A mail server that is away keeps nothing else from being swept; the next sweep tries again."""
        if self._alerting is None:
            return
        try:
            _count(counts, "mailed", await self._alerting.tell())
        except Exception as error:  # noqa: BLE001 - whatever a mail server's client raises
            _log.warning("the supervisors could not be told that automatic approval stopped: %s", error)

    async def _match(self, counts: Counter[str]) -> None:
        for _ in range(self._most_batches):
            matched = await self._inbox.match(self._batch)
            _count(counts, "matched", matched)
            if matched < self._batch:
                return

    async def _look_at_cases(self, after: str, counts: Counter[str]) -> str:
        """Where the next sweep goes on: after the last case looked at, or from the beginning again."""
        for _ in range(self._most_batches):
            numbers = await self._cases.open_numbers(after, self._batch)
            states = await self._engine.states(numbers)
            for number in numbers:
                if states[number] is not RunState.RUNNING:
                    await self._attend_to(number, states[number], counts)
            _count(counts, "looked_at", len(numbers))
            if len(numbers) < self._batch:
                return ""
            after = numbers[-1]
        return after

    async def _attend_to(self, number: str, state: RunState, counts: Counter[str]) -> None:
        start = await self._cases.start_of(number)
        if start is None:
            return  # it was closed while we looked
        if state is not RunState.MISSING:
            _alarm(number, f"its workflow is {state.value}, so nobody acts on it; an operator must look at it", counts)
            return
        try:
            await self._engine.start(start)
        except AftersalesError as error:
            if error.rule.retryable:
                raise
            _alarm(number, f"it has no workflow and cannot be given one: {error}", counts)
        else:
            _log.warning("open case without a workflow: started again", extra={"application": number})
            _count(counts, "restarted")

    async def _take_up_news(self, counts: Counter[str]) -> None:
        before = self._clock.now() - self._older_than
        told: set[tuple[str, str]] = set()
        for _ in range(self._most_batches):
            batch = await self._inbox.unhandled(before, skip=counts["left"], limit=self._batch)
            for news in batch:
                bearing = await self._take_up(news, told)
                if bearing is Bearing.CASE_CLOSED:
                    said = f"{news.provider} says {news.says.value} of {news.provider_number}"
                    _alarm(news.number, f"it is closed, but {said}; finance must look at it", counts)
                _count(counts, _COUNTED_AS.get(bearing, "known"))
            if len(batch) < self._batch:
                return

    async def _take_up(self, news: ProviderNews, told: set[tuple[str, str]]) -> Bearing | None:
        """What became of the message, None if it is left. One telling serves for all that came before it."""
        at, leg = self._clock.now(), (news.provider, news.provider_number)
        bearing: Bearing | None = await self._inbox.bearing_of(news, at)
        if bearing in (Bearing.NEWS, Bearing.AWAITED):
            bearing = Bearing.REPEATED if leg in told else await self._tell(news)
        if bearing is None:
            return None
        if bearing is Bearing.NEWS:
            told.add(leg)
        await self._inbox.mark_handled(news, bearing, at)
        return bearing

    async def _tell(self, news: ProviderNews) -> Bearing | None:
        """None if the case has no workflow to tell; the sweep after it was given one will."""
        hint = PaymentChanged(provider=news.provider, provider_number=news.provider_number)
        try:
            await self._engine.payment_changed(news.number, hint)
        except AftersalesError as error:
            match error.code:
                case ErrorCode.CASE_CLOSED:
                    return Bearing.CASE_CLOSED
                case ErrorCode.CASE_UNKNOWN:
                    return None
            raise
        return Bearing.NEWS


_COUNTED_AS: Final = {Bearing.NEWS: "told", None: "left"}


def _count(counts: Counter[str], what: str, more: int = 1) -> None:
    """Count, and let Temporal know that the sweep goes on and how far it is."""
    counts[what] += more
    activity.heartbeat(dict(counts))


def _alarm(number: str, why: str, counts: Counter[str]) -> None:
    _log.error("case %s needs a person: %s", number, why, extra={"application": number})
    _count(counts, "alarms")
