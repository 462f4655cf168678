"""Stripe behind the port of `activities.ports.Payments` (P3.2, P3.3; design: payments).

Everything that Stripe says is translated here; nothing but outcomes comes out.
"""

from integrations.stripe.adapter import StripePayments
from integrations.stripe.block import StripeBlock
from integrations.stripe.settings import StripeSettings
from integrations.stripe.statements import StripeStatements
from integrations.stripe.webhook import StripeWebhooks, parse_webhook

__all__ = [
    "StripeBlock",
    "StripePayments",
    "StripeSettings",
    "StripeStatements",
    "StripeWebhooks",
    "parse_webhook",
]
