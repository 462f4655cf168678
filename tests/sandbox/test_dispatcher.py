"""Deliveries in time: their schedule, how many at once, and receivers that do not answer."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path

from starlette.types import Receive, Scope, Send

from sandbox.dispatcher import MOST_AT_ONCE
from sandbox.settings import SandboxSettings
from tests.sandbox.servers import Box, Receiver, sandbox, serving, until

MINUTE_S = 60
SCALE = 1 / 30_000


class Slow:
    """A receiver that answers each webhook only when it may; remembers which came, and how many at once."""

    def __init__(self, *, silent: int = 0) -> None:
        self.may_answer = asyncio.Event()
        self.silent = silent
        self.events: list[str] = []
        self.open = self.most_open = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take one webhook; the first ``silent`` ones are never answered."""
        assert scope["type"] == "http"
        self.events.append(json.loads((await receive())["body"])["id"])
        self.open += 1
        self.most_open = max(self.most_open, self.open)
        patient = len(self.events) > self.silent
        ends = asyncio.create_task(self.may_answer.wait() if patient else asyncio.Event().wait())
        leaves = asyncio.create_task(_left(receive))
        await asyncio.wait([ends, leaves], return_when=asyncio.FIRST_COMPLETED)
        self.open -= 1
        for task in (ends, leaves):
            task.cancel()
        if ends.done():
            await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
            await send({"type": "http.response.body"})

    async def wait_for(self, number: int) -> None:
        """Wait until so many have come."""

        async def come() -> bool:
            return len(self.events) >= number

        await until(come)


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        continue


@asynccontextmanager
async def slow_receiver(*, silent: int = 0) -> AsyncIterator[tuple[Slow, str]]:
    receiver = Slow(silent=silent)
    async with serving(receiver, lifespan="off") as url:
        yield receiver, url


async def attempts(box: Box) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = (await box.admin.get("/admin/deliveries")).json()["attempts"]
    return rows


async def test_tries_are_ever_further_apart_as_stripes_are(listened: Box, receiver: Receiver) -> None:
    receiver.statuses = [500, 500, 500]
    await listened.script("pending")
    await listened.refund()
    await receiver.wait_for(4)

    async def all_recorded() -> bool:
        return len(await attempts(listened)) == 4

    await until(all_recorded)
    times = [float(str(row["at"])) for row in await attempts(listened)]
    for (earlier, later), minutes in zip(pairwise(times), (5, 30, 120), strict=True):
        assert later - earlier >= minutes * MINUTE_S * SCALE * 0.99


async def test_a_receiver_who_does_not_answer_is_tried_again() -> None:
    async with slow_receiver(silent=1) as (receiver, url):
        receiver.may_answer.set()
        settings = SandboxSettings(webhook_url=url, webhook_timeout_s=0.1, webhook_retry_scale=SCALE)
        async with sandbox(settings) as box:
            await box.seed()
            await box.script("pending")
            await box.refund()
            await receiver.wait_for(2)

            async def settled() -> bool:
                return not (await box.admin.get("/admin/deliveries")).json()["waiting"]

            await until(settled)
            rows = await attempts(box)
    assert [(row["error"], row["status"]) for row in rows] == [("ReadTimeout", None), (None, 200)]
    assert len(set(receiver.events)) == 1


async def test_a_sandbox_ended_in_the_middle_of_a_delivery_sends_it_again_when_it_is_back(tmp_path: Path) -> None:
    state = tmp_path / "state.sqlite"
    async with slow_receiver() as (receiver, url):
        settings = SandboxSettings(webhook_url=url, state_file=state, webhook_timeout_s=60)
        async with asyncio.timeout(10):  # far below the delivery's own limit: the end does not wait for a receiver
            async with sandbox(settings) as box:
                await box.seed()
                await box.script("pending")
                await box.refund()
                await receiver.wait_for(1)
        receiver.may_answer.set()
        async with sandbox(settings) as box:
            await receiver.wait_for(2)
            assert (await box.admin.get("/admin/events")).json()["events"][0]["id"] == receiver.events[0]
    assert len(set(receiver.events)) == 1


async def test_not_more_than_so_many_are_under_way_and_the_rest_follow() -> None:
    async with slow_receiver() as (receiver, url):
        settings = SandboxSettings(webhook_url=url)
        async with sandbox(settings) as box:
            await box.seed()
            await box.script("pending", times=None)
            for number in range(MOST_AT_ONCE + 8):
                await box.refund(5, f"leg-{number}", f"key-{number}")
            await receiver.wait_for(MOST_AT_ONCE)
            assert receiver.most_open == MOST_AT_ONCE
            receiver.may_answer.set()
            await receiver.wait_for(MOST_AT_ONCE + 8)
    assert receiver.most_open == MOST_AT_ONCE
    assert len(set(receiver.events)) == MOST_AT_ONCE + 8


async def test_a_reset_hangs_up_on_receivers_and_owes_them_nothing() -> None:
    async with slow_receiver() as (receiver, url), sandbox(SandboxSettings(webhook_url=url)) as box:
        await box.seed()
        await box.script("pending")
        await box.refund()
        await receiver.wait_for(1)
        await box.reset()

        async def hung_up() -> bool:
            return receiver.open == 0

        await until(hung_up)
        assert (await box.admin.get("/admin/deliveries")).json() == {"attempts": [], "waiting": 0}
