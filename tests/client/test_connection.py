"""Connecting: configuration, and a Temporal that is down, silent, or not set up."""

import asyncio
import socket
from collections.abc import Awaitable, Iterator
from pathlib import Path

import pytest

from aftersales import AfterSales, AftersalesError, Application, Decision, DecisionKind, ErrorCode, connect
from aftersales.contract.numbers import new_number
from cli.servers.dev_server import DevServer, DevServerOptions, start_dev_server
from cli.servers.probes import LOOPBACK, free_port
from cli.servers.processes import Processes
from cli.servers.search_attributes import AttributeTypes
from tests.client.small_case import KEY

A_FEW_SECONDS = 4.0


@pytest.fixture(autouse=True)
def _no_configuration_of_this_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("TEMPORAL_ADDRESS", "TEMPORAL_NAMESPACE", "TEMPORAL_API_KEY", "TEMPORAL_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    empty = tmp_path / "temporal.toml"
    empty.touch()
    monkeypatch.setenv("TEMPORAL_CONFIG_FILE", str(empty))


@pytest.fixture
def silent_address() -> Iterator[str]:
    """Something that takes connections and never says a word."""
    with socket.socket() as listening:
        listening.bind((LOOPBACK, 0))
        listening.listen()
        yield f"{LOOPBACK}:{listening.getsockname()[1]}"


@pytest.fixture
async def server_that_will_stop(
    temporal_cli: Path, search_attributes: AttributeTypes, processes: Processes
) -> DevServer:
    options = DevServerOptions(temporal_cli, headless=True, search_attributes=search_attributes)
    return await start_dev_server(processes, options)


async def _failure(call: Awaitable[object]) -> AftersalesError:
    """The error that a call ends in, soon enough for a person to wait for."""
    async with asyncio.timeout(A_FEW_SECONDS):
        with pytest.raises(AftersalesError) as failed:
            await call
    return failed.value


async def test_the_address_comes_from_the_environment(dev_server: DevServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEMPORAL_ADDRESS", dev_server.address)
    monkeypatch.setenv("TEMPORAL_NAMESPACE", "elsewhere")
    client = await connect()
    assert (client.service_client.config.target_host, client.namespace) == (dev_server.address, "elsewhere")


async def test_a_profile_of_the_configuration_file_is_used(
    dev_server: DevServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "profiles.toml"
    file.write_text(f'[profile.shop]\naddress = "{dev_server.address}"\nnamespace = "shop"\n')
    monkeypatch.setenv("TEMPORAL_CONFIG_FILE", str(file))
    assert (await connect(profile="shop")).namespace == "shop"


async def test_arguments_take_precedence_over_the_environment(
    dev_server: DevServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEMPORAL_ADDRESS", f"{LOOPBACK}:{free_port()}")
    monkeypatch.setenv("TEMPORAL_API_KEY", "of-the-environment")
    client = await connect(address=dev_server.address, namespace="ours", api_key="ours", tls=False)
    config = client.service_client.config
    assert (config.api_key, config.tls, client.namespace) == ("ours", False, "ours")


async def test_an_api_key_is_never_sent_in_the_clear(dev_server: DevServer) -> None:
    error = await _failure(connect(address=dev_server.address, api_key="secret-key"))
    assert error.code is ErrorCode.ENGINE_UNAVAILABLE
    assert "it does not speak TLS" in str(error)
    assert "secret-key" not in str(error)


async def test_a_temporal_that_is_down_is_named_within_seconds() -> None:
    address = f"{LOOPBACK}:{free_port()}"
    error = await _failure(AfterSales.connect(caller="shop", key=KEY, address=address))
    assert error.code is ErrorCode.ENGINE_UNAVAILABLE
    assert str(error).startswith(f"Temporal at {address} cannot be reached (connection refused).")


async def test_a_temporal_that_never_answers_is_named_within_seconds(silent_address: str) -> None:
    error = await _failure(connect(address=silent_address))
    assert f"Temporal at {silent_address} cannot be reached (no answer within 3 seconds)" in str(error)


async def test_a_host_that_does_not_exist_is_said_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AFTERSALES_PLAIN_PAYLOADS", "true")  # else it is not even asked
    error = await _failure(connect(address="temporal.invalid:7233"))
    assert "temporal.invalid:7233 cannot be reached (its host name is not known)" in str(error)


async def test_a_broken_configuration_file_is_said_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    broken = tmp_path / "broken.toml"
    broken.write_text("[profile")
    monkeypatch.setenv("TEMPORAL_CONFIG_FILE", str(broken))
    error = await _failure(connect())
    assert error.code is ErrorCode.ENGINE_UNAVAILABLE
    assert "TEMPORAL_CONFIG_FILE" in str(error)


async def test_a_namespace_that_does_not_exist_is_told_from_a_case_that_does_not(
    dev_server: DevServer, application: Application
) -> None:
    nowhere = await AfterSales.connect(caller="shop", key=KEY, address=dev_server.address, namespace="nowhere")
    for call in (nowhere.apply(application, request_key="k"), nowhere.result(new_number(), patience_s=0)):
        error = await _failure(call)
        assert error.code is ErrorCode.ENGINE_UNAVAILABLE
        assert "Create the namespace 'nowhere'" in str(error)


async def test_a_namespace_without_our_search_attributes_is_said_so(
    temporal_cli: Path, processes: Processes, application: Application
) -> None:
    bare = await start_dev_server(processes, DevServerOptions(temporal_cli, headless=True))
    after_sales = await AfterSales.connect(caller="shop", key=KEY, address=bare.address)
    error = await _failure(after_sales.apply(application, request_key="k"))
    assert error.code is ErrorCode.ENGINE_UNAVAILABLE
    assert "Register `aftersales.contract.names.SEARCH_ATTRIBUTES`" in str(error)


async def test_every_call_says_within_seconds_that_the_server_has_gone(
    server_that_will_stop: DevServer, application: Application
) -> None:
    address = server_that_will_stop.address
    after_sales = await AfterSales.connect(caller="shop", key=KEY, address=address)
    number = await after_sales.apply(application, request_key="k")
    await server_that_will_stop.stop()

    approval = Decision(kind=DecisionKind.APPROVE)
    for call in (
        after_sales.apply(application, request_key="k2"),
        after_sales.review(number, approval, actor="agent-3"),
        after_sales.decide(number, approval, actor="agent-3"),
        after_sales.view(number),
        after_sales.result(number, patience_s=0),
        anext(after_sales.find()),
    ):
        error = await _failure(call)
        assert error.code is ErrorCode.ENGINE_UNAVAILABLE
        assert f"Temporal at {address} cannot be reached" in str(error)
