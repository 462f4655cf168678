"""Jobs and checks of a deployment: `python -m cli.production register` and `python -m cli.production serving`.

`register` prepares the Temporal namespace for the product: it exists, keeps closed cases for 90 days, and knows the
search attributes of the contract. `serving` is the worker's health check: does Temporal hear from this very machine
on every queue that the worker is to serve?
"""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Final

import typer
from google.protobuf.duration_pb2 import Duration
from pydantic import ValidationError
from pydantic_settings import SettingsError
from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest, RegisterNamespaceRequest
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from aftersales.connection import connect
from aftersales.contract.errors import AftersalesError
from aftersales.contract.names import QUEUE_CASES, SEARCH_ATTRIBUTES
from aftersales.encryption import EncryptionSettings
from cli.servers.dev_server import RETENTION, retention_of, set_retention
from cli.servers.errors import ServerUnavailableError
from cli.servers.probes import eventually
from cli.servers.search_attributes import attribute_types, ensure_search_attributes
from integrations.providers import adapters, blocks
from worker.main import UNUSABLE, explain
from worker.settings import WorkerSettings

ANSWER_LIMIT_SECONDS: Final = 120.0
"""A server that starts on an empty database takes most of a minute until it answers."""

NO_PAYLOADS: Final = EncryptionSettings(plain_payloads=True)
"""Neither job sends anything that would have to be encrypted."""

SILENT_FOR: Final = timedelta(minutes=2)
"""A worker asks each queue at least once a minute; twice that, and nobody asks any more."""


class Deed(StrEnum):
    """What can be asked for."""

    REGISTER = "register"
    SERVING = "serving"


async def register(
    address: str | None = None, namespace: str | None = None, limit_seconds: float = ANSWER_LIMIT_SECONDS
) -> Client:
    """Prepare the namespace; what is there already stays, so it can run before every start.

    The address and the rest of the connection come from `TEMPORAL_*` unless given. Waits for a server that is
    still starting. Raises AftersalesError (no server), ServerUnavailableError (an attribute of another type).
    """
    client = await _patiently_connected(address, namespace, limit_seconds)
    await _create_namespace(client)

    async def known() -> bool:
        return await _knows_namespace(client)

    # A cluster answers before all of it has heard of a new namespace.
    if not await eventually(known, limit_seconds):
        raise ServerUnavailableError(
            f"Temporal took the namespace {client.namespace} but did not know it within {limit_seconds:g} seconds."
        )
    await set_retention(client, RETENTION)
    await ensure_search_attributes(client, attribute_types(SEARCH_ATTRIBUTES))
    return client


async def silent_queues(client: Client, queues: tuple[str, ...], host: str, now: datetime) -> list[str]:
    """The queues on which Temporal has not heard from a worker on `host` (its host name) lately."""
    return [queue for queue in queues if not await _is_served(client, queue, host, now)]


async def _patiently_connected(address: str | None, namespace: str | None, limit_seconds: float) -> Client:
    deadline = asyncio.get_running_loop().time() + limit_seconds
    while True:
        try:
            return await connect(address=address, namespace=namespace, encryption=NO_PAYLOADS)
        except AftersalesError:
            if asyncio.get_running_loop().time() > deadline:
                raise
            await asyncio.sleep(1)


async def _create_namespace(client: Client) -> None:
    span = Duration()
    span.FromTimedelta(RETENTION)
    try:
        await client.workflow_service.register_namespace(
            RegisterNamespaceRequest(
                namespace=client.namespace,
                description="Refunds and after-sales cases",
                workflow_execution_retention_period=span,
            ),
            retry=True,
        )
    except RPCError as error:
        if error.status is not RPCStatusCode.ALREADY_EXISTS:
            raise


async def _knows_namespace(client: Client) -> bool:
    try:
        await retention_of(client)
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return False
        raise
    return True


async def _is_served(client: Client, queue: str, host: str, now: datetime) -> bool:
    kind = TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW if queue == QUEUE_CASES else TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY
    described = await client.workflow_service.describe_task_queue(
        DescribeTaskQueueRequest(namespace=client.namespace, task_queue=TaskQueue(name=queue), task_queue_type=kind)
    )
    # The SDK names itself "<process id>@<host name>".
    return any(
        poller.identity.endswith(f"@{host}") and now - poller.last_access_time.ToDatetime(tzinfo=UTC) < SILENT_FOR
        for poller in described.pollers
    )


async def _serving() -> str:
    settings = WorkerSettings()
    served = settings.served(adapters(blocks()))
    client = await connect(
        address=settings.temporal_address, namespace=settings.temporal_namespace, encryption=NO_PAYLOADS
    )
    silent = await silent_queues(client, served, socket.gethostname(), datetime.now(UTC))
    return f"Nobody on this machine serves {', '.join(silent)}." if silent else ""


async def _registered() -> str:
    await register()
    return ""


def main(deed: Annotated[Deed, typer.Argument()]) -> None:
    """Status 0 if done or healthy; else 1 after one readable paragraph."""
    deeds = {Deed.REGISTER: _registered, Deed.SERVING: _serving}
    try:
        trouble = asyncio.run(deeds[deed]())
    except (*UNUSABLE, ServerUnavailableError, RPCError, ValidationError, SettingsError) as error:
        trouble = explain(error)
    if trouble:
        typer.echo(trouble, err=True)
    sys.stderr.flush()
    # The SDK's native threads can crash an interpreter that is being torn down (sdk-python issue 300).
    os._exit(1 if trouble else 0)


if __name__ == "__main__":
    typer.run(main)
