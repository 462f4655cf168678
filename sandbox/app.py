"""Builds a sandbox: its parts, its providers, and the ASGI application in front of them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.types import Receive, Scope, Send

from sandbox import admin, alipay, bank, stripe, wechat
from sandbox.alipay import AlipayProvider, AlipaySettings
from sandbox.assembly import Sandbox
from sandbox.bank import BankSettings
from sandbox.books import Books
from sandbox.calls import Provider
from sandbox.clock import SandboxClock
from sandbox.dispatcher import Dispatcher
from sandbox.faults import FaultDesk
from sandbox.gate import Gate
from sandbox.holds import HoldingPen
from sandbox.journal import Journal
from sandbox.outbox import Outbox
from sandbox.settings import SandboxSettings
from sandbox.store import Store
from sandbox.stripe.disputes import Disputes
from sandbox.stripe.keys import KeyRing
from sandbox.stripe.ledger import StripeLedger
from sandbox.stripe.refunds import Refunds
from sandbox.wechat import WeChatSandboxSettings


class _GatedApp(FastAPI):
    """The admin side by FastAPI; providers' paths go to the gate before any middleware touches them."""

    def __init__(self, gate: Gate) -> None:
        super().__init__(title="Payment provider sandbox", lifespan=_lifespan)
        self._gate = gate

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        provider = self._gate.provider_of(scope)
        if provider is None:
            await super().__call__(scope, receive, send)
        else:
            await self._gate.serve(provider, scope, receive, send)


def create_app(
    settings: SandboxSettings,
    wechat_settings: WeChatSandboxSettings | None = None,
    alipay_settings: AlipaySettings | None = None,
) -> FastAPI:
    """The sandbox as an application for one uvicorn process; serve it on one event loop only."""
    store = Store(settings.state_file)
    clock = SandboxClock(store)
    books = Books(store)
    outbox = Outbox(store, settings.webhook_url, settings.out_of_order_gap_s)
    stripe_provider = _stripe(settings, store, clock, books, outbox)
    bank_provider = bank.open_bank(BankSettings(), store, clock, books, outbox)
    wechat_provider = wechat.assemble(wechat_settings or WeChatSandboxSettings(), store, clock, books, outbox)
    alipay_provider = AlipayProvider(alipay_settings or AlipaySettings(), store, clock, books, outbox)
    providers: list[Provider] = [stripe_provider, bank_provider, wechat_provider, alipay_provider]
    dispatcher = Dispatcher(
        outbox,
        providers,
        retry_scale=settings.webhook_retry_scale,
        timeout_s=settings.webhook_timeout_s,
    )
    faults, pen, journal = FaultDesk(store), HoldingPen(), Journal(store)
    sandbox = Sandbox(store, clock, books, faults, pen, journal, outbox, dispatcher)
    app = _GatedApp(Gate(providers, store, faults, pen, journal))
    app.state.sandbox = sandbox
    app.state.stripe = stripe_provider
    app.state.wechat = wechat_provider
    app.state.bank = bank_provider
    app.state.alipay = alipay_provider
    app.include_router(admin.router)
    app.include_router(stripe.router)
    app.include_router(wechat.router)
    app.include_router(bank.router)
    app.include_router(alipay.router)
    return app


def _stripe(
    settings: SandboxSettings, store: Store, clock: SandboxClock, books: Books, outbox: Outbox
) -> stripe.StripeProvider:
    ledger = StripeLedger(store)
    refunds = Refunds(ledger, books, outbox, clock, settings.stripe_over_amount_code)
    keys = KeyRing(store, clock, settings.stripe_key_life_s)
    disputes = Disputes(store, ledger, outbox, clock)
    return stripe.StripeProvider(settings, store, keys, ledger, refunds, disputes)


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    sandbox: Sandbox = app.state.sandbox
    async with sandbox.dispatcher.running():
        yield
    app.state.wechat.close()
    sandbox.store.close()
