"""In which order the Temporal programs are looked for, and what is said when there are none."""

from pathlib import Path

import pytest

from cli.servers.commands import run
from cli.servers.discovery import adopt, cache_folder
from cli.servers.errors import ServerUnavailableError
from cli.servers.temporal_cli import find_temporal_cli, obtain_temporal_cli
from cli.servers.time_skipping import find_time_skipping_server, obtain_time_skipping_server
from tests.support.programs import bare_machine, search_folder, write_program

BROKEN = "exit 1"
# Stands for Go: "builds" a program into GOBIN, as `go install` does, and notes what it was asked for.
GO = """printf '#!/bin/sh\\nexit 0\\n' > "$GOBIN/temporal"
/bin/chmod +x "$GOBIN/temporal"
echo "$@" > "$HOME/asked"
"""
# Stands for Maven: puts one jar where the command line says.
MAVEN = """for word in "$@"; do case "$word" in
  -DoutputDirectory=*) /bin/mkdir -p "${word#*=}"; : > "${word#*=}/server.jar";;
esac; done"""


@pytest.fixture
def machine(tmp_path: Path) -> dict[str, str]:
    return bare_machine(tmp_path / "machine")


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    """The SDK's download fails at once: its proxy is a closed port."""
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)


async def test_the_variable_wins_over_path_and_cache(machine: dict[str, str], tmp_path: Path) -> None:
    named = write_program(tmp_path / "mine" / "temporal")
    write_program(search_folder(machine) / "temporal")
    write_program(cache_folder(machine) / "temporal")
    assert await find_temporal_cli({**machine, "TEMPORAL_CLI_PATH": str(named)}) == named


async def test_path_wins_over_the_cache(machine: dict[str, str]) -> None:
    installed = write_program(search_folder(machine) / "temporal")
    write_program(cache_folder(machine) / "temporal")
    assert await find_temporal_cli(machine) == installed


async def test_the_cache_is_used_when_nothing_is_on_path(machine: dict[str, str]) -> None:
    kept = write_program(cache_folder(machine) / "temporal")
    assert await find_temporal_cli(machine) == kept


async def test_a_program_that_does_not_run_is_passed_over(machine: dict[str, str]) -> None:
    write_program(search_folder(machine) / "temporal", BROKEN)
    kept = write_program(cache_folder(machine) / "temporal")
    assert await find_temporal_cli(machine) == kept


async def test_a_bare_machine_has_none(machine: dict[str, str]) -> None:
    assert await find_temporal_cli(machine) is None
    assert await find_time_skipping_server(machine) is None


async def test_a_variable_that_names_nothing_is_an_error_and_not_ignored(machine: dict[str, str]) -> None:
    write_program(search_folder(machine) / "temporal")
    with pytest.raises(ServerUnavailableError, match="TEMPORAL_CLI_PATH names /nowhere/temporal"):
        await find_temporal_cli({**machine, "TEMPORAL_CLI_PATH": "/nowhere/temporal"})
    with pytest.raises(ServerUnavailableError, match="TEMPORAL_TEST_SERVER_PATH names /nowhere/server"):
        await find_time_skipping_server({**machine, "TEMPORAL_TEST_SERVER_PATH": "/nowhere/server"})


def test_the_cache_folder_is_ours_then_the_users_then_the_homes() -> None:
    everything = {"AFTERSALES_CACHE": "/ours", "XDG_CACHE_HOME": "/users", "HOME": "/home/of"}
    assert cache_folder(everything) == Path("/ours")
    del everything["AFTERSALES_CACHE"]
    assert cache_folder(everything) == Path("/users/aftersales/bin")
    del everything["XDG_CACHE_HOME"]
    assert cache_folder(everything) == Path("/home/of/.cache/aftersales/bin")


@pytest.mark.usefixtures("offline")
async def test_go_builds_the_cli_into_the_cache_when_the_download_fails(machine: dict[str, str]) -> None:
    write_program(search_folder(machine) / "go", GO)
    said: list[str] = []
    built = await obtain_temporal_cli(machine, said.append)
    assert built == cache_folder(machine) / "temporal"
    assert [line.split()[0] for line in said] == ["Downloading", "Building"]
    asked = (Path(machine["HOME"]) / "asked").read_text()
    assert asked.strip() == "install github.com/temporalio/cli/cmd/temporal@v1.5.1"


@pytest.mark.usefixtures("offline")
async def test_nothing_is_fetched_when_the_cli_is_there(machine: dict[str, str]) -> None:
    kept = write_program(cache_folder(machine) / "temporal")
    said: list[str] = []
    assert await obtain_temporal_cli(machine, said.append) == kept
    assert said == []


@pytest.mark.usefixtures("offline")
async def test_a_failed_build_says_what_go_said(machine: dict[str, str]) -> None:
    write_program(search_folder(machine) / "go", "echo no space left on device; exit 1")
    with pytest.raises(ServerUnavailableError, match="no space left on device"):
        await obtain_temporal_cli(machine)


@pytest.mark.usefixtures("offline")
async def test_without_any_way_the_error_names_all_three(machine: dict[str, str]) -> None:
    with pytest.raises(ServerUnavailableError) as caught:
        await obtain_temporal_cli(machine)
    for way in ("on PATH", "TEMPORAL_CLI_PATH", "go install github.com/temporalio/cli/cmd/temporal@v1.5.1"):
        assert way in str(caught.value)
    assert list(cache_folder(machine).iterdir()) == []


@pytest.mark.usefixtures("offline")
async def test_maven_assembles_the_time_skipping_server(machine: dict[str, str]) -> None:
    write_program(search_folder(machine) / "java", 'echo "$@"')
    write_program(search_folder(machine) / "mvn", MAVEN)
    server = await obtain_time_skipping_server(machine)
    assert server == cache_folder(machine) / "temporal-test-server"
    assert (cache_folder(machine) / "temporal-test-server-1.32.0" / "server.jar").exists()
    ended = await run([server, "7777"], limit_seconds=10, environ=machine)
    assert ended.output.strip().endswith("io.temporal.testserver.TestServer 7777")


@pytest.mark.usefixtures("offline")
async def test_without_java_the_error_names_the_ways_to_the_time_skipping_server(machine: dict[str, str]) -> None:
    with pytest.raises(ServerUnavailableError) as caught:
        await obtain_time_skipping_server(machine)
    for way in ("TEMPORAL_TEST_SERVER_PATH", "the SDK download it", "io.temporal:temporal-test-server:1.32.0"):
        assert way in str(caught.value)


async def test_the_variable_wins_for_the_time_skipping_server(machine: dict[str, str], tmp_path: Path) -> None:
    named = write_program(tmp_path / "mine" / "server")
    write_program(cache_folder(machine) / "temporal-test-server")
    assert await find_time_skipping_server({**machine, "TEMPORAL_TEST_SERVER_PATH": str(named)}) == named


def test_what_a_download_left_is_adopted_under_our_name(tmp_path: Path) -> None:
    write_program(tmp_path / "download" / "temporal-sdk-python-1.35.0")
    (tmp_path / "download" / "LICENSE").write_text("text")
    assert adopt(tmp_path / "download", tmp_path / "cache" / "temporal") == tmp_path / "cache" / "temporal"


def test_a_download_with_two_programs_is_not_guessed_at(tmp_path: Path) -> None:
    for name in ("one", "other"):
        write_program(tmp_path / "download" / name)
    assert adopt(tmp_path / "download", tmp_path / "temporal") is None
