"""A namespace made ready for the product, and a worker asked whether it serves."""

import secrets
import sys
import time
from datetime import UTC, datetime, timedelta

import pytest
from temporalio import activity
from temporalio.client import Client
from temporalio.common import SearchAttributeIndexedValueType
from temporalio.worker import Worker

from aftersales.contract.errors import AftersalesError
from aftersales.contract.names import QUEUE_CASES, QUEUE_NOTIFICATIONS
from cli.production import register, silent_queues
from cli.servers.commands import Ended, run
from cli.servers.dev_server import DevServer, retention_of
from cli.servers.errors import ServerUnavailableError
from cli.servers.probes import LOOPBACK, eventually, free_port
from cli.servers.search_attributes import AttributeTypes, ensure_search_attributes, registered_search_attributes


@activity.defn
async def nothing() -> None:
    """An activity, so that a worker has one."""


def a_namespace() -> str:
    return f"shop-{secrets.token_hex(4)}"


async def test_a_new_namespace_keeps_closed_cases_for_90_days_and_knows_the_contracts_attributes(
    dev_server: DevServer, search_attributes: AttributeTypes
) -> None:
    client = await register(dev_server.address, a_namespace())
    assert await retention_of(client) == timedelta(days=90)
    assert await registered_search_attributes(client) == search_attributes


async def test_registering_again_changes_nothing(dev_server: DevServer) -> None:
    namespace = a_namespace()
    first = await registered_search_attributes(await register(dev_server.address, namespace))
    assert await registered_search_attributes(await register(dev_server.address, namespace)) == first


async def test_an_attribute_of_another_type_is_refused_with_what_to_do(dev_server: DevServer) -> None:
    namespace = a_namespace()
    client = await register(dev_server.address, namespace)
    await ensure_search_attributes(client, {"Other": SearchAttributeIndexedValueType.KEYWORD})
    with pytest.raises(ServerUnavailableError, match="temporal operator search-attribute remove --name Other"):
        await ensure_search_attributes(client, {"Other": SearchAttributeIndexedValueType.INT})


async def test_a_temporal_that_does_not_come_is_waited_for_no_longer_than_asked() -> None:
    begun = time.monotonic()
    with pytest.raises(AftersalesError, match="cannot be reached"):
        await register(f"{LOOPBACK}:{free_port()}", limit_seconds=1)
    assert time.monotonic() - begun < 15


async def test_a_worker_is_heard_on_the_queues_it_serves_and_on_no_other(dev_server: DevServer) -> None:
    client = await register(dev_server.address, a_namespace())
    both = (QUEUE_NOTIFICATIONS, QUEUE_CASES)
    assert await _silent(client, both) == list(both)
    async with Worker(client, task_queue=QUEUE_NOTIFICATIONS, activities=[nothing]):

        async def heard() -> bool:
            return await _silent(client, both) == [QUEUE_CASES]

        assert await eventually(heard, 10)
        assert await _silent(client, both, host="another-machine") == list(both)
        assert await _silent(client, both, later=timedelta(minutes=5)) == list(both)


async def _silent(client: Client, queues: tuple[str, ...], host: str = "", later: timedelta = timedelta()) -> list[str]:
    own = client.identity.rpartition("@")[2]
    return await silent_queues(client, queues, host or own, datetime.now(UTC) + later)


async def test_the_job_prepares_what_its_environment_names(dev_server: DevServer) -> None:
    namespace = a_namespace()
    ended = await _asked("register", TEMPORAL_ADDRESS=dev_server.address, TEMPORAL_NAMESPACE=namespace)
    assert (ended.code, ended.output) == (0, "")
    client = await Client.connect(dev_server.address, namespace=namespace)
    assert await retention_of(client) == timedelta(days=90)


async def test_the_check_of_a_worker_that_was_told_nothing_names_what_is_missing() -> None:
    ended = await _asked("serving")
    assert ended.code == 1
    assert "AFTERSALES_DATABASE_URL: not set" in ended.output
    assert "Traceback" not in ended.output


async def test_the_check_of_a_worker_whose_setting_cannot_be_read_names_it_in_one_line() -> None:
    ended = await _asked("serving", AFTERSALES_QUEUES="cases")
    assert (ended.code, ended.output.strip()) == (
        1,
        "AFTERSALES_QUEUES: not to be read; lists and keys are written as JSON.",
    )


async def _asked(deed: str, **environ: str) -> Ended:
    return await run([sys.executable, "-m", "cli.production", deed], limit_seconds=60, environ=environ)
