"""`/decode` speaks Temporal's protocol: whatever can be opened comes back open, the rest with a sentence."""

import asyncio
from collections.abc import AsyncIterator

import httpx2
import pytest
from temporalio.api.common.v1 import Payload

from portal.codec.settings import CodecSettings
from tests.client.encrypting import STORY
from tests.portal.codec.conftest import AS_ANNA, FROM_THE_UI, PLAIN, STORY_AS_SENT, as_json, sealed, served
from tests.portal.conftest import HandClock


@pytest.mark.parametrize("key_id", ["new", "old"])
async def test_a_payload_of_any_key_that_it_holds_comes_back_open(codec: httpx2.AsyncClient, key_id: str) -> None:
    answer = await codec.post("/decode", json=await sealed(key_id=key_id), headers=AS_ANNA)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    assert answer.json() == as_json([PLAIN])
    assert answer.json()["payloads"][0]["data"] == STORY_AS_SENT


async def test_payloads_keep_their_order_and_plain_ones_come_back_as_they_are(codec: httpx2.AsyncClient) -> None:
    others = [Payload(metadata={"encoding": b"binary/null"}), PLAIN]
    body = as_json(others)
    body["payloads"][1:1] = (await sealed())["payloads"]
    answer = await codec.post("/decode", json=body, headers=AS_ANNA)
    assert answer.json() == as_json([others[0], PLAIN, PLAIN])


async def test_a_field_of_a_newer_web_ui_is_passed_over(codec: httpx2.AsyncClient) -> None:
    answer = await codec.post("/decode", json={**await sealed(), "purpose": "display"}, headers=AS_ANNA)
    assert answer.json() == as_json([PLAIN])


async def test_a_payload_of_a_key_that_is_gone_names_the_key(codec: httpx2.AsyncClient) -> None:
    answer = await codec.post("/decode", json=await sealed(key_id="lost"), headers=AS_ANNA | FROM_THE_UI)
    assert (answer.status_code, answer.json()["code"]) == (400, "not_opened")
    assert "key 'lost', which this process does not hold (it holds new, old)" in answer.json()["sentence"]


@pytest.mark.parametrize(
    "body", [b"", b"\xff\xfe", b"[1]", b'{"payloads": 1}', b'{"payloads": [{"data": 1}]}', b"{" * 2000]
)
async def test_what_is_no_list_of_payloads_is_refused(codec: httpx2.AsyncClient, body: bytes) -> None:
    answer = await codec.post("/decode", content=body, headers=AS_ANNA)
    assert (answer.status_code, answer.json()["code"]) == (400, "not_payloads")


async def test_a_body_that_is_too_large_is_refused_before_it_is_read(settings: CodecSettings, clock: HandClock) -> None:
    async with served(settings.model_copy(update={"largest_body_bytes": 100}), clock) as codec:
        answer = await codec.post("/decode", content=b"x" * 101, headers=AS_ANNA)
        assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


async def test_a_body_that_never_ends_is_given_up(settings: CodecSettings, clock: HandClock) -> None:
    async def dawdling() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.sleep(5)

    async with served(settings.model_copy(update={"body_limit_s": 0.05}), clock) as codec:
        answer = await codec.post("/decode", content=dawdling(), headers=AS_ANNA)
        assert (answer.status_code, answer.json()["code"]) == (408, "too_slow")


async def test_nothing_can_be_encrypted_here(codec: httpx2.AsyncClient) -> None:
    answer = await codec.post("/encode", json=as_json([PLAIN]), headers=AS_ANNA)
    assert (answer.status_code, answer.json()["code"]) == (404, "nothing_here")


async def test_the_log_says_who_read_how_many_and_nothing_of_what(
    codec: httpx2.AsyncClient, capsys: pytest.CaptureFixture[str]
) -> None:
    body = await sealed(PLAIN, PLAIN)
    await codec.post("/decode", json=body, headers=AS_ANNA)
    await codec.post("/decode", json=await sealed(key_id="lost"), headers=AS_ANNA)
    written = capsys.readouterr().out
    assert "payloads_read" in written
    assert "anna" in written
    for secret in (STORY, STORY_AS_SENT, AS_ANNA["authorization"].split()[1], body["payloads"][0]["data"]):
        assert secret not in written
