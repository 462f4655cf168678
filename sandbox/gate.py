"""The gate before every provider: outage, faults, pause points and the request log, around the execution."""

import asyncio
from collections.abc import Sequence

from starlette.types import Receive, Scope, Send

from sandbox.calls import Answer, Call, Provider
from sandbox.faults import Fault, FaultDesk, FaultKind
from sandbox.holds import HoldingPen
from sandbox.journal import Journal, Outcome, Sent
from sandbox.store import Store
from sandbox.wire import drop_connection, read_envelope, send_truncated, send_unreadable, send_whole

OUTAGE = "outage"
DROPPED = Outcome(None, Sent.NOTHING)


class Gate:
    """Serves the providers' paths, directly on the server's connection so that it can break it."""

    def __init__(
        self,
        providers: Sequence[Provider],
        store: Store,
        faults: FaultDesk,
        pen: HoldingPen,
        journal: Journal,
    ) -> None:
        self._providers = providers
        self._store = store
        self._faults = faults
        self._pen = pen
        self._journal = journal

    async def serve(self, provider: Provider, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request of a provider."""
        envelope = await read_envelope(scope, receive)
        if envelope is None:
            return
        call = provider.describe(envelope)
        outcome = await self._conduct(provider, call)
        await _send(outcome, receive, send)

    def provider_of(self, scope: Scope) -> Provider | None:
        """The provider whose path a request is for, ``None`` when it is for the admin side."""
        if scope["type"] != "http":
            return None
        path: str = scope["path"]
        return next((found for found in self._providers if path.startswith(found.prefixes)), None)

    async def _conduct(self, provider: Provider, call: Call) -> Outcome:
        era = self._store.era
        if self._store.fact(OUTAGE):
            fault, outcome = Fault(), DROPPED
        else:
            fault = self._faults.take(call.method, call.path, call.leg, call.payments)
            outcome = await self._execute(provider, call, fault)
        if era == self._store.era:
            # Written before the answer leaves, so that a caller who has the answer finds the line.
            self._journal.record(call, fault, outcome)
        return outcome

    async def _execute(self, provider: Provider, call: Call, fault: Fault) -> Outcome:
        if FaultKind.DROP_REQUEST in fault.kinds:
            return DROPPED
        if FaultKind.RATE_LIMITED in fault.kinds:
            return Outcome(provider.rate_limited(call), Sent.WHOLE)
        refusal = provider.admit(call)
        if refusal is not None:
            return Outcome(refusal, Sent.WHOLE)
        try:
            if not await self._may_go_on(call, fault):
                return DROPPED
            answer = provider.execute(call, fault.kinds)
        finally:
            provider.leave(call)
        return Outcome(answer, await self._after(call, fault))

    async def _may_go_on(self, call: Call, fault: Fault) -> bool:
        era, then = self._store.era, "continue"
        if FaultKind.SLOW in fault.kinds and fault.slow_phase == "before":
            await asyncio.sleep(fault.seconds)
        if FaultKind.HOLD_BEFORE_EXECUTE in fault.kinds:
            then = await self._pen.park(call, "before_execute", fault.max_seconds)
        return then == "continue" and era == self._store.era

    async def _after(self, call: Call, fault: Fault) -> Sent:
        if FaultKind.SLOW in fault.kinds and fault.slow_phase == "after":
            await asyncio.sleep(fault.seconds)
        if FaultKind.HOLD_AFTER_EXECUTE in fault.kinds:
            then = await self._pen.park(call, "after_execute", fault.max_seconds)
            if then == "drop":
                return Sent.NOTHING
        return _manner(fault)


def _manner(fault: Fault) -> Sent:
    if FaultKind.EXECUTE_THEN_DROP in fault.kinds:
        return Sent.NOTHING
    if FaultKind.TRUNCATE in fault.kinds:
        return Sent.TRUNCATED
    return Sent.UNREADABLE if FaultKind.UNREADABLE in fault.kinds else Sent.WHOLE


async def _send(outcome: Outcome, receive: Receive, send: Send) -> None:
    answer: Answer | None = outcome.answer
    if answer is None or outcome.sent is Sent.NOTHING:
        await drop_connection(receive, send)
    elif outcome.sent is Sent.TRUNCATED:
        await send_truncated(answer, receive, send)
    elif outcome.sent is Sent.UNREADABLE:
        await send_unreadable(answer, send)
    else:
        await send_whole(answer, send)
