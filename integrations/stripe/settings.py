"""What is needed to speak to Stripe."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

from integrations.provider import ProviderSettingsError

API_BASE: Final = "https://api.stripe.com"


@dataclass(frozen=True)
class StripeSettings:
    """`api_key` is a secret or restricted key. `timeout_s` bounds one question to Stripe from start to end.

    Raises ProviderSettingsError.
    """

    api_key: str = field(repr=False)
    api_base: str = API_BASE
    timeout_s: float = 8.0

    def __post_init__(self) -> None:
        if not self.api_key.strip():
            raise ProviderSettingsError(
                "AFTERSALES_STRIPE_API_KEY is missing. Copy a secret or restricted key from "
                "https://dashboard.stripe.com/apikeys; the sandbox takes the key it was started with."
            )
        if self.api_key.startswith("pk_"):
            raise ProviderSettingsError(
                "AFTERSALES_STRIPE_API_KEY is a publishable key (pk_…), which cannot refund. "
                "Use a secret (sk_…) or restricted (rk_…) key from https://dashboard.stripe.com/apikeys."
            )
        address = urlsplit(self.api_base)
        if address.scheme not in ("https", "http") or not address.netloc:
            raise ProviderSettingsError(
                f"AFTERSALES_STRIPE_API_BASE: {self.api_base!r} is no address of an API; Stripe's is {API_BASE}, "
                "the sandbox prints its own."
            )
        if self.timeout_s <= 0:
            raise ProviderSettingsError("AFTERSALES_STRIPE_TIMEOUT_S: the time limit must be above 0 seconds.")
