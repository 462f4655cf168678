"""`aftersales audit`: the operations log read, checked, taken along, and somebody erased from it (P6.3)."""

from __future__ import annotations

import asyncio
import csv
import json
import shutil
from datetime import date, timedelta
from io import StringIO
from pathlib import Path

import pytest
from sqlalchemy import delete, insert, text, update
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.sql.dml import UpdateBase
from temporalio.testing import ActivityEnvironment

from activities.sealing_log import SealingLog, SealOrder
from aftersales.contract.values import CaseStatus
from cli.home import Home
from integrations.seals import open_seals
from storage.engine import Transactions
from storage.seals import ChainEnds
from storage.store import SqlStore
from storage.tables import ACCOUNTS, AUDIT, AUDIT_HEADS
from tests.cli.homes import fill, home_in, opened
from tests.cli.shell import Shell
from tests.storage.builders import NOON, NUMBER, OTHER_NUMBER, account, case_row, entry, said

WHY = '=HYPERLINK("http://evil.example") 缝线开了'
KEYS = json.dumps([{"key_id": "2026a", "secret": "a secret that is long"}])


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory, migrated_file: Path) -> Path:
    """A database with two logs, one of them of a closed case."""
    file = Path(shutil.copy(migrated_file, tmp_path_factory.mktemp("audit") / "filled.db"))
    asyncio.run(_fill(f"sqlite:///{file}"))
    return file


@pytest.fixture
def home(tmp_path: Path, filled: Path) -> Home:
    return home_in(tmp_path / "home", filled)


async def _fill(url: str) -> None:
    async with opened(url) as engine:
        async with SqlStore(engine).begin() as unit:
            await unit.insert_case(case_row(status=CaseStatus.REFUNDED, closed_at=NOON))
            decided = said("agent-1", "agent", WHY, said_for="customer-1").model_copy(
                update={"before": "received", "after": "approve", "reason": "quality_problem"}
            )
            later = entry("paid").model_copy(update={"at": NOON + timedelta(days=2)})
            await unit.append_audit((decided, said("customer-1", "customer"), later, entry("received", OTHER_NUMBER)))
        async with Transactions(engine).begin() as connection:
            values = account().model_dump(include=set(ACCOUNTS.c.keys()), mode="json")
            await connection.execute(insert(ACCOUNTS).values(values))


def seal(home: Home, folder: Path) -> None:
    async def sealed(engine: AsyncEngine) -> None:
        log = SealingLog(ChainEnds(engine), open_seals(str(folder)))
        await ActivityEnvironment().run(log.seal_audit, SealOrder(day=date(2026, 11, 2), at=NOON))

    fill(home, sealed)


def tamper(home: Home, *changes: UpdateBase) -> None:
    """As somebody with the database's own password could."""

    async def done(engine: AsyncEngine) -> None:
        async with Transactions(engine).begin() as connection:
            for event in ("update", "delete"):
                await connection.execute(text(f"DROP TRIGGER IF EXISTS audit_refuses_{event}"))
            for change in changes:
                await connection.execute(change)

    fill(home, done)


def test_a_log_tells_who_did_what_through_which_door_and_why(shell: Shell) -> None:
    shown = shell("audit", "show", NUMBER)
    assert shown.status == 0
    [line] = [line for line in shown.out.splitlines() if "agent-1" in line]
    for told in ("agent by portal", "received → approve", "quality problem", "2026-11-02 12:00:00 UTC"):
        assert told in line
    assert "缝线开了" in shown.out
    assert "The chain of hashes holds." in shown.out


def test_a_log_as_json_has_facts_and_hashes(shell: Shell) -> None:
    told = json.loads(shell("audit", "show", NUMBER, "--json").out)
    first = told["entries"][0]
    assert (told["number"], told["broken"], len(told["entries"])) == (NUMBER, None, 3)
    assert (first["actor"], first["channel"], first["facts"]) == ("agent-1", "portal", {"said_for": "customer-1"})
    assert first["prev_hash"] == "0" * 64


def test_a_log_that_nobody_has_is_said_to_be_unknown(shell: Shell) -> None:
    ran = shell("audit", "show", "staff")
    assert (ran.status, ran.out) == (1, "")
    assert ran.err == "There is no log staff in the database. Check the number.\n"


def test_logs_that_hold_are_said_to_and_what_was_not_compared_too(shell: Shell) -> None:
    for arguments in (["--all"], [NUMBER]):
        ran = shell("audit", "verify", *arguments)
        assert ran.status == 0
        assert "Every chain of hashes holds in itself; no more is known." in ran.out
        assert "Nothing was ever sealed. So nothing outside the database vouches for these logs" in ran.out
    assert shell("audit", "verify").status == 2
    assert shell("audit", "verify", NUMBER, "--all").status == 2


def test_what_is_wrong_is_named_and_the_status_says_so(shell: Shell, home: Home) -> None:
    tamper(home, update(AUDIT).where(AUDIT.c.number == NUMBER, AUDIT.c.seq == 2).values(role="admin"))
    ran = shell("audit", "verify", "--all")
    assert ran.status == 1
    assert f"Log {NUMBER}, entry 2: its content was changed." in ran.out
    assert "holds" not in ran.out
    assert "broken at entry 2" in shell("audit", "show", NUMBER).out


def test_an_end_cut_off_with_its_record_is_found_by_the_seals(shell: Shell, home: Home, tmp_path: Path) -> None:
    seal(home, tmp_path / "seals")
    gone = [delete(table).where(table.c.number == OTHER_NUMBER) for table in (AUDIT, AUDIT_HEADS)]
    tamper(home, *gone)
    unsealed = shell("audit", "verify", "--all")
    assert unsealed.status == 0
    assert "Seals were made up to 2026-11-02, and none was compared" in unsealed.out
    for arguments in (["--all"], [OTHER_NUMBER]):
        ran = shell("audit", "verify", *arguments, "--seals", str(tmp_path / "seals"))
        assert ran.status == 1
        assert f"Log {OTHER_NUMBER}, entry 1: the whole log is missing: the seal of 2026-11-02" in ran.out
        assert "Compared with 1 seal, the newest of 2026-11-02. Signatures were not checked" in ran.out


def test_a_seal_that_is_gone_or_another_is_found(
    shell: Shell, home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "seals"
    monkeypatch.setenv("AFTERSALES_SEALS", str(folder))
    seal(home, folder)
    assert shell("audit", "verify", NUMBER).status == 0
    (folder / "2026-11-02.jsonl").unlink()
    assert "The seal of 2026-11-02: it is missing." in shell("audit", "verify", "--all").out
    (folder / "2026-11-02.jsonl").write_text("nothing\n")
    assert shell("audit", "verify", "--all").out.count("The seal of 2026-11-02") == 1


def test_seals_that_are_not_signed_are_found_by_whoever_has_the_key(
    shell: Shell, home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seal(home, tmp_path / "seals")
    monkeypatch.setenv("AFTERSALES_SEAL_KEYS", KEYS)
    ran = shell("audit", "verify", "--all", "--seals", str(tmp_path / "seals"))
    assert ran.status == 1
    assert "The seal of 2026-11-02: it is not signed." in ran.out
    monkeypatch.setenv("AFTERSALES_SEAL_KEYS", "[{}]")
    assert "AFTERSALES_SEAL_KEYS cannot be used" in shell("audit", "verify", "--all").err


def test_a_place_that_has_no_seal_yet_vouches_for_nothing(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "seals").mkdir()
    ran = shell("audit", "verify", "--all", "--seals", tmp_path / "seals")
    assert ran.status == 0
    assert "There is no seal at" in ran.out
    assert "nothing outside the database vouches for these logs" in ran.out
    assert "Every chain of hashes holds in itself" in ran.out


def test_a_place_without_seals_is_said_and_not_made(shell: Shell, tmp_path: Path) -> None:
    ran = shell("audit", "verify", "--all", "--seals", str(tmp_path / "mistyped"))
    assert ran.status == 1
    assert "cannot be read" in ran.err
    assert not (tmp_path / "mistyped").exists()


def test_an_export_is_json_lines_unless_asked_otherwise(shell: Shell) -> None:
    lines = [json.loads(line) for line in shell("audit", "export").out.splitlines()]
    assert sorted({line["number"] for line in lines}) == sorted((NUMBER, OTHER_NUMBER))
    assert {line["why"] for line in lines} == {WHY, ""}


@pytest.mark.parametrize(
    ("options", "actions"),
    [
        (["--number", NUMBER], ["said", "said", "paid"]),
        (["--number", NUMBER, "--until", "2026-11-02"], ["said", "said"]),
        (["--number", NUMBER, "--since", "2026-11-03"], ["paid"]),
    ],
)
def test_an_export_holds_what_was_asked_for(shell: Shell, options: list[str], actions: list[str]) -> None:
    exported = shell("audit", "export", *options).out.splitlines()
    assert [json.loads(line)["action"] for line in exported] == actions


def test_an_export_of_what_cannot_be_is_refused_and_makes_no_file(shell: Shell, tmp_path: Path) -> None:
    out = tmp_path / "log.jsonl"
    unknown = shell.refused("audit", "export", "--number", "nologx", "--out", out)
    assert unknown == "There is no log nologx in the database. Check the number.\n"
    turned_round = ("--since", "2026-11-03", "--until", "2026-11-02")
    assert "--since is not before the end" in shell.refused("audit", "export", *turned_round, "--out", out, status=2)
    assert not out.exists()


def test_a_spreadsheet_calculates_nothing_of_it_and_reads_chinese(shell: Shell, tmp_path: Path) -> None:
    out = tmp_path / "log.csv"
    ran = shell("audit", "export", "--format", "csv", "--excel", "--number", NUMBER, "--out", str(out))
    assert ran.out == f"3 entries written to {out}.\n"
    assert out.read_bytes().startswith(b"\xef\xbb\xbfnumber,seq,at,actor,role,channel,")
    rows = list(csv.DictReader(StringIO(out.read_text("utf-8-sig"))))
    assert rows[0]["why"] == f"'{WHY}"
    assert [row["seq"] for row in rows] == ["1", "2", "3"]
    again = shell("audit", "export", "--out", str(out))
    assert again.status == 1
    assert again.err == f"{out} is there already, and no log is written over; name another file.\n"
    assert shell("audit", "export", "--excel").status == 2


def test_a_person_is_erased_once_it_is_confirmed(shell: Shell) -> None:
    for answer in ("n\n", ""):
        asked = shell.told(answer, "audit", "erase-person", "customer-1", "--actor", "admin-1")
        assert asked.status == 1
        assert "nothing was erased; --yes confirms it" in asked.err
    erased = shell("audit", "erase-person", "customer-1", "--actor", "admin-1", "--yes")
    assert erased.status == 0
    assert f"Erased: customer-1, and what was written in {NUMBER}." in erased.out
    shown = shell("audit", "show", NUMBER).out
    assert "缝线开了" not in shown
    assert "erased:" in shown
    assert "The chain of hashes holds." in shown
    assert "admin-1" in shell("audit", "show", "people").out
    assert shell("audit", "verify", "--all").status == 0


def test_only_an_admin_erases_and_nobody_who_is_unknown(shell: Shell) -> None:
    refused = shell("audit", "erase-person", "customer-1", "--role", "agent", "--actor", "agent-1", "--yes")
    assert (refused.status, refused.err) == (1, "The role agent may not erase anything; an admin may.\n")
    unknown = shell("audit", "erase-person", "nobody", "--staff", "--actor", "admin-1", "--yes")
    assert (unknown.status, unknown.err) == (1, "Nothing is kept of a staff nobody. Check the id.\n")
