"""Refunds that end later, fail, or are taken back after a success."""

from typing import Any

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


async def events_of(box: Box, refund_id: str) -> list[dict[str, Any]]:
    """The bodies of a refund's events, oldest first."""
    listed = (await box.admin.get("/admin/events", params={"object": refund_id})).json()["events"]
    return [(await box.admin.get(f"/admin/events/{event['id']}")).json() for event in listed]


@pytest.mark.parametrize(
    ("outcome", "types"),
    [
        ("succeed", ["refund.created", "refund.updated", "charge.refund.updated"]),
        ("fail", ["refund.created", "refund.updated", "charge.refund.updated", "refund.failed"]),
        ("cancel", ["refund.created", "refund.updated", "charge.refund.updated"]),
    ],
)
async def test_how_a_pending_refund_ends_is_announced_and_only_a_failure_as_a_failure(
    box: Box, outcome: str, types: list[str]
) -> None:
    await box.script("pending")
    refund = await box.refund()
    await finish(box, refund.id, outcome)
    assert [event["type"] for event in await events_of(box, refund.id)] == types


async def test_only_an_update_tells_what_was_before(box: Box) -> None:
    await box.script("pending")
    refund = await box.refund()
    await finish(box, refund.id, "fail", failure_reason="declined")
    before = [event["data"].get("previous_attributes") for event in await events_of(box, refund.id)]
    assert before[0] is None
    assert before[3] is None
    assert before[1] == before[2]
    assert before[1]["status"] == "pending"
    assert before[1]["failure_reason"] is None


async def test_a_canceled_refund_was_canceled_by_the_merchant_whatever_else_is_said(box: Box) -> None:
    await box.script("pending")
    refund = await box.refund()
    await finish(box, refund.id, "cancel", failure_reason="declined")
    shown = await box.sdk.v1.refunds.retrieve_async(refund.id)
    assert (shown.status, shown.failure_reason) == ("canceled", "merchant_request")
    assert (await box.tally())["not_reversed"] == 0


async def test_without_a_reason_a_failure_and_a_reversal_still_name_one(box: Box) -> None:
    reversed_ = await box.refund(key="key-1")
    await reverse(box, reversed_.id)
    await box.script("pending")
    failed = await box.refund(key="key-2")
    await finish(box, failed.id, "fail")
    reasons = [(await box.sdk.v1.refunds.retrieve_async(refund.id)).failure_reason for refund in (reversed_, failed)]
    assert reasons == ["lost_or_stolen_card", "expired_or_canceled_card"]


async def test_the_bank_reference_is_another_for_each_refund(box: Box) -> None:
    references = set()
    for number in range(3):
        made = await box.refund(5, key=f"key-{number}")
        shown = await box.sdk.v1.refunds.retrieve_async(made.id)
        assert shown.destination_details is not None
        assert shown.destination_details.card is not None
        references.add(shown.destination_details.card.reference)
    assert len(references) == 3


@pytest.mark.parametrize(("currency", "amount"), [("jpy", 1), ("kwd", 12_340), ("usd", 99_999_999_999)])
async def test_an_amount_of_exactly_the_rest_ends_the_charge_in_any_currency(
    box: Box, currency: str, amount: int
) -> None:
    await box.seed("ch_2", amount, currency)
    await box.admin.put("/admin/balance", json={"currency": currency, "amount": amount})
    refund = await box.refund(amount, charge="ch_2")
    assert (refund.amount, refund.currency, refund.status) == (amount, currency, "succeeded")
    charge = await box.sdk.v1.charges.retrieve_async("ch_2")
    assert (charge.refunded, charge.amount_refunded) == (True, amount)
    assert (await box.admin.get("/admin/balance")).json()["balances"][0]["amount_minor"] == 0


async def test_a_charge_in_part_refunded_is_not_called_refunded(box: Box) -> None:
    await box.refund(9_999)
    assert not (await box.sdk.v1.charges.retrieve_async("ch_1")).refunded
    await box.refund(1, key="key-2")
    assert (await box.sdk.v1.charges.retrieve_async("ch_1")).refunded


async def test_a_reason_and_the_times_are_those_of_the_request(box: Box) -> None:
    await box.advance(86_400)
    made = (await box.post(None, charge="ch_1", amount=5, reason="duplicate")).json()
    now = (await box.admin.get("/admin/clock")).json()["now"]
    assert made["reason"] == "duplicate"
    assert made["created"] == pytest.approx(now, abs=2)
    [event, *_] = await events_of(box, made["id"])
    assert event["created"] == pytest.approx(now, abs=2)


async def test_a_payment_seeded_later_was_made_later(box: Box) -> None:
    await box.advance(86_400)
    await box.seed("ch_2")
    older, newer = [(await box.get(f"/v1/charges/{name}")).json()["created"] for name in ("ch_1", "ch_2")]
    assert newer - older == pytest.approx(86_400, abs=2)
