"""The fixtures every other test stands on."""

import asyncio
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine
from temporalio.common import SearchAttributeKey, SearchAttributePair, TypedSearchAttributes
from temporalio.service import RPCError
from temporalio.testing import WorkflowEnvironment

from aftersales.contract import names
from cli.servers.dev_server import DevServer, retention_of
from cli.servers.probes import eventually, tcp_answers
from cli.servers.search_attributes import (
    AttributeTypes,
    ensure_search_attributes,
    registered_search_attributes,
)
from storage.engine import create_store_engine
from tests.support.temporal import time_skipping

OPEN_PAIR = SearchAttributePair(names.STATUS, "open")


async def test_the_dev_server_knows_our_search_attributes_and_keeps_cases_90_days(
    dev_server: DevServer, search_attributes: AttributeTypes
) -> None:
    client = await dev_server.connect()
    assert (await registered_search_attributes(client)).items() >= search_attributes.items()
    assert await retention_of(client) == timedelta(days=90)
    assert dev_server.ui_url is None


async def test_the_time_skipping_server_knows_our_search_attributes(search_attributes: AttributeTypes) -> None:
    # A server of its own: a case without a worker stops the clock of a shared one for good.
    async with time_skipping(search_attributes) as env:
        await ensure_search_attributes(env.client, search_attributes)  # a second time is harmless
        case = await env.client.start_workflow(
            "Anything", id="case", task_queue="nobody", search_attributes=TypedSearchAttributes([OPEN_PAIR])
        )
        assert (await case.describe()).typed_search_attributes[names.STATUS] == "open"


async def test_an_unregistered_search_attribute_is_refused(time_skipping_env: WorkflowEnvironment) -> None:
    unknown = SearchAttributePair(SearchAttributeKey.for_keyword("Unknown"), "value")
    with pytest.raises(RPCError, match="Unknown"):
        await time_skipping_env.client.start_workflow(
            "Anything", id="refused", task_queue="nobody", search_attributes=TypedSearchAttributes([unknown])
        )


async def test_the_time_skipping_server_skips_days(time_skipping_env: WorkflowEnvironment) -> None:
    before = await time_skipping_env.get_current_time()
    await time_skipping_env.sleep(timedelta(days=3))
    assert await time_skipping_env.get_current_time() - before >= timedelta(days=3)


async def test_each_test_gets_an_empty_postgres_database(postgres_url: str) -> None:
    engine = create_async_engine(postgres_url)
    async with engine.connect() as connection:
        tables = await connection.scalar(
            text("SELECT count(*) FROM information_schema.tables WHERE table_schema = 'public'")
        )
    await engine.dispose()
    assert tables == 0


async def test_each_test_gets_a_new_sqlite_file(sqlite_url: str) -> None:
    engine = create_store_engine(sqlite_url)
    async with engine.connect() as connection:
        assert await connection.scalar(text("SELECT count(*) FROM sqlite_master")) == 0
    await engine.dispose()


KILLED_TEST_RUN = """
import asyncio
from pathlib import Path
from cli.servers.probes import eventually, tcp_answers
from tests.support.temporal import time_skipping
async def main():
    async with time_skipping({}) as env:
        print(env.client.service_client.config.target_host, flush=True)
        await asyncio.sleep(600)
asyncio.run(main())
"""


async def test_a_killed_test_run_leaves_no_time_skipping_server_behind(tmp_path: Path) -> None:
    run = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        KILLED_TEST_RUN,
        stdout=subprocess.PIPE,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )
    assert run.stdout is not None
    host, _, port = (await run.stdout.readline()).decode().strip().rpartition(":")
    assert await tcp_answers(host, int(port))
    run.kill()
    await run.wait()

    async def gone() -> bool:
        return not await tcp_answers(host, int(port))

    assert await eventually(gone, 10)
