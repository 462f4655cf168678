"""Who pays: an adapter for each provider that is set up, our own store credit and gift cards, and finance by hand."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncEngine

from activities.payments import PaymentCalls
from activities.ports import Clock, Payees, Payments, Store
from domain.rails import BY_HAND, GIFT_CARD, OWN_RAILS, STORE_CREDIT, Rail, Ways, ways_of
from integrations.provider import OpenPayments, ProviderBlock
from integrations.providers import adapters
from storage.hand_payments import HandPayments
from storage.stored_value import StoredValuePayments


@dataclass(frozen=True)
class Till:
    """Where a provider is called from. `calls_per_s`: None where nobody sets a limit."""

    calls: PaymentCalls
    calls_per_s: float | None


@dataclass(frozen=True)
class Cashier:
    """All tills of the shop, by provider, and the ways that they open."""

    tills: Mapping[str, Till]
    ways: Ways


@asynccontextmanager
async def open_cashier(
    blocks: Sequence[ProviderBlock], engine: AsyncEngine, store: Store, clock: Clock, payees: Payees
) -> AsyncIterator[Cashier]:
    """Raises ProviderSettingsError."""
    opened = adapters(blocks)
    rails = {block.provider: block.rail() for block in blocks if block.provider in opened}
    limits = {block.provider: block.calls_per_s for block in blocks}
    paying: dict[str, Payments] = {**own_tills(engine, clock), **opened}
    all_rails: dict[str, Rail] = {**OWN_RAILS, **rails}
    try:
        yield Cashier(
            tills={
                name: Till(PaymentCalls(each, store, clock, payees, all_rails[name]), limits.get(name))
                for name, each in paying.items()
            },
            ways=ways_of(all_rails),
        )
    finally:
        await _close(opened)


def own_tills(engine: AsyncEngine, clock: Clock) -> dict[str, Payments]:
    """Payments that no provider makes, each with its own book in our database."""
    return {
        STORE_CREDIT: StoredValuePayments(engine, STORE_CREDIT, clock),
        GIFT_CARD: StoredValuePayments(engine, GIFT_CARD, clock),
        BY_HAND: HandPayments(engine, clock),
    }


async def _close(opened: Mapping[str, OpenPayments]) -> None:
    for each in opened.values():
        await each.close()
