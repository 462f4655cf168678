"""What is needed to speak to Stripe."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

API_BASE: Final = "https://api.stripe.com"


class StripeSettingsError(ValueError):
    """Stripe cannot be used with these settings; `str(error)` says what to set and where to find it."""


@dataclass(frozen=True)
class StripeSettings:
    """`api_key` is a secret or restricted key. `timeout_s` bounds one question to Stripe from start to end.

    `webhook_secrets`: the signing secrets of the webhook endpoint; two of them while one replaces the other.
    Raises StripeSettingsError.
    """

    api_key: str = field(repr=False)
    webhook_secrets: tuple[str, ...] = field(default=(), repr=False)
    api_base: str = API_BASE
    timeout_s: float = 8.0

    def __post_init__(self) -> None:
        if not self.api_key.strip():
            raise StripeSettingsError(
                "The Stripe API key is missing. Copy a secret or restricted key from "
                "https://dashboard.stripe.com/apikeys; the sandbox takes the key it was started with."
            )
        if self.api_key.startswith("pk_"):
            raise StripeSettingsError(
                "The Stripe API key is a publishable one (pk_…), which cannot refund. "
                "Use a secret (sk_…) or restricted (rk_…) key from https://dashboard.stripe.com/apikeys."
            )
        address = urlsplit(self.api_base)
        if address.scheme not in ("https", "http") or not address.netloc:
            raise StripeSettingsError(
                f"{self.api_base!r} is no address of an API; Stripe's is {API_BASE}, the sandbox prints its own."
            )
        if self.timeout_s <= 0:
            raise StripeSettingsError("The time limit for Stripe must be above 0 seconds.")
        if not all(self.webhook_secrets):
            raise StripeSettingsError(
                "A webhook secret of Stripe is empty. Copy it (whsec_…) from the endpoint's page at "
                "https://dashboard.stripe.com/webhooks, or leave the whole list empty."
            )
