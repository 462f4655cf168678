"""What Stripe's dispute events mean, by their status and in any order, and that the sandbox's are understood."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest

from aftersales.contract.values import Money
from domain.chargebacks import Chargeback, ChargebackState
from integrations.stripe import parse_webhook
from integrations.stripe.disputes import chargeback_of
from sandbox.settings import SandboxSettings
from tests.integrations.stripe.test_webhook import NOW, SECRET, signed
from tests.sandbox.servers import WEBHOOK_SECRET, Box, Receiver, sandbox, serving

OPENED = datetime(2026, 11, 20, 8, tzinfo=UTC)
DISPUTE: dict[str, object] = {
    "id": "du_1",
    "object": "dispute",
    "charge": "ch_1",
    "payment_intent": "pi_1",
    "status": "needs_response",
    "amount": 1_000,
    "currency": "usd",
    "created": int(OPENED.timestamp()),
}


def heard(**changes: object) -> Chargeback | None:
    return chargeback_of(DISPUTE | changes, NOW)


def said(**changes: object) -> Chargeback:
    found = heard(**changes)
    assert found is not None
    return found


def test_a_dispute_names_the_payment_by_both_of_its_ids() -> None:
    assert said() == Chargeback(
        provider="stripe",
        dispute_id="du_1",
        payment_reference="ch_1",
        other_reference="pi_1",
        state=ChargebackState.OPEN,
        amount=Money(minor=1_000, currency="USD"),
        opened_at=OPENED,
        as_of=NOW,
    )


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("needs_response", ChargebackState.OPEN),
        ("under_review", ChargebackState.OPEN),
        ("won", ChargebackState.WON),
        ("lost", ChargebackState.LOST),
        ("charge_refunded", ChargebackState.WITHDRAWN),
        ("a word of next year", ChargebackState.OPEN),
    ],
)
def test_the_status_tells_whether_a_refund_would_pay_twice(status: str, state: ChargebackState) -> None:
    found = said(status=status)
    assert (found.state, found.closed_at) == (state, None if state is ChargebackState.OPEN else NOW)


@pytest.mark.parametrize("status", ["warning_needs_response", "warning_under_review", "warning_closed"])
def test_an_inquiry_is_no_chargeback(status: str) -> None:
    assert heard(status=status) is None


@pytest.mark.parametrize("change", [{"charge": None}, {"id": ""}, {"id": 7}, {"status": None}, {"charge": "ch 1"}])
def test_what_names_no_payment_is_no_chargeback(change: dict[str, object]) -> None:
    assert heard(**change) is None


@pytest.mark.parametrize("change", [{"amount": 0}, {"amount": "10"}, {"currency": None}, {"currency": "xxx"}])
def test_an_amount_that_cannot_be_read_leaves_the_dispute_a_dispute(change: dict[str, object]) -> None:
    found = said(**change)
    assert (found.amount, found.state) == (None, ChargebackState.OPEN)


def event(kind: str, subject: dict[str, object], after_s: int = 0) -> bytes:
    made_at = int(NOW.timestamp()) + after_s
    return json.dumps({"id": f"evt_{kind}", "type": kind, "created": made_at, "data": {"object": subject}}).encode()


def test_an_event_tells_of_the_dispute_as_of_the_moment_it_was_made() -> None:
    body = event("charge.dispute.created", DISPUTE, after_s=-60)
    found = parse_webhook(body, signed(body), [SECRET], NOW)
    assert (found.provider_number, found.object_id, found.amount) == ("", "du_1", None)
    assert found.chargeback == said().model_copy(update={"as_of": NOW - timedelta(seconds=60)})


def test_only_a_dispute_is_one() -> None:
    body = event("charge.refunded", DISPUTE | {"object": "charge"})
    assert parse_webhook(body, signed(body), [SECRET], NOW).chargeback is None


@pytest.fixture
async def box() -> AsyncIterator[tuple[Box, Receiver]]:
    """A sandbox with one payment, and whoever hears of it."""
    receiver = Receiver()
    async with (
        serving(receiver, lifespan="off") as receiver.url,
        sandbox(SandboxSettings(webhook_url=receiver.url)) as running,
    ):
        await running.seed()
        yield running, receiver


@pytest.mark.parametrize("outcome", [ChargebackState.WON, ChargebackState.LOST])
async def test_the_sandboxs_disputes_are_understood_in_any_order(
    box: tuple[Box, Receiver], outcome: ChargebackState
) -> None:
    running, receiver = box
    await running.admin.put("/admin/stripe/charges/ch_1/dispute", json={"open": True})
    await running.admin.put("/admin/stripe/charges/ch_1/dispute", json={"open": False, "outcome": outcome.value})
    arrived = await receiver.wait_for(5 if outcome is ChargebackState.WON else 4)
    headers = [{"stripe-signature": each.signature} for each in arrived]
    events = [
        parse_webhook(each.body, header, [WEBHOOK_SECRET], datetime.now(UTC))
        for each, header in zip(arrived, headers, strict=True)
    ]
    news = [each.chargeback for each in events if each.chargeback is not None]
    assert len(news) == len(events)
    assert {(each.payment_reference, each.other_reference) for each in news} == {("ch_1", "pi_1")}
    for order in permutations(news):
        known: Chargeback | None = None
        for each in order:
            known = each.after(known)
        assert known is not None
        assert known.state is outcome
