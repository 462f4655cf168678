"""The settings of bank payouts, `AFTERSALES_BANK_*`, and what the processes get from them."""

from __future__ import annotations

from typing import Annotated, ClassVar, Final
from urllib.parse import urlsplit

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from aftersales.contract.values import Currency, PayoutMethod
from domain.rails import Arrival, Rail
from integrations.bank.accounts import AccountRefusedError, bank_account
from integrations.bank.adapter import BankPayments
from integrations.bank.api import BankAccess
from integrations.bank.statements import BankStatements
from integrations.bank.webhook import BankWebhooks
from integrations.provider import ProviderBlock, ProviderSettingsError

LONGEST_TIMEOUT_S: Final = 9.0
"""Below the time limit of a provider call, so that a late answer is told from a lost worker."""

SHORTEST_SECRET: Final = 16
_ANY_NAME: Final = "Merchant"


class BankBlock(ProviderBlock):
    """`api_base`, `token` and `debtor_account` together make payouts possible; the portal needs only `webhook_secrets`.

    `currencies`: what the account pays in, empty for any. `arrival_days`: working days until the customer has it.
    """

    model_config = SettingsConfigDict(env_prefix="AFTERSALES_BANK_", extra="ignore")

    provider: ClassVar[str] = "bank"
    calls_per_s: Annotated[float, Field(gt=0)] = 10.0
    api_base: str = ""
    token: SecretStr = SecretStr("")
    debtor_account: str = Field(default="", repr=False)
    webhook_secrets: tuple[SecretStr, ...] = ()
    currencies: frozenset[Currency] = frozenset()
    timeout_s: Annotated[float, Field(gt=0, le=LONGEST_TIMEOUT_S)] = 8.0
    arrival_days: Annotated[int, Field(ge=0, le=30)] = 2

    def rail(self) -> Rail:
        """Payouts alone: a transfer that a customer made cannot be undone by its receiver."""
        return Rail(
            provider=self.provider,
            refunds=False,
            pays_out=frozenset({PayoutMethod.BANK_TRANSFER}),
            currencies=self.currencies or None,
            payout_arrival=Arrival(within_days=self.arrival_days, working_days=True),
        )

    def payments(self) -> BankPayments | None:
        """Raises ProviderSettingsError for settings by half."""
        access = self._access()
        return None if access is None else BankPayments(access)

    def webhooks(self) -> BankWebhooks | None:
        """Raises ProviderSettingsError for a secret that is empty or could be guessed."""
        secrets = [secret.get_secret_value().strip() for secret in self.webhook_secrets]
        if any(len(secret) < SHORTEST_SECRET for secret in secrets):
            raise ProviderSettingsError(
                "AFTERSALES_BANK_WEBHOOK_SECRETS: each secret has at least "
                f"{SHORTEST_SECRET} characters. The bank shows it where the webhook's address is entered; write a JSON "
                'list, ["new", "old"] while one replaces the other.'
            )
        return BankWebhooks(secrets) if secrets else None

    def statements(self) -> BankStatements | None:
        """Raises ProviderSettingsError for settings by half."""
        access = self._access()
        return None if access is None else BankStatements(access)

    def _access(self) -> BankAccess | None:
        token, account = self.token.get_secret_value().strip(), self.debtor_account.strip()
        base = self.api_base.strip()
        if not (token or account or base):
            return None
        if not token:
            raise ProviderSettingsError(
                "AFTERSALES_BANK_TOKEN: missing. Make an access token for payouts and statements in the bank's "
                "developer portal; the sandbox shows its own at /admin/bank/credentials."
            )
        return BankAccess(
            api_base=_checked_address(base),
            token=token,
            debtor_account=_checked_account(account),
            timeout_s=self.timeout_s,
            currencies=self.currencies or None,
        )


def _checked_address(text: str) -> str:
    address = urlsplit(text)
    if address.scheme not in ("https", "http") or not address.netloc or address.query or address.username:
        raise ProviderSettingsError(
            f"AFTERSALES_BANK_API_BASE: {text.rpartition('@')[2][:80]!r} is no address of an API. The bank's "
            "documentation has it, such as https://api.bank.example/v1; the sandbox's ends in /bank/v1."
        )
    return text


def _checked_account(text: str) -> str:
    try:
        # Of our own account the bank knows name and code.
        return bank_account(text, _ANY_NAME, "" if text[:1].isalpha() else "0" * 12).account
    except AccountRefusedError as error:
        raise ProviderSettingsError(
            f"AFTERSALES_BANK_DEBTOR_ACCOUNT: {error} It is the account that payouts are paid from, as on its "
            "statement."
        ) from error
