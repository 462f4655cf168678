"""The shop's accounts at the providers that the sandbox plays: what worker, portal and sandbox are told of them.

`python -m cli.merchant FOLDER` writes fresh ones for the demo of docker-compose.yml into that folder.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final

import typer
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from pydantic import BaseModel, SecretStr

ALIPAY_APP: Final = "2021000000000001"
WECHAT_MERCHANT: Final = "1900000109"
WECHAT_SERIAL: Final = "5157F09EFDC096DE15EBE81A47057A7232F1B8E1"
WECHAT_KEY_ID: Final = "PUB_KEY_ID_0119000001092026110100391947000800"
BANK_ACCOUNT: Final = "DE02120300000000202051"
SANDBOX_OF_THE_DEMO: Final = "http://sandbox:4242"
PORTAL_OF_THE_DEMO: Final = "http://portal:8700"
"""By the names that containers have for each other."""

_KEY_BITS: Final = 2048


class MerchantSecrets(BaseModel):
    """Made once for each stack. Keys are private ones in PEM: the shop's, and the one the sandbox signs with."""

    stripe_key: SecretStr
    stripe_webhook: SecretStr
    alipay_shop: SecretStr
    alipay_platform: SecretStr
    wechat_shop: SecretStr
    wechat_platform: SecretStr
    wechat_apiv3: SecretStr
    bank_token: SecretStr
    bank_webhook: SecretStr

    @classmethod
    def fresh(cls) -> MerchantSecrets:
        return cls.model_validate(
            {
                "stripe_key": f"sk_test_{secrets.token_hex(16)}",
                "stripe_webhook": f"whsec_{secrets.token_hex(16)}",
                "alipay_shop": _private_key(),
                "alipay_platform": _private_key(),
                "wechat_shop": _private_key(),
                "wechat_platform": _private_key(),
                "wechat_apiv3": secrets.token_hex(16),
                "bank_token": f"bank_{secrets.token_hex(16)}",
                "bank_webhook": f"bwh_{secrets.token_hex(16)}",
            }
        )


class Merchant:
    """The shop as customer of the providers, all of them at the sandbox's address."""

    def __init__(self, kept: MerchantSecrets, sandbox: str, portal: str) -> None:
        self._kept = kept
        self._sandbox = sandbox
        self._portal = portal

    def for_worker(self) -> dict[str, str]:
        """What calls are made with."""
        kept = self._kept
        return {
            "AFTERSALES_STRIPE_API_KEY": _of(kept.stripe_key),
            "AFTERSALES_STRIPE_API_BASE": self._sandbox,
            "AFTERSALES_ALIPAY_PRIVATE_KEY": _of(kept.alipay_shop),
            "AFTERSALES_ALIPAY_GATEWAY": f"{self._sandbox}/gateway.do",
            "AFTERSALES_ALIPAY_NOTIFY_URL": self._hears("alipay"),
            "AFTERSALES_WECHAT_MCHID": WECHAT_MERCHANT,
            "AFTERSALES_WECHAT_SERIAL_NO": WECHAT_SERIAL,
            "AFTERSALES_WECHAT_PRIVATE_KEY": _of(kept.wechat_shop),
            "AFTERSALES_WECHAT_API_BASE": self._sandbox,
            "AFTERSALES_WECHAT_NOTIFY_URL": self._hears("wechat"),
            "AFTERSALES_BANK_API_BASE": f"{self._sandbox}/bank/v1",
            "AFTERSALES_BANK_TOKEN": _of(kept.bank_token),
            "AFTERSALES_BANK_DEBTOR_ACCOUNT": BANK_ACCOUNT,
            **self._shared(),
        }

    def for_portal(self) -> dict[str, str]:
        """What webhooks are verified with."""
        return {
            "AFTERSALES_STRIPE_WEBHOOK_SECRETS": json.dumps([_of(self._kept.stripe_webhook)]),
            "AFTERSALES_BANK_WEBHOOK_SECRETS": json.dumps([_of(self._kept.bank_webhook)]),
            **self._shared(),
        }

    def for_sandbox(self) -> dict[str, str]:
        """The other side of both."""
        kept = self._kept
        return {
            "SANDBOX_STRIPE_API_KEY": _of(kept.stripe_key),
            "SANDBOX_STRIPE_WEBHOOK_SECRET": _of(kept.stripe_webhook),
            "SANDBOX_WEBHOOK_URL": self._hears("stripe"),
            "SANDBOX_ALIPAY_APP_ID": ALIPAY_APP,
            "SANDBOX_ALIPAY_MERCHANT_PUBLIC_KEY": _public(kept.alipay_shop),
            "SANDBOX_ALIPAY_PRIVATE_KEY": _of(kept.alipay_platform),
            "SANDBOX_ALIPAY_NOTIFY_URL": self._hears("alipay"),
            "SANDBOX_WECHAT_MCHID": WECHAT_MERCHANT,
            "SANDBOX_WECHAT_SERIAL_NO": WECHAT_SERIAL,
            "SANDBOX_WECHAT_MERCHANT_PUBLIC_KEY": _public(kept.wechat_shop),
            "SANDBOX_WECHAT_PLATFORM_PRIVATE_KEY": _of(kept.wechat_platform),
            "SANDBOX_WECHAT_PUBLIC_KEY_ID": WECHAT_KEY_ID,
            "SANDBOX_WECHAT_APIV3_KEY": _of(kept.wechat_apiv3),
            "SANDBOX_WECHAT_NOTIFY_URL": self._hears("wechat"),
            "SANDBOX_BANK_TOKEN": _of(kept.bank_token),
            "SANDBOX_BANK_WEBHOOK_SECRET": _of(kept.bank_webhook),
            "SANDBOX_BANK_ACCOUNT": BANK_ACCOUNT,
            "SANDBOX_BANK_WEBHOOK_URL": self._hears("bank"),
        }

    def _shared(self) -> dict[str, str]:
        """Answers and callbacks are verified with the same keys of the providers."""
        kept = self._kept
        return {
            "AFTERSALES_ALIPAY_APP_ID": ALIPAY_APP,
            "AFTERSALES_ALIPAY_PUBLIC_KEYS": json.dumps([_public(kept.alipay_platform)]),
            "AFTERSALES_WECHAT_PUBLIC_KEY_ID": WECHAT_KEY_ID,
            "AFTERSALES_WECHAT_PUBLIC_KEY": _public(kept.wechat_platform),
            "AFTERSALES_WECHAT_APIV3_KEY": _of(kept.wechat_apiv3),
        }

    def _hears(self, provider: str) -> str:
        return f"{self._portal}/webhooks/{provider}"


def _of(secret: SecretStr) -> str:
    return secret.get_secret_value()


def _private_key() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=_KEY_BITS)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def _public(private: SecretStr) -> str:
    key = load_pem_private_key(_of(private).encode(), password=None)
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def variable_files(merchant: Merchant) -> dict[str, Mapping[str, str]]:
    """File -> variables, as docker-compose.yml reads them. Keys that sign calls are not the portal's to know."""
    verifying = merchant.for_portal()
    signing = {name: value for name, value in merchant.for_worker().items() if name not in verifying}
    return {"providers.env": signing, "webhooks.env": verifying, "sandbox.env": merchant.for_sandbox()}


def main(folder: Annotated[Path, typer.Argument(exists=True, file_okay=False)]) -> None:
    """Write accounts at the sandbox, for the demo of docker-compose.yml; nothing that is there is overwritten."""
    files = variable_files(Merchant(MerchantSecrets.fresh(), SANDBOX_OF_THE_DEMO, PORTAL_OF_THE_DEMO))
    if there := [str(folder / name) for name in files if (folder / name).exists()]:
        typer.echo(
            f"Nothing was written: {', '.join(there)} exist already. Move them away if the demo's may.", err=True
        )
        raise typer.Exit(1)
    for name, told in files.items():
        _write(folder / name, "".join(f"{variable}={_quoted(value)}\n" for variable, value in told.items()))
        typer.echo(f"wrote {folder / name}")


def _quoted(value: str) -> str:
    """Compose takes what stands in single quotes as it is, and reads \\n in double quotes as a line's end."""
    return '"' + value.replace("\n", "\\n") + '"' if "\n" in value else f"'{value}'"


def _write(file: Path, text: str) -> None:
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as sink:
        sink.write(text)


if __name__ == "__main__":
    typer.run(main)
