"""Evidence comes in by a ticket: bound to one case, one file, a size and some kinds (P2.2).

The answer is the reference that `supply_evidence` or the application then names, of the file as it was made anew, with
what could be better about it; the portal tells the case nothing by itself. A ticket that is wrong, over or used is
refused in the same words.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Final

import structlog
from fastapi import APIRouter
from obstore.exceptions import BaseError as BucketError
from sqlalchemy.exc import SQLAlchemyError
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from integrations.evidence import (
    EvidenceBoundError,
    EvidenceEmptyError,
    EvidenceError,
    EvidenceIntake,
    EvidenceLockedError,
    EvidenceTooLargeError,
    EvidenceTypeError,
    TakenIn,
)
from integrations.links import LinkInvalidError, UploadTicket
from portal.answers import TRY_AGAIN_S, Refusal, too_many, wants_page
from portal.bodies import BodyTooLargeError, bounded
from portal.entrance import Entrance
from portal.limits import TooManyRequestsError
from portal.pages import Pages
from portal.ports import Clock, PortalRecords

FORM_OVERHEAD_BYTES = 16 * 1024
MOST_PIECES: Final = 100
MOST_BYTES: Final = 1_000_000_000
"""Of one case, whoever hands out its tickets (ASVS 5.2.4): an application, and each supplement, names at most 20."""

_PIECE_BYTES = 256 * 1024
REFUSED: Final = Refusal(
    HTTPStatus.FORBIDDEN,
    "ticket_refused",
    "This upload ticket is not valid, or not any more; ask for a new one.",
)
ENOUGH: Final = Refusal(
    HTTPStatus.CONFLICT, "enough", "This application has as many files as it can have; name those that it has."
)
TOO_SLOW: Final = Refusal(HTTPStatus.REQUEST_TIMEOUT, "too_slow", "The file did not arrive in time; send it again.")
NOT_KEPT: Final = Refusal(
    HTTPStatus.SERVICE_UNAVAILABLE,
    "not_kept",
    "The file could not be kept; send it again with the same ticket.",
    TRY_AGAIN_S,
)
_log = structlog.get_logger(__name__)


class FormUnreadableError(Exception):
    """A multipart body without exactly one file in it."""

    def __init__(self) -> None:
        super().__init__("Send one file, as the body itself or as the one file of a form.")


class Uploads:
    """`POST /evidence/{ticket}`."""

    def __init__(
        self,
        entrance: Entrance[UploadTicket],
        records: PortalRecords,
        intake: EvidenceIntake,
        pages: Pages,
        clock: Clock,
        upload_limit_s: float,
    ) -> None:
        self._entrance = entrance
        self._records = records
        self._intake = intake
        self._pages = pages
        self._clock = clock
        self._upload_limit_s = upload_limit_s

    def router(self) -> APIRouter:
        router = APIRouter()
        router.add_api_route("/evidence/{ticket}", self.receive, methods=["POST"], response_model=None)
        return router

    async def receive(self, ticket: str, request: Request) -> Response:
        """201 with the EvidenceRef and its `warnings`; 403 ticket, 408, 409 enough for the case, 413 size or bounds,
        415 kind, 422 empty, broken, encrypted or no form, 429, 503 not kept.

        A refusal is JSON, and a page for a browser whose form was sent here.
        """
        told = await self._receive(ticket, request)
        if isinstance(told, TakenIn):
            return JSONResponse(_answer(told), HTTPStatus.CREATED)
        return self._pages.refusal(told) if wants_page(request) else told.as_json()

    async def _receive(self, token: str, request: Request) -> TakenIn | Refusal:
        try:
            return await self._take(await self._entrance.open(token, request), request)
        except LinkInvalidError as why:
            _log.info("ticket_refused", why=str(why))
            return REFUSED
        except TooManyRequestsError as why:
            return too_many(why.wait_s)
        except (SQLAlchemyError, BucketError, OSError) as why:
            _log.error("evidence_not_kept", why=str(why))
            return NOT_KEPT

    async def _take(self, ticket: UploadTicket, request: Request) -> TakenIn | Refusal:
        """The content first, written once by its hash; then ticket and evidence together. Whatever is cut off
        leaves the ticket good, and at most content that nobody refers to."""
        held = await self._records.evidence_held(ticket.number)
        if held.pieces >= MOST_PIECES or held.size_bytes >= MOST_BYTES:
            return ENOUGH
        try:
            async with asyncio.timeout(self._upload_limit_s):
                taken = await self._keep(ticket, request)
        except (TimeoutError, ClientDisconnect):
            return TOO_SLOW
        except (BodyTooLargeError, FormUnreadableError, EvidenceError) as why:
            return _explained(why)
        noted = await self._records.take_evidence(
            ticket.number,
            taken.ref,
            spent_key(ticket),
            self._clock.now(),
            customer_id=ticket.customer_id,
            findings=taken.findings,
        )
        if not noted:
            return REFUSED  # of two uploads at once, one gets it
        await self._intake.keep_again(taken)
        return taken

    async def _keep(self, ticket: UploadTicket, request: Request) -> TakenIn:
        async with _sent(ticket, request) as (name, content):
            return await self._intake.take(
                content, largest_bytes=ticket.max_bytes, media_types=ticket.media_types, name=name
            )


@asynccontextmanager
async def _sent(ticket: UploadTicket, request: Request) -> AsyncIterator[tuple[str, AsyncIterator[bytes]]]:
    """The file's name, if a form tells one, and its content in pieces."""
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        yield "", bounded(request, ticket.max_bytes)
        return
    upload = await _only_file(request, ticket.max_bytes + FORM_OVERHEAD_BYTES)
    try:
        yield upload.filename or "", _pieces(upload)
    finally:
        await upload.close()


async def _pieces(upload: UploadFile) -> AsyncGenerator[bytes, None]:
    while piece := await upload.read(_PIECE_BYTES):
        yield piece


def _answer(taken: TakenIn) -> dict[str, object]:
    warnings = [each.model_dump(mode="json") for each in taken.warnings]
    return taken.ref.model_dump(mode="json") | {"warnings": warnings}


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


def _explained(why: Exception) -> Refusal:
    match why:
        case EvidenceTooLargeError() | EvidenceBoundError() | BodyTooLargeError():
            return Refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too_large", str(why))
        case EvidenceTypeError():
            return Refusal(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "kind_refused", str(why))
        case EvidenceEmptyError():
            return Refusal(HTTPStatus.UNPROCESSABLE_ENTITY, "empty", str(why))
        case EvidenceLockedError():
            return Refusal(HTTPStatus.UNPROCESSABLE_ENTITY, "encrypted", str(why))
        case EvidenceError():
            return Refusal(HTTPStatus.UNPROCESSABLE_ENTITY, "broken", str(why))
        case _:
            return Refusal(HTTPStatus.UNPROCESSABLE_ENTITY, "form_unreadable", str(why))
