"""Evidence goes out to agents: by a signed link that ends, as a file to be saved, never as a page (P2.2; ASVS 5.4).

A link that is wrong or over is refused in the same words. What was found infected is not handed out, what was erased
cannot be.
"""

from __future__ import annotations

import hashlib
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
from portal.answers import TRY_AGAIN_S, Refusal, too_many
from portal.entrance import Entrance
from portal.limits import TooManyRequestsError
from portal.ports import PortalRecords
from storage.portal import EvidencePiece, PieceState

LINK_REFUSED: Final = Refusal(
    HTTPStatus.FORBIDDEN, "link_refused", "This link is not valid, or not any more; ask for a new one."
)
NOT_THERE: Final = Refusal(HTTPStatus.NOT_FOUND, "not_there", "There is no such file; look at the case again.")
QUARANTINED: Final = Refusal(
    HTTPStatus.FORBIDDEN, "quarantined", "A virus was found in this file, so it is not handed out; ask for another one."
)
ERASED: Final = Refusal(HTTPStatus.GONE, "erased", "This file was erased after its time; only its hash is kept.")
UNREADABLE: Final = Refusal(
    HTTPStatus.SERVICE_UNAVAILABLE, "unreadable", "The file cannot be read just now; try again.", TRY_AGAIN_S
)
_log = structlog.get_logger(__name__)


class EvidenceRoom:
    """`GET /evidence/{link}`."""

    def __init__(self, entrance: Entrance[EvidenceLink], records: PortalRecords, store: EvidenceStore) -> None:
        self._entrance = entrance
        self._records = records
        self._store = store

    def router(self) -> APIRouter:
        router = APIRouter()
        router.add_api_route("/evidence/{link}", self.hand_out, methods=["GET"], response_model=None)
        return router

    async def hand_out(self, link: str, request: Request) -> Response:
        """200 the file; 403 link or quarantine, 404, 410 erased, 429, 503. Changes nothing."""
        try:
            told = await self._found(await self._entrance.open(link, request))
        except LinkInvalidError as why:
            _log.info("evidence_link_refused", why=str(why))
            told = LINK_REFUSED
        except TooManyRequestsError as why:
            told = too_many(why.wait_s)
        except EvidenceMissingError as why:
            _log.warning("evidence_missing", why=str(why))
            told = NOT_THERE
        except (EvidenceError, SQLAlchemyError, BucketError, OSError) as why:
            _log.error("evidence_unreadable", why=str(why))
            told = UNREADABLE
        return told if isinstance(told, Response) else told.as_json()

    async def _found(self, link: EvidenceLink) -> Response | Refusal:
        piece = await self._records.evidence_piece(link.number, link.sha256)
        if piece is None:
            return NOT_THERE
        if piece.state is not PieceState.KEPT:
            return QUARANTINED if piece.state is PieceState.QUARANTINED else ERASED
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
