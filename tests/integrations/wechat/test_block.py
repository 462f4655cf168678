"""Settings that cannot work are refused at the start, by their variable and with where to find the right ones."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1
from cryptography.hazmat.primitives.asymmetric.ec import generate_private_key as generate_ec_key
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from pydantic import ValidationError

from activities.types import OutcomeKind
from domain.rails import Arrival
from integrations.provider import ProviderSettingsError
from integrations.wechat import WeChatBlock
from integrations.wechat.keys import private_key, public_pem
from tests.integrations.wechat.servers import WeChatBox, leg_row

KEY = generate_private_key(public_exponent=65537, key_size=2048)
PUBLIC_PEM = public_pem(KEY.public_key())
PRIVATE_PEM = KEY.private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
).decode()
TRADITIONAL_PEM = KEY.private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
).decode()
EC_KEY = generate_ec_key(SECP256R1())
EC_PEM = EC_KEY.private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
).decode()
EC_PUBLIC_PEM = (
    EC_KEY.public_key()
    .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    .decode()
)
WHOLE: Mapping[str, str] = {
    "mchid": "1900000109",
    "serial_no": "5157F09EFDC0",
    "private_key": PRIVATE_PEM,
    "public_key_id": "PUB_KEY_ID_1",
    "public_key": PUBLIC_PEM,
    "apiv3_key": "0123456789abcdef0123456789abcdef",
}


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """The environment of a merchant of WeChat Pay."""
    for name, value in WHOLE.items():
        monkeypatch.setenv(f"AFTERSALES_WECHAT_{name.upper()}", value)
    return monkeypatch


@pytest.mark.usefixtures("environment")
async def test_a_whole_environment_gives_everything() -> None:
    block = WeChatBlock()
    payments = block.payments()
    assert payments is not None
    assert block.statements() is not None
    assert block.webhooks() is not None
    assert {payments.provider, block.provider} == {"wechat"}
    await payments.close()


def test_an_empty_environment_gives_nothing_but_what_wechat_pay_can_do() -> None:
    block = WeChatBlock()
    assert (block.payments(), block.statements(), block.webhooks()) == (None, None, None)
    rail = block.rail()
    assert (rail.provider, rail.refunds, rail.currencies) == ("wechat", True, frozenset({"CNY"}))
    assert not rail.pays_out
    assert (rail.most_parts, rail.spacing_s, rail.refund_within_days) == (50, 60, 365)
    assert rail.refund_arrival == Arrival(within_days=3, working_days=True)
    assert block.calls_per_s == 6


def test_a_portal_needs_the_keys_of_callbacks_alone() -> None:
    block = WeChatBlock.model_validate({name: WHOLE[name] for name in ("public_key_id", "public_key", "apiv3_key")})
    assert block.webhooks() is not None
    assert block.payments() is None


@pytest.mark.parametrize("name", WHOLE)
def test_a_missing_setting_is_named_with_where_to_find_it(environment: pytest.MonkeyPatch, name: str) -> None:
    environment.delenv(f"AFTERSALES_WECHAT_{name.upper()}")
    with pytest.raises(ProviderSettingsError, match=rf"AFTERSALES_WECHAT_{name.upper()} is not set: .+"):
        WeChatBlock().payments()


@pytest.mark.parametrize("name", ["public_key_id", "public_key", "apiv3_key"])
def test_callbacks_need_all_of_their_keys(environment: pytest.MonkeyPatch, name: str) -> None:
    environment.delenv(f"AFTERSALES_WECHAT_{name.upper()}")
    with pytest.raises(ProviderSettingsError, match=f"AFTERSALES_WECHAT_{name.upper()} is not set"):
        WeChatBlock().webhooks()


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"private_key": "no key"}, "AFTERSALES_WECHAT_PRIVATE_KEY is to hold .*apiclient_key.pem"),
        ({"private_key": PUBLIC_PEM}, "AFTERSALES_WECHAT_PRIVATE_KEY is to hold"),
        ({"private_key": EC_PEM}, "RSA"),
        ({"public_key": "no key"}, "AFTERSALES_WECHAT_PUBLIC_KEY is to hold .*pub_key.pem"),
        ({"public_key": EC_PUBLIC_PEM}, "RSA"),
        ({"apiv3_key": "too short"}, "AFTERSALES_WECHAT_APIV3_KEY has 9 characters, not 32"),
        ({"api_base": "api.mch.weixin.qq.com"}, "AFTERSALES_WECHAT_API_BASE is no address"),
        ({"notify_url": "refunds.example.com"}, "AFTERSALES_WECHAT_NOTIFY_URL"),
        ({"notify_url": "https://refunds.example.com/wechat?a=1"}, "without a query"),
    ],
)
def test_settings_that_cannot_work_are_refused(wrong: dict[str, str], sentence: str) -> None:
    with pytest.raises(ProviderSettingsError, match=sentence):
        WeChatBlock.model_validate({**WHOLE, **wrong}).payments()


@pytest.mark.parametrize(
    "half", [{"former_public_key": PUBLIC_PEM}, {"former_public_key_id": "PUB_KEY_ID_0"}, {"former_apiv3_key": "short"}]
)
def test_half_of_a_former_key_is_refused(half: dict[str, str]) -> None:
    with pytest.raises(ProviderSettingsError, match="AFTERSALES_WECHAT_FORMER_"):
        WeChatBlock.model_validate({**WHOLE, **half}).webhooks()


def test_former_keys_count_beside_the_present_ones() -> None:
    former = {"former_public_key_id": "PUB_KEY_ID_0", "former_public_key": PUBLIC_PEM, "former_apiv3_key": "f" * 32}
    assert WeChatBlock.model_validate({**WHOLE, **former}).webhooks() is not None


@pytest.mark.parametrize(
    "wrong", [{"timeout_s": 9.5}, {"timeout_s": 0}, {"calls_per_s": 0}, {"most_parts": 0}, {"rate_limited": "sent"}]
)
def test_numbers_out_of_their_range_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError, match=next(iter(wrong))):
        WeChatBlock.model_validate(wrong)


@pytest.mark.parametrize(
    "text", [PRIVATE_PEM, TRADITIONAL_PEM, PRIVATE_PEM.replace("\n", "\\n"), "".join(PRIVATE_PEM.splitlines()[1:-1])]
)
def test_a_key_is_read_in_each_way_that_people_write_it(text: str) -> None:
    assert private_key(text, "KEY") == PRIVATE_PEM


def test_no_secret_is_shown_when_settings_are_printed() -> None:
    shown = repr(WeChatBlock.model_validate(WHOLE))
    assert WHOLE["apiv3_key"] not in shown
    assert "PRIVATE KEY" not in shown


async def test_the_block_of_a_sandboxs_keys_refunds_there(wechat: WeChatBox) -> None:
    payments = WeChatBlock.model_validate({**wechat.keys, "api_base": f"{wechat.url}/"}).payments()
    assert payments is not None
    assert (await payments.refund(leg_row())).kind is OutcomeKind.PENDING
    await payments.close()
