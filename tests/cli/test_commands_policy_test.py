"""`aftersales policy test`: what a draft would have decided otherwise, before it decides anything (P5.1)."""

from __future__ import annotations

import csv
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from activities.ports import Unit
from activities.rows import HeardMessage
from aftersales.contract.numbers import number_for
from aftersales.contract.values import CaseStatus, MessageKind
from cli.home import Home
from tests.cli.homes import home_in, write
from tests.cli.shell import Shell
from tests.policy.cases import facts, row_of, spoilt
from tests.storage.builders import case_row, posting, start
from tests.support.assessed import assessment

NOW = datetime.now(UTC)
LARGE = [number_for("shop", f"large-{place}") for place in range(30)]
SMALL = [number_for("shop", f"small-{place}") for place in range(3)]


async def cases(unit: Unit) -> None:
    """Thirty cases above the bound, which a person worked on for four minutes and paid one of; three below it."""
    for number in LARGE:
        await unit.store_assessment(assessment(facts(amount_minor=25_000), number, at=NOW - timedelta(days=3)))
        for kind, minute in ((MessageKind.CLAIM, 0), (MessageKind.DECISION, 4)):
            await unit.hear(heard(number, kind, NOW - timedelta(days=2) + timedelta(minutes=minute)))
    for number in SMALL:
        await unit.store_assessment(assessment(number=number, at=NOW - timedelta(days=40)))
    paid = case_row(LARGE[0], start=start(LARGE[0], request_key=LARGE[0]), status=CaseStatus.REFUNDED)
    await unit.insert_case(paid)
    await unit.post(posting("paid", minor=24_000).model_copy(update={"number": LARGE[0]}))


def heard(number: str, kind: MessageKind, at: datetime) -> HeardMessage:
    return HeardMessage(
        number=number, nonce=kind, kind=kind, actor="li", role="agent", body="{}", received_at=at, accepted=True
    )


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, migrated_file: Path) -> Home:
    made = home_in(tmp_path_factory.mktemp("past") / "home", migrated_file)
    write(made, cases)
    return made


@pytest.fixture
def generous(tmp_path: Path) -> Path:
    """A draft that approves faults up to 300.00."""
    (tmp_path / "generous").mkdir()
    change = {"amount_minor": "<= 30000"}
    return spoilt(tmp_path / "generous", "decision.json", lambda table: row_of(table, "fault_shown").update(change))


def test_the_report_tells_cases_money_and_measured_hours(shell: Shell, generous: Path) -> None:
    shown = shell.ok("policy", "test", generous)
    flat = " ".join(shown.split())
    assert "on 33 cases of" in flat
    assert "review approve 30 7500.00 CNY 240.00 CNY" in flat
    assert "CNY 30: 7500.00 CNY none none +7260.00 CNY" in flat
    assert "2.0 saved, 30 reviews (4.0 minutes a review, the median of 30 past ones)" in flat
    assert "And 10 more; --all lists them" in flat
    assert shown.count("fault_shown") == 20
    assert "not stored, by a person" in flat


def test_all_cases_are_listed_or_written_to_a_file(shell: Shell, generous: Path, tmp_path: Path) -> None:
    file = tmp_path / "cases.csv"
    shown = shell.ok("policy", "test", generous, "--all", "--csv", file)
    assert shown.count("fault_shown") == 30
    with file.open(encoding="utf-8") as opened:
        rows = list(csv.DictReader(opened))
    assert {row["number"] for row in rows} == set(LARGE)
    assert {(row["before"], row["after"], row["amount_minor"]) for row in rows} == {("review", "approve", "25000")}
    assert [row["paid_minor"] for row in rows if row["number"] == LARGE[0]] == ["24000"]


def test_the_chart_is_a_file_of_its_own(shell: Shell, generous: Path, tmp_path: Path) -> None:
    assert "back-test.svg" in shell.ok("policy", "test", generous, "--out", tmp_path / "charts")
    assert (tmp_path / "charts" / "back-test.svg").read_text(encoding="utf-8").startswith("<svg")


def test_minutes_that_were_not_measured_are_said_to_be_so(shell: Shell, generous: Path) -> None:
    said = shell.ok("policy", "test", generous, "--minutes-per-review", "10")
    assert "5.0 saved, 30 reviews (10 minutes a review, which were not measured)" in said


def test_where_nothing_can_be_written_is_said_before_any_case_is_tried(
    shell: Shell, generous: Path, tmp_path: Path
) -> None:
    (tmp_path / "taken").write_text("A file.")
    for option in (("--csv", tmp_path / "nowhere" / "a.csv"), ("--csv", tmp_path), ("--out", tmp_path / "taken")):
        told = shell.refused("policy", "test", generous, *option)
        assert f"{option[1]} cannot be used" in told
    untouched = tmp_path / "cases.csv"
    assert "No case was" in shell.refused("policy", "test", generous, "--since", "1h", "--csv", untouched)
    assert not untouched.exists()


def test_the_same_version_decides_as_it_did(shell: Shell) -> None:
    shown = shell.ok("policy", "test", "v1")
    assert "would have decided every case as it was decided" in shown
    assert "none saved and none added" in shown


def test_two_versions_are_compared_with_each_other(shell: Shell, generous: Path) -> None:
    shown = " ".join(shell.ok("policy", "test", "v1", "--against", generous).split())
    assert "approve review 30" in shown
    assert "2.0 added" in shown


def test_only_the_time_that_was_asked_for_counts(shell: Shell, generous: Path) -> None:
    until = (NOW - timedelta(days=30)).date()
    assert "on 3 cases of" in shell.ok("policy", "test", generous, "--since", "60d", "--until", until)


def test_what_cannot_be_tried_is_refused_with_the_reason(shell: Shell, generous: Path, tmp_path: Path) -> None:
    for typed, told in (("soon", "no time"), ("2090-01-01", "not before")):
        assert told in shell.refused("policy", "test", generous, "--since", typed, status=2)
    assert "No case was assessed" in shell.refused("policy", "test", generous, "--since", "1h")
    (tmp_path / "slip").mkdir()
    slip = spoilt(tmp_path / "slip", "decision.json", lambda table: row_of(table, "fault_shown").update(unused="tru"))
    told = shell.refused("policy", "test", slip)
    assert all(place in told for place in ("'decision'", "'fault_shown'", "'unused'", "tru"))
