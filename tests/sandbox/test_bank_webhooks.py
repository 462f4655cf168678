"""The bank's webhooks: signed, one per change, delivered until acknowledged, without the creditor's account."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import pytest

from sandbox.bank.settings import BankSettings
from sandbox.settings import SandboxSettings
from tests.sandbox.bank import IBAN, NUMBER, Bank, BankReceiver, bank_of
from tests.sandbox.servers import Box, sandbox, serving, until


@pytest.fixture(scope="module")
async def quick_box() -> AsyncIterator[Box]:
    """A sandbox whose redeliveries of days come within a second, with an address for Stripe's events alone."""
    settings = SandboxSettings(
        webhook_url="http://127.0.0.1:9/webhooks/stripe", webhook_retry_scale=1 / 1_000_000, out_of_order_gap_s=0.02
    )
    async with sandbox(settings) as running:
        yield running


@pytest.fixture
async def receiver() -> AsyncIterator[BankReceiver]:
    receiver = BankReceiver()
    async with serving(receiver, lifespan="off") as url:
        receiver.url = f"{url}/webhooks/bank"
        yield receiver


@pytest.fixture
async def bank(quick_box: Box, receiver: BankReceiver) -> Bank:
    await quick_box.reset()
    bank = await bank_of(quick_box)
    await bank.terms(webhook_url=receiver.url)
    return bank


async def test_each_change_is_told_signed_and_in_order(bank: Bank, receiver: BankReceiver) -> None:
    await bank.order()
    received = await receiver.wait_for(2)
    assert [event.status for event in received] == ["RCVD", "ACSC"]
    assert all(event.is_signed_by(bank.secret) for event in received)
    assert {event.event["payout"]["end_to_end_id"] for event in received} == {NUMBER}


async def test_the_signature_is_stamped_with_real_time_whatever_the_sandboxs_clock_says(
    bank: Bank, receiver: BankReceiver
) -> None:
    await bank.box.advance(40 * 86_400)
    await bank.order()
    stamp = (await receiver.wait_for(1))[0].headers["bank-signature"].partition(",")[0]
    assert int(stamp.removeprefix("t=")) == pytest.approx(time.time(), abs=5)


async def test_an_event_names_neither_account_nor_name(bank: Bank, receiver: BankReceiver) -> None:
    await bank.order()
    for event in await receiver.wait_for(2):
        assert IBAN.encode() not in event.body
        assert b"Erika" not in event.body


async def test_a_return_is_told(bank: Bank, receiver: BankReceiver) -> None:
    await bank.order()
    await bank.move("return", reason="AC06")
    last = (await receiver.wait_for(3))[-1]
    assert last.event["payout"]["return"]["reason"] == "AC06"


async def test_an_event_is_delivered_again_until_it_is_taken(bank: Bank, receiver: BankReceiver) -> None:
    receiver.statuses = [500, 302, 200]
    await bank.order()
    received = await receiver.wait_for(4)
    assert {event.status for event in received} == {"RCVD", "ACSC"}
    assert len({event.event["id"] for event in received}) == 2


async def test_a_bank_gives_up_after_its_schedule(bank: Bank, receiver: BankReceiver) -> None:
    receiver.statuses = [500] * 100
    await bank.box.script("pending")
    await bank.order()

    async def given_up() -> bool:
        return not (await bank.box.admin.get("/admin/deliveries")).json()["waiting"]

    await until(given_up, 20)
    assert len(receiver.received) == 2 * 9  # RCVD and PDNG: the first attempt and eight more of each


async def test_callbacks_can_be_forged_doubled_and_swapped(bank: Bank, receiver: BankReceiver) -> None:
    await bank.box.admin.post("/admin/faults", json={"kinds": ["call_back_twice"]})
    await bank.order()
    assert sorted(event.status for event in await receiver.wait_for(4)) == ["ACSC", "ACSC", "RCVD", "RCVD"]
    await bank.box.script("out_of_order")
    await bank.order(end_to_end_id="second")
    assert [event.status for event in (await receiver.wait_for(6))[4:]] == ["ACSC", "RCVD"]
    await bank.box.script("bad_signature")
    await bank.order(end_to_end_id="third")
    assert [event.is_signed_by(bank.secret) for event in (await receiver.wait_for(8))[6:]] == [False, False]


async def test_without_an_address_of_its_own_nothing_goes_to_another_providers(bank: Bank) -> None:
    await bank.terms(webhook_url=None)
    await bank.order()
    await asyncio.sleep(0.05)
    shown = (await bank.box.admin.get("/admin/deliveries")).json()
    assert shown == {"attempts": [], "waiting": 0}
    assert len((await bank.box.admin.get("/admin/events")).json()["events"]) == 2


def test_with_nothing_set_the_secrets_are_fresh_ones() -> None:
    first, second = BankSettings(), BankSettings()
    assert first.token != second.token
    assert first.webhook_secret != second.webhook_secret
    assert first.token.get_secret_value() not in repr(first)


def test_the_settings_say_the_terms(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SANDBOX_BANK_WEBHOOK_URL", "http://127.0.0.1:8700/webhooks/bank")
    monkeypatch.setenv("SANDBOX_BANK_CUT_OFF_HOUR", "15")
    terms = BankSettings().terms
    assert (terms.webhook_url, terms.cut_off_hour) == ("http://127.0.0.1:8700/webhooks/bank", 15)
