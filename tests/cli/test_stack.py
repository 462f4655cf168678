"""What the embedded stack tells its processes, and where the commands beside it find its cases."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from aftersales.contract.values import STAFF_ROLES, Role
from cli.commands.up import welcome
from cli.home import Addresses, Home, HomeError, Secrets
from cli.orders.examples import EXAMPLES
from cli.servers.claims import sole_claim
from cli.servers.processes import Processes
from cli.stack import Stack, StackOptions, running_stack
from tests.support.program import Program
from tests.support.stack import small_stack

ADDRESSES = Addresses(temporal="127.0.0.1:7", portal="http://127.0.0.1:8", sandbox="http://127.0.0.1:9", smtp_port=10)


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


async def test_every_command_uses_the_database_of_the_stack_it_stands_beside(tmp_path: Path, postgres_url: str) -> None:
    async with small_stack(tmp_path, database_url=postgres_url) as stack:
        home = stack.options.home
        aftersales = Program(home.folder)
        file = tmp_path / "orders.jsonl"
        file.write_text((await aftersales.ok("orders", "example")).out)
        assert str(len(EXAMPLES)) in (await aftersales.ok("orders", "import", str(file))).out
        order_id = file.read_text().partition('"order_id":"')[2].partition('"')[0]
        back = ("--item", "1", "--reason", "changed_mind", "--goods-back", "--unused", "--packaging-intact", "--follow")
        followed = await aftersales.ok("apply", order_id, "customer-mug", *back)
        assert "refunded" in followed.out
        assert followed.number in (await aftersales.ok("show", followed.number)).out
        assert followed.number in (await aftersales.ok("queue", "--all")).out
    stopped = await aftersales.ok("queue", "--all")
    assert followed.number in stopped.out, "a stack that has stopped can still be read"


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
