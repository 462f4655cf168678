"""The main job on the production topology: every path, the money reckoned, and a Web UI that only looks."""

import os
import secrets
import sys
from urllib.parse import quote

import httpx2
import pytest
from rich.console import Console
from sqlalchemy import make_url, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine

from aftersales.contract.messages import Application, Decision, Item
from aftersales.contract.numbers import workflow_id
from aftersales.contract.values import CaseStatus, DecisionKind, Reason
from cli.demo.run import run_scenes
from cli.servers.commands import run
from cli.stack import Stack
from integrations.providers import NAMES
from tests.production.conftest import NAMESPACE, Topology
from tests.support.stack import CUSTOMER, shop_order


async def apply(stack: Stack, reason: Reason) -> tuple[str, str]:
    """One mug of a new order; gives the application's number and the order's."""
    order_id = f"SO-{secrets.token_hex(4)}"
    await shop_order(stack, order_id)
    asked = Application(
        order_id=order_id,
        customer_id=CUSTOMER,
        items=(Item(line_id="mugs", quantity=1),),
        reason=reason,
        goods_back=reason is Reason.CHANGED_MIND,
        unused=True,
        packaging_intact=True,
    )
    return await (await stack.client()).apply(asked, request_key=order_id), order_id


async def test_a_refund_that_the_policy_grants_is_paid_and_found_by_its_order(stack: Stack) -> None:
    number, order_id = await apply(stack, Reason.CHANGED_MIND)
    shop = await stack.client()
    case = await shop.result(number, timeout=60)
    assert (case.status, case.amount.minor if case.amount else None) == (CaseStatus.REFUNDED, 2500)
    assert [found.number async for found in shop.find(order_id=order_id)] == [number]


async def test_a_refund_under_review_is_paid_when_a_signal_approves_it(stack: Stack) -> None:
    number, _ = await apply(stack, Reason.WRONG_SIZE)
    shop = await stack.client()
    await shop.review(number, Decision(kind=DecisionKind.APPROVE), actor="agent-1")
    assert (await shop.result(number, timeout=60)).status is CaseStatus.REFUNDED


async def test_the_web_ui_shows_a_case_and_refuses_whatever_would_change_it(stack: Stack, topology: Topology) -> None:
    number, _ = await apply(stack, Reason.CHANGED_MIND)
    case = f"/api/v1/namespaces/{NAMESPACE}/workflows/{quote(workflow_id(number), safe='')}"
    async with httpx2.AsyncClient(base_url=topology.web_ui, timeout=10) as browser:
        shown = await browser.get(case)
        # As its own page does; without the token it refuses for another reason.
        token = shown.cookies["_csrf"]
        browser.headers.update({"X-CSRF-TOKEN": token, "Cookie": f"_csrf={token}"})
        deeds = [await browser.post(f"{case}/{deed}", json={}) for deed in ("signal/review", "terminate", "reset")]
        started = await browser.post(f"/api/v1/namespaces/{NAMESPACE}/workflows/refund%2Fanother", json={})
    assert shown.status_code == 200
    assert shown.json()["workflowExecutionInfo"]["type"]["name"] == "RefundCase"
    assert {answer.status_code for answer in (*deeds, started)} == {405}


async def test_the_workers_health_check_hears_it_on_every_queue(stack: Stack) -> None:
    command = [sys.executable, "-m", "cli.production", "serving"]
    checked = await run(command, limit_seconds=30, environ=stack.worker_environment())
    assert (checked.code, checked.output) == (0, "")


async def test_a_worker_that_serves_nothing_is_not_healthy(stack: Stack) -> None:
    elsewhere = {**os.environ, **stack.worker_environment(), "AFTERSALES_TEMPORAL_NAMESPACE": "temporal-system"}
    command = [sys.executable, "-m", "cli.production", "serving"]
    checked = await run(command, limit_seconds=30, environ=elsewhere)
    assert checked.code == 1
    for queue in ("cases", "notifications", *(f"payments-{provider}" for provider in NAMES)):
        assert queue in checked.output.partition("Nobody on this machine serves ")[2]


@pytest.mark.parametrize("statement", ["UPDATE ledger SET amount_minor = 0", "DELETE FROM audit", "DROP TABLE cases"])
async def test_the_processes_own_role_cannot_rewrite_what_was_written(topology: Topology, statement: str) -> None:
    engine = create_async_engine(topology.accounts.product)
    try:
        with pytest.raises(DBAPIError, match=r"permission denied|must be owner"):
            async with engine.begin() as connection:
                await connection.execute(text(statement))
    finally:
        await engine.dispose()


async def test_the_product_and_temporal_cannot_read_each_others_databases(topology: Topology) -> None:
    for account, database in ((topology.accounts.product, "temporal"), (topology.accounts.temporal, "aftersales")):
        engine = create_async_engine(make_url(account).set(database=database))
        with pytest.raises(DBAPIError, match="permission denied for database"):
            await engine.connect().start()
        await engine.dispose()


@pytest.mark.timeout(400)
async def test_every_path_of_the_process_ends_as_it_must_and_the_money_agrees(stack: Stack) -> None:
    ending = await run_scenes(stack, Console(quiet=True))
    assert ending.troubles == ()
    assert ending.reckoning.agrees
    assert ending.reckoning.provider
