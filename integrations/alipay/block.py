"""Alipay's settings, and what is made of them."""

from __future__ import annotations

from typing import Annotated, ClassVar, Final
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric import rsa
from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from aftersales.contract.values import PayoutMethod
from domain.rails import Arrival, Rail
from integrations.alipay.adapter import AlipayPayments, Bounce, Terms
from integrations.alipay.gateway import GATEWAY, Access, AlipayGateway
from integrations.alipay.keys import certificate_numbers, read_private_key, read_public_key
from integrations.alipay.statements import AlipayStatements
from integrations.alipay.webhook import AlipayWebhooks
from integrations.alipay.wire import CURRENCY
from integrations.hearing import WebhookReader
from integrations.provider import ProviderBlock, ProviderSettingsError

PREFIX: Final = "AFTERSALES_ALIPAY_"
_CONSOLE: Final = "https://open.alipay.com → 控制台 → the application"


class AlipayBlock(ProviderBlock):
    """`AFTERSALES_ALIPAY_*`. Keys as PEM or as the console shows them; `public_keys`: Alipay's, two while rolling.

    `app_certificate` and `root_certificates`: the texts of appCertPublicKey and alipayRootCert, for an application
    that signs with certificates, which transfers need. `bounced_refund`: see `adapter.Bounce`.
    """

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="ignore")

    provider: ClassVar[str] = "alipay"
    calls_per_s: Annotated[float, Field(gt=0)] = 20.0
    app_id: str = ""
    private_key: SecretStr = SecretStr("")
    public_keys: tuple[str, ...] = ()
    app_certificate: str = ""
    root_certificates: str = ""
    gateway: str = GATEWAY
    notify_url: str = ""
    timeout_s: Annotated[float, Field(gt=0, le=9)] = 8.0
    refund_within_days: Annotated[int, Field(gt=0)] = 365
    spacing_s: Annotated[int, Field(ge=0, le=3600)] = 3
    transfer_title: Annotated[str, Field(min_length=1, max_length=50)] = "退款"
    bounced_refund: Bounce = Bounce.BUYER

    def rail(self) -> Rail:
        """Yuan alone; refunds within the days that were signed for, one every few seconds; to accounts as well."""
        return Rail(
            provider=self.provider,
            pays_out=frozenset({PayoutMethod.ALIPAY}),
            currencies=frozenset({CURRENCY}),
            spacing_s=self.spacing_s,
            refund_within_days=self.refund_within_days,
            # An account has it at once, a debit card within days, a credit card by the next ones.
            refund_arrival=Arrival(within_days=7, working_days=True),
            payout_arrival=Arrival(within_days=1),
        )

    def payments(self) -> AlipayPayments | None:
        """The adapter, or None without any setting. Raises ProviderSettingsError."""
        access = self._access()
        if access is None:
            return None
        terms = Terms(self.notify_url, self.spacing_s, self.transfer_title, self.bounced_refund)
        return AlipayPayments(AlipayGateway(access), terms)

    def webhooks(self) -> WebhookReader | None:
        """The reader; it needs no private key. None without any setting. Raises ProviderSettingsError."""
        if not self.app_id and not self.public_keys:
            return None
        return AlipayWebhooks(self._app_id(), self._alipay_keys())

    def statements(self) -> AlipayStatements | None:
        """The bills, or None without any setting. Raises ProviderSettingsError."""
        access = self._access()
        return None if access is None else AlipayStatements(access)

    def _access(self) -> Access | None:
        secret = self.private_key.get_secret_value()
        if not (self.app_id or secret or self.public_keys):
            return None
        _refuse_address(self.gateway, "GATEWAY", f"Alipay's is {GATEWAY}, the sandbox's ends in /gateway.do too.")
        if self.notify_url:
            _refuse_address(self.notify_url, "NOTIFY_URL", "It is the portal's, ending in /webhooks/alipay.")
        app_id, alipay_keys = self._app_id(), self._alipay_keys()
        private_key = read_private_key(secret, f"{PREFIX}PRIVATE_KEY")
        if private_key.public_key() in alipay_keys:
            raise ProviderSettingsError(
                f"{PREFIX}PUBLIC_KEYS holds the application's own public key. What is needed is Alipay's, the "
                f"支付宝公钥, which {_CONSOLE} → 开发设置 → 接口加签方式 shows beside it."
            )
        numbers = {}
        if self.app_certificate or self.root_certificates:
            numbers = certificate_numbers(self.app_certificate, self.root_certificates)
        return Access(app_id, private_key, alipay_keys, numbers, self.gateway, self.timeout_s)

    def _app_id(self) -> str:
        if not (self.app_id.isascii() and self.app_id.isdigit()):
            raise ProviderSettingsError(f"{PREFIX}APP_ID is missing or no number. {_CONSOLE} shows it as APPID.")
        return self.app_id

    def _alipay_keys(self) -> tuple[rsa.RSAPublicKey, ...]:
        if not self.public_keys:
            raise ProviderSettingsError(
                f"{PREFIX}PUBLIC_KEYS is missing: a JSON list with the 支付宝公钥, which {_CONSOLE} → 开发设置 → "
                "接口加签方式 shows; with two while a new one replaces the old."
            )
        return tuple(read_public_key(text, f"{PREFIX}PUBLIC_KEYS") for text in self.public_keys)


def _refuse_address(address: str, name: str, where: str) -> None:
    parts = urlsplit(address)
    if parts.scheme not in ("https", "http") or not parts.netloc:
        raise ProviderSettingsError(f"{PREFIX}{name}: {address!r} is no address. {where}")
