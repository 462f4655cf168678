"""Stripe behind the port of `activities.ports.Payments` (P3.2, P3.3; design: payments).

Everything that Stripe says is translated here; nothing but outcomes comes out.
"""

from integrations.stripe.adapter import StripePayments
from integrations.stripe.settings import StripeSettings, StripeSettingsError
from integrations.stripe.webhook import WebhookEvent, WebhookRefusedError, parse_webhook

__all__ = [
    "StripePayments",
    "StripeSettings",
    "StripeSettingsError",
    "WebhookEvent",
    "WebhookRefusedError",
    "parse_webhook",
]
