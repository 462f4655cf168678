"""News from payment providers: verify, store, answer, then tell the case (P3.3).

A webhook never acts. It is stored before it is acknowledged, and the case is told after, if it is news to it (see
`portal.telling`). Duplicates are acknowledged and told once. Each provider is answered in its own words.

Verifying takes at most 0.1 ms, RSA and decryption included: less than handing it to a thread would cost.
"""

from __future__ import annotations

from collections.abc import Mapping

import structlog
from fastapi import APIRouter
from sqlalchemy.exc import SQLAlchemyError
from starlette.background import BackgroundTask
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from integrations.hearing import Reply, WebhookEvent, WebhookReader, WebhookRefusedError
from portal.answers import TRY_AGAIN_S, refusal
from portal.bodies import BodyTooLargeError, whole_body
from portal.intake import Intake
from portal.ports import Clock, PortalRecords
from portal.settings import PortalSettings
from portal.telling import Telling
from storage.portal import Bearing, ProviderEvent, Received

_log = structlog.get_logger(__name__)


class Webhooks:
    """`POST /webhooks/{provider}`."""

    def __init__(
        self,
        settings: PortalSettings,
        records: PortalRecords,
        telling: Telling,
        readers: Mapping[str, WebhookReader],
        clock: Clock,
    ) -> None:
        self._settings = settings
        self._intake = Intake(records)
        self._telling = telling
        self._readers = readers
        self._clock = clock

    def router(self) -> APIRouter:
        router = APIRouter()
        router.add_api_route("/webhooks/{provider}", self.receive, methods=["POST"], response_model=None)
        return router

    async def receive(self, provider: str, request: Request) -> Response:
        """The reader's own words: taken once stored (again: taken), refused, not stored. Ours: 404 no such provider,
        408, 413."""
        reader = self._readers.get(provider)
        if reader is None:
            return refusal(404, "provider_unknown", "No such provider is set up here.")
        try:
            body = await whole_body(request, self._settings.largest_webhook_bytes, self._settings.body_limit_s)
            event = reader.read(body, request.headers, self._clock.now())
        except BodyTooLargeError as why:
            return refusal(413, "too_large", str(why))
        except (TimeoutError, ClientDisconnect):
            return refusal(408, "too_slow", "The body did not arrive in time; send it again.")
        except WebhookRefusedError as why:
            _log.warning("webhook_refused", provider=provider, why=str(why))
            return _said(reader.refused())
        return await self._take(reader, event, body)

    async def _take(self, reader: WebhookReader, event: WebhookEvent, body: bytes) -> Response:
        try:
            with self._telling.giving_way():
                received = await self._intake.store(self._inbox_row(event, body))
        except (SQLAlchemyError, OSError) as why:
            _log.error("webhook_not_stored", provider=event.provider, event_id=event.event_id, why=str(why))
            return _said(reader.not_stored(), headers={"Retry-After": str(TRY_AGAIN_S)})
        return _said(reader.taken(), after=self._after(received) if received else None)

    def _after(self, received: Received) -> BackgroundTask | None:
        """What is left to do when the provider has its answer."""
        news, bearing = received
        log = _log.bind(provider=news.provider, event_id=news.event_id, application=news.number)
        if news.amount_differs:
            log.error("webhook_amount_differs", says=news.says.value, provider_number=news.provider_number)
        match bearing:
            case Bearing.NEWS | Bearing.AWAITED:
                return BackgroundTask(self._telling.begin, received)
            case Bearing.CASE_CLOSED:
                log.error("webhook_for_a_closed_case", says=news.says.value, provider_number=news.provider_number)
            case Bearing.UNMATCHED:
                log.info("webhook_unmatched", provider_number=news.provider_number)
            case _:
                log.info("webhook_handled", bearing=bearing.value, says=news.says.value)
        return None

    def _inbox_row(self, event: WebhookEvent, body: bytes) -> ProviderEvent:
        return ProviderEvent(
            provider=event.provider,
            event_id=event.event_id,
            payload=body.decode(errors="replace"),
            received_at=self._clock.now(),
            provider_number=event.provider_number,
            reference=event.object_id,
            says=event.says,
            kind=event.kind,
            amount=event.amount,
            chargeback=event.chargeback,
        )


def _said(reply: Reply, *, headers: Mapping[str, str] | None = None, after: BackgroundTask | None = None) -> Response:
    return Response(reply.body, reply.status, headers, reply.media_type, after)
