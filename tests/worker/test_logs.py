"""Every line of a worker is one JSON object; those about a case carry its application number."""

from __future__ import annotations

import asyncio
import json
import logging
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from temporalio.client import Client
from temporalio.worker import Worker

from aftersales import connect
from aftersales.contract.numbers import new_number, workflow_id
from cli.servers.dev_server import DevServer
from tests.worker.chatty import Chatty, chat
from worker.logs import NumberedLogs, set_up_logging

Line = dict[str, Any]


@pytest.fixture(autouse=True)
def _own_logging() -> Iterator[None]:
    """Whatever is set up is taken back: levels and handlers belong to the whole test run."""
    root = logging.getLogger()
    handlers = root.handlers[:]
    levels = {name: logging.getLogger(name).level for name in ("", "httpx", "stripe", "alembic")}
    yield
    root.handlers[:] = handlers
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)
    structlog.contextvars.clear_contextvars()


@pytest.fixture
async def client(dev_server: DevServer) -> Client:
    return await connect(address=dev_server.address)


def lines(capsys: pytest.CaptureFixture[str]) -> list[Line]:
    out, err = capsys.readouterr()
    assert out == "", "standard output belongs to the programs' answers"
    return [json.loads(line) for line in err.splitlines()]


async def chatted(client: Client, *ids: str, fails: bool = False) -> None:
    """Run the chatty workflow under these workflow ids, all at once, in one worker."""
    queue = uuid.uuid4().hex
    async with Worker(client, task_queue=queue, workflows=[Chatty], activities=[chat], interceptors=[NumberedLogs()]):
        await asyncio.gather(*(client.execute_workflow(Chatty.run, fails, id=each, task_queue=queue) for each in ids))


async def test_lines_of_the_workflow_its_activity_and_its_libraries_carry_the_number(
    client: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    set_up_logging("json")
    number = new_number()
    await chatted(client, workflow_id(number), fails=True)
    said = {line["event"].partition(" (")[0]: line for line in lines(capsys)}
    for event in ("begun", "at work", "a library's own line", "it went wrong", "given up"):
        assert said[event]["application"] == number, event
    assert said["at work"]["activity"] == said["a library's own line"]["activity"] == "chat"


async def test_two_cases_at_once_never_borrow_each_others_number(
    client: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    set_up_logging("json")
    numbers = [new_number() for _ in range(4)]
    await chatted(client, *map(workflow_id, numbers))
    told = [line["application"] for line in lines(capsys) if line["event"] == "at work"]
    assert sorted(told) == sorted(numbers)


async def test_what_works_on_no_case_has_no_number(client: Client, capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logging("json")
    await chatted(client, f"sweep-{uuid.uuid4().hex}")
    said = lines(capsys)
    assert {"begun", "at work"} <= {line["event"].partition(" (")[0] for line in said}
    assert not [line for line in said if "application" in line]


async def test_the_number_is_forgotten_when_the_activity_has_ended(
    client: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    set_up_logging("json")
    await chatted(client, workflow_id(new_number()))
    capsys.readouterr()
    logging.getLogger("worker").info("idle")
    [line] = lines(capsys)
    assert {"application", "activity"} & set(line) == set()


def test_an_exception_is_rendered_into_its_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logging("json")
    try:
        raise ConnectionError("the shop hung up")
    except ConnectionError:
        logging.getLogger("worker").exception("it went wrong")
    [line] = lines(capsys)
    assert line["exception"].startswith("Traceback (most recent call last):")
    assert line["exception"].endswith("ConnectionError: the shop hung up")
    assert (line["level"], line["logger"]) == ("error", "worker")


def test_a_line_break_in_what_somebody_said_does_not_make_a_second_line(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logging("json")
    logging.getLogger("worker").info("said: %s", '好的\n{"level": "error"}\x1b[31m')
    [line] = lines(capsys)
    assert line["event"] == 'said: 好的\n{"level": "error"}\x1b[31m'


def test_times_are_utc_and_lines_below_info_are_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logging("json")
    logging.getLogger("worker").debug("a detail")
    logging.getLogger("httpx").info("POST https://api.stripe.com/v1/refunds")
    logging.getLogger("stripe").info("request headers")
    logging.getLogger("alembic.runtime.migration").info("Context impl SQLiteImpl.")
    logging.getLogger("worker").info("a step")
    [line] = lines(capsys)
    assert line["event"] == "a step"
    assert line["timestamp"].endswith("Z")


def test_setting_up_twice_does_not_double_the_lines(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logging("json")
    set_up_logging("json")
    logging.getLogger("worker").info("once")
    assert [line["event"] for line in lines(capsys)] == ["once"]


def test_for_a_terminal_the_lines_are_written_to_be_read(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logging("console")
    logging.getLogger("worker").info("a step")
    written = capsys.readouterr().err
    assert "a step" in written
    assert not written.startswith("{")
