"""Temporal's servers for tests."""

import shlex
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.testing import WorkflowEnvironment

from cli.servers.processes import Processes
from cli.servers.search_attributes import AttributeTypes, ensure_search_attributes
from cli.servers.time_skipping import obtain_time_skipping_server
from tests.support.programs import write_program


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
        script = _noting_its_pid(executable, note)
        async with (
            Processes(Path(scratch)) as processes,
            await WorkflowEnvironment.start_time_skipping(
                test_server_existing_path=str(script), data_converter=pydantic_data_converter
            ) as env,
        ):
            with processes.watching(_number_in(note)):
                await ensure_search_attributes(env.client, attributes)
                yield env


def _noting_its_pid(executable: Path, note: Path) -> Path:
    # The SDK starts the server and does not say as which process; a test run that is killed would leave it behind.
    script = f'echo $$ > {shlex.quote(str(note))}\nexec {shlex.quote(str(executable))} "$@"'
    return write_program(note.with_name("server"), script)


def _number_in(note: Path) -> int:
    return int(note.read_text())
