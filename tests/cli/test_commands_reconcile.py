"""`aftersales reconcile`: how runs went, what each difference waits for, and finance's word about one."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from activities.differences import Finding, FindingState, RunState
from activities.ports import StatementNotReadyError
from aftersales.contract.values import LegState
from cli import main as frame
from cli.commands.reconcile_screen import what_to_do
from cli.home import Home
from domain.reconciling import Difference
from storage.engine import create_store_engine
from storage.reading import Reading
from storage.reconciliation_listing import ReconciliationListing
from storage.schema import upgrade
from tests.activities.counting_house import DAY, NOON, CountingHouse, leg, line
from tests.storage.builders import case_row
from tests.support.program import ADDRESSES, Program

LOST = leg("lost", LegState.CONFIRMING)
Shell = Callable[..., str]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """A stack's folder; its database has two days, the first one with a difference of a case and a foreign one."""
    monkeypatch.delenv("AFTERSALES_DATABASE_URL", raising=False)
    monkeypatch.setenv("AFTERSALES_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "300")
    made = Home(tmp_path / "home")
    made.prepare()
    made.remember(ADDRESSES)
    asyncio.run(_fill(made.database_url))
    return made


async def _fill(url: str) -> None:
    await upgrade(url)
    engine = create_store_engine(url)
    house, sound = CountingHouse(engine), leg("sound")
    await house.keep(sound, LOST)
    async with house.store.begin() as unit:
        await unit.insert_case(case_row(LOST.number))
    house.state(line(sound), line(LOST), line(LOST, provider_number="FOREIGN-1"))
    await house.reconcile()
    house.statements.failures[DAY + timedelta(days=1)] = StatementNotReadyError("Ask again after noon.")
    with pytest.raises(Exception, match="after noon"):
        await house.reconcile(DAY + timedelta(days=1))
    await engine.dispose()


async def _findings(url: str) -> tuple[Finding, ...]:
    engine = create_store_engine(url)
    found = await ReconciliationListing(engine).findings_of(DAY)
    await engine.dispose()
    return found


@pytest.fixture(name="ok")
def run_to_a_good_end(home: Home, capsys: pytest.CaptureFixture[str]) -> Shell:
    """Run `aftersales reconcile …` in the stack's folder; what it wrote."""
    assert home.folder.is_dir()

    def run(*typed: str) -> str:
        status, written = frame.run(["reconcile", *typed]), capsys.readouterr()
        assert (status, written.err) == (0, "")
        return written.out

    return run


@pytest.fixture(name="fails")
def run_to_a_bad_end(home: Home, capsys: pytest.CaptureFixture[str]) -> Shell:
    """Run `aftersales reconcile …`; the one line in which it says why it cannot."""
    assert home.folder.is_dir()

    def run(*typed: str) -> str:
        status, written = frame.run(["reconcile", *typed]), capsys.readouterr()
        assert status in {1, 2}
        assert len(written.err.strip().splitlines()) == 1
        return written.err

    return run


def line_of(shown: str, word: str) -> str:
    """The one line with this word, blanks made equal."""
    [found] = [" ".join(each.split()) for each in shown.splitlines() if word in each]
    return found


def test_the_last_runs_are_shown_with_both_totals_and_what_is_open(ok: Shell) -> None:
    shown = ok("show")
    assert line_of(shown, "2026-03-02") == "2026-03-02 stripe done 3 1 2 30.00 USD 10.00 USD"
    assert line_of(shown, "2026-03-03").startswith("2026-03-03 stripe not ready 0 0 0")
    assert "Ask again after noon." in shown


def test_a_day_is_shown_with_each_difference_and_what_to_do(ok: Shell) -> None:
    shown = ok("show", "2026-03-02")
    own = line_of(shown, LOST.leg.provider_number)
    for told in ("missing here", LOST.number, "re_lost", "10.00 USD confirming", "its case asks the provider"):
        assert told in own
    assert "nothing 2026-03-02 12:00:00 UTC find out at the provider" in line_of(shown, "FOREIGN-1")


def test_a_day_without_a_difference_and_one_without_a_run_say_so(ok: Shell) -> None:
    assert "No difference was found." in ok("show", "2026-03-03")
    assert ok("show", "2026-01-01") == "Nothing was reconciled for 2026-01-01 yet.\n"


def test_everything_is_to_be_had_as_json_in_minor_units(ok: Shell) -> None:
    [run] = json.loads(ok("show", "2026-03-02", "--json"))
    assert (run["matched"], run["open"]) == (1, 2)
    assert run["totals"] == [{"currency": "USD", "theirs_minor": 3000, "ours_minor": 1000}]
    found: dict[str, Any] = {each["subject"]: each for each in run["findings"]}
    assert found["FOREIGN-1"]["theirs"] == {"minor": 1000, "currency": "USD"}
    assert "reconcile explain" in found["FOREIGN-1"]["what_to_do"]
    assert [each["day"] for each in json.loads(ok("show", "--json"))] == ["2026-03-03", "2026-03-02"]


def test_finance_closes_a_difference_by_word(ok: Shell, fails: Shell, home: Home) -> None:
    [finding] = [each for each in asyncio.run(_findings(home.database_url)) if each.number]
    typed = ("explain", finding.finding_id.upper(), "--reason", "Paid by voucher 7.", "--actor", "finance-1")
    told = ok(*typed)
    assert told == f"Explained: missing here, payment {LOST.leg.provider_number} at stripe.\n"
    assert "explained by finance-1: Paid by voucher 7." in line_of(ok("show", "2026-03-02"), finding.finding_id)
    assert "is closed already: explained by finance-1" in fails(*typed)


def test_the_log_of_the_case_keeps_the_word(ok: Shell, home: Home) -> None:
    [finding] = [each for each in asyncio.run(_findings(home.database_url)) if each.number]
    ok("explain", finding.finding_id, "--reason", "Paid by voucher 7.", "--actor", "finance-1")

    async def log() -> list[tuple[str, str]]:
        engine = create_store_engine(home.database_url)
        record = await Reading(engine).case(LOST.number)
        await engine.dispose()
        assert record is not None
        return [(link.entry.action, link.entry.actor) for link in record.audit]

    assert asyncio.run(log()) == [("difference_explained", "finance-1")]


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        (("explain", "nobodys", "--reason", "x"), "There is no finding nobodys"),
        (("explain", "nobodys", "--reason", " "), "--reason is empty"),
        (("explain", "nobodys", "--reason", "x", "--role", "agent"), "Only finance explains"),
        (("show", "yesterday"), "DAY"),
        (("run", "--day", "2999-01-01"), "is not over yet"),
    ],
)
def test_what_cannot_be_done_is_refused_with_the_reason(fails: Shell, typed: tuple[str, ...], told: str) -> None:
    assert told in fails(*typed)


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
