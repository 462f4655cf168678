"""`aftersales budget`: what was approved by rule, and the breaker in people's hands (P5.1)."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from activities.ports import Unit
from activities.precautions import Breaker, Spending
from cli.commands.budget import standing_of
from cli.home import Home
from domain.budgets import Cause
from tests.cli.homes import write
from tests.cli.shell import Shell
from tests.fakes.policy import NO_LIMITS
from tests.storage.builders import NOON, NUMBER, yuan


@pytest.fixture(autouse=True)
def spent(home: Home) -> None:
    """The rules approved 3.00 at one noon."""
    spending = Spending(number=NUMBER, at=NOON, customer_id="customer-1", amount=yuan(300), products=(("MUG", 300),))

    async def spend(unit: Unit) -> None:
        await unit.spend(spending, NO_LIMITS)

    write(home, spend)


def test_a_day_shows_what_was_approved_of_it(shell: Shell) -> None:
    written = shell.ok("budget", "show", f"{NOON:%Y-%m-%d}")
    assert "The rules approve by themselves." in written
    for budget in ("day all 3.00 CNY 1", "customer customer-1 3.00 CNY 1", "product MUG 3.00 CNY 1"):
        assert budget in " ".join(written.split())


def test_a_day_without_automatic_approvals_says_so(shell: Shell) -> None:
    assert "Nothing was approved automatically on 2026-01-01." in shell.ok("budget", "show", "2026-01-01")


def test_a_supervisor_stops_and_restarts_the_rules_with_a_reason(shell: Shell) -> None:
    by = ("--actor", "boss-1", "--role", "supervisor")
    assert "is closed already" in shell.refused("budget", "close", "--reason", "To be sure.", *by)
    shell.ok("budget", "open", "--reason", "Strange orders.", *by)
    assert "boss-1: Strange orders." in shell.ok("budget", "show")
    assert "is open already" in shell.refused("budget", "open", "--reason", "Again.", *by)
    closed = shell.ok("budget", "close", "--reason", "It was a sale.", *by)
    assert closed == "Closed: the rules approve by themselves again.\n"
    stands = json.loads(shell.ok("budget", "show", "--json"))["breaker"]
    assert (stands["open"], stands["changed_by"], stands["why"]) == (False, "boss-1", "It was a sale.")


@pytest.mark.parametrize(
    ("typed", "status", "told"),
    [
        (("close", "--reason", " "), 2, "--reason is empty"),
        (("close", "--reason", "So.", "--role", "agent"), 1, "Only a supervisor"),
    ],
)
def test_without_a_reason_or_the_role_nothing_is_turned(
    shell: Shell, typed: tuple[str, ...], status: int, told: str
) -> None:
    assert told in shell.refused("budget", *typed, status=status)
    assert "The rules approve by themselves." in shell.ok("budget", "show")


@pytest.mark.parametrize(
    ("why", "told"),
    [
        (Cause.REFUND_RATE, "9 refunds within an hour, where about 2 are usual"),
        (Cause.PROVIDER_FAILURES, "9 of the last hour's 2 payments failed"),
        ("Strange orders.", ": Strange orders. Cases"),
    ],
)
def test_why_the_rules_stopped_is_said_in_words(why: str, told: str) -> None:
    at = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
    assert told in standing_of(Breaker(open=True, why=why, changed_at=at, seen=9, against=2))
