"""Encryption on a real server: every way that words take into a history, and what can be read of it without keys."""

import asyncio
import base64
import json
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from temporalio.api.workflowservice.v1 import DescribeWorkflowExecutionRequest
from temporalio.client import (
    Client,
    WorkflowFailureError,
    WorkflowHandle,
    WorkflowHistory,
    WorkflowUpdateFailedError,
)
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.exceptions import ApplicationError
from temporalio.worker import Replayer, Worker

from aftersales import AfterSales, Application, Decision, DecisionKind, EncryptionError, EncryptionSettings, connect
from aftersales.contract.names import QUEUE_CASES
from aftersales.encryption import encrypted
from cli.servers.dev_server import DevServer
from tests.client.conftest import application_for
from tests.client.encrypting import NAME, QUEUE, STORY, WORDS, Gossip, Told, remember, repeat, settings_of, stumble
from tests.client.small_case import KEY, SmallRefundCase
from tests.support.plain_text import assert_nothing_readable, readable_in

OLD, NEW = settings_of("old"), settings_of("new", "old")
PLAIN = EncryptionSettings()
ALL = " / ".join(WORDS)


@asynccontextmanager
async def gossip(client: Client, words: str = ALL) -> AsyncIterator[WorkflowHandle[Any, Any]]:
    """A started case of gossip and a worker for it, in the workflow sandbox as in production."""
    queue = f"{QUEUE}-{secrets.token_hex(4)}"
    activities = [remember, repeat, stumble]
    async with Worker(client, task_queue=queue, workflows=[Gossip], activities=activities):
        yield await client.start_workflow(
            Gossip.run,
            Told(words),
            id=queue,
            task_queue=queue,
            memo={"who": words},
            static_summary=words,
            static_details=words,
        )


async def _told_in_every_way(handle: WorkflowHandle[Any, Any], words: str = ALL) -> WorkflowHistory:
    """Signal, update, refusal, query and the end in a failure; the whole history."""
    await handle.signal(Gossip.hear, Told(words))
    assert await handle.execute_update(Gossip.answer, Told(words)) == Told(words)
    with pytest.raises(WorkflowUpdateFailedError) as refused:
        await handle.execute_update(Gossip.refuse, Told(words))
    cause = refused.value.cause
    assert isinstance(cause, ApplicationError)
    assert (cause.message, cause.type) == (f"no, {words}", "refused")
    async with asyncio.timeout(10):
        while words not in (heard := await handle.query(Gossip.heard)) or len(heard) < 2:
            await asyncio.sleep(0.05)
    await handle.signal(Gossip.end)
    with pytest.raises(WorkflowFailureError) as failed:
        await handle.result()
    assert f"it ended over {words}" in str(failed.value.cause)
    return await handle.fetch_history()


async def test_words_go_through_activities_heartbeats_updates_queries_and_failures_and_none_is_readable(
    dev_server: DevServer,
) -> None:
    async with gossip(await connect(address=dev_server.address, encryption=NEW)) as handle:
        history = await _told_in_every_way(handle)
        described = await handle.describe()
        assert (await described.memo())["who"] == ALL
        assert await described.static_summary() == ALL
    assert_nothing_readable(history, WORDS)
    assert "encrypting.py" not in history.to_json()  # no stack trace either


async def test_the_same_history_without_encryption_shows_every_word_to_the_scan(dev_server: DevServer) -> None:
    async with gossip(await connect(address=dev_server.address, encryption=PLAIN)) as handle:
        history = await _told_in_every_way(handle)
    assert readable_in(history, WORDS) == set(WORDS)


async def test_what_temporal_lists_and_describes_shows_no_word_either(dev_server: DevServer) -> None:
    client = await connect(address=dev_server.address, encryption=NEW)
    async with gossip(client) as handle:
        await _told_in_every_way(handle)
        request = DescribeWorkflowExecutionRequest(namespace="default")
        request.execution.workflow_id = handle.id
        raw = (await client.workflow_service.describe_workflow_execution(request)).SerializeToString()
    assert not [word for word in WORDS if word.encode() in raw]


async def test_an_encrypted_history_replays_with_its_keys_and_the_log_says_which_key_is_missing(
    dev_server: DevServer, caplog: pytest.LogCaptureFixture
) -> None:
    async with gossip(await connect(address=dev_server.address, encryption=NEW)) as handle:
        history = await _told_in_every_way(handle)
    for settings in (NEW, settings_of("other", "new")):
        await _replay(history, settings)
    with pytest.raises(RuntimeError, match="EncryptionError"):  # its message is encrypted as well
        await _replay(history, OLD)
    assert "key 'new', which this process does not hold" in caplog.text


async def _replay(history: WorkflowHistory, settings: EncryptionSettings) -> None:
    converter = encrypted(pydantic_data_converter, settings)
    await Replayer(workflows=[Gossip], data_converter=converter).replay_workflow(history)


async def test_a_case_lives_on_while_keys_are_rolled_and_began_before_there_were_any(dev_server: DevServer) -> None:
    application = _telling_application()
    plain, old, new = [await _shop(dev_server, settings) for settings in (PLAIN, OLD, NEW)]
    async with _small_cases(dev_server, PLAIN):
        number = await plain.apply(application, request_key=secrets.token_hex(8))
        assert (await plain.view(number)).waiting == "heard 0"
    async with _small_cases(dev_server, OLD):
        more_time = Decision(kind=DecisionKind.EXTEND, handling_hours=2, explanation=STORY)
        assert (await old.decide(number, more_time, actor="agent-3")).accepted
    async with _small_cases(dev_server, NEW):
        assert (await new.view(number)).explanation == STORY
        with pytest.raises(EncryptionError, match="key 'new'"):
            await old.view(number)


async def test_a_worker_without_the_key_waits_for_it_and_the_case_goes_on_when_it_has_it(dev_server: DevServer) -> None:
    shop = await _shop(dev_server, NEW)
    async with _small_cases(dev_server, OLD):
        number = await shop.apply(_telling_application(), request_key=secrets.token_hex(8))
        await asyncio.sleep(0.5)
    async with _small_cases(dev_server, NEW):
        await shop.review(number, Decision(kind=DecisionKind.APPROVE, explanation=STORY), actor="agent-3")
        await shop.result(number, timeout=30)
    assert_nothing_readable(await _history(dev_server, number), [NAME, STORY])


async def test_the_same_request_is_the_same_case_whoever_encrypts_it_with_which_key(dev_server: DevServer) -> None:
    application, request = _telling_application(), secrets.token_hex(8)
    first, again = await _shop(dev_server, OLD), await _shop(dev_server, NEW)
    number = await first.apply(application, request_key=request)
    assert await again.apply(application, request_key=request) == number


def test_the_scan_finds_words_however_they_are_wrapped() -> None:
    wrapped = [
        base64.b64encode(json.dumps({"who": STORY}).encode()).decode(),
        base64.b64encode(base64.b64encode(f"..{NAME}..".encode())).decode(),
        *(f"text {base64.b64encode(b'x' * lead + NAME.encode() + b'y').decode()} text" for lead in range(3)),
    ]
    for each in wrapped:
        history = WorkflowHistory.from_json(
            "w", {"events": [{"workflowExecutionSignaledEventAttributes": _said(each)}]}
        )
        assert len(readable_in(history, WORDS)) == 1, each


def test_the_scan_refuses_to_look_for_what_is_found_by_chance() -> None:
    with pytest.raises(ValueError, match="too short"):
        readable_in(WorkflowHistory.from_json("w", {"events": []}), ["C-7"])


def _said(text: str) -> dict[str, str]:
    return {"signalName": text}


def _telling_application() -> Application:
    return application_for(f"order-{secrets.token_hex(6)}").model_copy(update={"description": f"{STORY} {NAME}"})


async def _shop(dev_server: DevServer, settings: EncryptionSettings) -> AfterSales:
    return await AfterSales.connect(caller="shop", key=KEY, address=dev_server.address, encryption=settings)


@asynccontextmanager
async def _small_cases(dev_server: DevServer, settings: EncryptionSettings) -> AsyncIterator[None]:
    client = await connect(address=dev_server.address, encryption=settings)
    async with Worker(client, task_queue=QUEUE_CASES, workflows=[SmallRefundCase]):
        yield


async def _history(dev_server: DevServer, number: str) -> WorkflowHistory:
    client = await connect(address=dev_server.address, encryption=PLAIN)
    return await client.get_workflow_handle(f"refund/{number}").fetch_history()
