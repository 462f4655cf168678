"""`aftersales doctor`, `db` and the processes in the foreground: what they find, make and leave."""

import asyncio
import signal
import sqlite3
from pathlib import Path

import pytest

from cli.servers.probes import LOOPBACK, eventually, free_port, http_answers, tcp_answers
from tests.support.program import Program
from tests.support.programs import bare_machine, write_program


@pytest.fixture
def alone(tmp_path: Path) -> Program:
    """The program where no stack was ever started."""
    return Program(tmp_path / "home")


async def test_a_bare_machine_cannot_run_the_product_and_is_told_what_helps(tmp_path: Path) -> None:
    machine = bare_machine(tmp_path / "machine")
    for variable in ("TEMPORAL_CLI_PATH", "TEMPORAL_TEST_SERVER_PATH"):
        machine[variable] = ""
    ran = await Program(tmp_path, machine)("doctor")
    assert ran.status == 1
    assert "no, and needed" in ran.out
    assert "TEMPORAL_CLI_PATH" in ran.out
    assert "The product cannot run here yet: Temporal CLI." in ran.out


async def test_a_machine_with_a_temporal_cli_can_run_the_product(tmp_path: Path) -> None:
    machine = bare_machine(tmp_path / "machine")
    machine["TEMPORAL_CLI_PATH"] = str(write_program(tmp_path / "temporal"))
    ran = await Program(tmp_path, machine)("doctor")
    assert ran.status == 0
    assert "Everything that the product needs is here." in ran.out


async def test_the_schema_is_made_once_and_then_left_as_it_is(alone: Program, tmp_path: Path) -> None:
    file = tmp_path / "shop.db"
    for _ in range(2):
        ran = await alone.ok("db", "upgrade", "--database-url", f"sqlite:///{file}")
        assert "is that of this version" in ran.out
    with sqlite3.connect(file) as database:
        assert database.execute("SELECT count(*) FROM cases").fetchone() == (0,)


async def test_a_database_that_is_not_there_is_not_made_by_looking(alone: Program, tmp_path: Path) -> None:
    file = tmp_path / "shop.db"
    ran = await alone("queue", AFTERSALES_DATABASE_URL=f"sqlite:///{file}")
    assert ran.status == 1
    assert "aftersales db upgrade" in ran.err
    assert not file.exists()


async def test_a_database_without_the_schema_is_told_to_be_upgraded(alone: Program, tmp_path: Path) -> None:
    file = tmp_path / "empty.db"
    file.touch()
    ran = await alone("queue", AFTERSALES_DATABASE_URL=f"sqlite:///{file}")
    assert ran.status == 1
    assert "no such table: cases" in ran.err
    assert "aftersales db upgrade" in ran.err


@pytest.mark.parametrize(("process", "needed"), [("worker", "AFTERSALES_DATABASE_URL"), ("portal", "PROOF_SECRET")])
async def test_a_process_without_its_settings_names_them(alone: Program, process: str, needed: str) -> None:
    ran = await alone(process)
    assert ran.status == 2
    assert f"The {process} cannot start." in ran.err
    assert needed.lower() in ran.err.lower()
    assert "Traceback" not in ran.err


async def test_the_sandbox_runs_in_the_foreground_until_it_is_told_to_stop(alone: Program, tmp_path: Path) -> None:
    port, books = free_port(), tmp_path / "books.db"
    running = await alone.start("sandbox", "--port", str(port), "--state", str(books))
    assert await eventually(lambda: http_answers(f"http://{LOOPBACK}:{port}/admin/health"), 30)
    assert await _stopped(running) == 0
    assert books.exists()


async def test_the_mail_sink_runs_in_the_foreground_until_it_is_told_to_stop(alone: Program, tmp_path: Path) -> None:
    port, folder = free_port(), tmp_path / "mails"
    running = await alone.start("mail-sink", "--port", str(port), "--folder", str(folder))
    assert await eventually(lambda: tcp_answers(LOOPBACK, port), 30)
    assert await _stopped(running) == 0
    assert folder.is_dir()


async def test_without_a_sink_the_mails_are_looked_for_where_they_are(alone: Program) -> None:
    ran = await alone("mails")
    assert ran.status == 1
    assert "No mails are kept in" in ran.err


async def _stopped(running: asyncio.subprocess.Process) -> int | None:
    running.send_signal(signal.SIGTERM)
    await asyncio.wait_for(running.communicate(), 30)
    return running.returncode
