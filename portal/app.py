"""The portal as one ASGI application: provider webhooks, survey and payout pages, evidence uploads."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

from fastapi import FastAPI
from limits import RateLimitItemPerMinute
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp

from integrations.evidence import EvidenceIntake
from integrations.hearing import WebhookReader
from integrations.links import BoundT, LinkSigner
from integrations.vault import Vault
from portal import evidence, payout, survey, uploads
from portal.entrance import Entrance
from portal.evidence import EvidenceRoom
from portal.guard import Guard
from portal.health import Health
from portal.limits import Throttle
from portal.pages import Pages
from portal.payout import Payout
from portal.payout_form import Drafts
from portal.ports import Cases, Clock, PayeeRecords, PortalRecords
from portal.settings import PortalSettings
from portal.staff.room import StaffRoom
from portal.strays import Strays
from portal.survey import Survey
from portal.telling import Telling
from portal.uploads import Uploads
from portal.webhooks import Webhooks
from storage.portal import TokenPurpose


@dataclass(frozen=True)
class Parts:
    """What the portal is built from; `readers` by provider, as its name stands in the webhook's address; `staff`: the
    door of the shop's own people, if this portal has one."""

    records: PortalRecords
    cases: Cases
    evidence: EvidenceIntake
    links: LinkSigner
    readers: Mapping[str, WebhookReader]
    telling: Telling
    clock: Clock
    payees: PayeeRecords
    vault: Vault
    staff: StaffRoom | None = None

    @asynccontextmanager
    async def lifespan(self, _: FastAPI) -> AsyncIterator[None]:
        """What goes on beside the requests ends with the process."""
        yield
        await self.telling.stop()
        await self.evidence.close()


def create_app(settings: PortalSettings, parts: Parts) -> ASGIApp:
    """Five routes, a style sheet, `/healthz` and `/readyz`; no API description is published."""
    app = FastAPI(title="portal", docs_url=None, redoc_url=None, openapi_url=None, lifespan=parts.lifespan)
    pages = Pages(settings.shop_name)
    by_link = _entrance(settings, parts, TokenPurpose.SURVEY, parts.links.read_survey, survey.spent_key)
    by_ticket = _entrance(settings, parts, TokenPurpose.UPLOAD, parts.links.read_upload, uploads.spent_key)
    by_payout = _entrance(settings, parts, TokenPurpose.PAYOUT, parts.links.read_payout, payout.spent_key)
    by_look = _entrance(settings, parts, TokenPurpose.EVIDENCE, parts.links.read_evidence, evidence.link_key)
    drafts = Drafts(parts.vault)
    rooms = (
        Webhooks(settings, parts.records, parts.telling, parts.readers, parts.clock),
        Survey(by_link, parts.cases, pages, settings.body_limit_s),
        Uploads(by_ticket, parts.records, parts.evidence, pages, parts.clock, settings.upload_limit_s),
        EvidenceRoom(by_look, parts.records, parts.evidence.store, pages),
        Payout(by_payout, parts.cases, parts.payees, drafts, pages, parts.clock, settings.body_limit_s),
        Health(parts.records.reach),
    )
    for room in rooms:
        app.include_router(room.router())
    if parts.staff:
        app.include_router(parts.staff.router())
    app.add_api_route("/portal.css", pages.style, methods=["GET"], response_model=None)
    strays = Strays(pages)
    app.add_exception_handler(HTTPException, strays.nothing_here)
    app.add_exception_handler(Exception, strays.failed)
    return Guard(app)


def _entrance(
    settings: PortalSettings,
    parts: Parts,
    purpose: TokenPurpose,
    read: Callable[[str, datetime], BoundT],
    spent_key: Callable[[BoundT], str],
) -> Entrance[BoundT]:
    """Each counts for itself: who has sent twenty photos may still rate."""
    throttle = Throttle(
        RateLimitItemPerMinute(settings.address_per_minute), RateLimitItemPerMinute(settings.link_per_minute)
    )
    return Entrance(purpose, read, spent_key, records=parts.records, clock=parts.clock, throttle=throttle)
