"""A client on the dev server, and a worker with the small case for the tests that want one."""

import secrets
from collections.abc import AsyncIterator

import pytest
from temporalio.worker import Worker

from aftersales import AfterSales, Application, Item, Reason, SurveyAnswer, connect
from aftersales.contract.names import QUEUE_CASES
from cli.servers.dev_server import DevServer
from cli.servers.probes import eventually
from tests.client.small_case import KEY, SmallRefundCase

PATIENT_S = 20.0
HASTY_S = 1.0
INDEX_LIMIT_S = 30.0


@pytest.fixture
async def after_sales(dev_server: DevServer) -> AfterSales:
    return await AfterSales.connect(caller="shop", key=KEY, address=dev_server.address, answer_limit_s=PATIENT_S)


@pytest.fixture
async def hasty(dev_server: DevServer) -> AfterSales:
    """A client that soon gives up waiting for a worker."""
    return await AfterSales.connect(caller="shop", key=KEY, address=dev_server.address, answer_limit_s=HASTY_S)


@pytest.fixture
async def case_worker(dev_server: DevServer) -> Worker:
    """A worker for the small case that does not run yet: a test says from when to when."""
    return Worker(await connect(address=dev_server.address), task_queue=QUEUE_CASES, workflows=[SmallRefundCase])


@pytest.fixture
async def running_worker(case_worker: Worker) -> AsyncIterator[Worker]:
    async with case_worker:
        yield case_worker


@pytest.fixture
def application() -> Application:
    """An application for an order that no other test has."""
    return application_for(f"order-{secrets.token_hex(6)}")


def application_for(order_id: str) -> Application:
    return Application(
        order_id=order_id,
        customer_id="C-7",
        items=(Item(line_id="1", quantity=1),),
        reason=Reason.WRONG_SIZE,
    )


@pytest.fixture
def request_key() -> str:
    return secrets.token_hex(8)


async def close(after_sales: AfterSales, number: str) -> None:
    """Bring a small case to its end."""
    await after_sales.withdraw(number, actor="C-7")
    await after_sales.answer_survey(number, SurveyAnswer(score=5), actor="C-7")
    async for _ in after_sales.follow(number, until_closed=True):
        pass


async def until_indexed(after_sales: AfterSales, order_id: str, cases: int = 1) -> None:
    """Temporal's index follows a case, usually within a second."""

    async def found() -> bool:
        return len([row async for row in after_sales.find(order_id=order_id)]) >= cases

    assert await eventually(found, INDEX_LIMIT_S), f"the index does not have {cases} of {order_id}"
