"""`python -m cli.servers.fetch`, which `make servers` runs."""

import sys
from pathlib import Path

import pytest

from cli.servers.commands import Ended, run
from cli.servers.go_programs import GoProgram, obtain_go_program
from cli.servers.wire_programs import STRIPE_MOCK, TOXIPROXY, WIRE_PROGRAMS
from tests.architecture.measures import ROOT
from tests.support.programs import write_program


async def fetch(environ: dict[str, str], *options: str) -> Ended:
    command = [sys.executable, "-m", "cli.servers.fetch", *options]
    return await run(command, limit_seconds=30, environ=environ, folder=ROOT)


def temporals(tmp_path: Path) -> dict[str, str]:
    """An environment in which Temporal's two servers are there."""
    program = str(write_program(tmp_path / "program"))
    return {"TEMPORAL_CLI_PATH": program, "TEMPORAL_TEST_SERVER_PATH": program}


async def test_it_is_silent_when_everything_is_there(tmp_path: Path) -> None:
    there = temporals(tmp_path)
    named = {program.variable: there["TEMPORAL_CLI_PATH"] for program in WIRE_PROGRAMS}
    ended = await fetch({**there, **named})
    assert (ended.code, ended.output) == (0, "")


async def test_it_fails_with_the_reason_alone(tmp_path: Path) -> None:
    ended = await fetch({"TEMPORAL_CLI_PATH": str(tmp_path / "missing")})
    assert ended.code == 1
    assert ended.output.startswith("TEMPORAL_CLI_PATH names ")
    assert "Traceback" not in ended.output


@pytest.mark.parametrize("program", WIRE_PROGRAMS, ids=lambda program: program.name)
async def test_a_wrong_copy_of_a_wire_program_is_told_by_its_variable(tmp_path: Path, program: GoProgram) -> None:
    there = temporals(tmp_path)
    named = {each.variable: there["TEMPORAL_CLI_PATH"] for each in WIRE_PROGRAMS}
    ended = await fetch({**there, **named, program.variable: str(tmp_path / "missing")})
    assert ended.code == 1
    assert ended.output.startswith(f"{program.variable} names ")


async def test_without_go_a_wire_program_cannot_be_had_and_it_says_what_to_do(tmp_path: Path) -> None:
    nothing = {"PATH": str(tmp_path), "AFTERSALES_CACHE": str(tmp_path)}
    ended = await fetch({**temporals(tmp_path), **nothing})
    assert ended.code == 1
    assert "Install Go" in ended.output
    assert "STRIPE_MOCK_PATH" in ended.output


@pytest.mark.parametrize(("program", "name"), [(STRIPE_MOCK, "stripe-mock"), (TOXIPROXY, "toxiproxy-server")])
async def test_what_the_machine_has_installed_is_taken_before_the_cache(
    tmp_path: Path, program: GoProgram, name: str
) -> None:
    installed = write_program(tmp_path / "bin" / name)
    built = write_program(tmp_path / "cache" / program.file_name)
    environ = {"PATH": str(installed.parent), "AFTERSALES_CACHE": str(built.parent)}
    assert await obtain_go_program(program, environ) == installed
    installed.unlink()
    assert await obtain_go_program(program, environ) == built


async def test_a_program_of_which_one_version_counts_is_not_taken_from_the_path(tmp_path: Path) -> None:
    installed = write_program(tmp_path / "bin" / "server")
    built = write_program(tmp_path / "cache" / "server-1.0.0")
    program = GoProgram("server", "SERVER_PATH", "example.org/server", "example.org/server", "1.0.0")
    environ = {"PATH": str(installed.parent), "AFTERSALES_CACHE": str(built.parent)}
    assert await obtain_go_program(program, environ) == built


async def test_without_go_the_production_servers_cannot_be_had_and_it_says_what_to_do(tmp_path: Path) -> None:
    ended = await fetch({"PATH": str(tmp_path), "AFTERSALES_CACHE": str(tmp_path)}, "--production")
    assert ended.code == 1
    assert "Install Go" in ended.output
    assert "TEMPORAL_SERVER_PATH" in ended.output
    assert "Traceback" not in ended.output
