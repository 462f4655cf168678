"""The life of an idempotency key, to the second, and what belongs to it."""

import asyncio
from pathlib import Path

import pytest

from sandbox.clock import SandboxClock
from sandbox.settings import SandboxSettings
from sandbox.store import Store
from sandbox.stripe.keys import KeyRing, StoredAnswer
from tests.sandbox.servers import API_KEY, Box, sandbox

DAY_S = 24 * 3600
NOON = 1_800_000_000.0
ANSWER = StoredAnswer("fingerprint", 200, b"{}", "req_1")


class StoppedClock(SandboxClock):
    """A clock that shows what it is told and does not run."""

    def __init__(self, store: Store, at: float = NOON) -> None:
        super().__init__(store)
        self.at = at

    def now(self) -> float:
        """The one moment."""
        return self.at


@pytest.fixture
def clock() -> StoppedClock:
    """Noon."""
    return StoppedClock(Store(None))


@pytest.fixture
def keys(clock: StoppedClock) -> KeyRing:
    """Keys that live for a day, over the clock's store."""
    return KeyRing(clock._store, clock, DAY_S)


@pytest.mark.parametrize(("age_s", "kept"), [(0, True), (DAY_S - 0.001, True), (DAY_S, False), (DAY_S + 1, False)])
def test_a_key_is_forgotten_at_the_first_moment_it_may_be(
    keys: KeyRing, clock: StoppedClock, age_s: float, kept: bool
) -> None:
    keys.store("key-1", ANSWER)
    clock.at += age_s
    assert (keys.stored("key-1") == ANSWER) is kept


def test_a_key_used_again_after_its_life_begins_a_new_one(keys: KeyRing, clock: StoppedClock) -> None:
    keys.store("key-1", ANSWER)
    clock.at += DAY_S
    second = StoredAnswer("other", 200, b"[]", "req_2")
    keys.store("key-1", second)
    clock.at += DAY_S - 1
    assert keys.stored("key-1") == second


def test_a_clock_put_back_does_not_forget_a_key(keys: KeyRing, clock: StoppedClock) -> None:
    keys.store("key-1", ANSWER)
    clock.at -= 30 * DAY_S
    assert keys.stored("key-1") == ANSWER


def test_a_key_is_in_flight_for_one_call_at_a_time(keys: KeyRing) -> None:
    assert [keys.occupy("key-1"), keys.occupy("key-1"), keys.occupy("key-2")] == [True, False, True]
    keys.vacate("key-1")
    assert keys.occupy("key-1")


def test_a_key_in_flight_does_not_outlive_the_process_and_a_stored_one_does(tmp_path: Path) -> None:
    path = tmp_path / "state.sqlite"
    first = Store(path)
    ring = KeyRing(first, SandboxClock(first), DAY_S)
    ring.occupy("key-1")
    ring.store("key-2", ANSWER)
    first.close()
    second = Store(path)
    after = KeyRing(second, SandboxClock(second), DAY_S)
    assert after.occupy("key-1")
    assert after.stored("key-2") == ANSWER


async def test_a_key_on_a_question_means_nothing(box: Box) -> None:
    headers = {"authorization": f"Bearer {API_KEY}", "idempotency-key": "key-1"}
    before = await box.admin.get("/v1/charges/ch_1", headers=headers)
    await box.refund(key="key-1")
    after = await box.admin.get("/v1/charges/ch_1", headers=headers)
    assert (before.json()["amount_refunded"], after.json()["amount_refunded"]) == (0, 1_000)
    assert "idempotent-replayed" not in after.headers


async def test_a_key_too_long_is_a_mistake_about_keys(box: Box) -> None:
    error = (await box.post("k" * 256, charge="ch_1")).json()["error"]
    assert error["type"] == "idempotency_error"
    assert "255 characters" in error["message"]
    assert await box.refundable() == 10_000


async def test_a_key_belongs_to_its_path(box: Box) -> None:
    await box.refund(key="key-1")
    headers = {"authorization": f"Bearer {API_KEY}", "idempotency-key": "key-1"}
    params = {"charge": "ch_1", "amount": "1000", "metadata[leg]": "leg-1"}
    answer = await box.admin.post("/v1/refunds/re_1", data=params, headers=headers)
    assert answer.json()["error"]["type"] == "idempotency_error"


async def test_identical_keys_at_one_moment_execute_once_and_the_others_are_told_to_wait(box: Box) -> None:
    await box.script("hold_before_execute")
    same = {"charge": "ch_1", "amount": 5, "metadata[leg]": "leg-1"}
    first = asyncio.create_task(box.post("key-1", **same))
    await box.held()
    others = await asyncio.gather(*(box.post("key-1", **same) for _ in range(5)))
    assert {(answer.status_code, answer.json()["error"]["code"]) for answer in others} == {
        (409, "idempotency_key_in_use")
    }
    await box.let_go()
    assert ((await first).status_code, await box.executions()) == (200, 1)
    assert (await box.post("key-1", **same)).headers["idempotent-replayed"] == "true"


async def test_a_call_cut_off_by_an_outage_leaves_its_key_free(box: Box) -> None:
    await box.script("hold_before_execute")
    holding = asyncio.create_task(box.refund())
    await box.held()
    await box.admin.put("/admin/outage", json={"on": True})
    await box.admin.post("/admin/release", json={"then": "drop"})
    assert isinstance((await asyncio.gather(holding, return_exceptions=True))[0], Exception)
    await box.admin.put("/admin/outage", json={"on": False})
    assert (await box.refund()).status == "succeeded"
    assert await box.executions() == 1


async def test_a_call_held_when_an_outage_begins_is_still_executed(box: Box) -> None:
    # It had arrived: that the product does not hear of it is its own misfortune, as with the real provider.
    await box.script("hold_before_execute")
    holding = asyncio.create_task(box.refund())
    await box.held()
    await box.admin.put("/admin/outage", json={"on": True})
    await box.admin.post("/admin/release", json={})
    assert (await holding).status == "succeeded"
    assert await box.executions() == 1


async def test_an_answer_and_its_money_are_kept_together_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "state.sqlite"
    async with sandbox(SandboxSettings(state_file=path)) as box:
        await box.seed()
        disk = Store(path)
        disk.run("CREATE TRIGGER full BEFORE INSERT ON stripe_keys BEGIN SELECT RAISE(ABORT, 'the disk is full'); END")
        assert (await box.post("key-1", charge="ch_1", amount=5)).status_code == 500
        disk.run("DROP TRIGGER full")
        disk.close()
        assert await box.refundable() == 10_000
        assert (await box.post("key-1", charge="ch_1", amount=5)).status_code == 200
        assert await box.refundable() == 9_995
