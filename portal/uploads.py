"""Evidence comes in by a ticket: bound to one case, one file, a size and some kinds (P2.2).

The answer is the reference that `supply_evidence` or the application then names; the portal tells the case
nothing by itself. A ticket that is wrong, over or used is refused in the same words.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncGenerator

import structlog
from fastapi import APIRouter
from obstore.exceptions import BaseError as BucketError
from sqlalchemy.exc import SQLAlchemyError
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from aftersales.contract.values import EvidenceRef
from integrations.evidence import (
    EvidenceError,
    EvidenceStore,
    EvidenceTooLargeError,
    EvidenceTypeError,
)
from integrations.links import LinkInvalidError, LinkSigner, UploadTicket
from portal.answers import later, refusal
from portal.bodies import BodyTooLargeError, bounded
from portal.ports import Clock, PortalRecords
from portal.settings import PortalSettings
from storage.portal import TokenPurpose

FORM_OVERHEAD_BYTES = 16 * 1024
_PIECE_BYTES = 256 * 1024
_log = structlog.get_logger(__name__)


class FormUnreadableError(Exception):
    """A multipart body without exactly one file in it."""

    def __init__(self) -> None:
        super().__init__("Send one file, as the body itself or as the one file of a form.")


class Uploads:
    """`POST /evidence/{ticket}`."""

    def __init__(
        self,
        settings: PortalSettings,
        records: PortalRecords,
        evidence: EvidenceStore,
        links: LinkSigner,
        clock: Clock,
    ) -> None:
        self._settings = settings
        self._records = records
        self._evidence = evidence
        self._links = links
        self._clock = clock

    def router(self) -> APIRouter:
        router = APIRouter()
        router.add_api_route("/evidence/{ticket}", self.receive, methods=["POST"], response_model=None)
        return router

    async def receive(self, ticket: str, request: Request) -> Response:
        """201 with the EvidenceRef; 403 ticket, 408, 413 size, 415 kind, 422 empty or no form, 503 not kept."""
        try:
            holder = self._links.read_upload(ticket, self._clock.now())
        except LinkInvalidError as why:
            _log.info("ticket_refused", why=str(why))
            return _refused()
        try:
            return await self._take(holder, request)
        except (SQLAlchemyError, BucketError, OSError) as why:
            _log.error("evidence_not_kept", number=holder.number, why=str(why))
            return later("not_kept", "The file could not be kept; send it again, if need be with a new ticket.")

    async def _take(self, ticket: UploadTicket, request: Request) -> Response:
        if await self._records.token_spent(TokenPurpose.UPLOAD, spent_key(ticket)):
            return _refused()
        try:
            async with asyncio.timeout(self._settings.upload_limit_s):
                ref = await self._keep(ticket, request)
        except (TimeoutError, ClientDisconnect):
            return refusal(408, "too_slow", "The file did not arrive in time; send it again.")
        except (BodyTooLargeError, FormUnreadableError, EvidenceError) as why:
            return _explained(why)
        now = self._clock.now()
        if not await self._records.spend_token(TokenPurpose.UPLOAD, spent_key(ticket), now):
            return _refused()  # of two uploads at once, one gets it
        await self._records.add_evidence(ticket.number, ref, now)
        return JSONResponse(ref.model_dump(mode="json"), status_code=201)

    async def _keep(self, ticket: UploadTicket, request: Request) -> EvidenceRef:
        content = self._content(ticket, request)
        return await self._evidence.put(content, largest_bytes=ticket.max_bytes, media_types=ticket.media_types)

    async def _content(self, ticket: UploadTicket, request: Request) -> AsyncGenerator[bytes, None]:
        if not request.headers.get("content-type", "").startswith("multipart/form-data"):
            async for piece in bounded(request, ticket.max_bytes):
                yield piece
            return
        upload = await _only_file(request, ticket.max_bytes + FORM_OVERHEAD_BYTES)
        try:
            while piece := await upload.read(_PIECE_BYTES):
                yield piece
        finally:
            await upload.close()


async def _only_file(request: Request, largest_bytes: int) -> UploadFile:
    try:
        form = await MultiPartParser(
            request.headers, bounded(request, largest_bytes), max_files=1, max_fields=5
        ).parse()
    except (MultiPartException, KeyError) as why:
        raise FormUnreadableError from why
    files = [part for _, part in form.multi_items() if isinstance(part, UploadFile)]
    if len(files) != 1:
        raise FormUnreadableError
    return files[0]


def spent_key(ticket: UploadTicket) -> str:
    return hashlib.sha256(ticket.ticket_id.encode()).hexdigest()


def _refused() -> Response:
    return refusal(403, "ticket_refused", "This upload ticket is not valid, or not any more; ask for a new one.")


def _explained(why: Exception) -> Response:
    match why:
        case EvidenceTooLargeError() | BodyTooLargeError():
            return refusal(413, "too_large", str(why))
        case EvidenceTypeError():
            return refusal(415, "kind_refused", str(why))
        case EvidenceError():
            return refusal(422, "empty", str(why))
        case _:
            return refusal(422, "form_unreadable", str(why))
