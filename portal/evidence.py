"""Evidence goes out to agents: by a signed link that ends, as a file to be saved, never as a page (P2.2; ASVS 5.4).

A link that is wrong or over is refused in the same words. Nothing is handed out before its first check, nor what was
found infected; what was erased cannot be. A refusal is JSON, and for a browser a page in both languages.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

import structlog
from fastapi import APIRouter
from obstore.exceptions import BaseError as BucketError
from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import Request
from starlette.responses import Response

from integrations.evidence import ENDINGS, THUMBNAIL_TYPE, EvidenceError, EvidenceMissingError, EvidenceStore
from integrations.links import EvidenceLink, LinkInvalidError
from portal.answers import TRY_AGAIN_S, Refusal, too_many, wants_page
from portal.entrance import Entrance
from portal.limits import TooManyRequestsError
from portal.pages import Pages
from portal.ports import PortalRecords
from storage.portal import EvidencePiece, PieceState

CHECKED_S: Final = 60
"""A check takes seconds once a worker is free for it; a video on a busy machine takes a minute."""

LINK_REFUSED: Final = Refusal(
    HTTPStatus.FORBIDDEN, "link_refused", "This link is not valid, or not any more; ask for a new one."
)
NOT_THERE: Final = Refusal(HTTPStatus.NOT_FOUND, "not_there", "There is no such file; look at the case again.")
BEING_CHECKED: Final = Refusal(
    HTTPStatus.CONFLICT, "being_checked", "The file is still being checked; open the link again in a minute.", CHECKED_S
)
QUARANTINED: Final = Refusal(
    HTTPStatus.FORBIDDEN, "quarantined", "A virus was found in this file, so it is not handed out; ask for another one."
)
ERASED: Final = Refusal(HTTPStatus.GONE, "erased", "This file was erased after its time; only its hash is kept.")
UNREADABLE: Final = Refusal(
    HTTPStatus.SERVICE_UNAVAILABLE, "unreadable", "The file cannot be read just now; try again.", TRY_AGAIN_S
)
HELD_BACK: Final[Mapping[PieceState, Refusal]] = {
    PieceState.UNCHECKED: BEING_CHECKED,
    PieceState.QUARANTINED: QUARANTINED,
    PieceState.ERASED: ERASED,
}
_log = structlog.get_logger(__name__)


class EvidenceRoom:
    """`GET /evidence/{link}`."""

    def __init__(
        self, entrance: Entrance[EvidenceLink], records: PortalRecords, store: EvidenceStore, pages: Pages
    ) -> None:
        self._entrance = entrance
        self._records = records
        self._store = store
        self._pages = pages

    def router(self) -> APIRouter:
        router = APIRouter()
        router.add_api_route("/evidence/{link}", self.hand_out, methods=["GET"], response_model=None)
        return router

    async def hand_out(self, link: str, request: Request) -> Response:
        """200 the file; 403 link or quarantine, 404, 409 not checked yet, 410 erased, 429, 503. Changes nothing."""
        told = await self._looked_for(link, request)
        if isinstance(told, Response):
            return told
        return self._pages.refusal(told) if wants_page(request) else told.as_json()

    async def _looked_for(self, link: str, request: Request) -> Response | Refusal:
        try:
            return await self._found(await self._entrance.open(link, request))
        except LinkInvalidError as why:
            _log.info("evidence_link_refused", why=str(why))
            return LINK_REFUSED
        except TooManyRequestsError as why:
            return too_many(why.wait_s)
        except EvidenceMissingError as why:
            _log.warning("evidence_missing", why=str(why))
            return NOT_THERE
        except (EvidenceError, SQLAlchemyError, BucketError, OSError) as why:
            _log.error("evidence_unreadable", why=str(why))
            return UNREADABLE

    async def _found(self, link: EvidenceLink) -> Response | Refusal:
        piece = await self._records.evidence_piece(link.number, link.sha256)
        if piece is None:
            return NOT_THERE
        if piece.state in HELD_BACK:
            return HELD_BACK[piece.state]
        _log.info("evidence_handed_out", number=link.number, sha256=link.sha256, viewer=link.viewer)
        return await self._file(piece, thumbnail=link.thumbnail)

    async def _file(self, piece: EvidencePiece, *, thumbnail: bool) -> Response:
        """With a name of ours: the sender's was never kept."""
        if thumbnail:
            content, media_type = await self._store.thumbnail(piece.ref.sha256), THUMBNAIL_TYPE
        else:
            content, media_type = await self._store.get(piece.ref), piece.ref.media_type
        size = "-small" if thumbnail else ""
        name = f"{piece.number}-{piece.ref.sha256[:12]}{size}.{ENDINGS[media_type][0]}"
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}  # nosniff and the rest: `portal.guard`
        return Response(content, media_type=media_type, headers=headers)


def link_key(link: EvidenceLink) -> str:
    """By which its uses are counted: nobody uses it up."""
    return hashlib.sha256(link.model_dump_json().encode()).hexdigest()
