"""`aftersales ledger`: the books as a finance person reads them, and a write-off as they enter it."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from activities import ledger
from activities.ports import Unit
from activities.rows import LegRow
from aftersales.contract.numbers import new_number
from aftersales.contract.values import LegState
from cli.home import Home
from tests.cli.homes import recorded, write
from tests.cli.shell import Shell
from tests.storage.builders import NOON, NUMBER, case_row, leg_row

SECOND = datetime(2026, 11, 3, tzinfo=UTC)
PAYMENT = f"{NUMBER}-1-2"


@pytest.fixture
def home(home: Home) -> Home:
    """Its database has one case, whose leg of 10.00 was paid under two numbers."""
    write(home, _paid_twice)
    return home


async def _paid_twice(unit: Unit) -> None:
    first, second = _paid(1), _paid(2)
    await unit.insert_case(case_row())
    for row in (first, second):
        await unit.insert_leg(row)
    await unit.post(ledger.approved(first, NOON))
    await unit.post(ledger.paid(first, NOON))
    await unit.post(ledger.owed_again(second, SECOND))
    await unit.post(ledger.paid(second, SECOND))
    await unit.post(ledger.overpaid(second, SECOND))


def _paid(attempt: int) -> LegRow:
    row = leg_row()
    changes = {"attempt": attempt, "provider_number": f"{NUMBER}-1-{attempt}", "state": LegState.SUCCEEDED}
    return row.model_copy(update={"leg": row.leg.model_copy(update=changes)})


def line_of(shown: str, *words: str) -> str:
    """The one line that begins with these words, blanks made equal."""
    lines = [" ".join(line.split()) for line in shown.splitlines()]
    [found] = [line for line in lines if line.startswith(" ".join(words))]
    return found


def write_off_of(amount: str, *more: str, payment: str = PAYMENT) -> tuple[str, ...]:
    return ("write-off", payment, "--amount", amount, "--reason", "Not answered.", "--actor", "finance-1", *more)


def test_a_case_shows_its_postings_and_its_accounts_with_both_sides_equal(shell: Shell) -> None:
    shown = shell.ok("ledger", "case", NUMBER.lower())
    posted = line_of(shown, "2026-11-02 12:00:00 UTC customer_refunds_payable")
    assert posted == f"2026-11-02 12:00:00 UTC customer_refunds_payable clearing:stripe 10.00 CNY {NUMBER}-1-1 paid"
    assert line_of(shown, "clearing:stripe") == "clearing:stripe 0.00 CNY 20.00 CNY -20.00 CNY"
    assert line_of(shown, "Total CNY") == "Total CNY 50.00 CNY 50.00 CNY debit = credit"


def test_an_order_shows_the_postings_of_all_its_cases(shell: Shell) -> None:
    shown = shell.ok("ledger", "order", "order-1")
    assert line_of(shown, "refunds_overpaid") == "refunds_overpaid 10.00 CNY 0.00 CNY 10.00 CNY"


def test_the_trial_balance_can_be_that_of_an_earlier_day(shell: Shell) -> None:
    assert line_of(shell.ok("ledger", "trial-balance"), "Total CNY") == "Total CNY 50.00 CNY 50.00 CNY debit = credit"
    assert line_of(shell.ok("ledger", "trial-balance", "--at", "2026-11-02"), "Total CNY").startswith(
        "Total CNY 20.00 CNY"
    )
    assert shell.ok("ledger", "trial-balance", "--at", "2026-11-01") == "Nothing was posted for any case.\n"


@pytest.mark.parametrize("what", [("case", NUMBER), ("order", "order-1"), ("trial-balance",)])
def test_everything_is_to_be_had_as_json_in_minor_units(shell: Shell, what: tuple[str, ...]) -> None:
    told: dict[str, Any] = json.loads(shell.ok("ledger", *what, "--json"))
    assert told["totals"] == [{"account": "total", "currency": "CNY", "debit_minor": 5000, "credit_minor": 5000}]
    assert {each["account"]: each["balance_minor"] for each in told["accounts"]}["refunds_overpaid"] == 1000
    assert len(told["postings"]) == (0 if what == ("trial-balance",) else 5)


def test_what_nobody_has_is_said_so(shell: Shell) -> None:
    assert shell.ok("ledger", "order", "order-9") == "Nothing was posted for order order-9.\n"
    assert "There is no case" in shell.refused("ledger", "case", new_number())


def test_a_write_off_relieves_the_account_and_is_in_the_log_with_its_reason(shell: Shell, home: Home) -> None:
    told = shell.ok("ledger", *write_off_of("4"))
    assert told == f"Written off: 4.00 CNY of payment {PAYMENT}, from refunds overpaid.\n"
    shown = shell.ok("ledger", "case", NUMBER)
    assert line_of(shown, "refunds_overpaid").endswith("6.00 CNY")
    assert line_of(shown, "Total CNY") == "Total CNY 54.00 CNY 54.00 CNY debit = credit"
    entry = asyncio.run(recorded(home.database_url, NUMBER)).audit[-1].entry
    assert (entry.action, entry.actor, entry.role) == ("written_off", "finance-1", "finance")
    assert entry.why == "Not answered."


def test_a_difference_to_the_statement_is_taken_from_the_providers_clearing(shell: Shell) -> None:
    assert "from clearing:stripe" in shell.ok("ledger", *write_off_of("4 CNY", "--lost", "difference"))


@pytest.mark.parametrize(
    ("typed", "status", "told"),
    [
        (write_off_of("10.01"), 2, "10.01 CNY is refused; at most 10.00 CNY is accepted."),
        (write_off_of("1 USD"), 2, "USD"),
        (write_off_of("1", "--role", "agent"), 1, "Only finance writes money off"),
        (write_off_of("1", payment=f"{NUMBER}-9-1"), 1, f"`aftersales show {NUMBER}` lists them"),
        (write_off_of("1", payment=f"{new_number()}-1-1"), 1, "There is no case"),
        (write_off_of("1", payment=NUMBER), 2, "one is written XXXXX-XXXXX-XXXX-1-1"),
        (write_off_of("1", payment="4AQC0-MYWYE-0F52-1-1"), 2, "a character is wrong"),
        (("write-off", PAYMENT, "--amount", "1", "--reason", " "), 2, "--reason is empty"),
        (("trial-balance", "--at", "yesterday"), 2, "--at"),
    ],
)
def test_what_cannot_be_done_is_refused_with_the_reason_and_posts_nothing(
    shell: Shell, home: Home, typed: tuple[str, ...], status: int, told: str
) -> None:
    assert told in shell.refused("ledger", *typed, status=status)
    assert len(asyncio.run(recorded(home.database_url, NUMBER)).ledger) == 5


def test_a_case_without_an_amount_has_nothing_to_write_off(shell: Shell, home: Home) -> None:
    write(home, lambda unit: unit.update_case(case_row(amount=None)))
    assert "nothing can be written off" in shell.refused("ledger", *write_off_of("1"), status=2)
