"""Logins: opened on the server's own page alone, and over with their time, idleness, logout, and their token."""

from datetime import timedelta

import httpx2
import pytest

from portal.codec.sessions import COOKIE
from portal.codec.settings import CodecSettings
from tests.client.encrypting import key
from tests.portal.codec.conftest import FROM_THE_UI, OTHERS_TOKEN, log_in, reader, sealed, served
from tests.portal.conftest import HandClock


async def reads(codec: httpx2.AsyncClient) -> bool:
    answer = await codec.post("/decode", json=await sealed(), headers=FROM_THE_UI)
    assert answer.status_code in (200, 401)
    return answer.status_code == 200


async def test_a_login_lets_the_web_ui_read_and_the_page_says_who_it_is(codec: httpx2.AsyncClient) -> None:
    assert 'name="token"' in (await codec.get("/")).text
    assert not await reads(codec)
    answer = await log_in(codec)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert await reads(codec)
    page = (await codec.get("/")).text
    assert "<strong>anna</strong>" in page
    assert 'name="token"' not in page


async def test_the_cookie_is_for_this_host_alone_and_out_of_reach_of_scripts(codec: httpx2.AsyncClient) -> None:
    cookie = (await log_in(codec)).headers["set-cookie"]
    assert cookie.startswith("__Host-")
    assert {"HttpOnly", "Secure", "SameSite=strict", "Path=/"} == set(cookie.split("; ")[1:])


async def test_a_wrong_token_is_told_on_the_page_and_opens_nothing(codec: httpx2.AsyncClient) -> None:
    for token in ("", "wrong", "<script>"):
        answer = await log_in(codec, token)
        assert answer.status_code == 401
        assert "No reader has this token." in answer.text
        assert "set-cookie" not in answer.headers
        assert "<script>" not in answer.text


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
async def test_another_site_can_neither_log_somebody_in_nor_out(codec: httpx2.AsyncClient, site: str) -> None:
    there = {"sec-fetch-site": site}
    answer = await codec.post("/login", data={"token": OTHERS_TOKEN}, headers=there)
    assert (answer.status_code, "set-cookie" in answer.headers) == (403, False)
    await log_in(codec)
    await codec.post("/logout", headers=there)
    assert await reads(codec)


async def test_looking_at_the_page_changes_nothing(codec: httpx2.AsyncClient) -> None:
    for path in ("/login", "/logout"):
        assert (await codec.get(path)).status_code == 405
    assert "set-cookie" not in (await codec.get("/")).headers


async def test_after_a_logout_a_copy_of_the_cookie_reads_nothing(codec: httpx2.AsyncClient) -> None:
    await log_in(codec)
    copy = codec.cookies[COOKIE]
    assert (await codec.post("/logout")).status_code == 303
    assert COOKIE not in codec.cookies
    codec.cookies.set(COOKIE, copy)
    assert not await reads(codec)
    assert (await codec.post("/logout")).status_code == 303


async def test_a_login_that_is_not_used_ends_and_one_that_is_used_goes_on(
    codec: httpx2.AsyncClient, settings: CodecSettings, clock: HandClock
) -> None:
    await log_in(codec)
    for _ in range(3):
        clock.time += timedelta(seconds=settings.idle_s - 1)
        assert await reads(codec)
    clock.time += timedelta(seconds=settings.idle_s)
    assert not await reads(codec)


async def test_a_login_ends_with_its_time_however_it_is_used(
    codec: httpx2.AsyncClient, settings: CodecSettings, clock: HandClock
) -> None:
    await log_in(codec)
    end = clock.time + timedelta(seconds=settings.session_s)
    while clock.time + timedelta(seconds=settings.idle_s) < end:
        clock.time += timedelta(seconds=settings.idle_s - 1)
        assert await reads(codec)
    clock.time = end
    assert not await reads(codec)


async def test_every_login_is_another_one(codec: httpx2.AsyncClient) -> None:
    first, second = [(await log_in(codec)).headers["set-cookie"] for _ in range(2)]
    assert first != second


async def test_a_login_ends_as_soon_as_its_token_is_taken_away_or_replaced(
    codec: httpx2.AsyncClient, settings: CodecSettings, clock: HandClock
) -> None:
    await log_in(codec)
    bo = reader("bo", OTHERS_TOKEN)
    for tokens in ((bo,), (bo, reader("anna", "a new one"))):
        async with served(settings.model_copy(update={"tokens": tokens}), clock) as restarted:
            restarted.cookies = codec.cookies
            assert not await reads(restarted)


async def test_several_codec_servers_know_each_others_logins_by_their_common_key(
    codec: httpx2.AsyncClient, settings: CodecSettings, clock: HandClock
) -> None:
    await log_in(codec)
    async with served(settings, clock) as other:
        other.cookies = codec.cookies
        assert await reads(other)
    async with served(settings.model_copy(update={"encryption_keys": (key("third"), key("new"))}), clock) as stranger:
        stranger.cookies = codec.cookies
        assert not await reads(stranger)


@pytest.mark.parametrize("cookie", ["", "x", "a.b", "e30.x"])
async def test_a_forged_cookie_is_no_login(codec: httpx2.AsyncClient, cookie: str) -> None:
    codec.cookies.set(COOKIE, cookie)
    assert not await reads(codec)
    assert 'name="token"' in (await codec.get("/")).text


async def test_a_form_that_is_too_large_is_refused(codec: httpx2.AsyncClient) -> None:
    assert (await log_in(codec, "x" * 5000)).status_code == 400


async def test_the_page_has_its_style(codec: httpx2.AsyncClient) -> None:
    answer = await codec.get("/portal.css")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/css; charset=utf-8")
    assert "input {" in answer.text
