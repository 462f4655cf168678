"""What `aftersales doctor` finds, and what it advises."""

import socket
from pathlib import Path

import pytest

from cli.servers.discovery import cache_folder
from cli.servers.doctor import Finding, examine
from cli.servers.probes import LOOPBACK, free_port
from tests.support.programs import bare_machine, search_folder, write_program


@pytest.fixture
def machine(tmp_path: Path) -> dict[str, str]:
    return bare_machine(tmp_path / "machine")


async def findings(environ: dict[str, str], **ports: int) -> dict[str, Finding]:
    return {finding.name: finding for finding in await examine(environ, ports)}


async def test_a_bare_machine_gets_advice_for_everything_that_is_missing(machine: dict[str, str]) -> None:
    found = await findings(machine)
    assert found["Python"].found
    for name in ("Temporal CLI", "Time-skipping test server", "Java", "Maven", "Go", "Chromium"):
        assert not found[name].found
        assert found[name].where == ""
        assert found[name].how_to_get_it


async def test_only_what_the_product_itself_needs_is_marked_so(machine: dict[str, str]) -> None:
    found = await findings(machine, Portal=free_port())
    needed = {name for name, finding in found.items() if finding.needed and not name.startswith("Port ")}
    assert needed == {"Python", "Temporal CLI"}


async def test_what_is_there_is_named_with_its_place(machine: dict[str, str]) -> None:
    cli = write_program(cache_folder(machine) / "temporal")
    server = write_program(cache_folder(machine) / "temporal-test-server")
    browser = write_program(search_folder(machine) / "chromium-browser")
    found = await findings(machine)
    assert found["Temporal CLI"].where == str(cli)
    assert found["Time-skipping test server"].where == str(server)
    assert found["Chromium"].where == str(browser)


async def test_a_wrong_variable_is_reported_and_not_raised(machine: dict[str, str]) -> None:
    wrong = {"TEMPORAL_CLI_PATH": "/nowhere", "TEMPORAL_TEST_SERVER_PATH": "/nowhere"}
    found = await findings({**machine, **wrong})
    assert "TEMPORAL_CLI_PATH names /nowhere" in found["Temporal CLI"].how_to_get_it
    assert "TEMPORAL_TEST_SERVER_PATH names /nowhere" in found["Time-skipping test server"].how_to_get_it


async def test_a_named_postgres_is_not_printed_with_its_password(machine: dict[str, str]) -> None:
    found = await findings({**machine, "AFTERSALES_TEST_POSTGRES_URL": "postgresql://me:secret@db/any"})
    assert found["PostgreSQL"].found
    assert "secret" not in found["PostgreSQL"].where


async def test_a_taken_port_is_found_out(machine: dict[str, str]) -> None:
    with socket.socket() as listener:
        listener.bind((LOOPBACK, 0))
        listener.listen()
        taken, free = listener.getsockname()[1], free_port()
        found = await findings(machine, Temporal=taken, Portal=free)
    assert not found[f"Port {taken} for Temporal"].found
    assert found[f"Port {free} for Portal"].found
