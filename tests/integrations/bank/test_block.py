"""The settings of bank payouts: none is nothing, half is refused by the variable's name."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from aftersales.contract.values import PayoutMethod
from integrations.bank import BankBlock, BankPayments, BankStatements, BankWebhooks
from integrations.provider import ProviderSettingsError
from tests.integrations.bank.orders import ACCOUNT

SET = {"API_BASE": "https://api.bank.example/v1", "TOKEN": "t0ken", "DEBTOR_ACCOUNT": ACCOUNT}


def block(monkeypatch: pytest.MonkeyPatch, **variables: str) -> BankBlock:
    for name, value in variables.items():
        monkeypatch.setenv(f"AFTERSALES_BANK_{name}", value)
    return BankBlock()


def test_with_nothing_set_there_is_no_bank_but_its_rail_is_known() -> None:
    nothing = BankBlock()
    assert (nothing.payments(), nothing.webhooks(), nothing.statements()) == (None, None, None)
    assert nothing.rail().pays_out == {PayoutMethod.BANK_TRANSFER}


async def test_the_environment_gives_adapter_statements_and_webhooks(monkeypatch: pytest.MonkeyPatch) -> None:
    bank = block(monkeypatch, **SET, WEBHOOK_SECRETS='["0123456789abcdef", "fedcba9876543210"]')
    payments = bank.payments()
    assert isinstance(payments, BankPayments)
    assert isinstance(bank.statements(), BankStatements)
    assert isinstance(bank.webhooks(), BankWebhooks)
    await payments.close()


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"TOKEN": ""}, r"AFTERSALES_BANK_TOKEN: missing\..*developer portal"),
        ({"API_BASE": ""}, "AFTERSALES_BANK_API_BASE: .*documentation"),
        ({"API_BASE": "api.bank.example"}, "AFTERSALES_BANK_API_BASE: "),
        ({"API_BASE": "ftp://bank.example"}, "AFTERSALES_BANK_API_BASE: "),
        ({"API_BASE": "https://user:word@bank.example"}, "AFTERSALES_BANK_API_BASE: "),
        ({"DEBTOR_ACCOUNT": ""}, "AFTERSALES_BANK_DEBTOR_ACCOUNT: .*statement"),
        ({"DEBTOR_ACCOUNT": "DE98370400440532013000"}, "AFTERSALES_BANK_DEBTOR_ACCOUNT: .*check digits"),
    ],
)
def test_settings_by_half_are_refused_by_name_and_with_where_to_find_them(
    monkeypatch: pytest.MonkeyPatch, change: dict[str, str], sentence: str
) -> None:
    bank = block(monkeypatch, **{**SET, **change})
    for use in (bank.payments, bank.statements):
        with pytest.raises(ProviderSettingsError, match=sentence) as refused:
            use()
        assert "word" not in str(refused.value)


@pytest.mark.parametrize("secrets", ['[""]', '["short"]', '["0123456789abcdef", " "]'])
def test_a_webhook_secret_that_could_be_guessed_is_refused(monkeypatch: pytest.MonkeyPatch, secrets: str) -> None:
    with pytest.raises(ProviderSettingsError, match="AFTERSALES_BANK_WEBHOOK_SECRETS: ") as refused:
        block(monkeypatch, WEBHOOK_SECRETS=secrets).webhooks()
    assert "short" not in str(refused.value)


def test_the_portal_needs_the_webhook_secrets_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    bank = block(monkeypatch, WEBHOOK_SECRETS='["0123456789abcdef"]')
    assert (bank.webhooks() is None, bank.payments()) == (False, None)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TIMEOUT_S", "9.5"),
        ("TIMEOUT_S", "0"),
        ("CALLS_PER_S", "0"),
        ("CURRENCIES", '["euro"]'),
        ("ARRIVAL_DAYS", "-1"),
    ],
)
def test_a_value_out_of_bounds_is_refused_at_the_start(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    with pytest.raises(ValidationError):
        block(monkeypatch, **{name: value})


def test_the_rail_pays_out_and_never_refunds(monkeypatch: pytest.MonkeyPatch) -> None:
    rail = block(monkeypatch, CURRENCIES='["EUR"]', ARRIVAL_DAYS="1").rail()
    assert (rail.provider, rail.refunds, rail.currencies) == ("bank", False, frozenset({"EUR"}))
    assert (rail.payout_arrival.within_days, rail.payout_arrival.working_days) == (1, True)
    assert BankBlock(currencies=frozenset()).rail().currencies is None


def test_a_chinese_account_can_pay(monkeypatch: pytest.MonkeyPatch) -> None:
    assert block(monkeypatch, **{**SET, "DEBTOR_ACCOUNT": "102100099996123"}).statements() is not None


def test_no_secret_is_shown_when_the_block_is_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = repr(block(monkeypatch, **SET, WEBHOOK_SECRETS='["0123456789abcdef"]'))
    assert "t0ken" not in shown
    assert "0123456789abcdef" not in shown
    assert ACCOUNT not in shown
