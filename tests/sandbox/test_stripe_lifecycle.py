"""Refunds that end later, fail, or are taken back after a success."""

import httpx
import pytest

from tests.sandbox.servers import Box


async def finish(box: Box, refund_id: str, outcome: str, **why: str) -> httpx.Response:
    return await box.admin.post(f"/admin/stripe/refunds/{refund_id}/finish", json={"outcome": outcome, **why})


async def reverse(box: Box, refund_id: str, **why: str) -> httpx.Response:
    return await box.admin.post(f"/admin/stripe/refunds/{refund_id}/reverse", json=why)


async def test_a_pending_refund_binds_its_amount(box: Box) -> None:
    await box.script("pending")
    refund = await box.refund()
    assert refund.status == "pending"
    assert refund.pending_reason == "processing"
    assert await box.refundable() == 9_000
    assert await box.executions() == 1


async def test_a_pending_refund_succeeds_later(box: Box) -> None:
    await box.script("pending")
    refund = await box.refund()
    assert (await finish(box, refund.id, "succeed")).json()["status"] == "succeeded"
    shown = await box.sdk.v1.refunds.retrieve_async(refund.id)
    assert shown.status == "succeeded"
    assert "pending_reason" not in shown
    assert (await box.tally())["not_reversed"] == 1


async def test_a_pending_refund_that_fails_gives_its_amount_back(box: Box) -> None:
    await box.admin.put("/admin/balance", json={"currency": "usd", "amount": 1_000})
    await box.script("pending")
    refund = await box.refund()
    await finish(box, refund.id, "fail", failure_reason="declined")
    shown = await box.sdk.v1.refunds.retrieve_async(refund.id)
    assert (shown.status, shown.failure_reason) == ("failed", "declined")
    assert str(shown.failure_balance_transaction).startswith("txn_")
    assert await box.refundable() == 10_000
    balances = (await box.admin.get("/admin/balance")).json()["balances"]
    assert balances == [{"provider": "stripe", "currency": "usd", "amount_minor": 1_000}]


async def test_a_canceled_refund_gives_its_amount_back(box: Box) -> None:
    await box.script("pending")
    refund = await box.refund()
    assert (await finish(box, refund.id, "cancel")).json()["status"] == "canceled"
    assert await box.refundable() == 10_000


async def test_a_refund_may_require_the_payers_action(box: Box) -> None:
    await box.script("requires_action")
    refund = await box.refund()
    assert refund.status == "requires_action"
    assert refund.next_action is not None
    assert refund.next_action.type == "display_details"
    assert (await finish(box, refund.id, "succeed")).json()["status"] == "succeeded"


async def test_a_success_is_reversed_days_later(box: Box) -> None:
    refund = await box.refund()
    await box.advance(12 * 24 * 3600)
    await reverse(box, refund.id, failure_reason="lost_or_stolen_card")
    shown = await box.sdk.v1.refunds.retrieve_async(refund.id)
    assert (shown.status, shown.failure_reason) == ("failed", "lost_or_stolen_card")
    assert await box.refundable() == 10_000


async def test_a_reversed_execution_stays_in_the_count_and_is_marked(box: Box) -> None:
    refund = await box.refund()
    await reverse(box, refund.id)
    tally = await box.tally()
    assert (tally["executions"], tally["executed_minor"]) == (1, 1_000)
    assert (tally["not_reversed"], tally["not_reversed_minor"]) == (0, 0)


async def test_after_a_reversal_the_leg_can_be_refunded_again(box: Box) -> None:
    await reverse(box, (await box.refund(10_000)).id)
    await box.refund(10_000, key="key-2")
    tally = await box.tally()
    assert (tally["executions"], tally["not_reversed"], tally["not_reversed_minor"]) == (2, 1, 10_000)


@pytest.mark.parametrize("outcome", ["succeed", "fail", "cancel"])
async def test_a_finished_refund_does_not_finish_again(box: Box, outcome: str) -> None:
    refund = await box.refund()
    refused = await finish(box, refund.id, outcome)
    assert refused.status_code == 409
    assert refused.json()["detail"]["field"] == "refund_id"
    assert await box.refundable() == 9_000


async def test_only_a_success_can_be_reversed(box: Box) -> None:
    await box.script("pending")
    refund = await box.refund()
    assert (await reverse(box, refund.id)).status_code == 409
    await finish(box, refund.id, "fail")
    assert (await reverse(box, refund.id)).status_code == 409
    assert await box.refundable() == 10_000


async def test_an_unknown_refund_cannot_be_moved(box: Box) -> None:
    assert (await finish(box, "re_nowhere", "fail")).status_code == 404
    assert (await reverse(box, "re_nowhere")).status_code == 404
