"""Nobody asks too often (2.4.1): neither from one address nor with one link; and whoever signs is never counted."""

import asyncio
from collections.abc import AsyncIterator

import httpx2
import pytest
from limits import RateLimitItemPerMinute, RateLimitItemPerSecond
from limits.aio.storage import MemoryStorage
from pydantic import ValidationError

from aftersales.contract.numbers import number_for
from portal.limits import BUCKETS, Counter, TooManyRequestsError, address_key
from portal.settings import PortalSettings
from tests.integrations.evidence.samples import JPEG
from tests.portal.conftest import House, client_of, house_with
from tests.portal.stripe_events import deliver, refund_event

OTHER_NUMBER = number_for("shop", "another")
FROM_A_BROWSER = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


@pytest.fixture
async def busy(settings: PortalSettings) -> AsyncIterator[House]:
    """A portal that takes two requests a minute with a link and five from an address."""
    limits = {"link_per_minute": 2, "address_per_minute": 5}
    async with house_with(settings.model_copy(update=limits)) as built:
        yield built


async def often(times: int, house: House, method: str, path: str) -> list[int]:
    return [(await house.client.request(method, path)).status_code for _ in range(times)]


class Pieces:
    """A body that notes whether anybody read of it."""

    def __init__(self) -> None:
        self.were_read = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        self.were_read = True
        yield b"score=5"


async def test_a_link_opened_too_often_rests_and_is_not_used_up(busy: House) -> None:
    path = f"/survey/{busy.survey_token()}"
    assert await often(2, busy, "GET", path) == [200, 200]
    page = await busy.client.post(path, data={"score": "5"})
    assert page.status_code == 429
    assert 0 < int(page.headers["retry-after"]) <= 120
    assert "请求过于频繁" in page.text
    assert "Too many requests" in page.text
    assert busy.cases.answers == []
    other = busy.survey_token(number=OTHER_NUMBER)
    assert (await busy.client.post(f"/survey/{other}", data={"score": "5"})).status_code == 200


async def test_reading_starts_only_after_the_limits_were_asked(busy: House) -> None:
    for path in (f"/survey/{busy.survey_token()}", f"/evidence/{busy.upload_token()}"):
        await often(2, busy, "POST", path)
        body = Pieces()
        assert (await busy.client.post(path, content=body)).status_code == 429
        assert not body.were_read


async def test_a_ticket_tried_too_often_rests_and_says_when_to_come_again(busy: House) -> None:
    path = f"/evidence/{busy.upload_token()}"
    assert await often(2, busy, "POST", path) == [422, 422]
    told = await busy.client.post(path, content=JPEG)
    assert (told.status_code, told.json()["code"]) == (429, "too_many")
    assert told.headers["retry-after"] in told.json()["sentence"]
    page = await busy.client.post(path, content=JPEG, headers=FROM_A_BROWSER)
    assert (page.status_code, page.headers["retry-after"]) == (429, told.headers["retry-after"])
    assert 'lang="zh-CN"' in page.text
    assert 'lang="en"' in page.text
    assert (await busy.client.post(f"/evidence/{busy.upload_token(ticket='2')}", content=JPEG)).status_code == 201


@pytest.mark.parametrize(("method", "room", "refused"), [("GET", "survey", 404), ("POST", "evidence", 403)])
async def test_who_guesses_links_is_stopped_and_others_are_not(
    busy: House, method: str, room: str, refused: int
) -> None:
    guesses = [(await busy.client.request(method, f"/{room}/k1.guess{n}")).status_code for n in range(7)]
    assert guesses == [refused] * 5 + [429] * 2
    async with client_of(busy.app, "203.0.113.9") as somebody_else:
        assert (await somebody_else.get(f"/survey/{busy.survey_token()}")).status_code == 200


async def test_who_was_stopped_at_the_survey_may_still_upload(busy: House) -> None:
    await often(7, busy, "GET", "/survey/x")
    assert (await busy.client.post(f"/evidence/{busy.upload_token()}", content=JPEG)).status_code == 201


async def test_signed_webhooks_are_never_throttled(busy: House) -> None:
    deliveries = (deliver(busy, refund_event(f"evt_{n}", number="")) for n in range(300))
    answers = await asyncio.gather(*deliveries)
    assert {answer.status_code for answer in answers} == {200}


async def test_a_webhook_that_says_it_is_too_large_is_refused_unread(busy: House) -> None:
    body = Pieces()
    answer = await busy.client.post("/webhooks/stripe", content=body, headers={"content-length": "5000"})
    assert answer.status_code == 413
    assert not body.were_read


async def test_when_the_wait_is_over_there_is_room_again() -> None:
    counter = Counter(RateLimitItemPerSecond(2), MemoryStorage())
    told = await asyncio.gather(*(counter.count("somebody") for _ in range(9)), return_exceptions=True)
    refused = [why for why in told if isinstance(why, TooManyRequestsError)]
    assert refused
    await asyncio.sleep(refused[-1].wait_s)
    await counter.count("somebody")


async def test_the_counts_take_bounded_memory_whoever_comes() -> None:
    counts = MemoryStorage()
    counter = Counter(RateLimitItemPerMinute(1_000_000), counts)
    for n in range(4 * BUCKETS):
        await counter.count(f"somebody {n}")
    assert len(counts.storage) <= 2 * BUCKETS


@pytest.mark.parametrize(
    ("one", "other", "are_one"),
    [
        ("198.51.100.7", "198.51.100.8", False),
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("::ffff:198.51.100.7", "198.51.100.7", True),
        ("", "unix socket", False),
    ],
)
def test_an_address_is_counted_with_its_household(one: str, other: str, are_one: bool) -> None:
    assert (address_key(one) == address_key(other)) is are_one


@pytest.mark.parametrize("listed", ["*", "proxy.example", "10.1.2.3/8", "10.0.0.1, *"])
def test_only_proxies_that_are_named_are_trusted(settings: PortalSettings, listed: str) -> None:
    with pytest.raises(ValidationError, match="name each proxy"):
        PortalSettings.model_validate(settings.model_dump() | {"trusted_proxies": listed})


async def test_a_client_without_an_address_is_served(busy: House) -> None:
    transport = httpx2.ASGITransport(busy.app, client=("", 0))
    async with httpx2.AsyncClient(transport=transport, base_url="http://portal.example") as client:
        assert (await client.get(f"/survey/{busy.survey_token()}")).status_code == 200
