"""Stripe's settings block: what is set up, what is not, and what only by half."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from activities.types import OutcomeKind
from aftersales.contract.values import Money, PayoutMethod
from integrations.hearing import WebhookReader
from integrations.provider import OpenPayments, ProviderSettingsError
from integrations.stripe import StripeBlock
from tests.integrations.stripe.script import leg_row
from tests.integrations.stripe.test_webhook import BODY, NOW, SECRET, signed
from tests.sandbox.servers import API_KEY, Box

PREFIX = "AFTERSALES_STRIPE_"
BOUGHT = datetime(2024, 1, 1, tzinfo=UTC)


def block(monkeypatch: pytest.MonkeyPatch, **variables: str) -> StripeBlock:
    for name, value in variables.items():
        monkeypatch.setenv(PREFIX + name, value)
    return StripeBlock()


def test_a_shop_without_stripe_has_nothing_of_it() -> None:
    nothing = StripeBlock()
    assert (nothing.payments(), nothing.webhooks(), nothing.statements()) == (None, None, None)


async def test_the_variables_of_old_make_the_adapter(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    made = block(monkeypatch, API_KEY=API_KEY, API_BASE=box.url, TIMEOUT_S="2.5", CALLS_PER_S="20")
    payments: OpenPayments | None = made.payments()
    assert payments is not None
    assert (await payments.refund(leg_row())).kind is OutcomeKind.SUCCEEDED
    await payments.close()
    assert made.calls_per_s == 20
    assert made.statements() is not None
    assert API_KEY not in repr(made)


def test_the_portal_needs_the_secrets_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    made = block(monkeypatch, WEBHOOK_SECRETS=f'["whsec_former", "{SECRET}"]')
    assert made.payments() is None
    reader: WebhookReader | None = made.webhooks()
    assert reader is not None
    assert (reader.provider, reader.read(BODY, signed(), NOW).event_id) == ("stripe", "evt_1")
    assert [reply.status for reply in (reader.taken(), reader.refused(), reader.not_stored())] == [200, 400, 503]


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        ({"API_BASE": "http://127.0.0.1:1"}, "API_KEY is missing"),
        ({"API_KEY": " "}, "API_KEY is missing"),
        ({"API_KEY": "pk_live_1"}, "publishable"),
        ({"API_KEY": "sk_1", "API_BASE": "stripe"}, "API_BASE"),
    ],
)
def test_what_is_set_up_by_half_is_refused_by_its_name(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], sentence: str
) -> None:
    for wanted in (block(monkeypatch, **variables).payments, StripeBlock().statements):
        with pytest.raises(ProviderSettingsError, match=f"{PREFIX}.*{sentence}"):
            wanted()


def test_an_empty_webhook_secret_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ProviderSettingsError, match=r"WEBHOOK_SECRETS.*dashboard\.stripe\.com/webhooks"):
        block(monkeypatch, WEBHOOK_SECRETS='["whsec_1", ""]').webhooks()


def test_stripe_gives_back_in_any_currency_and_any_number_of_parts_and_pays_nothing_out() -> None:
    rail = StripeBlock().rail()
    for currency in ("USD", "CNY", "KWD"):
        amount = Money(minor=1, currency=currency)
        assert rail.closed_to(amount, bought_at=BOUGHT, now=BOUGHT + timedelta(days=900), parts=1_000) == ""
    assert not rail.pays_out & set(PayoutMethod)


def test_a_refund_is_told_to_arrive_within_ten_working_days() -> None:
    friday = datetime(2026, 11, 20, 12, tzinfo=UTC)
    assert StripeBlock().rail().refund_arrival.expected_by(friday) == friday + timedelta(days=14)
