"""Temporal's dev server as `aftersales up` runs it: on a file, with Web UI, attributes and retention."""

from datetime import timedelta
from pathlib import Path

import pytest
from temporalio.common import SearchAttributeIndexedValueType, SearchAttributeKey

from cli.servers.dev_server import DevServer, DevServerOptions, retention_of, start_dev_server
from cli.servers.errors import ServerUnavailableError
from cli.servers.probes import http_answers
from cli.servers.processes import Processes
from cli.servers.search_attributes import (
    attribute_types,
    command_line_type,
    ensure_search_attributes,
    registered_search_attributes,
)
from tests.support.programs import write_program

STATUS = attribute_types([SearchAttributeKey.for_keyword("Status")])
AMOUNT = attribute_types([SearchAttributeKey.for_int("Amount")])


async def test_cases_attributes_and_retention_survive_a_restart(
    processes: Processes, temporal_cli: Path, tmp_path: Path
) -> None:
    database = tmp_path / "new" / "temporal.db"
    first = await start_dev_server(
        processes, DevServerOptions(temporal_cli, database=database, search_attributes=STATUS)
    )
    client = await first.connect()
    assert await retention_of(client) == timedelta(days=90)
    await client.start_workflow("Anything", id="case", task_queue="nobody")
    await first.stop()
    await first.stop()  # a second time is harmless
    # Journal mode WAL is kept in the file's header: read and write version 2.
    assert database.read_bytes()[18:20] == b"\x02\x02"

    later = DevServerOptions(temporal_cli, database=database, search_attributes={**STATUS, **AMOUNT})
    client = await (await start_dev_server(processes, later)).connect()
    assert await registered_search_attributes(client) == {**STATUS, **AMOUNT}
    assert await retention_of(client) == timedelta(days=90)
    assert (await client.get_workflow_handle("case").describe()).id == "case"


async def test_the_web_ui_answers_when_the_server_is_given_back(processes: Processes, temporal_cli: Path) -> None:
    server = await start_dev_server(processes, DevServerOptions(temporal_cli))
    assert server.ui_url is not None
    assert await http_answers(server.ui_url)
    await server.stop()
    assert not await http_answers(server.ui_url)


async def test_attributes_can_be_added_to_a_running_server_again_and_again(dev_server: DevServer) -> None:
    client = await dev_server.connect()
    for _ in range(2):
        await ensure_search_attributes(client, AMOUNT)
    assert (await registered_search_attributes(client)).items() >= AMOUNT.items()


async def test_an_attribute_of_another_type_is_refused_with_the_way_out(dev_server: DevServer) -> None:
    client = await dev_server.connect()
    await ensure_search_attributes(client, attribute_types([SearchAttributeKey.for_bool("Contested")]))
    with pytest.raises(ServerUnavailableError, match="Contested is registered in this namespace as Bool"):
        await ensure_search_attributes(client, attribute_types([SearchAttributeKey.for_text("Contested")]))


async def test_a_server_that_cannot_start_says_why(processes: Processes, tmp_path: Path) -> None:
    broken = write_program(tmp_path / "temporal", "echo 'address already in use' >&2; exit 1")
    with pytest.raises(ServerUnavailableError, match="address already in use"):
        await start_dev_server(processes, DevServerOptions(broken))


def test_types_are_spelled_as_the_command_line_wants_them() -> None:
    spelled = {command_line_type(kind) for kind in SearchAttributeIndexedValueType}
    assert spelled == {"Text", "Keyword", "Int", "Double", "Bool", "Datetime", "KeywordList"}


def quick_rival(folder: Path, temporal_cli: Path, times: int) -> Path:
    """The server, but that another process takes one of its ports the first `times` times."""
    script = f"""
echo started >> {folder}/starts
if [ $(wc -l < {folder}/starts) -le {times} ]; then
    echo "listen tcp 127.0.0.1:38783: bind: address already in use" >&2
    exit 1
fi
exec {temporal_cli} "$@"
"""
    return write_program(folder / "temporal", script)


async def test_a_port_that_another_process_took_meanwhile_is_no_reason_to_give_up(
    processes: Processes, temporal_cli: Path, tmp_path: Path
) -> None:
    rival = quick_rival(tmp_path, temporal_cli, times=2)
    server = await start_dev_server(processes, DevServerOptions(rival, headless=True))
    assert await retention_of(await server.connect()) == timedelta(days=90)


async def test_when_ports_stay_taken_the_reason_is_told(
    processes: Processes, temporal_cli: Path, tmp_path: Path
) -> None:
    rival = quick_rival(tmp_path, temporal_cli, times=9)
    with pytest.raises(ServerUnavailableError, match="address already in use"):
        await start_dev_server(processes, DevServerOptions(rival, headless=True))
    assert (tmp_path / "starts").read_text().count("started") == 3
