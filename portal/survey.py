"""The survey page (P4.2): a signed link opens a form, its answer goes to the case, once.

Opening the link changes nothing, for mail scanners follow links. A link that is wrong, over or used shows the
same page. The link itself is what another site cannot know, so no cookie and no further token is needed.
"""

from __future__ import annotations

import hashlib
from http import HTTPStatus

import structlog
from fastapi import APIRouter
from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from aftersales.contract.errors import AftersalesError
from aftersales.contract.messages import Answer, SurveyAnswer
from aftersales.contract.values import ErrorCode
from integrations.links import LinkInvalidError, SurveyLink
from portal.bodies import BodyTooLargeError, whole_body
from portal.entrance import Entrance
from portal.limits import TooManyRequestsError
from portal.pages import Pages
from portal.ports import Cases
from portal.survey_form import Filled, Flaw, read_form
from storage.portal import TokenPurpose

LARGEST_FORM_BYTES = 32 * 1024
"""The longest comment that the form lets in, each character of it escaped, takes 18 KB."""

_TRY_AGAIN = frozenset({ErrorCode.NOBODY_ANSWERS, ErrorCode.ENGINE_UNAVAILABLE})
_OVER = frozenset({ErrorCode.SURVEY_ANSWERED, ErrorCode.TOO_LATE, ErrorCode.CASE_CLOSED})
"""Answers of a case that takes none any more. What else it refuses is no fault of the customer's, and may pass."""

_log = structlog.get_logger(__name__)


class Survey:
    """`GET` and `POST /survey/{token}`."""

    def __init__(self, entrance: Entrance[SurveyLink], cases: Cases, pages: Pages, body_limit_s: float) -> None:
        self._entrance = entrance
        self._cases = cases
        self._pages = pages
        self._body_limit_s = body_limit_s

    def router(self) -> APIRouter:
        router = APIRouter()
        router.add_api_route("/survey/{token}", self.form, methods=["GET"], response_model=None)
        router.add_api_route("/survey/{token}", self.answer, methods=["POST"], response_model=None)
        return router

    async def form(self, token: str, request: Request) -> Response:
        """200 the form, 404 if the link does not hold, 429, 503 without a database. Changes nothing."""
        opened = await self._opened(token, request)
        return self._pages.form(opened) if isinstance(opened, SurveyLink) else opened

    async def answer(self, token: str, request: Request) -> Response:
        """200 thanks, 404 if the link does not hold, 408, 413, 422 what is missing, 429, 503 if nobody takes it yet."""
        opened = await self._opened(token, request)
        return await self._take(opened, request) if isinstance(opened, SurveyLink) else opened

    async def _opened(self, token: str, request: Request) -> SurveyLink | Response:
        """The link, or the page that says why it is not opened."""
        try:
            return await self._entrance.open(token, request)
        except LinkInvalidError as why:
            _log.info("survey_link_refused", why=str(why))
            return self._pages.invalid()
        except TooManyRequestsError as why:
            return self._pages.too_many(why.wait_s)
        except (SQLAlchemyError, OSError) as why:
            _log.error("survey_unavailable", why=str(why))
            return self._pages.unavailable()

    async def _take(self, link: SurveyLink, request: Request) -> Response:
        try:
            body = await whole_body(request, LARGEST_FORM_BYTES, self._body_limit_s)
        except BodyTooLargeError:
            return self._pages.form(link, flaw=Flaw.TOO_LONG, status=HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        except (TimeoutError, ClientDisconnect):
            return self._pages.form(link, flaw=Flaw.TOO_SLOW, status=HTTPStatus.REQUEST_TIMEOUT)
        filled, said = read_form(body)
        if isinstance(said, Flaw):
            return self._pages.form(link, filled, flaw=said, status=HTTPStatus.UNPROCESSABLE_ENTITY)
        return await self._hand_in(link, said, filled)

    async def _hand_in(self, link: SurveyLink, said: SurveyAnswer, filled: Filled) -> Response:
        """Only an answer of the case uses the link up; without one it stays good, and nothing typed is lost.

        Sent again, the same answer is the same message to the case, and another one is refused by it.
        """
        try:
            answer = await self._cases.answer_survey(
                link.number, said, actor=link.customer_id, message_id=f"survey-{said.body_digest()[:32]}"
            )
        except AftersalesError as why:
            _log.warning("survey_not_taken", number=link.number, code=why.code.value)
            return self._pages.form_again(link, filled) if why.code in _TRY_AGAIN else self._pages.invalid()
        if not answer.accepted and answer.code not in _OVER:
            _log.error("survey_refused", number=link.number, code=answer.code)
            return self._pages.form_again(link, filled)
        await self._use_up(link, answer)
        return self._pages.thanks(link) if answer.accepted else self._pages.invalid()

    async def _use_up(self, link: SurveyLink, answer: Answer) -> None:
        """A link that cannot be noted as used does no harm: the case itself takes one answer. The customer is told
        what the case said, not what our notes did."""
        try:
            await self._entrance.use_up(link)
        except (SQLAlchemyError, OSError) as why:
            _log.error("survey_link_not_noted", number=link.number, accepted=answer.accepted, why=str(why))


def spent_key(link: SurveyLink) -> str:
    """One for each case: the link of the invitation and that of the reminder are used up together."""
    return hashlib.sha256(f"{TokenPurpose.SURVEY.value}/{link.number}".encode()).hexdigest()
