"""Who can tell a provider's webhook from a forged one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from pydantic import SecretStr

from integrations.stripe import WebhookEvent as StripeEvent
from integrations.stripe import WebhookRefusedError as StripeRefusedError
from integrations.stripe import parse_webhook
from portal.ports import WebhookRefusedError, WebhookVerifier
from portal.settings import PortalSettings


def verifiers(settings: PortalSettings) -> dict[str, WebhookVerifier]:
    """Each provider for which there is a secret; the others' webhooks are unknown here."""
    if not settings.stripe_webhook_secrets:
        return {}
    return {"stripe": stripe_verifier(settings.stripe_webhook_secrets)}


def stripe_verifier(secrets: Sequence[SecretStr]) -> WebhookVerifier:
    """Any of the secrets will do, so that a new one can replace the old."""
    texts = [secret.get_secret_value() for secret in secrets]

    def verify(body: bytes, headers: Mapping[str, str], now: datetime) -> StripeEvent:
        try:
            return parse_webhook(body, headers, texts, now)
        except StripeRefusedError as why:
            raise WebhookRefusedError(str(why)) from why

    return verify
