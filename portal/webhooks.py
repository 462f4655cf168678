"""News from payment providers: verify, store, answer, then tell the case (P3.3).

A webhook never acts. It is stored before it is acknowledged, and the case is told after; what could not be told
stays in the inbox without `signalled_at`, where the sweep finds it. Duplicates are acknowledged and told once.
"""

from __future__ import annotations

from collections.abc import Mapping

import structlog
from fastapi import APIRouter
from sqlalchemy.exc import SQLAlchemyError
from starlette.background import BackgroundTask
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from aftersales.contract.errors import AftersalesError
from aftersales.contract.messages import PaymentChanged
from portal.answers import later, refusal
from portal.bodies import BodyTooLargeError, whole_body
from portal.ports import (
    Cases,
    Clock,
    PortalRecords,
    WebhookEvent,
    WebhookRefusedError,
    WebhookVerifier,
)
from portal.settings import PortalSettings
from storage.errors import StorageError
from storage.portal import ProviderEvent

_log = structlog.get_logger(__name__)


class Webhooks:
    """`POST /webhooks/{provider}`."""

    def __init__(
        self,
        settings: PortalSettings,
        records: PortalRecords,
        cases: Cases,
        verifiers: Mapping[str, WebhookVerifier],
        clock: Clock,
    ) -> None:
        self._settings = settings
        self._records = records
        self._cases = cases
        self._verifiers = verifiers
        self._clock = clock

    def router(self) -> APIRouter:
        router = APIRouter()
        router.add_api_route("/webhooks/{provider}", self.receive, methods=["POST"], response_model=None)
        return router

    async def receive(self, provider: str, request: Request) -> Response:
        """200 once stored (again: 200), 400 bad signature, 404 no such provider, 413, 503 not stored."""
        verify = self._verifiers.get(provider)
        if verify is None:
            return refusal(404, "provider_unknown", "No such provider is set up here.")
        try:
            body = await whole_body(request, self._settings.largest_webhook_bytes, self._settings.body_limit_s)
            event = verify(body, request.headers, self._clock.now())
        except BodyTooLargeError as why:
            return refusal(413, "too_large", str(why))
        except (TimeoutError, ClientDisconnect):
            return refusal(408, "too_slow", "The body did not arrive in time; send it again.")
        except WebhookRefusedError as why:
            _log.warning("webhook_refused", provider=provider, why=str(why))
            return refusal(400, "not_verified", "The signature does not hold for this body; check the secret.")
        return await self._take(provider, event, body)

    async def _take(self, provider: str, event: WebhookEvent, body: bytes) -> Response:
        try:
            number = await self._records.number_of(event.provider_number) or ""
            new = await self._records.receive(self._inbox_row(provider, event, body, number))
        except (SQLAlchemyError, OSError) as why:
            _log.error("webhook_not_stored", provider=provider, event_id=event.event_id, why=str(why))
            return later("not_stored", "The event could not be stored; deliver it again.")
        if not number:
            _log.info("webhook_unmatched", provider=provider, event_id=event.event_id)
        tell = BackgroundTask(self._tell, provider, event, number) if new and number else None
        return JSONResponse({"received": True}, background=tell)

    def _inbox_row(self, provider: str, event: WebhookEvent, body: bytes, number: str) -> ProviderEvent:
        now = self._clock.now()
        return ProviderEvent(
            provider=provider,
            event_id=event.event_id,
            payload=body.decode(errors="replace"),
            received_at=now,
            provider_number=event.provider_number,
            number=number,
            signalled_at=None if number else now,  # there is nobody to tell, so no sweep need look at it
        )

    async def _tell(self, provider: str, event: WebhookEvent, number: str) -> None:
        """Signal the case; whatever fails here is left to the sweep."""
        hint = PaymentChanged(provider=provider, provider_number=event.provider_number)
        try:
            await self._cases.payment_changed(number, hint)
            await self._records.mark_signalled(provider, event.event_id, self._clock.now())
        except (AftersalesError, StorageError, SQLAlchemyError, OSError) as why:
            _log.warning(
                "webhook_not_signalled",
                provider=provider,
                event_id=event.event_id,
                number=number,
                why=str(why),
            )
