"""Temporal's servers for tests."""

import asyncio
import atexit
import shlex
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import cache
from pathlib import Path

from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import EventType
from temporalio.api.workflowservice.v1 import DescribeWorkflowExecutionRequest
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.testing import WorkflowEnvironment

from cli.servers.probes import LOOPBACK, free_port
from cli.servers.processes import Launch, Processes
from cli.servers.search_attributes import AttributeTypes, ensure_search_attributes
from cli.servers.time_skipping import obtain_time_skipping_server
from tests.support.programs import write_program

PATIENCE_S = 60
"""For what takes a moment on a quiet machine."""

_OUT = (EventType.EVENT_TYPE_WORKFLOW_TASK_SCHEDULED, EventType.EVENT_TYPE_WORKFLOW_TASK_STARTED)


@asynccontextmanager
async def time_skipping(attributes: AttributeTypes) -> AsyncIterator[WorkflowEnvironment]:
    """A time-skipping server of one's own (about a second to start) with its search attributes registered.

    One global clock: tests that share a server must run one after the other. Its own client has the product's
    payload conversion, and only awaiting a result through that one skips time. The server knows no lists of cases
    and no schedules, and a case that sets an attribute which is not registered loops for ever. A case started
    without a worker for it stops the clock for good, even after it has been terminated.
    """
    executable = await obtain_time_skipping_server()
    with tempfile.TemporaryDirectory() as scratch:
        note = Path(scratch) / "pid"
        script = _noting_its_pid(executable, note, await _loaded_classes(executable, attributes))
        async with (
            Processes(Path(scratch)) as processes,
            await WorkflowEnvironment.start_time_skipping(
                test_server_existing_path=str(script),
                test_server_startup_timeout=timedelta(seconds=PATIENCE_S),
                data_converter=pydantic_data_converter,
            ) as env,
        ):
            with processes.watching(_number_in(note)):
                await ensure_search_attributes(env.client, attributes)
                yield env


async def until_at_rest(client: Client, id_: str) -> None:
    """Wait, in real time, until nobody works for a case: all that remains is time, messages, or a later attempt.

    Before the clock is skipped or a case is terminated: both stop a server's clock for good in the middle of a task.
    Fails in the end, naming what is under way.
    """
    try:
        async with asyncio.timeout(PATIENCE_S):
            while under_way := await _under_way(client, id_):
                await asyncio.sleep(0.01)
    except TimeoutError:
        raise AssertionError(f"{id_} is not at rest after {PATIENCE_S} s: {under_way}") from None


async def _under_way(client: Client, id_: str) -> list[str]:
    # Not by the handle: it cannot read the search attributes that this server gives as null.
    asked = DescribeWorkflowExecutionRequest(namespace=client.namespace, execution=WorkflowExecution(workflow_id=id_))
    calls = (await client.workflow_service.describe_workflow_execution(asked)).pending_activities
    # This server shows a call that waits for its next attempt as one that is under way.
    at_work = [call.activity_type.name for call in calls if call.attempt == 1]
    last = [event.event_type async for event in client.get_workflow_handle(id_).fetch_history_events()][-1]
    return [*at_work, EventType.Name(last)] if last in _OUT else at_work


async def _loaded_classes(executable: Path, attributes: AttributeTypes) -> Path:
    """Java's archive of the classes that the server has loaded by its first answers; made once in a process.

    With it a server starts in a third of the time. What is no Java program never writes or reads it.
    """
    archive = _own_folder() / "classes.jsa"
    if not archive.parent.exists():
        archive.parent.mkdir()
        told = {"JAVA_TOOL_OPTIONS": f"-XX:ArchiveClassesAtExit={archive}"}
        port = free_port()
        async with Processes(archive.parent) as processes:
            server = processes.start(Launch(name="server", command=[executable, str(port)], environ=told))
            await server.wait_for_port(LOOPBACK, port, PATIENCE_S)
            await ensure_search_attributes(await Client.connect(f"{LOOPBACK}:{port}"), attributes)
    return archive


@cache
def _own_folder() -> Path:
    """Where this process may make a folder, gone when it ends."""
    folder = tempfile.TemporaryDirectory(prefix="aftersales-tests-")
    atexit.register(folder.cleanup)
    return Path(folder.name) / "java"


def _noting_its_pid(executable: Path, note: Path, classes: Path) -> Path:
    # The SDK starts the server and does not say as which process; a test run that is killed would leave it behind.
    script = f"""echo $$ > {shlex.quote(str(note))}
export JAVA_TOOL_OPTIONS={shlex.quote(f"-XX:SharedArchiveFile={classes}")}
exec {shlex.quote(str(executable))} "$@\""""
    return write_program(note.with_name("server"), script)


def _number_in(note: Path) -> int:
    return int(note.read_text())
