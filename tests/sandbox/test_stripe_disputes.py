"""Disputes of charges: what the merchant is told of them, and what they leave to refund."""

from typing import Any

import pytest
import stripe

from tests.sandbox.servers import Box, Receiver


async def dispute(box: Box, **wanted: object) -> dict[str, Any]:
    answer = await box.admin.put("/admin/stripe/charges/ch_1/dispute", json=wanted)
    assert answer.status_code == 200, answer.text
    shown: dict[str, Any] = answer.json()
    return shown


async def disputes(box: Box) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = (await box.admin.get("/admin/stripe/charges/ch_1/disputes")).json()["disputes"]
    return rows


async def test_a_dispute_is_announced_with_the_payment_that_it_is_about(listened: Box, receiver: Receiver) -> None:
    await dispute(listened, open=True)
    arrived = await receiver.wait_for(2)
    assert sorted(receiver.types) == ["charge.dispute.created", "charge.dispute.funds_withdrawn"]
    about = arrived[0].verified().data.object
    assert (about["object"], about["charge"], about["payment_intent"]) == ("dispute", "ch_1", "pi_1")
    assert (about["amount"], about["currency"], about["status"]) == (10_000, "usd", "needs_response")


@pytest.mark.parametrize(
    ("outcome", "types"),
    [
        ("won", ["charge.dispute.closed", "charge.dispute.funds_reinstated", "charge.dispute.updated"]),
        ("lost", ["charge.dispute.closed", "charge.dispute.updated"]),
    ],
)
async def test_the_end_of_a_dispute_is_announced(
    listened: Box, receiver: Receiver, outcome: str, types: list[str]
) -> None:
    await dispute(listened, open=True)
    await receiver.wait_for(2)
    receiver.clear()
    await dispute(listened, open=False, outcome=outcome)
    arrived = await receiver.wait_for(len(types))
    assert sorted(receiver.types) == types
    assert {each.verified().data.object["status"] for each in arrived} == {outcome}


async def test_a_lost_dispute_leaves_nothing_to_refund(box: Box) -> None:
    await dispute(box, open=True)
    assert (await dispute(box, open=False, outcome="lost"))["disputed"]
    with pytest.raises(stripe.InvalidRequestError) as refused:
        await box.refund()
    assert refused.value.code == "charge_disputed"


async def test_a_charge_has_one_dispute_at_a_time(box: Box) -> None:
    await dispute(box, open=False)
    await dispute(box, open=True)
    await dispute(box, open=True)
    assert [each["status"] for each in await disputes(box)] == ["needs_response"]
    await dispute(box, open=False)
    await dispute(box, open=True)
    assert [each["status"] for each in await disputes(box)] == ["won", "needs_response"]
