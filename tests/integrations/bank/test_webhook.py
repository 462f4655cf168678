"""Who may speak for the bank, and what is believed of it (design: payments, callback)."""

from __future__ import annotations

import hmac
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import pytest

from activities.ports import RefundNews
from aftersales.contract.values import Money
from integrations.bank import BankPayments, BankWebhooks
from integrations.hearing import WebhookEvent, WebhookRefusedError
from tests.integrations.bank.orders import LEG_NUMBER, leg_row, payee, payout_body
from tests.sandbox.bank import Bank, BankReceiver
from tests.sandbox.servers import serving

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
SECRET = "a secret of the bank"
READER = BankWebhooks([SECRET])


def event_body(**changes: object) -> bytes:
    payout = payout_body(**changes)
    return json.dumps({"id": "evt_1", "type": "payout.updated", "payout": payout}).encode()


def signed(body: bytes, secret: str = SECRET, at: datetime = NOW) -> dict[str, str]:
    """The header of a delivery, as docs/providers/bank.md has it."""
    stamp = int(at.timestamp())
    mac = hmac.new(secret.encode(), f"{stamp}.".encode() + body, sha256).hexdigest()
    return {"Bank-Signature": f"t={stamp},v1={mac}"}


def test_a_signed_event_tells_what_it_is_about() -> None:
    event = READER.read(event_body(), signed(event_body()), NOW)
    amount = Money(minor=1_050, currency="EUR")
    expected = WebhookEvent("bank", "evt_1", "payout.updated", LEG_NUMBER, "po_1", RefundNews.SUCCEEDED, amount)
    assert event == expected


@pytest.mark.parametrize(
    ("change", "says"),
    [
        *(({"status": status}, RefundNews.PENDING) for status in ("RCVD", "ACTC", "PDNG", "ACSP", "PATC")),
        *(({"status": status}, RefundNews.SUCCEEDED) for status in ("ACSC", "ACCC")),
        *(({"status": status}, RefundNews.FAILED) for status in ("RJCT", "CANC")),
        ({"return": {"reason": "AC04"}}, RefundNews.FAILED),
        ({"status": "BLCK"}, RefundNews.UNKNOWN),
        ({"status": "ACXX"}, RefundNews.UNKNOWN),
    ],
)
def test_an_event_says_in_our_words_what_became_of_the_payout(change: dict[str, object], says: RefundNews) -> None:
    body = event_body(**change)
    assert READER.read(body, signed(body), NOW).says is says


@pytest.mark.parametrize("change", [{"amount": "ten"}, {"currency": "XXX"}])
def test_an_amount_that_cannot_be_read_is_left_out(change: dict[str, object]) -> None:
    body = event_body(**change)
    assert READER.read(body, signed(body), NOW).amount is None


def test_an_event_about_no_payout_is_kept_and_belongs_to_nothing() -> None:
    body = b'{"id": "evt_2", "type": "account.updated"}'
    event = READER.read(body, signed(body), NOW)
    assert (event.provider_number, event.object_id, event.says) == ("", "", RefundNews.UNKNOWN)


@pytest.mark.parametrize("name", ["Bank-Signature", "bank-signature", "BANK-SIGNATURE"])
def test_the_headers_name_is_read_in_any_case(name: str) -> None:
    [value] = signed(event_body()).values()
    assert READER.read(event_body(), {name: value}, NOW).event_id == "evt_1"


@pytest.mark.parametrize("seconds", [-301, 301, 86_400, -86_400])
def test_an_old_signature_is_refused_and_so_is_one_from_the_future(seconds: int) -> None:
    headers = signed(event_body(), at=NOW + timedelta(seconds=seconds))
    with pytest.raises(WebhookRefusedError, match="300 s away"):
        READER.read(event_body(), headers, NOW)


@pytest.mark.parametrize("seconds", [-300, 0, 300])
def test_a_signature_of_the_last_or_next_five_minutes_is_believed(seconds: int) -> None:
    headers = signed(event_body(), at=NOW + timedelta(seconds=seconds))
    assert READER.read(event_body(), headers, NOW).event_id == "evt_1"


def test_while_a_secret_is_replaced_both_are_believed_and_a_third_is_not() -> None:
    reader = BankWebhooks(["the new secret", SECRET])
    for secret in ("the new secret", SECRET):
        assert reader.read(event_body(), signed(event_body(), secret), NOW).event_id == "evt_1"
    with pytest.raises(WebhookRefusedError, match="none of"):
        reader.read(event_body(), signed(event_body(), "another"), NOW)


def test_one_of_several_signatures_is_enough() -> None:
    [value] = signed(event_body()).values()
    stamp, _, mac = value.partition(",")
    headers = {"Bank-Signature": f"{stamp},v1={'0' * 64},{mac},v0=abc"}
    assert READER.read(event_body(), headers, NOW).event_id == "evt_1"


@pytest.mark.parametrize("changed", [b" ", b"\n"])
def test_a_body_that_was_touched_is_refused(changed: bytes) -> None:
    with pytest.raises(WebhookRefusedError, match="none of"):
        READER.read(event_body() + changed, signed(event_body()), NOW)


@pytest.mark.parametrize(
    "header",
    [
        *("", "t=1", "v1=00", "t=,v1=00", "t=x,v1=00", "t=1,t=2,v1=00", "t=-1,v1=00", "t=١,v1=00", "nonsense"),
        *("t=1;v1=00", f"t={'9' * 5_000},v1=00"),
    ],
)
def test_a_header_that_is_missing_or_malformed_is_refused(header: str) -> None:
    with pytest.raises(WebhookRefusedError, match="missing or malformed"):
        READER.read(event_body(), {"Bank-Signature": header} if header else {}, NOW)


def test_a_signature_with_other_letters_than_ascii_is_refused() -> None:
    stamp = int(NOW.timestamp())
    with pytest.raises(WebhookRefusedError, match="none of"):
        READER.read(event_body(), {"Bank-Signature": f"t={stamp},v1=ÿ"}, NOW)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b"\xff",
        b'{"id": "", "type": "x"}',
        b'{"id": "evt\\u0000", "type": "x"}',
        b'{"id": "evt_1", "type": "x", "payout": {}}',
        b'{"id": 5, "type": "x"}',
    ],
)
def test_a_signed_body_that_is_no_event_is_refused(body: bytes) -> None:
    with pytest.raises(WebhookRefusedError, match="not an event"):
        READER.read(body, signed(body), NOW)


def test_the_bank_hears_that_the_event_was_taken_refused_or_is_to_come_again() -> None:
    assert [reply.status for reply in (READER.taken(), READER.refused(), READER.not_stored())] == [200, 400, 503]


@pytest.fixture
async def receiver() -> AsyncIterator[BankReceiver]:
    receiver = BankReceiver()
    async with serving(receiver, lifespan="off") as url:
        receiver.url = f"{url}/webhooks/bank"
        yield receiver


async def test_the_sandboxs_deliveries_are_believed_and_forged_ones_are_not(
    bank: Bank, payments: BankPayments, receiver: BankReceiver
) -> None:
    await bank.terms(webhook_url=receiver.url)
    await payments.pay_out(leg_row(), payee())
    reader, now = BankWebhooks([bank.secret]), datetime.now(UTC)
    events = [reader.read(each.body, each.headers, now) for each in await receiver.wait_for(2)]
    assert [event.says for event in events] == [RefundNews.PENDING, RefundNews.SUCCEEDED]
    assert {(event.provider_number, event.amount) for event in events} == {
        (LEG_NUMBER, Money(minor=1_050, currency="EUR"))
    }
    await bank.box.script("bad_signature")
    await payments.pay_out(leg_row(provider_number="forged"), payee())
    for forged in (await receiver.wait_for(4))[2:]:
        with pytest.raises(WebhookRefusedError):
            reader.read(forged.body, forged.headers, now)
