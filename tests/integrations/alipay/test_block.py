"""Alipay's settings: what is wrong is said at start, by the variable and where its value is to be had."""

from __future__ import annotations

import pytest
from pydantic import SecretStr, ValidationError

from aftersales.contract.values import PayoutMethod
from integrations.alipay import AlipayBlock, Bounce
from integrations.provider import ProviderSettingsError
from tests.integrations.alipay.script import APP_ID, private_pem, public_pem


def block(**changes: object) -> AlipayBlock:
    """Settings that work, with changes."""
    settings: dict[str, object] = {
        "app_id": APP_ID,
        "private_key": private_pem("merchant"),
        "public_keys": [public_pem("alipay")],
    }
    return AlipayBlock.model_validate({**settings, **changes})


async def test_with_its_keys_everything_is_made() -> None:
    made = block()
    payments = made.payments()
    assert payments is not None
    assert (payments.provider, payments.key_life_s) == ("alipay", 365 * 86_400)
    await payments.close()
    assert made.webhooks() is not None
    assert made.statements() is not None


def test_a_shop_without_alipay_has_none_of_it() -> None:
    made = AlipayBlock()
    assert (made.payments(), made.webhooks(), made.statements()) == (None, None, None)


def test_the_portal_needs_no_private_key() -> None:
    assert block(private_key="").webhooks() is not None


def test_keys_are_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AFTERSALES_ALIPAY_APP_ID", APP_ID)
    monkeypatch.setenv("AFTERSALES_ALIPAY_PUBLIC_KEYS", '["one", "two"]')
    monkeypatch.setenv("AFTERSALES_ALIPAY_BOUNCED_REFUND", "merchant")
    made = AlipayBlock()
    assert (made.app_id, made.public_keys, made.bounced_refund) == (APP_ID, ("one", "two"), Bounce.MERCHANT)


@pytest.mark.parametrize(
    ("wrong", "variable", "where"),
    [
        ({"app_id": ""}, "AFTERSALES_ALIPAY_APP_ID", "APPID"),
        ({"app_id": "my shop"}, "AFTERSALES_ALIPAY_APP_ID", "open.alipay.com"),
        ({"private_key": ""}, "AFTERSALES_ALIPAY_PRIVATE_KEY", "应用私钥"),
        ({"private_key": "secret"}, "AFTERSALES_ALIPAY_PRIVATE_KEY", "应用私钥"),
        ({"private_key": public_pem("merchant")}, "AFTERSALES_ALIPAY_PRIVATE_KEY", "应用私钥"),
        ({"public_keys": []}, "AFTERSALES_ALIPAY_PUBLIC_KEYS", "支付宝公钥"),
        ({"public_keys": ["支付宝"]}, "AFTERSALES_ALIPAY_PUBLIC_KEYS", "支付宝公钥"),
        ({"public_keys": [private_pem("alipay")]}, "AFTERSALES_ALIPAY_PUBLIC_KEYS", "支付宝公钥"),
        ({"public_keys": [public_pem("alipay"), ""]}, "AFTERSALES_ALIPAY_PUBLIC_KEYS", "支付宝公钥"),
        ({"public_keys": [public_pem("merchant")]}, "AFTERSALES_ALIPAY_PUBLIC_KEYS", "own public key"),
        ({"app_certificate": "x"}, "AFTERSALES_ALIPAY_APP_CERTIFICATE", "appCertPublicKey"),
        ({"root_certificates": "x"}, "AFTERSALES_ALIPAY_APP_CERTIFICATE", "appCertPublicKey"),
        ({"gateway": "openapi.alipay.com"}, "AFTERSALES_ALIPAY_GATEWAY", "openapi.alipay.com/gateway.do"),
        ({"notify_url": "/webhooks"}, "AFTERSALES_ALIPAY_NOTIFY_URL", "/webhooks/alipay"),
    ],
)
def test_what_cannot_work_is_refused_by_name(wrong: dict[str, object], variable: str, where: str) -> None:
    for make in (block(**wrong).payments, block(**wrong).statements):
        with pytest.raises(ProviderSettingsError) as caught:
            make()
        assert variable in str(caught.value)
        assert where in str(caught.value)


@pytest.mark.parametrize("wrong", [{"app_id": ""}, {"public_keys": []}])
def test_half_a_webhook_reader_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ProviderSettingsError):
        block(**wrong).webhooks()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("timeout_s", 9.1),
        ("timeout_s", 0),
        ("refund_within_days", 0),
        ("spacing_s", -1),
        ("calls_per_s", 0),
        ("transfer_title", ""),
        ("bounced_refund", "nobody"),
    ],
)
def test_limits_of_no_sense_are_refused(name: str, value: object) -> None:
    with pytest.raises(ValidationError, match=name):
        block(**{name: value})


def test_no_key_is_shown_when_settings_are_printed_or_refused() -> None:
    secret = private_pem("merchant")
    assert secret[40:80] not in repr(block())
    with pytest.raises(ProviderSettingsError) as caught:
        block(private_key=SecretStr(secret[:-200])).payments()
    assert secret[40:80] not in str(caught.value)


def test_the_rail_is_yuan_within_a_year_three_seconds_apart_and_to_accounts() -> None:
    rail = AlipayBlock().rail()
    assert (rail.provider, rail.refund_within_days, rail.spacing_s) == ("alipay", 365, 3)
    assert rail.currencies == frozenset({"CNY"})
    assert rail.pays_out == {PayoutMethod.ALIPAY}
    assert rail.refunds
    assert (rail.refund_arrival.within_days, rail.payout_arrival.within_days) == (7, 1)


def test_the_rails_limits_are_settings() -> None:
    rail = AlipayBlock(refund_within_days=90, spacing_s=5).rail()
    assert (rail.refund_within_days, rail.spacing_s) == (90, 5)
