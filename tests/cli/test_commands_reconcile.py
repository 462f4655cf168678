"""`aftersales reconcile`: how runs went, what each difference waits for, and finance's word about one."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from activities.differences import Finding, FindingState, RunState
from activities.ports import StatementNotReadyError
from aftersales.contract.values import LegState
from cli.commands.reconcile_screen import what_to_do
from cli.home import Home
from domain.reconciling import Difference
from storage.reconciliation_listing import ReconciliationListing
from tests.activities.counting_house import DAY, NOON, CountingHouse, leg, line
from tests.cli.homes import fill, opened, recorded
from tests.cli.shell import Shell
from tests.storage.builders import case_row
from tests.support.program import Program

LOST = leg("lost", LegState.CONFIRMING)


@pytest.fixture
def home(home: Home) -> Home:
    """Its database has two days, the first one with a difference of a case and a foreign one."""
    fill(home, _two_days)
    return home


async def _two_days(engine: AsyncEngine) -> None:
    house, sound = CountingHouse(engine), leg("sound")
    await house.keep(sound, LOST)
    async with house.store.begin() as unit:
        await unit.insert_case(case_row(LOST.number))
    house.state(line(sound), line(LOST), line(LOST, provider_number="FOREIGN-1"))
    await house.reconcile()
    house.statements.failures[DAY + timedelta(days=1)] = StatementNotReadyError("Ask again after noon.")
    with pytest.raises(Exception, match="after noon"):
        await house.reconcile(DAY + timedelta(days=1))


async def _of_the_case(url: str) -> Finding:
    async with opened(url) as engine:
        [finding] = [each for each in await ReconciliationListing(engine).findings_of(DAY) if each.number]
    return finding


def line_of(shown: str, word: str) -> str:
    """The one line with this word, blanks made equal."""
    [found] = [" ".join(each.split()) for each in shown.splitlines() if word in each]
    return found


def test_the_last_runs_are_shown_with_both_totals_and_what_is_open(shell: Shell) -> None:
    shown = shell.ok("reconcile", "show")
    assert line_of(shown, "2026-03-02") == "2026-03-02 stripe done 3 1 2 30.00 USD 10.00 USD"
    assert line_of(shown, "2026-03-03").startswith("2026-03-03 stripe not ready 0 0 0")
    assert "Ask again after noon." in shown


def test_a_day_is_shown_with_each_difference_and_what_to_do(shell: Shell) -> None:
    shown = shell.ok("reconcile", "show", "2026-03-02")
    own = line_of(shown, LOST.leg.provider_number)
    for told in ("missing here", LOST.number, "re_lost", "10.00 USD confirming", "its case asks the provider"):
        assert told in own
    assert "nothing 2026-03-02 12:00:00 UTC find out at the provider" in line_of(shown, "FOREIGN-1")


def test_a_day_without_a_difference_and_one_without_a_run_say_so(shell: Shell) -> None:
    assert "No difference was found." in shell.ok("reconcile", "show", "2026-03-03")
    assert shell.ok("reconcile", "show", "2026-01-01") == "Nothing was reconciled for 2026-01-01 yet.\n"


def test_everything_is_to_be_had_as_json_in_minor_units(shell: Shell) -> None:
    [run] = json.loads(shell.ok("reconcile", "show", "2026-03-02", "--json"))
    assert (run["matched"], run["open"]) == (1, 2)
    assert run["totals"] == [{"currency": "USD", "theirs_minor": 3000, "ours_minor": 1000}]
    found: dict[str, Any] = {each["subject"]: each for each in run["findings"]}
    assert found["FOREIGN-1"]["theirs"] == {"minor": 1000, "currency": "USD"}
    assert "reconcile explain" in found["FOREIGN-1"]["what_to_do"]
    assert [each["day"] for each in json.loads(shell.ok("reconcile", "show", "--json"))] == ["2026-03-03", "2026-03-02"]


def test_finance_closes_a_difference_by_word(shell: Shell, home: Home) -> None:
    finding = asyncio.run(_of_the_case(home.database_url))
    typed = ("explain", finding.finding_id.upper(), "--reason", "Paid by voucher 7.", "--actor", "finance-1")
    told = shell.ok("reconcile", *typed)
    assert told == f"Explained: missing here, payment {LOST.leg.provider_number} at stripe.\n"
    assert "explained by finance-1: Paid by voucher 7." in line_of(
        shell.ok("reconcile", "show", "2026-03-02"), finding.finding_id
    )
    assert "is closed already: explained by finance-1" in shell.refused("reconcile", *typed)


def test_the_log_of_the_case_keeps_the_word(shell: Shell, home: Home) -> None:
    finding = asyncio.run(_of_the_case(home.database_url))
    shell.ok("reconcile", "explain", finding.finding_id, "--reason", "Paid by voucher 7.", "--actor", "finance-1")

    record = asyncio.run(recorded(home.database_url, LOST.number))
    assert [(link.entry.action, link.entry.actor) for link in record.audit] == [("difference_explained", "finance-1")]


@pytest.mark.parametrize(
    ("typed", "status", "told"),
    [
        (("explain", "nobodys", "--reason", "x"), 1, "There is no finding nobodys"),
        (("explain", "nobodys", "--reason", " "), 2, "--reason is empty"),
        (("explain", "nobodys", "--reason", "x", "--role", "agent"), 1, "Only finance explains"),
        (("show", "yesterday"), 2, "DAY"),
        (("run", "--day", "2999-01-01"), 2, "is not over yet"),
    ],
)
def test_what_cannot_be_done_is_refused_with_the_reason(
    shell: Shell, typed: tuple[str, ...], status: int, told: str
) -> None:
    assert told in shell.refused("reconcile", *typed, status=status)


@pytest.mark.parametrize("kind", Difference)
def test_every_kind_of_difference_says_what_finance_is_to_do(kind: Difference) -> None:
    finding = Finding(finding_id="f1", provider="stripe", day=DAY, kind=kind, subject="A", found_at=NOON)
    told = {
        what_to_do(finding.model_copy(update=changes))
        for changes in (
            {},
            {"told_at": NOON},
            {"with_finance": True},
            {"state": FindingState.RESOLVED, "closed_day": DAY, "reason": "both sides agree"},
        )
    }
    assert len(told) == 4


async def test_a_run_that_is_asked_for_is_followed_to_its_end(aftersales: Program) -> None:
    ran = await aftersales.ok("reconcile", "run", "--provider", "stripe")
    yesterday = (datetime.now(UTC) - timedelta(days=1)).date()
    assert f"stripe, {yesterday}: 0 lines, 0 agree; no difference." in ran.out
    shown = json.loads((await aftersales.ok("reconcile", "show", str(yesterday), "--json")).out)
    assert [run["state"] for run in shown if run["provider"] == "stripe"] == [RunState.DONE]


async def test_a_provider_that_is_not_set_up_is_said_so_by_the_worker(aftersales: Program) -> None:
    ran = await aftersales("reconcile", "run", "--provider", "nobody")
    assert (ran.status, ran.out) == (1, "")
    assert "No statements of nobody can be asked for here" in ran.err
