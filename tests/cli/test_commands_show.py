"""`aftersales show`, `queue` and `mails`, against the whole service."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE

import pytest

from aftersales.contract.numbers import new_number
from cli.stack import Stack
from tests.support.program import Program
from tests.support.stack import open_case, shop_order


@pytest.mark.parametrize("command", ["show", "approve", "withdraw", "appeal"])
async def test_a_number_that_nobody_has_is_said_to_be_unknown(aftersales: Program, command: str) -> None:
    number = new_number()
    ran = await aftersales(command, number, *(["--explanation", "x"] if command == "appeal" else []))
    assert (ran.status, ran.out) == (1, "")
    assert f"There is no case {number}" in ran.err
    assert len(ran.err.strip().splitlines()) == 1


async def test_a_number_is_understood_as_it_was_heard(stack: Stack, aftersales: Program) -> None:
    number = await open_case(stack, "show-1")
    await aftersales.reaches(number, "under review")
    heard = number.lower().replace("-", " ").replace("0", "o").replace("1", "l")
    assert number in (await aftersales.ok("show", heard)).out


async def test_the_log_is_shown_with_its_chain_checked(stack: Stack, aftersales: Program) -> None:
    number = await open_case(stack, "show-2", goods_back=True)
    await aftersales.reaches(number, "refunded")
    shown = (await aftersales.ok("show", number, "--audit")).out
    for told in ("customer-1", "customer by ", "received → paying", "paying → refunded", "The chain of hashes holds."):
        assert told in shown


async def test_following_writes_each_change_until_the_outcome(stack: Stack, aftersales: Program) -> None:
    number = await open_case(stack, "show-3")
    following = await aftersales.start("show", number, "--follow")
    assert following.stdout is not None
    assert b"under review" in await asyncio.wait_for(following.stdout.readline(), 30)
    await aftersales.ok("approve", number)
    out, _ = await asyncio.wait_for(following.communicate(), 30)
    assert following.returncode == 0
    assert "refunded" in out.decode().splitlines()[0] + out.decode().splitlines()[1]


async def test_ctrl_c_ends_following_cleanly(stack: Stack, aftersales: Program) -> None:
    number = await open_case(stack, "show-4")
    following = await aftersales.start("show", number, "--follow")
    assert following.stdout is not None
    await asyncio.wait_for(following.stdout.readline(), 30)
    following.send_signal(signal.SIGINT)
    _, err = await asyncio.wait_for(following.communicate(), 30)
    assert (following.returncode, err) == (130, b"")


async def test_what_a_customer_writes_is_only_ever_text(stack: Stack, aftersales: Program) -> None:
    await shop_order(stack, "show-5")
    wrong = ("--reason", "wrong_item", "--item", "mugs")
    number = await aftersales.apply("show-5", *wrong, "--description", "[bold]坏了[/] \x1b[2J\x07")
    shown = await aftersales.shows(number, "under review")
    assert "[bold]坏了[/]" in shown
    assert "\x1b" not in shown


async def test_a_terminal_that_knows_no_chinese_is_written_to_all_the_same(stack: Stack, aftersales: Program) -> None:
    number = await open_case(stack, "show-8")
    await aftersales.ok("ask", number, "--question", "坏了吗?")
    ran = await aftersales.start("show", number, PYTHONIOENCODING="ascii")
    out, err = await asyncio.wait_for(ran.communicate(), 30)
    assert (ran.returncode, err) == (0, b"")
    assert b"????" in out


async def test_a_reader_that_leaves_early_is_no_error(stack: Stack, aftersales: Program) -> None:
    number = await open_case(stack, "show-9")
    await aftersales.reaches(number, "under review")
    reader, writer = os.pipe()
    os.close(reader)
    command = (sys.executable, "-m", "cli.main", "show", number)
    running = await asyncio.create_subprocess_exec(*command, stdout=writer, stderr=PIPE, env=aftersales.environ)
    os.close(writer)
    _, err = await asyncio.wait_for(running.communicate(), 30)
    assert err == b""


async def test_a_narrow_terminal_cuts_no_number_in_two(stack: Stack, aftersales: Program) -> None:
    number = await open_case(stack, "show-6")
    await aftersales.reaches(number, "under review")
    narrow = (await aftersales("queue", "--limit", "1000", COLUMNS="60")).out
    assert number in narrow
    assert "show-6" in narrow
    assert "wrong item" in narrow
    assert max(len(line) for line in narrow.splitlines()) <= 60


async def test_mails_are_listed_by_case_and_read_one_by_one(stack: Stack, aftersales: Program) -> None:
    number = await open_case(stack, "show-7", goods_back=True)
    await aftersales.reaches(number, "refunded", "Your refund is confirmed")
    line = await _last_mail(aftersales, number, "Your refund is confirmed")
    assert "customer-1@shop.example" in line
    mail = (await aftersales.ok("mails", "show", line.split()[0])).out
    for told in ("To: customer-1@shop.example", number, "60.00"):
        assert told in mail


async def test_mails_that_are_not_there_are_said_so(aftersales: Program) -> None:
    number = new_number()
    assert (await aftersales.ok("mails", "--number", number)).out == f"No mail of {number} was sent yet.\n"
    ran = await aftersales("mails", "show", "100000")
    assert ran.status == 1
    assert "There is no mail 100000" in ran.err


async def _last_mail(aftersales: Program, number: str, subject: str) -> str:
    for _ in range(20):
        listed = (await aftersales.ok("mails", "--number", number)).out.splitlines()
        if found := [line for line in listed if subject in line]:
            return found[-1]
    raise AssertionError(f"no mail {subject!r} of {number}")
