"""A shop whose customers apply for refunds, as the tests' own record of what was sold and asked for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import count
from pathlib import Path
from typing import Any, Final, Unpack

from temporalio.api.enums.v1 import EventType
from temporalio.client import WorkflowHandle

from activities.types import OutcomeKind
from aftersales.client import AfterSales
from aftersales.connection import connect
from aftersales.contract.messages import Application, Item
from aftersales.contract.numbers import number_for, workflow_id
from aftersales.contract.values import CaseStatus, LegState, Reason
from aftersales.contract.views import CaseView
from cli.stack import Stack
from domain.orders import OrderRecord
from storage.engine import create_store_engine
from storage.reading import CaseRecord, Reading
from tests.e2e.patience import LIMIT_S, until
from tests.e2e.provider import Provider
from tests.support.stack import MUG_MINOR, Changes, shop_order, small_stack

CALLER: Final = "cli"
_STARTING: Final = asyncio.Lock()
"""A schema is brought up to date by one at a time in a process: the migrations' environment is the process's own."""


class Shop:
    """One stack with the orders and applications of its tests."""

    def __init__(self, stack: Stack, client: AfterSales) -> None:
        self.stack = stack
        self.client = client
        self.provider = Provider(stack)
        self.sold: list[OrderRecord] = []
        self.applied: list[str] = []
        self._numbers = count(1)

    async def sell(self) -> OrderRecord:
        """An order of four mugs, delivered and paid by card, of a customer who bought nothing else.

        Whoever wants so many refunds at once is a matter for a person.
        """
        nth = next(self._numbers)
        order = await shop_order(self.stack, f"order-{nth}", customer_id=f"customer-{nth}")
        self.sold.append(order)
        return order

    async def apply(self, order: OrderRecord, *, key: str = "", goods_back: bool = True, quantity: int = 1) -> str:
        """Ask for the money of one mug: approved by itself, or by a person if the goods are not back.

        Always a part of what was paid: a provider refuses a second full refund and so would hide a double one.
        """
        application = Application(
            order_id=order.order_id,
            customer_id=order.account.customer_id,
            items=(Item(line_id="mugs", quantity=quantity),),
            reason=Reason.CHANGED_MIND,
            goods_back=goods_back,
            unused=True,
            packaging_intact=True,
        )
        number = await self.client.apply(application, request_key=key or order.order_id)
        if number not in self.applied:
            self.applied.append(number)
        return number

    async def sell_and_apply(self, how_many: int) -> list[str]:
        """As many orders with a case each that is approved by itself."""
        orders = [await self.sell() for _ in range(how_many)]
        return list(await asyncio.gather(*(self.apply(order) for order in orders)))

    async def under_review(self) -> str:
        """A case that a person decides."""
        number = await self.apply(await self.sell(), goods_back=False)
        await self.until_status(number, CaseStatus.UNDER_REVIEW)
        return number

    async def withdraw(self, number: str) -> None:
        """As the customer who applied, who is in time."""
        customer = (await self.record(number)).case.start.application.customer_id
        assert (await self.client.withdraw(number, actor=customer)).accepted

    async def until_status(self, number: str, status: CaseStatus, limit_s: float = LIMIT_S) -> None:
        """By the database's word."""

        await self._until(
            f"case {number} is {status.value}", number, lambda record: record.case.status is status, limit_s
        )

    async def until_leg(self, number: str, state: LegState) -> None:
        """The case's one leg, by the database's word."""

        await self._until(
            f"the payment of case {number} is {state.value}",
            number,
            lambda record: [row.leg.state for row in record.legs] == [state],
        )

    async def _until(
        self, what: str, number: str, reached: Callable[[CaseRecord], bool], limit_s: float = LIMIT_S
    ) -> None:
        async with self._reading() as reading:

            async def stored() -> bool:
                record = await reading.case(number)
                return record is not None and reached(record)

            await until(what, stored, limit_s)

    async def outcome(self, number: str, limit_s: float = LIMIT_S) -> CaseView:
        """The case at its outcome, whoever is away meanwhile."""
        return await self.client.result(number, timeout=limit_s, patience_s=limit_s)

    async def outcomes(self, numbers: Iterable[str], limit_s: float = LIMIT_S) -> list[CaseView]:
        return list(await asyncio.gather(*(self.outcome(number, limit_s) for number in numbers)))

    async def all_refunded(self, numbers: Iterable[str], limit_s: float = LIMIT_S) -> None:
        """Each of these cases ends refunded with the price of one mug."""
        views = await self.outcomes(numbers, limit_s)
        ends = {(view.status, view.amount.minor if view.amount else 0) for view in views}
        assert ends == {(CaseStatus.REFUNDED, MUG_MINOR)}

    async def success_in_history(self, number: str) -> bool:
        """Whether Temporal has the provider's word that the money moved."""
        async for event in (await self.in_temporal(number)).fetch_history_events():
            if event.event_type == EventType.EVENT_TYPE_ACTIVITY_TASK_COMPLETED:
                result = event.activity_task_completed_event_attributes.result.payloads
                if result and f'"{OutcomeKind.SUCCEEDED.value}"'.encode() in result[0].data:
                    return True
        return False

    async def in_temporal(self, number: str) -> WorkflowHandle[Any, Any]:
        """The case without our client between, as somebody with rights on Temporal has it."""
        client = await connect(address=self.stack.addresses.temporal)
        return client.get_workflow_handle(workflow_id(number))

    async def find(self, number: str) -> CaseRecord | None:
        """The case with everything that is stored about it."""
        async with self._reading() as reading:
            return await reading.case(number)

    async def record(self, number: str) -> CaseRecord:
        """As `find`, of a case that must be there."""
        record = await self.find(number)
        assert record is not None, f"case {number} is not in the database"
        return record

    @asynccontextmanager
    async def _reading(self) -> AsyncIterator[Reading]:
        engine = create_store_engine(self.stack.database_url)
        try:
            yield Reading(engine)
        finally:
            await engine.dispose()


@asynccontextmanager
async def own_shop(home: Path, **changes: Unpack[Changes]) -> AsyncIterator[Shop]:
    """A shop on a stack of its own below `home`."""
    async with AsyncExitStack() as opened:
        async with _STARTING:
            stack = await opened.enter_async_context(small_stack(home, **changes))
        yield Shop(stack, await stack.client(CALLER))


def charge_of(order: OrderRecord) -> str:
    """The payment at the provider."""
    return order.tenders[0].reference


def number_of(order: OrderRecord) -> str:
    """The number of the case that `Shop.apply` starts for an order."""
    return number_for(CALLER, order.order_id)
