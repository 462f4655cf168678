"""The worker killed while cases stand at every step of paying at once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from sqlalchemy import text

from aftersales.contract.values import LegState
from domain.orders import OrderRecord
from storage.engine import Transactions, create_store_engine
from tests.e2e.patience import until
from tests.e2e.provider import SILENT
from tests.e2e.shop import Shop, charge_of, number_of


@dataclass(frozen=True)
class Struck:
    """The cases by where the worker's death found them, one each."""

    request_lost: OrderRecord
    request_underway: OrderRecord
    request_arrives_after_the_look: OrderRecord
    executed_unanswered: OrderRecord
    answered_unrecorded: OrderRecord

    @property
    def held(self) -> tuple[OrderRecord, ...]:
        """Those whose call is parked at the provider when the worker dies."""
        before = (self.request_lost, self.request_underway, self.request_arrives_after_the_look)
        return (*before, self.executed_unanswered)


async def kill_at_every_step(shop: Shop) -> Struck:
    """Bring five cases to the five steps, kill the worker, and let the provider go on without it."""
    struck = Struck(*[await shop.sell() for _ in range(5)])
    for order in struck.held:
        hold = "hold_after_execute" if order is struck.executed_unanswered else "hold_before_execute"
        await shop.provider.fault(hold, SILENT, charge=charge_of(order))
        await shop.apply(order)
    await shop.provider.until_held(*map(charge_of, struck.held))
    async with _answered_and_never_recorded(shop, struck.answered_unrecorded):
        await shop.stack.worker.kill()
    await shop.provider.release(charge_of(struck.request_lost), "drop")
    await shop.provider.release(charge_of(struck.request_underway), "continue")
    await shop.provider.release(charge_of(struck.executed_unanswered), "drop")
    return struck


async def restart_and_deliver_late(shop: Shop, struck: Struck) -> None:
    """The new worker looks for a payment while its first request is still on its way; then that one arrives."""
    await shop.stack.start_worker()
    late = charge_of(struck.request_arrives_after_the_look)

    async def looked() -> bool:
        return bool(await shop.provider.calls(late, "GET"))

    await until("the new worker has looked for the payment", looked)
    await shop.provider.release(late, "continue")


@asynccontextmanager
async def _answered_and_never_recorded(shop: Shop, order: OrderRecord) -> AsyncIterator[None]:
    """While this lasts, the provider's answer is in the case's history and cannot get into the database."""
    charge, number = charge_of(order), number_of(order)
    await shop.provider.fault("hold_after_execute", SILENT, charge=charge)
    await shop.apply(order)
    await shop.provider.until_held(charge)
    async with _write_lock(shop.stack.database_url):
        await shop.provider.release(charge, "continue")
        await until("the provider's answer has reached the case", lambda: shop.success_in_history(number))
        yield
        (leg,) = (await shop.record(number)).legs
        assert leg.leg.state is not LegState.SUCCEEDED


@asynccontextmanager
async def _write_lock(url: str) -> AsyncIterator[None]:
    """Nobody else can write to the legs meanwhile; reading goes on."""
    engine = create_store_engine(url)
    try:
        async with Transactions(engine).begin() as connection:  # on SQLite this alone keeps all writers out
            if engine.dialect.name == "postgresql":
                await connection.execute(text("LOCK TABLE legs IN EXCLUSIVE MODE"))
            yield
    finally:
        await engine.dispose()
