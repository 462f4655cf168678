"""The parts of one running sandbox, as endpoints receive them."""

from dataclasses import dataclass

from fastapi import Request

from sandbox.books import Books
from sandbox.clock import SandboxClock
from sandbox.dispatcher import Dispatcher
from sandbox.faults import FaultDesk
from sandbox.holds import HoldingPen
from sandbox.journal import Journal
from sandbox.outbox import Outbox
from sandbox.store import Store


@dataclass(frozen=True, slots=True)
class Sandbox:
    """Everything that does not belong to a single provider."""

    store: Store
    clock: SandboxClock
    books: Books
    faults: FaultDesk
    pen: HoldingPen
    journal: Journal
    outbox: Outbox
    dispatcher: Dispatcher


async def sandbox_of(request: Request) -> Sandbox:
    """The sandbox that serves a request."""
    sandbox: Sandbox = request.app.state.sandbox
    return sandbox
