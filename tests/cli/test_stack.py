"""What the embedded stack tells its processes, and where the commands beside it find its cases."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from aftersales.contract.values import STAFF_ROLES, Role
from cli.commands.up import welcome
from cli.home import Home, HomeError, Secrets
from cli.orders.examples import EXAMPLES
from cli.servers.claims import sole_claim
from cli.servers.postgres import PostgresServer
from cli.servers.processes import Processes
from cli.stack import Stack, StackOptions, running_stack
from storage.store import SqlStore
from tests.cli.homes import opened
from tests.cli.shell import Shell
from tests.storage.builders import NUMBER, case_row
from tests.support.program import ADDRESSES, Program
from tests.support.stack import Changes, small_stack


def unstarted(
    folder: Path, time_scale: float = 1.0, order_lookup_s: int | None = None, database: str | None = None
) -> Stack:
    """A stack of which nothing runs."""
    options = StackOptions(Home(folder), time_scale=time_scale, order_lookup_s=order_lookup_s, database_url=database)
    return Stack(options, Processes(folder / "logs"), Secrets.fresh(), ADDRESSES)


def test_compressed_days_leave_the_shop_its_minutes_unless_told_otherwise(tmp_path: Path) -> None:
    compressed = unstarted(tmp_path, time_scale=0.001).worker_environment()
    assert compressed["AFTERSALES_TIME_SCALE"] == "0.001"
    assert "AFTERSALES_ORDER_LOOKUP_S" not in compressed
    assert unstarted(tmp_path, order_lookup_s=2).worker_environment()["AFTERSALES_ORDER_LOOKUP_S"] == "2"


def test_another_database_is_named_without_its_password(tmp_path: Path) -> None:
    told = "\n".join(welcome(unstarted(tmp_path, database="postgresql+asyncpg://shop:hush@db/shop")))
    assert "Database  postgresql+asyncpg://shop:***@db/shop" in told
    assert "hush" not in told


async def test_two_stacks_never_write_the_same_files(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.prepare()
    with sole_claim("stack", home.folder) as claimed:
        assert claimed
        with pytest.raises(HomeError, match="A stack runs from"):
            async with running_stack(StackOptions(home)):
                pytest.fail("a second one was started")


@pytest.fixture(scope="module")
async def beside(tmp_path_factory: pytest.TempPathFactory, postgres_server: PostgresServer) -> AsyncIterator[Program]:
    """`aftersales` beside a stack with a database on a server, where an unknown order is looked up for a second."""
    name = f"stack_{secrets.token_hex(8)}"
    told = Changes(database_url=await postgres_server.create_database(name), order_lookup_s=1)
    async with small_stack(tmp_path_factory.mktemp("beside"), **told) as stack:
        yield Program(stack.options.home.folder)
    await postgres_server.drop_database(name)


async def test_every_command_uses_the_database_of_the_stack_it_stands_beside(beside: Program, tmp_path: Path) -> None:
    file = tmp_path / "orders.jsonl"
    file.write_text((await beside.ok("orders", "example")).out)
    assert str(len(EXAMPLES)) in (await beside.ok("orders", "import", str(file))).out
    order_id = file.read_text().partition('"order_id":"')[2].partition('"')[0]
    back = ("--item", "1", "--reason", "changed_mind", "--goods-back", "--unused", "--packaging-intact", "--follow")
    followed = await beside.ok("apply", order_id, "customer-mug", *back)
    assert "refunded" in followed.out
    assert followed.number in (await beside.ok("show", followed.number)).out
    assert followed.number in (await beside.ok("queue", "--all")).out


async def test_an_order_that_the_shop_never_knows_is_refused_with_what_to_check(beside: Program) -> None:
    number = await beside.apply("never-sold", "--reason", "quality_problem", "--item", "mugs=2", "--goods-back")
    await beside.shows(number, "rejected", "order_unknown", "check the order number")


def test_a_stack_that_has_stopped_can_still_be_read_wherever_its_database_is(
    home: Home, shell: Shell, migrated_sqlite: str
) -> None:
    home.remember(ADDRESSES, migrated_sqlite)
    home.forget()
    asyncio.run(_one_case(migrated_sqlite))
    assert NUMBER in shell.ok("queue", "--all")


async def _one_case(url: str) -> None:
    async with opened(url) as engine, SqlStore(engine).begin() as unit:
        await unit.insert_case(case_row())


@pytest.mark.parametrize("vouches", [True, False])
def test_the_worker_trusts_the_command_line_only_where_nobody_logs_in(tmp_path: Path, vouches: bool) -> None:
    addresses = ADDRESSES.model_copy(update={"vouches": vouches})
    stack = Stack(StackOptions(Home(tmp_path)), Processes(tmp_path / "logs"), Secrets.fresh(), addresses)
    keys = {key["key_id"]: key for key in json.loads(stack.worker_environment()["AFTERSALES_PROOF_KEYS"])}
    assert set(keys["cli"]["roles"]) == (set(Role) if vouches else {"customer"})
    assert set(keys["staff"]["roles"]) == STAFF_ROLES
    assert [name for name, key in keys.items() if key["staff"]] == ["staff"]
    told = stack.portal_environment()
    assert told["AFTERSALES_PORTAL_STAFF_PROOF_SECRET"] == keys["staff"]["secret"]
    assert keys["staff"]["secret"] not in {keys[name]["secret"] for name in ("cli", "shop", "portal")}
