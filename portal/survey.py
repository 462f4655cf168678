"""The survey page (P4.2): a signed link opens a form, its answer goes to the case, once.

Opening the link changes nothing, for mail scanners follow links. A link that is wrong, over or used shows the
same page. The link itself is what another site cannot know, so no cookie and no further token is needed.
"""

from __future__ import annotations

import hashlib
from http import HTTPStatus
from urllib.parse import parse_qs

import structlog
from fastapi import APIRouter
from pydantic import ValidationError
from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from aftersales.contract.errors import AftersalesError
from aftersales.contract.messages import SurveyAnswer
from aftersales.contract.values import ErrorCode
from integrations.links import LinkInvalidError, LinkSigner, SurveyLink
from portal.bodies import BodyTooLargeError, whole_body
from portal.pages import Pages
from portal.ports import Cases, Clock, PortalRecords
from portal.settings import PortalSettings
from storage.portal import TokenPurpose

LARGEST_FORM_BYTES = 32 * 1024
_FORM_FIELDS = 4
_TRY_AGAIN = frozenset({ErrorCode.NOBODY_ANSWERS, ErrorCode.ENGINE_UNAVAILABLE})
_OUR_FAULT = frozenset({ErrorCode.PROOF_MISSING, ErrorCode.PROOF_INVALID, ErrorCode.ROLE_NOT_ALLOWED})
_log = structlog.get_logger(__name__)


class Survey:
    """`GET` and `POST /survey/{token}`."""

    def __init__(
        self,
        settings: PortalSettings,
        records: PortalRecords,
        cases: Cases,
        links: LinkSigner,
        clock: Clock,
        pages: Pages,
    ) -> None:
        self._settings = settings
        self._records = records
        self._cases = cases
        self._links = links
        self._clock = clock
        self._pages = pages

    def router(self) -> APIRouter:
        router = APIRouter()
        router.add_api_route("/survey/{token}", self.form, methods=["GET"], response_model=None)
        router.add_api_route("/survey/{token}", self.answer, methods=["POST"], response_model=None)
        return router

    async def form(self, token: str) -> Response:
        """200 the form, 404 if the link does not hold, 503 without a database. Changes nothing."""
        try:
            link = await self._open_link(token)
        except (SQLAlchemyError, OSError) as why:
            _log.error("survey_unavailable", why=str(why))
            return self._pages.unavailable(None)
        return self._pages.form(link) if link else self._pages.invalid()

    async def answer(self, token: str, request: Request) -> Response:
        """200 thanks, 404 if the link does not hold, 413, 422 what is missing, 503 if nobody takes it yet."""
        try:
            link = await self._open_link(token)
            if link is None:
                return self._pages.invalid()
            body = await whole_body(request, LARGEST_FORM_BYTES, self._settings.body_limit_s)
            said = _said(body)
            if said is None:
                return self._pages.form(link, mistaken=True)
            return await self._hand_in(link, said)
        except BodyTooLargeError:
            return self._pages.invalid(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        except ClientDisconnect:
            return self._pages.invalid(HTTPStatus.REQUEST_TIMEOUT)
        except (SQLAlchemyError, OSError) as why:
            _log.error("survey_unavailable", why=str(why))
            return self._pages.unavailable(None)

    async def _open_link(self, token: str) -> SurveyLink | None:
        try:
            link = self._links.read_survey(token, self._clock.now())
        except LinkInvalidError as why:
            _log.info("survey_link_refused", why=str(why))
            return None
        return None if await self._records.token_spent(TokenPurpose.SURVEY, spent_key(link)) else link

    async def _hand_in(self, link: SurveyLink, said: SurveyAnswer) -> Response:
        """Only an answer of the case uses the link up; without one it stays good."""
        try:
            answer = await self._cases.answer_survey(
                link.number, said, actor=link.customer_id, message_id=f"survey-{said.body_digest()[:32]}"
            )
        except AftersalesError as why:
            _log.warning("survey_not_taken", number=link.number, code=why.code.value)
            return self._pages.unavailable(link) if why.code in _TRY_AGAIN else self._pages.invalid()
        if answer.code in _OUR_FAULT:
            _log.error("survey_proof_refused", number=link.number, code=answer.code)
            return self._pages.unavailable(link)
        await self._records.spend_token(TokenPurpose.SURVEY, spent_key(link), self._clock.now())
        return self._pages.thanks(link) if answer.accepted else self._pages.invalid()


def spent_key(link: SurveyLink) -> str:
    """One for each case: the link of the invitation and that of the reminder are used up together."""
    return hashlib.sha256(f"{TokenPurpose.SURVEY.value}/{link.number}".encode()).hexdigest()


def _said(body: bytes) -> SurveyAnswer | None:
    """What the form says; None if the score is missing or something is out of bounds."""
    try:
        fields = parse_qs(body.decode(), max_num_fields=_FORM_FIELDS)
        score = int(fields.get("score", [""])[0])
        comment = fields.get("comment", [""])[0].replace("\0", "")  # which PostgreSQL's text cannot hold
        return SurveyAnswer(score=score, comment=comment)
    except (ValueError, ValidationError):
        return None
