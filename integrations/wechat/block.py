"""WeChat Pay's settings, and from them everything that the processes need of it."""

from __future__ import annotations

from typing import Annotated, ClassVar, Final
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from domain.rails import Arrival, Rail
from integrations.clock import SystemClock
from integrations.provider import ProviderBlock, ProviderSettingsError
from integrations.wechat import keys
from integrations.wechat.adapter import RateLimit, WeChatPayments
from integrations.wechat.outcomes import CURRENCY
from integrations.wechat.statements import WeChatStatements
from integrations.wechat.webhook import WeChatWebhooks
from integrations.wechat.wire import API_BASE, WeChatAccount, WeChatWire

PREFIX: Final = "AFTERSALES_WECHAT_"
APIV3_KEY_BYTES: Final = 32
NO_SECRET: Final = SecretStr("")
WHERE: Final = {
    "mchid": "the merchant number, https://pay.weixin.qq.com, 账户中心 → 商户信息",
    "serial_no": f"the serial number of the merchant's API certificate, {keys.PLATFORM} → 商户API证书",
    "private_key": f"apiclient_key.pem, made with the merchant's API certificate, {keys.PLATFORM} → 商户API证书",
    "public_key_id": f"it begins with PUB_KEY_ID_, {keys.PLATFORM} → 微信支付公钥",
    "public_key": f"pub_key.pem, {keys.PLATFORM} → 微信支付公钥",
    "apiv3_key": f"32 characters that the merchant sets, {keys.PLATFORM} → APIv3密钥",
    "former_public_key_id": "the id of AFTERSALES_WECHAT_FORMER_PUBLIC_KEY",
    "former_public_key": "the key of AFTERSALES_WECHAT_FORMER_PUBLIC_KEY_ID",
}


class WeChatBlock(ProviderBlock):
    """Environment: `AFTERSALES_WECHAT_<NAME>`, times in seconds. Keys are PEM, line breaks may be written as \\n.

    The `former_` keys count for callbacks beside the present ones while these replace them. WeChat Pay calls
    `notify_url`; empty, the address that is set on its platform. `rate_limited` as in `WeChatPayments`.
    """

    model_config = SettingsConfigDict(env_prefix=PREFIX)
    provider: ClassVar[str] = "wechat"

    # Of calls that fail WeChat Pay takes 6 a second; of good ones 150.
    calls_per_s: Annotated[float, Field(gt=0)] = 6.0
    mchid: str = ""
    serial_no: str = ""
    private_key: SecretStr = NO_SECRET
    public_key_id: str = ""
    public_key: str = ""
    apiv3_key: SecretStr = NO_SECRET
    former_public_key_id: str = ""
    former_public_key: str = ""
    former_apiv3_key: SecretStr = NO_SECRET
    notify_url: str = ""
    api_base: str = API_BASE
    timeout_s: Annotated[float, Field(gt=0, le=9)] = 8.0
    rate_limited: RateLimit = "unknown"
    most_parts: Annotated[int, Field(ge=1)] = 50
    spacing_s: Annotated[int, Field(ge=0)] = 60
    refund_within_days: Annotated[int, Field(ge=1)] = 365

    def rail(self) -> Rail:
        """CNY alone, back the way it came; a balance has it in minutes, a bank card within three working days."""
        return Rail(
            provider=self.provider,
            currencies=frozenset({CURRENCY}),
            most_parts=self.most_parts,
            spacing_s=self.spacing_s,
            refund_within_days=self.refund_within_days,
            refund_arrival=Arrival(within_days=3, working_days=True),
        )

    def payments(self) -> WeChatPayments | None:
        """The adapter; None without any of the merchant's own settings. Raises ProviderSettingsError."""
        account = self._account()
        if account is None:
            return None
        return WeChatPayments(WeChatWire(account), spacing_s=self.spacing_s, rate_limited=self.rate_limited)

    def statements(self) -> WeChatStatements | None:
        """The bills; None without any of the merchant's own settings. Raises ProviderSettingsError."""
        account = self._account()
        return None if account is None else WeChatStatements(account, SystemClock())

    def webhooks(self) -> WeChatWebhooks | None:
        """Who reads callbacks; None without any of WeChat Pay's keys. Raises ProviderSettingsError."""
        if not any(map(self._text, ("public_key_id", "public_key", "apiv3_key"))):
            return None
        public_keys = {self._needed("public_key_id"): self._public_key("public_key")}
        if self.former_public_key_id or self.former_public_key:
            public_keys[self._needed("former_public_key_id")] = self._public_key("former_public_key")
        former = [self._apiv3_key("former_apiv3_key")] if self._text("former_apiv3_key") else []
        return WeChatWebhooks(public_keys, [self._apiv3_key("apiv3_key"), *former])

    def _account(self) -> WeChatAccount | None:
        if not any(map(self._text, ("mchid", "serial_no", "private_key"))):
            return None
        return WeChatAccount(
            mchid=self._needed("mchid"),
            serial_no=self._needed("serial_no"),
            private_key=keys.private_key(self._needed("private_key"), f"{PREFIX}PRIVATE_KEY"),
            public_key_id=self._needed("public_key_id"),
            public_key=keys.public_pem(self._public_key("public_key")),
            apiv3_key=self._apiv3_key("apiv3_key").decode(),
            notify_url=self._notify_url(),
            api_base=self._api_base(),
            timeout_s=self.timeout_s,
        )

    def _text(self, name: str) -> str:
        value = getattr(self, name)
        return (value.get_secret_value() if isinstance(value, SecretStr) else str(value)).strip()

    def _needed(self, name: str) -> str:
        text = self._text(name)
        if not text:
            raise ProviderSettingsError(f"{PREFIX}{name.upper()} is not set: {WHERE[name]}.")
        return text

    def _public_key(self, name: str) -> RSAPublicKey:
        return keys.public_key(self._needed(name), f"{PREFIX}{name.upper()}")

    def _apiv3_key(self, name: str) -> bytes:
        key = self._needed(name).encode()
        if len(key) != APIV3_KEY_BYTES:
            variable = f"{PREFIX}{name.upper()}"
            raise ProviderSettingsError(f"{variable} has {len(key)} characters, not 32: {WHERE['apiv3_key']}.")
        return key

    def _api_base(self) -> str:
        address = urlsplit(self.api_base)
        if address.scheme not in ("https", "http") or not address.netloc:
            raise ProviderSettingsError(
                f"{PREFIX}API_BASE is no address of an API; WeChat Pay's is {API_BASE}, the sandbox prints its own."
            )
        return self.api_base

    def _notify_url(self) -> str:
        address = urlsplit(self.notify_url)
        if self.notify_url and (address.scheme not in ("https", "http") or not address.netloc or address.query):
            raise ProviderSettingsError(
                f"{PREFIX}NOTIFY_URL is to be the portal's address as WeChat Pay reaches it, https and without a "
                "query, such as https://refunds.example.com/webhooks/wechat."
            )
        return self.notify_url
