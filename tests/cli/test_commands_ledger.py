"""`aftersales ledger`: the books as a finance person reads them, and a write-off as they enter it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from activities import ledger
from activities.ports import Unit
from activities.rows import LegRow
from aftersales.contract.numbers import new_number
from aftersales.contract.values import LegState
from cli import main as frame
from cli.home import Home
from storage.engine import create_store_engine
from storage.reading import CaseRecord, Reading
from storage.schema import upgrade
from storage.store import SqlStore
from tests.storage.builders import NOON, NUMBER, case_row, leg_row
from tests.support.program import ADDRESSES

SECOND = datetime(2026, 11, 3, tzinfo=UTC)
PAYMENT = f"{NUMBER}-1-2"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """A stack's folder; its database has one case, whose leg of 10.00 was paid under two numbers."""
    monkeypatch.delenv("AFTERSALES_DATABASE_URL", raising=False)
    monkeypatch.setenv("AFTERSALES_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "160")
    made = Home(tmp_path / "home")
    made.prepare()
    made.remember(ADDRESSES)
    asyncio.run(_fill(made.database_url))
    return made


async def _fill(url: str) -> None:
    await upgrade(url)
    first, second = _paid(1), _paid(2)

    async def post(unit: Unit) -> None:
        await unit.insert_case(case_row())
        for row in (first, second):
            await unit.insert_leg(row)
        await unit.post(ledger.approved(first, NOON))
        await unit.post(ledger.paid(first, NOON))
        await unit.post(ledger.owed_again(second, SECOND))
        await unit.post(ledger.paid(second, SECOND))
        await unit.post(ledger.overpaid(second, SECOND))

    await _within(url, post)


def _paid(attempt: int) -> LegRow:
    row = leg_row()
    changes = {"attempt": attempt, "provider_number": f"{NUMBER}-1-{attempt}", "state": LegState.SUCCEEDED}
    return row.model_copy(update={"leg": row.leg.model_copy(update=changes)})


async def _within(url: str, write: Callable[[Unit], Awaitable[None]]) -> None:
    engine = create_store_engine(url)
    async with SqlStore(engine).begin() as unit:
        await write(unit)
    await engine.dispose()


async def _record(url: str) -> CaseRecord:
    engine = create_store_engine(url)
    record = await Reading(engine).case(NUMBER)
    await engine.dispose()
    assert record is not None
    return record


def line_of(shown: str, *words: str) -> str:
    """The one line that begins with these words, blanks made equal."""
    lines = [" ".join(line.split()) for line in shown.splitlines()]
    [found] = [line for line in lines if line.startswith(" ".join(words))]
    return found


Shell = Callable[..., str]


@pytest.fixture(name="ok")
def run_to_a_good_end(home: Home, capsys: pytest.CaptureFixture[str]) -> Shell:
    """Run `aftersales ledger …` in the stack's folder; what it wrote."""
    assert home.folder.is_dir()

    def run(*typed: str) -> str:
        status, written = frame.run(["ledger", *typed]), capsys.readouterr()
        assert (status, written.err) == (0, "")
        return written.out

    return run


@pytest.fixture(name="fails")
def run_to_a_bad_end(home: Home, capsys: pytest.CaptureFixture[str]) -> Shell:
    """Run `aftersales ledger …`; the one line in which it says why it cannot."""
    assert home.folder.is_dir()

    def run(*typed: str) -> str:
        status, written = frame.run(["ledger", *typed]), capsys.readouterr()
        assert status in {1, 2}
        assert (written.out, len(written.err.strip().splitlines())) == ("", 1)
        return written.err

    return run


def write_off_of(amount: str, *more: str, payment: str = PAYMENT) -> tuple[str, ...]:
    return ("write-off", payment, "--amount", amount, "--reason", "Not answered.", "--actor", "finance-1", *more)


def test_a_case_shows_its_postings_and_its_accounts_with_both_sides_equal(ok: Shell) -> None:
    shown = ok("case", NUMBER.lower())
    posted = line_of(shown, "2026-11-02 12:00:00 UTC customer_refunds_payable")
    assert posted == f"2026-11-02 12:00:00 UTC customer_refunds_payable clearing:stripe 10.00 CNY {NUMBER}-1-1 paid"
    assert line_of(shown, "clearing:stripe") == "clearing:stripe 0.00 CNY 20.00 CNY -20.00 CNY"
    assert line_of(shown, "Total CNY") == "Total CNY 50.00 CNY 50.00 CNY debit = credit"


def test_an_order_shows_the_postings_of_all_its_cases(ok: Shell) -> None:
    shown = ok("order", "order-1")
    assert line_of(shown, "refunds_overpaid") == "refunds_overpaid 10.00 CNY 0.00 CNY 10.00 CNY"


def test_the_trial_balance_can_be_that_of_an_earlier_day(ok: Shell) -> None:
    assert line_of(ok("trial-balance"), "Total CNY") == "Total CNY 50.00 CNY 50.00 CNY debit = credit"
    assert line_of(ok("trial-balance", "--at", "2026-11-02"), "Total CNY").startswith("Total CNY 20.00 CNY")
    assert ok("trial-balance", "--at", "2026-11-01") == "Nothing was posted for any case.\n"


@pytest.mark.parametrize("what", [("case", NUMBER), ("order", "order-1"), ("trial-balance",)])
def test_everything_is_to_be_had_as_json_in_minor_units(ok: Shell, what: tuple[str, ...]) -> None:
    told: dict[str, Any] = json.loads(ok(*what, "--json"))
    assert told["totals"] == [{"account": "total", "currency": "CNY", "debit_minor": 5000, "credit_minor": 5000}]
    assert {each["account"]: each["balance_minor"] for each in told["accounts"]}["refunds_overpaid"] == 1000
    assert len(told["postings"]) == (0 if what == ("trial-balance",) else 5)


def test_what_nobody_has_is_said_so(ok: Shell, fails: Shell) -> None:
    assert ok("order", "order-9") == "Nothing was posted for order order-9.\n"
    assert "There is no case" in fails("case", new_number())


def test_a_write_off_relieves_the_account_and_is_in_the_log_with_its_reason(ok: Shell, home: Home) -> None:
    told = ok(*write_off_of("4"))
    assert told == f"Written off: 4.00 CNY of payment {PAYMENT}, from refunds overpaid.\n"
    shown = ok("case", NUMBER)
    assert line_of(shown, "refunds_overpaid").endswith("6.00 CNY")
    assert line_of(shown, "Total CNY") == "Total CNY 54.00 CNY 54.00 CNY debit = credit"
    entry = asyncio.run(_record(home.database_url)).audit[-1].entry
    assert (entry.action, entry.actor, entry.role) == ("written_off", "finance-1", "finance")
    assert entry.why == "Not answered."


def test_a_difference_to_the_statement_is_taken_from_the_providers_clearing(ok: Shell) -> None:
    assert "from clearing:stripe" in ok(*write_off_of("4 CNY", "--lost", "difference"))


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        (write_off_of("10.01"), "at most 1000 is accepted"),
        (write_off_of("1 USD"), "USD"),
        (write_off_of("1", "--role", "agent"), "Only finance writes money off"),
        (write_off_of("1", payment=f"{NUMBER}-9-1"), f"`aftersales show {NUMBER}` lists them"),
        (write_off_of("1", payment=f"{new_number()}-1-1"), "There is no case"),
        (write_off_of("1", payment=NUMBER), "one is written XXXXX-XXXXX-XXXX-1-1"),
        (write_off_of("1", payment="4AQC0-MYWYE-0F52-1-1"), "a character is wrong"),
        (("write-off", PAYMENT, "--amount", "1", "--reason", " "), "--reason is empty"),
        (("trial-balance", "--at", "yesterday"), "--at"),
    ],
)
def test_what_cannot_be_done_is_refused_with_the_reason_and_posts_nothing(
    fails: Shell, home: Home, typed: tuple[str, ...], told: str
) -> None:
    assert told in fails(*typed)
    assert len(asyncio.run(_record(home.database_url)).ledger) == 5


def test_a_case_without_an_amount_has_nothing_to_write_off(fails: Shell, home: Home) -> None:
    async def forget(unit: Unit) -> None:
        await unit.update_case(case_row(amount=None))

    asyncio.run(_within(home.database_url, forget))
    assert "nothing can be written off" in fails(*write_off_of("1"))
