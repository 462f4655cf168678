"""`aftersales login` and `staff` beside a service that takes nobody's word: people decide as themselves (P2.6)."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from aftersales.contract.values import Role
from cli.stack import Stack
from storage.staff import StaffBook
from tests.cli.homes import opened, recorded
from tests.cli.shell import Shell
from tests.storage.people_of_the_shop import ADMIN, PASSWORD, QUICK, staffed
from tests.support.program import Program, Ran
from tests.support.stack import open_case, shop_order, small_stack


@pytest.fixture(scope="module")
async def stack(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    """A service as `aftersales up` starts it, with an admin `boss` and an agent `wang`."""
    async with small_stack(tmp_path_factory.mktemp("up"), vouches=False) as running:
        async with opened(running.database_url) as engine:
            book = await staffed(engine, wang=Role.AGENT)
            assert await book.has_admin()
        yield running


@pytest.fixture
async def wang(aftersales: Program) -> AsyncIterator[Program]:
    """The command line on which wang is logged in."""
    ran = await aftersales.told(f"{PASSWORD}\n", "login", "Wang", "--password-stdin")
    assert "Logged in as wang, role agent" in ran.out
    yield aftersales
    await aftersales.ok("logout")


@pytest.fixture
def shell(stack: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shell:
    """Another machine's command line, in this process, which knows the service by its addresses."""
    environ = {
        "AFTERSALES_HOME": str(tmp_path / "nothing"),
        "AFTERSALES_PORTAL_URL": stack.addresses.portal,
        "AFTERSALES_DATABASE_URL": stack.database_url,
        "TEMPORAL_ADDRESS": stack.addresses.temporal,
        "XDG_CONFIG_HOME": str(tmp_path / "config"),
    }
    return Shell(environ, monkeypatch, capsys)


def log_in(shell: Shell, name: str, password: str = PASSWORD) -> Ran:
    return shell.told(f"{password}\n", "login", name, "--password-stdin")


def as_(shell: Shell, name: str) -> Shell:
    assert log_in(shell, name).status == 0
    return shell


async def change(stack: Stack, what: Callable[[StaffBook], Awaitable[None]]) -> None:
    """What an admin does meanwhile."""
    async with opened(stack.database_url) as engine:
        await what(StaffBook(engine, QUICK))


async def under_review(stack: Stack, aftersales: Program, order_id: str) -> str:
    number = await open_case(stack, order_id)
    await aftersales.reaches(number, "under review", "agent")
    return number


async def said(stack: Stack, number: str, action: str) -> tuple[str, str, str]:
    """Who did it in which role, and by which door, as the case's log has it."""
    record = await recorded(stack.database_url, number)
    [entry] = [link.entry for link in record.audit if link.entry.action == action]
    return entry.actor, entry.role, entry.channel


async def test_who_is_logged_in_decides_under_their_own_name_and_the_log_has_the_door(
    stack: Stack, wang: Program
) -> None:
    number = await under_review(stack, wang, "staff-1")
    as_another = await wang("approve", number, "--actor", "boss")
    assert (as_another.status, "logged in as wang" in as_another.err) == (2, True)
    assert "wang holds agent" in (await wang("approve", number, "--role", "supervisor")).err
    await wang.ok("ask", number, "--question", "Which one?")
    assert await said(stack, number, "decision") == ("wang", "agent", "staff")


async def test_a_role_taken_away_ends_at_once_for_whoever_is_logged_in(stack: Stack, wang: Program) -> None:
    number = await under_review(stack, wang, "staff-2")
    await change(stack, lambda book: book.revoke("wang", Role.AGENT, ADMIN, datetime.now(UTC)))
    assert "wang holds none" in (await wang("approve", number)).err
    await change(stack, lambda book: book.grant("wang", Role.AGENT, ADMIN, datetime.now(UTC)))
    assert "Accepted" in (await wang.ok("escalate", number)).out


async def test_an_agent_enters_a_case_for_a_caller_and_a_customer_is_played_without_a_login(
    stack: Stack, aftersales: Program, wang: Program
) -> None:
    await shop_order(stack, "staff-3")
    by_phone = await wang.apply("staff-3", "--reason", "wrong_item", "--item", "mugs=2", "--channel", "phone")
    await wang.reaches(by_phone, "under review")
    assert await said(stack, by_phone, "received") == ("wang", "agent", "staff")
    tried_out = await wang.apply("staff-3", "--reason", "wrong_item", "--item", "mugs=1", "--role", "customer")
    await aftersales.reaches(tried_out, "under review")
    assert await said(stack, tried_out, "received") == ("customer-1", "customer", "cli")


def test_only_an_admin_looks_after_accounts(shell: Shell) -> None:
    as_(shell, "wang")
    zhou = ("add", "zhou", "--role", "admin", "--password-stdin")
    for command in (("grant", "wang", "admin"), ("disable", "boss"), ("group", "night-shift"), zhou):
        refused = shell.told(f"{PASSWORD}\n", "staff", *command)
        assert (refused.status, "wang holds agent" in refused.err) == (1, True), command
    assert "zhou" not in shell("staff", "list").out


def test_who_is_logged_in_without_the_right_blocks_nobody_and_that_is_recorded(shell: Shell) -> None:
    as_(shell, "wang")
    refused = shell("risk", "block", "customer", "c-9", "--reason", "rude")
    assert (refused.status, "wang holds agent" in refused.err) == (1, True)
    [told] = json.loads(shell.ok("audit", "show", "risk", "--json"))["entries"]
    assert (told["actor"], told["role"], told["channel"]) == ("wang", "staff", "staff")
    assert (told["action"], told["before"], told["why"]) == ("refused", "listed_block", "rude")


def test_an_admin_looks_after_accounts_groups_and_passwords(shell: Shell) -> None:
    as_(shell, "boss")
    account = ("Li", "--role", "finance", "--role", "agent", "--name", "李", "--password-stdin")
    added = shell.told(f"{PASSWORD}\n", "staff", "add", *account)
    assert "aftersales login li" in added.out
    shell("staff", "group", "porcelain", "--add", "li")
    shown = shell("staff", "show", "li").out
    assert all(told in shown for told in ("李", "agent, finance", "porcelain", "active"))
    shell("staff", "group", "porcelain", "--remove", "li")
    shell("staff", "disable", "li")
    [line] = [line for line in shell("staff", "list").out.splitlines() if line.split()[:1] == ["li"]]
    assert ("disabled" in line, "porcelain" in line) == (True, False)
    assert shell("staff", "enable", "li").out == "li can log in again.\n"
    assert "12 to 200 characters" in shell.told("li\n", "staff", "password", "li", "--password-stdin").err
    another = "another lantern, no piano\n"
    assert shell.told(another, "staff", "password", "li", "--password-stdin").status == 0
    assert "do not open an account" in log_in(shell, "li").err
    assert "no account nobody" in shell("staff", "show", "nobody").err


def test_a_role_is_granted_and_taken_by_name(shell: Shell) -> None:
    as_(shell, "boss")
    assert "boss holds the role ops" in shell("staff", "grant", "boss", "ops").out
    assert "role admin, ops" in shell("whoami").out
    assert "does not hold the role ops any more" in shell("staff", "revoke", "boss", "ops").out
    assert "somebody else an admin first" in shell("staff", "revoke", "boss", "admin").err


def test_a_login_is_kept_until_the_logout_or_until_another_password_ends_it(shell: Shell, tmp_path: Path) -> None:
    as_(shell, "boss")
    assert shell("whoami").out == "boss (Person boss), role admin.\n"
    [kept] = (tmp_path / "config" / "aftersales").iterdir()
    assert PASSWORD not in kept.read_text()
    assert shell.told(f"{PASSWORD}\n", "staff", "password", "boss", "--password-stdin").status == 0
    assert "Log in again" in shell("whoami").err
    assert shell("logout").out == "Logged out.\n"
    assert not kept.exists()
    assert shell("logout").out == "Nobody is logged in.\n"


def test_why_nobody_can_log_in_is_told(shell: Shell, stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "do not open an account" in log_in(shell, "wang", "not it").err
    assert "--password-stdin" in shell("login", "wang").err
    for address, told in (
        ("http://127.0.0.1:1", "http://127.0.0.1:1 does not answer"),
        (stack.addresses.sandbox, "no reason"),
        (f"{stack.addresses.portal}/elsewhere", "without a key to sign for the staff"),
    ):
        monkeypatch.setenv("AFTERSALES_PORTAL_URL", address)
        assert told in log_in(shell, "wang").err
