"""Stripe's refund API as of its published reference: https://docs.stripe.com/api/refunds."""

from sandbox.stripe.admin import router
from sandbox.stripe.provider import StripeProvider

__all__ = ["StripeProvider", "router"]
