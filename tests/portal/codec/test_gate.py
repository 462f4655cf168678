"""Who is let in: a reader's token, or a login from the Web UI's own origin; nobody from anywhere else."""

import httpx2
import pytest

from portal.codec.settings import CodecSettings
from tests.portal.codec.conftest import (
    AS_ANNA,
    ELSEWHERE,
    FROM_THE_UI,
    OTHERS_TOKEN,
    TOKEN,
    UI,
    log_in,
    sealed,
    served,
)
from tests.portal.conftest import HandClock

PREFLIGHT = {"access-control-request-method": "POST", "access-control-request-headers": "content-type,x-namespace"}
CORS = "access-control-allow-"


async def decode(codec: httpx2.AsyncClient, **headers: str) -> httpx2.Response:
    return await codec.post("/decode", json=await sealed(), headers=headers)


@pytest.mark.parametrize("authorization", [f"Bearer {TOKEN}", f"bearer  {OTHERS_TOKEN} "])
async def test_every_reader_is_let_in_by_a_token_of_their_own(codec: httpx2.AsyncClient, authorization: str) -> None:
    assert (await decode(codec, authorization=authorization)).status_code == 200


@pytest.mark.parametrize(
    "authorization",
    ["", "Bearer", "Bearer ", f"Bearer {TOKEN}x", f"Bearer {TOKEN[:-1]}", f"Basic {TOKEN}", TOKEN, "Bearer \xe4"],
)
async def test_nobody_is_let_in_without_a_token_or_with_a_wrong_one(
    codec: httpx2.AsyncClient, authorization: str
) -> None:
    sent = httpx2.Headers({"authorization": authorization} if authorization else {}, encoding="latin-1")
    answer = await codec.post("/decode", json=await sealed(), headers=sent)
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
    assert set(answer.json()) == {"code", "sentence"}


async def test_the_hash_that_stands_in_the_settings_is_no_token(
    codec: httpx2.AsyncClient, settings: CodecSettings
) -> None:
    assert (await decode(codec, authorization=f"Bearer {settings.tokens[0].sha256}")).status_code == 401


async def test_a_page_of_the_web_ui_may_ask_and_read_with_its_cookie(codec: httpx2.AsyncClient) -> None:
    answer = await codec.options("/decode", headers=FROM_THE_UI | PREFLIGHT)
    assert answer.status_code == 204
    assert answer.headers[f"{CORS}origin"] == UI
    assert answer.headers[f"{CORS}credentials"] == "true"
    assert answer.headers[f"{CORS}methods"] == "POST"
    assert {"authorization", "content-type", "x-namespace"} == set(answer.headers[f"{CORS}headers"].split(", "))
    assert "Origin" in answer.headers["vary"]
    await log_in(codec)
    read = await decode(codec, **FROM_THE_UI)
    assert (read.status_code, read.headers[f"{CORS}origin"]) == (200, UI)


@pytest.mark.parametrize(
    "origin", [ELSEWHERE, "null", f"{UI}.evil.example", f"{UI}:8443", UI.replace("s:", ":"), "*", ""]
)
async def test_a_page_from_elsewhere_gets_nothing_whatever_it_brings(codec: httpx2.AsyncClient, origin: str) -> None:
    await log_in(codec)
    asked = await codec.options("/decode", headers={**PREFLIGHT, "origin": origin})
    posted = await decode(codec, origin=origin, **AS_ANNA)
    for answer in (asked, posted):
        assert answer.status_code == 401
        assert not [name for name in answer.headers if name.startswith(CORS)]


async def test_a_preflight_of_nobody_is_refused(codec: httpx2.AsyncClient) -> None:
    assert (await codec.options("/decode", headers=PREFLIGHT)).status_code == 401


async def test_refusals_can_be_read_by_the_web_ui_too(codec: httpx2.AsyncClient) -> None:
    answer = await decode(codec, **FROM_THE_UI)
    assert (answer.status_code, answer.headers[f"{CORS}origin"]) == (401, UI)
    assert "log in on this server's own page" in answer.json()["sentence"]


async def test_a_login_counts_only_for_a_page_that_says_where_it_is_from(codec: httpx2.AsyncClient) -> None:
    await log_in(codec)
    assert (await decode(codec)).status_code == 401


async def test_without_allowed_origins_no_page_reads(settings: CodecSettings, clock: HandClock) -> None:
    async with served(settings.model_copy(update={"origins": ()}), clock) as codec:
        assert (await decode(codec, **FROM_THE_UI, **AS_ANNA)).status_code == 401
        assert (await decode(codec, **AS_ANNA)).status_code == 200


async def test_who_asks_too_often_waits_whatever_they_ask(settings: CodecSettings, clock: HandClock) -> None:
    async with served(settings.model_copy(update={"address_per_minute": 3}), clock) as codec:
        asked = [await decode(codec, **AS_ANNA), await codec.get("/"), await codec.options("/decode")]
        assert [answer.status_code for answer in asked] == [200, 200, 401]
        late = [
            await decode(codec, **AS_ANNA),
            await codec.get("/"),
            await codec.options("/decode"),
            await log_in(codec),
        ]
        assert [answer.status_code for answer in late] == [429] * 4
        assert all(int(answer.headers["retry-after"]) > 0 for answer in late)


async def test_who_guesses_is_stopped_and_a_reader_at_the_same_address_is_not(
    settings: CodecSettings, clock: HandClock
) -> None:
    async with served(settings.model_copy(update={"failures_per_minute": 2}), clock) as codec:
        guesses = [await decode(codec, authorization=f"Bearer guess{n}") for n in range(3)] + [
            await log_in(codec, "guess")
        ]
        assert [answer.status_code for answer in guesses] == [401, 401, 429, 429]
        assert (await decode(codec, **AS_ANNA)).status_code == 200
        assert (await log_in(codec)).status_code == 303


@pytest.mark.parametrize(("method", "path"), [("GET", "/"), ("POST", "/decode"), ("GET", "/healthz"), ("GET", "/docs")])
async def test_every_answer_keeps_itself_to_itself(codec: httpx2.AsyncClient, method: str, path: str) -> None:
    answer = await codec.request(method, path)
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "max-age" in answer.headers["strict-transport-security"]


async def test_the_process_says_that_it_lives_and_publishes_no_description(codec: httpx2.AsyncClient) -> None:
    assert (await codec.get("/healthz")).json() == {"status": "ok"}
    for path in ("/docs", "/openapi.json", "/redoc"):
        assert (await codec.get(path)).status_code == 404
