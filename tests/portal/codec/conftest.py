"""A codec server with two readers and one allowed page, spoken to as by the Web UI or by a program."""

import hashlib
import json
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest
from google.protobuf.json_format import MessageToDict
from temporalio.api.common.v1 import Payload, Payloads

from aftersales.encryption import PayloadEncryption
from portal.codec.app import create_app
from portal.codec.settings import CodecSettings, ReaderToken
from tests.client.encrypting import STORY, key
from tests.portal.conftest import HandClock

UI = "https://temporal.shop.example"
SERVER = "https://codec.shop.example"
ELSEWHERE = "https://evil.example"
TOKEN, OTHERS_TOKEN = "anna-" + "t" * 40, "bo-" + "t" * 40
PLAIN = Payload(metadata={"encoding": b"json/plain"}, data=json.dumps({"why": STORY}).encode())
AS_ANNA = {"authorization": f"Bearer {TOKEN}"}
FROM_THE_UI = {"origin": UI, "x-namespace": "default"}


def reader(name: str, token: str) -> ReaderToken:
    return ReaderToken(name=name, sha256=hashlib.sha256(token.encode()).hexdigest())


@pytest.fixture
def settings() -> CodecSettings:
    return CodecSettings(
        encryption_keys=(key("new"), key("old")),
        tokens=(reader("anna", TOKEN), reader("bo", OTHERS_TOKEN)),
        origins=(UI,),
    )


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@asynccontextmanager
async def served(
    settings: CodecSettings, clock: HandClock, address: str = "198.51.100.7"
) -> AsyncIterator[httpx2.AsyncClient]:
    """A browser at this address, speaking to a server of these settings."""
    transport = httpx2.ASGITransport(create_app(settings, clock), raise_app_exceptions=False, client=(address, 40_000))
    async with httpx2.AsyncClient(transport=transport, base_url=SERVER) as client:
        yield client


@pytest.fixture
async def codec(settings: CodecSettings, clock: HandClock) -> AsyncIterator[httpx2.AsyncClient]:
    async with served(settings, clock) as client:
        yield client


async def sealed(*payloads: Payload, key_id: str = "new") -> dict[str, Any]:
    """A request's body with these payloads encrypted."""
    return as_json(await PayloadEncryption([key(key_id)]).encode(payloads or [PLAIN]))


def as_json(payloads: list[Payload]) -> dict[str, Any]:
    return MessageToDict(Payloads(payloads=payloads))


def said(payload: dict[str, Any]) -> str:
    """What a payload of the protocol's JSON holds, as base64."""
    return str(payload["data"])


STORY_AS_SENT = b64encode(PLAIN.data).decode()


async def log_in(codec: httpx2.AsyncClient, token: str = TOKEN) -> httpx2.Response:
    return await codec.post("/login", data={"token": token}, headers={"sec-fetch-site": "same-origin"})
