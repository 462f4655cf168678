"""Idempotency keys: what is replayed, what is refused, and when a key is forgotten."""

import asyncio

import pytest
import stripe

from sandbox.settings import SandboxSettings
from tests.sandbox.servers import Box, sandbox

DAY_S = 24 * 3600


async def test_same_key_replays_the_stored_answer(box: Box) -> None:
    first = await box.refund()
    again = await box.refund()
    assert again.id == first.id
    assert again.last_response is not None
    assert again.last_response.headers["Idempotent-Replayed"] == "true"
    assert await box.executions() == 1


async def test_a_first_answer_is_not_marked_as_replayed(box: Box) -> None:
    first = await box.post("key-1", charge="ch_1", amount=5)
    again = await box.post("key-1", charge="ch_1", amount=5)
    assert "idempotent-replayed" not in first.headers
    assert again.headers["original-request"] == first.headers["request-id"]
    assert again.content == first.content


async def test_a_replay_shows_the_past_not_the_present(box: Box) -> None:
    first = await box.refund()
    await box.admin.post(f"/admin/stripe/refunds/{first.id}/reverse", json={})
    assert (await box.refund()).status == "succeeded"
    assert (await box.sdk.v1.refunds.retrieve_async(first.id)).status == "failed"


async def test_same_key_with_another_amount_is_a_conflict(box: Box) -> None:
    await box.refund(1_000)
    with pytest.raises(stripe.IdempotencyError) as refused:
        await box.refund(1_001)
    assert refused.value.http_status == 400
    assert await box.executions() == 1


async def test_same_key_with_another_leg_is_a_conflict(box: Box) -> None:
    await box.refund(leg="leg-1")
    with pytest.raises(stripe.IdempotencyError):
        await box.refund(leg="leg-2")
    assert await box.executions("leg-2") == 0


async def test_the_order_of_parameters_does_not_matter(box: Box) -> None:
    await box.post("key-1", charge="ch_1", amount=5)
    again = await box.post("key-1", amount=5, charge="ch_1")
    assert again.headers["idempotent-replayed"] == "true"


async def test_another_key_refunds_again(box: Box) -> None:
    await box.refund(key="key-1")
    await box.refund(key="key-2")
    assert await box.executions() == 2


async def test_without_a_key_every_request_refunds(box: Box) -> None:
    for _ in range(3):
        await box.post(None, charge="ch_1", amount=5, **{"metadata[leg]": "leg-1"})
    assert await box.executions() == 3


async def test_a_key_lives_to_the_last_second_of_its_day(box: Box) -> None:
    first = await box.refund()
    await box.advance(DAY_S - 60)
    assert (await box.refund()).id == first.id


async def test_expired_key_refunds_again(box: Box) -> None:
    first = await box.refund()
    await box.advance(DAY_S + 1)
    second = await box.refund()
    assert second.id != first.id
    assert await box.executions() == 2


async def test_an_expired_key_takes_other_parameters(box: Box) -> None:
    await box.refund(1_000)
    await box.advance(DAY_S + 1)
    assert (await box.refund(2_000)).amount == 2_000
    assert (await box.refund(2_000)).amount == 2_000
    assert await box.executions() == 2


async def test_the_life_of_a_key_is_a_setting() -> None:
    async with sandbox(SandboxSettings(stripe_key_life_s=60)) as box:
        await box.seed()
        await box.refund()
        await box.advance(61)
        await box.refund()
        assert await box.executions() == 2


async def test_a_stored_500_is_replayed_and_nothing_is_executed(box: Box) -> None:
    await box.script("error_500")
    for _ in range(2):
        with pytest.raises(stripe.APIError) as failed:
            await box.refund()
        assert failed.value.http_status == 500
    assert [row["replayed"] for row in await box.requests()] == [False, True]
    assert await box.executions() == 0


async def test_a_stored_500_may_hide_an_execution(box: Box) -> None:
    await box.script("execute_then_500")
    for _ in range(2):
        with pytest.raises(stripe.APIError):
            await box.refund()
    assert await box.executions() == 1
    listed = await box.sdk.v1.refunds.list_async({"charge": "ch_1"})
    assert len(listed.data) == 1


async def test_a_refusal_after_execution_began_is_replayed(box: Box) -> None:
    await box.admin.put("/admin/stripe/charges/ch_1/dispute", json={"open": True})
    await box.post("key-1", charge="ch_1", amount=5)
    await box.admin.put("/admin/stripe/charges/ch_1/dispute", json={"open": False})
    again = await box.post("key-1", charge="ch_1", amount=5)
    assert again.json()["error"]["code"] == "charge_disputed"
    assert again.headers["idempotent-replayed"] == "true"


async def test_a_refusal_of_the_parameters_is_not_stored(box: Box) -> None:
    refused = await box.post("key-1", charge="ch_1", amount="abc")
    assert refused.status_code == 400
    corrected = await box.post("key-1", charge="ch_1", amount="5")
    assert corrected.status_code == 200


async def test_too_many_requests_are_not_stored(box: Box) -> None:
    await box.script("429")
    with pytest.raises(stripe.RateLimitError) as refused:
        await box.refund()
    assert refused.value.http_status == 429
    assert (await box.refund()).status == "succeeded"


async def test_a_key_in_flight_is_refused_and_not_disturbed(box: Box) -> None:
    await box.script("hold_before_execute")
    first = asyncio.create_task(box.refund())
    await box.held()
    with pytest.raises(stripe.APIError) as refused:
        await box.refund()
    assert refused.value.http_status == 409
    assert "idempotency_key_in_use" in str(refused.value.http_body)
    await box.admin.post("/admin/release", json={})
    assert (await box.refund()).id == (await first).id
    assert await box.executions() == 1


async def test_a_key_longer_than_255_characters_is_refused(box: Box) -> None:
    answer = await box.post("k" * 256, charge="ch_1")
    assert answer.status_code == 400
    assert (await box.post("k" * 255, charge="ch_1")).status_code == 200


async def test_the_over_amount_code_is_a_setting() -> None:
    async with sandbox(SandboxSettings(stripe_over_amount_code="amount_too_large")) as box:
        await box.seed(amount=5)
        refused = await box.post(None, charge="ch_1", amount=6)
        assert refused.json()["error"]["code"] == "amount_too_large"
