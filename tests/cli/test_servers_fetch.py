"""`python -m cli.servers.fetch`, which `make servers` runs."""

import sys
from pathlib import Path

from cli.servers.commands import Ended, run
from tests.architecture.measures import ROOT
from tests.support.programs import write_program


async def fetch(environ: dict[str, str], *options: str) -> Ended:
    command = [sys.executable, "-m", "cli.servers.fetch", *options]
    return await run(command, limit_seconds=30, environ=environ, folder=ROOT)


async def test_it_is_silent_when_everything_is_there(tmp_path: Path) -> None:
    program = str(write_program(tmp_path / "program"))
    ended = await fetch({"TEMPORAL_CLI_PATH": program, "TEMPORAL_TEST_SERVER_PATH": program})
    assert (ended.code, ended.output) == (0, "")


async def test_it_fails_with_the_reason_alone(tmp_path: Path) -> None:
    ended = await fetch({"TEMPORAL_CLI_PATH": str(tmp_path / "missing")})
    assert ended.code == 1
    assert ended.output.startswith("TEMPORAL_CLI_PATH names ")
    assert "Traceback" not in ended.output


async def test_without_go_the_production_servers_cannot_be_had_and_it_says_what_to_do(tmp_path: Path) -> None:
    ended = await fetch({"PATH": str(tmp_path), "AFTERSALES_CACHE": str(tmp_path)}, "--production")
    assert ended.code == 1
    assert "Install Go" in ended.output
    assert "TEMPORAL_SERVER_PATH" in ended.output
    assert "Traceback" not in ended.output
