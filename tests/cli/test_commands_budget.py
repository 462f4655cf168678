"""`aftersales budget`: what was approved by rule, and the breaker in people's hands (P5.1)."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from activities.precautions import Breaker, Spending
from cli import main as frame
from cli.commands.budget import standing_of
from cli.home import Home
from domain.budgets import Cause
from storage.engine import create_store_engine
from storage.schema import upgrade
from storage.store import SqlStore
from tests.fakes.policy import NO_LIMITS
from tests.storage.builders import NOON, NUMBER, yuan
from tests.support.program import ADDRESSES

Shell = Callable[..., tuple[int, str]]


@pytest.fixture(name="shell")
def program_beside_a_stack(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Shell:
    """`aftersales budget …`: its status, and what it wrote. The rules approved 3.00 at one noon."""
    monkeypatch.delenv("AFTERSALES_DATABASE_URL", raising=False)
    monkeypatch.setenv("AFTERSALES_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "300")
    home = Home(tmp_path / "home")
    home.prepare()
    home.remember(ADDRESSES)
    asyncio.run(_fill(home.database_url))

    def run(*typed: str) -> tuple[int, str]:
        status, written = frame.run(["budget", *typed]), capsys.readouterr()
        return status, written.out + written.err

    return run


async def _fill(url: str) -> None:
    await upgrade(url)
    engine = create_store_engine(url)
    spending = Spending(number=NUMBER, at=NOON, customer_id="customer-1", amount=yuan(300), products=(("MUG", 300),))
    async with SqlStore(engine).begin() as unit:
        await unit.spend(spending, NO_LIMITS)
    await engine.dispose()


def test_a_day_shows_what_was_approved_of_it(shell: Shell) -> None:
    status, written = shell("show", f"{NOON:%Y-%m-%d}")
    assert status == 0
    assert "The rules approve by themselves." in written
    for budget in ("day all 3.00 CNY 1", "customer customer-1 3.00 CNY 1", "product MUG 3.00 CNY 1"):
        assert budget in " ".join(written.split())


def test_a_day_without_automatic_approvals_says_so(shell: Shell) -> None:
    assert "Nothing was approved automatically on 2026-01-01." in shell("show", "2026-01-01")[1]


def test_a_supervisor_stops_and_restarts_the_rules_with_a_reason(shell: Shell) -> None:
    by = ("--actor", "boss-1", "--role", "supervisor")
    assert shell("open", "--reason", "Strange orders.", *by)[0] == 0
    assert "boss-1: Strange orders." in shell("show")[1]
    status, written = shell("open", "--reason", "Again.", *by)
    assert (status, "is open already" in written) == (1, True)
    assert shell("close", "--reason", "It was a sale.", *by) == (
        0,
        "Closed: the rules approve by themselves again.\n",
    )
    stands = json.loads(shell("show", "--json")[1])["breaker"]
    assert (stands["open"], stands["changed_by"], stands["why"]) == (False, "boss-1", "It was a sale.")


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        (("close", "--reason", " "), "--reason is empty"),
        (("close", "--reason", "So.", "--role", "agent"), "Only a supervisor"),
    ],
)
def test_without_a_reason_or_the_role_nothing_is_turned(shell: Shell, typed: tuple[str, ...], told: str) -> None:
    status, written = shell(*typed)
    assert (status > 0, told in written) == (True, True)
    assert "The rules approve by themselves." in shell("show")[1]


@pytest.mark.parametrize(
    ("why", "told"),
    [
        (Cause.REFUND_RATE, "9 refunds within an hour, where about 2 are usual"),
        (Cause.PROVIDER_FAILURES, "9 of the last hour's 2 payments failed"),
    ],
)
def test_why_the_rules_stopped_is_said_in_words(why: Cause, told: str) -> None:
    at = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
    assert told in standing_of(Breaker(open=True, why=why, changed_at=at, seen=9, against=2))
