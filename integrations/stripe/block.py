"""Stripe's settings block: from it everything that the processes need of Stripe."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from domain.rails import Arrival, Rail
from integrations.provider import ProviderBlock, ProviderSettingsError
from integrations.stripe.adapter import PROVIDER, StripePayments
from integrations.stripe.settings import API_BASE, StripeSettings
from integrations.stripe.statements import StripeStatements
from integrations.stripe.webhook import StripeWebhooks

# Stripe tells customers five to ten working days for a refund to a card.
_REFUND_ARRIVAL = Arrival(within_days=10, working_days=True)


class StripeBlock(ProviderBlock):
    """Environment: `AFTERSALES_STRIPE_<NAME>`; the list is JSON.

    `webhook_secrets`: the signing secrets of the webhook endpoint; two of them while one replaces the other.
    `timeout_s` bounds one question to Stripe from start to end.
    """

    model_config = SettingsConfigDict(env_prefix="AFTERSALES_STRIPE_")

    provider: ClassVar[str] = PROVIDER
    calls_per_s: Annotated[float, Field(gt=0)] = 80.0
    api_key: SecretStr | None = None
    api_base: str = API_BASE
    timeout_s: Annotated[float, Field(gt=0, le=9)] = 8.0
    webhook_secrets: tuple[SecretStr, ...] = ()

    def rail(self) -> Rail:
        """Back by the way it came, in any currency, in as many parts as one likes; nothing is paid out to others."""
        return Rail(provider=PROVIDER, refund_arrival=_REFUND_ARRIVAL)

    def payments(self) -> StripePayments | None:
        settings = self._settings()
        return StripePayments(settings) if settings else None

    def webhooks(self) -> StripeWebhooks | None:
        secrets = tuple(secret.get_secret_value() for secret in self.webhook_secrets)
        if not all(secret.strip() for secret in secrets):
            raise ProviderSettingsError(
                "AFTERSALES_STRIPE_WEBHOOK_SECRETS holds an empty secret. Copy it (whsec_…) from the endpoint's page "
                "at https://dashboard.stripe.com/webhooks, or leave the whole list empty."
            )
        return StripeWebhooks(secrets) if secrets else None

    def statements(self) -> StripeStatements | None:
        settings = self._settings()
        return StripeStatements(settings) if settings else None

    def _settings(self) -> StripeSettings | None:
        if self.api_key is None and "api_base" not in self.model_fields_set:
            return None
        # An address without a key is a set-up by half, and refused for the key that it lacks.
        key = self.api_key.get_secret_value() if self.api_key else ""
        return StripeSettings(key, self.api_base, self.timeout_s)
