"""The test's side of the sandbox: clock, balance, faults, pause points, and the reports of what happened."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Query, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from sandbox.assembly import Sandbox, sandbox_of
from sandbox.clock import SandboxClock
from sandbox.faults import RandomFaults, ScriptedFault
from sandbox.gate import OUTAGE
from sandbox.holds import Held, Then

Json = dict[str, object]
Box = Annotated[Sandbox, Depends(sandbox_of)]
MOST_ROWS = 100_000
MOST_REDELIVERIES = 100

router = APIRouter(prefix="/admin")


class Body(BaseModel):
    """A request body that refuses fields it does not know."""

    model_config = ConfigDict(extra="forbid")


class Balance(Body):
    """The merchant's balance in minor units; ``null`` is endless."""

    provider: str = "stripe"
    currency: str = Field(pattern=r"^[A-Za-z]{3}$")
    amount: int | None


class Advance(Body):
    """How far to move the clock forward, in seconds."""

    seconds: float = Field(gt=0)


class Present(Body):
    """The time the clock shall show, with its zone."""

    now: AwareDatetime


class Outage(Body):
    """Whether every provider call is to be cut off."""

    on: bool


class Release(Body):
    """Which held call to let go (all without ``id``), and whether it goes on or is cut off."""

    id: int | None = None
    then: Then = "continue"


class Webhook(Body):
    """Where webhooks go; ``null`` falls back to the setting."""

    url: str | None = Field(pattern=r"^https?://")


class Redelivery(Body):
    """How often an event is to be sent again."""

    times: int = Field(default=1, ge=1, le=MOST_REDELIVERIES)


@router.get("/health")
async def health(box: Box) -> Json:
    """Whether the sandbox answers, and what is still to be delivered."""
    return {"status": "ok", "deliveries_waiting": box.outbox.waiting(), "held": len(box.pen.held())}


@router.post("/reset")
async def reset(box: Box) -> Json:
    """Forget everything and cut off held calls."""
    box.pen.release("drop")
    box.dispatcher.cut_off()
    box.store.clear()
    return {"status": "ok"}


def _time(clock: SandboxClock) -> Json:
    now = clock.now()
    return {"now": now, "iso": datetime.fromtimestamp(now, UTC).isoformat(), "offset_s": clock.offset_s}


@router.get("/clock")
async def clock(box: Box) -> Json:
    """The sandbox's present."""
    return _time(box.clock)


@router.put("/clock")
async def set_clock(present: Present, box: Box) -> Json:
    """Set the sandbox's present."""
    box.clock.set(present.now.timestamp())
    return _time(box.clock)


@router.post("/clock/advance")
async def advance_clock(advance: Advance, box: Box) -> Json:
    """Move the sandbox's present forward."""
    box.clock.advance(advance.seconds)
    return _time(box.clock)


@router.get("/balance")
async def balances(box: Box) -> Json:
    """The balances that were set."""
    return {"balances": box.books.balances()}


@router.put("/balance")
async def set_balance(balance: Balance, box: Box) -> Json:
    """Set the merchant's balance in one currency."""
    box.books.set_balance(balance.provider, balance.currency.lower(), balance.amount)
    return {"balances": box.books.balances()}


@router.post("/faults")
async def script_fault(fault: ScriptedFault, box: Box) -> Json:
    """Script what the next matching calls meet."""
    return {"id": box.faults.script(fault)}


@router.get("/faults")
async def queued_faults(box: Box) -> Json:
    """The faults not met yet, and the random mode."""
    queued = [{"id": id_, **fault.model_dump(mode="json")} for id_, fault in box.faults.queued()]
    return {"queued": queued, "random": box.faults.random_mode()}


@router.delete("/faults")
async def clear_faults(box: Box) -> Json:
    """Forget the queue and the random mode."""
    box.faults.clear()
    return {"status": "ok"}


@router.put("/faults/random")
async def randomise_faults(faults: RandomFaults, box: Box) -> Json:
    """Let each matching call fail with a probability."""
    box.faults.randomise(faults)
    return {"status": "ok"}


@router.delete("/faults/random")
async def end_random_faults(box: Box) -> Json:
    """End the random mode."""
    box.faults.randomise(None)
    return {"status": "ok"}


@router.put("/outage")
async def set_outage(outage: Outage, box: Box) -> Json:
    """Cut every provider call off, or serve again."""
    box.store.set_fact(OUTAGE, outage.on or None)
    return {"on": outage.on}


def _held(held: Held) -> Json:
    call = held.call
    return {
        "id": held.id,
        "where": held.where,
        "since": held.since,
        "provider": call.provider,
        "method": call.method,
        "path": call.path,
        "idempotency_key": call.key,
        "leg": call.leg,
        "payments": call.payments,
    }


@router.get("/held")
async def held_calls(box: Box) -> Json:
    """The calls parked at a pause point, oldest first."""
    return {"held": [_held(held) for held in box.pen.held()]}


@router.post("/release")
async def release(wanted: Release, box: Box) -> Json:
    """Let held calls go on, or cut them off (before execution: without executing)."""
    released = box.pen.release(wanted.then, wanted.id)
    if wanted.id is not None and not released:
        raise HTTPException(404, {"field": "id", "message": f"no held call {wanted.id}"})
    return {"released": released}


@router.get("/executions")
async def executions(box: Box, leg: str | None = None) -> Json:
    """The oracle: executions per leg, payment and currency."""
    totals = box.books.by_currency()
    return {
        "legs": box.books.by_leg(leg),
        "payments": box.books.by_payment(),
        "currencies": totals,
        "executed_minor": {currency: tally["executed_minor"] for currency, tally in totals.items()},
        "without_leg": box.books.without_leg(),
    }


@router.delete("/executions")
async def forget_executions(box: Box) -> Json:
    """Start the count anew; refunds stay."""
    box.books.forget_executions()
    return {"status": "ok"}


@router.get("/requests")
async def requests(
    box: Box,
    leg: str | None = None,
    method: str | None = None,
    limit: Annotated[int, Query(ge=1, le=MOST_ROWS)] = 1000,
) -> Json:
    """The newest provider requests, oldest of them first."""
    return {"requests": box.journal.requests(leg, method, limit)}


@router.delete("/requests")
async def forget_requests(box: Box) -> Json:
    """Empty the request log."""
    box.journal.forget()
    return {"status": "ok"}


@router.put("/webhooks")
async def set_webhook(webhook: Webhook, box: Box) -> Json:
    """Send webhooks elsewhere from now on."""
    box.outbox.set_url(webhook.url)
    return {"url": box.outbox.url}


@router.get("/events")
async def events(box: Box, object_id: Annotated[str | None, Query(alias="object")] = None) -> Json:
    """The events so far, delivered or not, oldest first."""
    return {"events": box.outbox.events(object_id)}


@router.get("/events/{event_id}")
async def event_body(event_id: str, box: Box) -> Response:
    """The exact body of one event."""
    body = box.outbox.event_body(event_id)
    if body is None:
        raise HTTPException(404, {"field": "event_id", "message": f"no event {event_id}"})
    return Response(body, media_type="application/json")


@router.post("/events/{event_id}/redeliver")
async def redeliver(event_id: str, wanted: Redelivery, box: Box) -> Json:
    """Send an event again, once or many times."""
    if not box.outbox.redeliver(event_id, wanted.times):
        raise HTTPException(404, {"field": "event_id", "message": f"no event {event_id}"})
    return {"status": "ok"}


@router.get("/deliveries")
async def deliveries(box: Box, object_id: Annotated[str | None, Query(alias="object")] = None) -> Json:
    """Every delivery attempt so far, and how many deliveries are still owed."""
    return {"attempts": box.outbox.attempts(object_id), "waiting": box.outbox.waiting()}
