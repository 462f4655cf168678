"""Temporal's production programs: built once, kept with their version, and told where their stores are."""

from pathlib import Path

import pytest
from sqlalchemy import make_url

from cli.servers.errors import ServerUnavailableError
from cli.servers.go_programs import GoProgram, module_folder, obtain_go_program
from cli.servers.postgres_programs import find_postgres_folders, obtain_postgres
from cli.servers.temporal_server import EXTENSION, SERVICE_PORTS, configuration
from tests.support.programs import bare_machine, search_folder, write_program

MILL = GoProgram("mill", "MILL_PATH", "example.org/mill", "example.org/mill/cmd/mill", "1.2.3")
GO = 'echo "$@" >> "$HOME/asked"; printf "#!/bin/sh\\nexit 0\\n" > "$GOBIN/mill"; /bin/chmod +x "$GOBIN/mill"'
DATABASE = make_url("postgresql+asyncpg://temporal:secret@127.0.0.1:5555/temporal")


async def test_a_program_is_built_once_and_kept_under_its_version(tmp_path: Path) -> None:
    machine = bare_machine(tmp_path)
    write_program(search_folder(machine) / "go", GO)
    said: list[str] = []
    built = await obtain_go_program(MILL, machine, said.append)
    assert await obtain_go_program(MILL, machine, said.append) == built
    assert built == Path(machine["AFTERSALES_CACHE"]) / "mill-1.2.3"
    assert (tmp_path / "asked").read_text() == "install example.org/mill/cmd/mill@v1.2.3\n"
    assert len(said) == 1


async def test_a_copy_of_another_version_is_not_taken(tmp_path: Path) -> None:
    machine = bare_machine(tmp_path)
    write_program(Path(machine["AFTERSALES_CACHE"]) / "mill-1.2.2")
    with pytest.raises(ServerUnavailableError, match=r"mill 1\.2\.3 is not on this machine"):
        await obtain_go_program(MILL, machine)


async def test_the_variable_names_a_copy_that_is_taken_as_it_is(tmp_path: Path) -> None:
    own = write_program(tmp_path / "own")
    assert await obtain_go_program(MILL, {**bare_machine(tmp_path), "MILL_PATH": str(own)}) == own


async def test_without_go_both_ways_are_named(tmp_path: Path) -> None:
    with pytest.raises(ServerUnavailableError, match=r"Install Go.* or set MILL_PATH to a copy"):
        await obtain_go_program(MILL, bare_machine(tmp_path))


async def test_a_build_that_fails_says_what_go_said(tmp_path: Path) -> None:
    machine = bare_machine(tmp_path)
    write_program(search_folder(machine) / "go", 'echo "no such module" >&2; exit 1')
    with pytest.raises(ServerUnavailableError, match="no such module"):
        await obtain_go_program(MILL, machine)
    with pytest.raises(ServerUnavailableError, match="no such module"):
        await module_folder(MILL, machine)


async def test_a_modules_folder_is_the_one_that_go_names(tmp_path: Path) -> None:
    machine = bare_machine(tmp_path)
    write_program(search_folder(machine) / "go", """echo '{"Path": "example.org/mill", "Dir": "/modules/mill"}'""")
    assert await module_folder(MILL, machine) == Path("/modules/mill")


def test_the_server_listens_on_loopback_only_and_keeps_both_stores_in_one_database_server() -> None:
    told = configuration(DATABASE, 12345)
    assert {service["rpc"]["bindOnLocalHost"] for service in told["services"].values()} == {True}
    assert told["services"]["frontend"]["rpc"]["grpcPort"] == 12345
    stores = [store["sql"] for store in told["persistence"]["datastores"].values()]
    assert [store["databaseName"] for store in stores] == ["temporal", "temporal_visibility"]
    assert {(store["connectAddr"], store["user"], store["password"]) for store in stores} == {
        ("127.0.0.1:5555", "temporal", "secret")
    }


def test_members_ports_fit_into_the_column_that_keeps_them() -> None:
    services = configuration(DATABASE, 12345)["services"].values()
    ports = [service["rpc"][kind] for service in services for kind in ("grpcPort", "membershipPort")]
    assert len(set(ports)) == len(ports)
    assert all(port in SERVICE_PORTS for port in ports)
    assert max(SERVICE_PORTS) < 2**15


async def test_a_postgresql_without_the_extension_is_passed_over(tmp_path: Path) -> None:
    machine = bare_machine(tmp_path / "machine")
    wheels = [folder for folder in find_postgres_folders(machine) if "pginstall" in folder.parent.name]
    assert wheels
    assert not set(wheels) & set(find_postgres_folders(machine, EXTENSION))
    with pytest.raises(ServerUnavailableError, match="No PostgreSQL server with the extension unheard_of runs"):
        await obtain_postgres(tmp_path, machine, "unheard_of")
