"""The payout page (P3.2): a signed link opens a form for another destination, which the customer sees masked, confirms,
and which goes to the case, once.

Opening the link changes nothing, for mail scanners follow links; a link that is wrong, over or used, or whose case asks
for nothing any more, shows the same page. Nothing is stored before the customer has confirmed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from http import HTTPStatus
from typing import Final, NamedTuple

import structlog
from fastapi import APIRouter
from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from aftersales.contract.errors import AftersalesError
from aftersales.contract.messages import Answer, PayoutChoice
from aftersales.contract.values import ErrorCode
from integrations.bank.accounts import AccountField
from integrations.destinations import FIELDS, DestinationRefusedError, Entered, destination_of, shown
from integrations.links import LinkInvalidError, PayoutLink
from portal.bodies import BodyTooLargeError, whole_body
from portal.entrance import Entrance
from portal.limits import TooManyRequestsError
from portal.pages import Pages
from portal.payout_form import Draft, Drafts, Filled, Step, read_form
from portal.payout_pages import PayoutPages, Shown
from portal.ports import Cases, Clock, PayeeRecords
from storage.payees import Owed, Payee, Taking, new_token
from storage.portal import TokenPurpose

LARGEST_FORM_BYTES: Final = 16 * 1024

_TRY_AGAIN: Final = frozenset({ErrorCode.NOBODY_ANSWERS, ErrorCode.ENGINE_UNAVAILABLE})
_OVER: Final = frozenset({ErrorCode.NOT_NOW, ErrorCode.TOO_LATE, ErrorCode.CASE_CLOSED, ErrorCode.PAYOUT_NOT_POSSIBLE})
"""Answers of a case that asks for no destination any more. What else it refuses is no fault of the customer's."""

_log = structlog.get_logger(__name__)


class Asked(NamedTuple):
    """Who is asked, and about what."""

    link: PayoutLink
    owed: Owed


class Payout:
    """`GET` and `POST /payout/{token}`."""

    def __init__(
        self,
        entrance: Entrance[PayoutLink],
        cases: Cases,
        payees: PayeeRecords,
        drafts: Drafts,
        pages: Pages,
        clock: Clock,
        body_limit_s: float,
    ) -> None:
        self._entrance = entrance
        self._cases = cases
        self._payees = payees
        self._drafts = drafts
        self._notices = pages
        self._pages = PayoutPages(pages)
        self._clock = clock
        self._body_limit_s = body_limit_s

    def router(self) -> APIRouter:
        router = APIRouter()
        router.add_api_route("/payout/{token}", self.form, methods=["GET"], response_model=None)
        router.add_api_route("/payout/{token}", self.answer, methods=["POST"], response_model=None)
        return router

    async def form(self, token: str, request: Request) -> Response:
        """200 the form, 404 if the link does not hold, 429, 503 without a database. Changes nothing."""
        opened = await self._opened(token, request)
        return self._pages.form(opened.link, opened.owed) if isinstance(opened, Asked) else opened

    async def answer(self, token: str, request: Request) -> Response:
        """200 the confirmation or thanks, 404 if the link does not hold, 408, 413, 422 what is to be mended, 429, 503
        if nobody takes it yet."""
        opened = await self._opened(token, request)
        if not isinstance(opened, Asked):
            return opened
        try:
            return await self._take(opened, request)
        except (SQLAlchemyError, OSError) as why:
            _log.error("payout_unavailable", number=opened.link.number, why=_told_of(why))
            return self._notices.unavailable()

    async def _opened(self, token: str, request: Request) -> Asked | Response:
        """The link with what is owed, or the page that says why it is not opened."""
        try:
            link = await self._entrance.open(token, request)
            owed = await self._payees.owed(link.number)
        except LinkInvalidError as why:
            _log.info("payout_link_refused", why=str(why))
            return self._notices.invalid()
        except TooManyRequestsError as why:
            return self._notices.too_many(why.wait_s)
        except (SQLAlchemyError, OSError) as why:
            _log.error("payout_unavailable", why=_told_of(why))
            return self._notices.unavailable()
        return Asked(link, owed) if owed else self._notices.invalid()

    async def _take(self, asked: Asked, request: Request) -> Response:
        link, owed = asked
        try:
            body = await whole_body(request, LARGEST_FORM_BYTES, self._body_limit_s)
        except BodyTooLargeError:
            return self._incomplete(asked, HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        except (TimeoutError, ClientDisconnect):
            return self._incomplete(asked, HTTPStatus.REQUEST_TIMEOUT)
        filled = read_form(body)
        draft = self._drafts.opened(filled.kept, link) if filled and filled.kept else None
        match filled:
            case Filled(step=Step.CONFIRM) if draft and draft.token:
                return await self._hand_in(asked, draft)
            case Filled(step=Step.CHANGE) if draft:
                return self._pages.form(link, owed, self._shown(link, draft))
            case Filled(step=Step.CHECK):
                return self._check(asked, filled, draft)
            case _:
                return self._incomplete(asked, HTTPStatus.UNPROCESSABLE_ENTITY)

    def _incomplete(self, asked: Asked, status: HTTPStatus) -> Response:
        return self._pages.form(asked.link, asked.owed, flaw="payout_flaw_incomplete", status=status)

    def _check(self, asked: Asked, filled: Filled, before: Draft | None) -> Response:
        """The confirmation, or the form with what is to be mended."""
        link, owed = asked
        if filled.method is None or filled.method not in link.methods:
            return self._pages.form(link, owed, flaw="payout_flaw_no_method", status=HTTPStatus.UNPROCESSABLE_ENTITY)
        entered = _with_kept(filled, Entered(method=filled.method), before)
        try:
            destination = destination_of(entered, link.language)
        except DestinationRefusedError as why:
            return self._mend(asked, entered, why)
        draft = Draft(token=new_token(), **dict(destination))
        return self._pages.confirmation(link, owed, self._shown(link, draft))

    def _mend(self, asked: Asked, entered: Entered, why: DestinationRefusedError) -> Response:
        """The form again: name and bank as they were entered, a good account kept without being shown."""
        draft = Draft(method=entered.method, holder=entered.holder, bank=entered.bank)
        if AccountField.ACCOUNT not in why.flaws:
            masked = shown(entered.method, entered.account, asked.link.language)
            draft = draft.model_copy(update={"account": entered.account, "masked": masked})
        stands = self._shown(asked.link, draft, why.flaws)
        flaw, status = "payout_flaw_fields", HTTPStatus.UNPROCESSABLE_ENTITY
        return self._pages.form(asked.link, asked.owed, stands, flaw=flaw, status=status)

    async def _hand_in(self, asked: Asked, draft: Draft) -> Response:
        """Only an answer of the case uses the link up; without one what was confirmed can be sent again.

        Sent again, it is the same destination under the same name, and the same message to the case.
        """
        link = asked.link
        choice = await self._kept(link, draft)
        try:
            answer = await self._cases.choose_payout(
                link.number, choice, actor=link.customer_id, message_id=f"payout-{draft.token}"
            )
        except AftersalesError as why:
            _log.warning("payout_not_taken", number=link.number, code=why.code.value)
            return self._again(asked, draft) if why.code in _TRY_AGAIN else self._notices.invalid()
        if not answer.accepted and answer.code not in _OVER:
            _log.error("payout_refused", number=link.number, code=answer.code)
            return self._again(asked, draft)
        await self._use_up(link, answer)
        return self._pages.thanks(link) if answer.accepted else self._notices.invalid()

    async def _kept(self, link: PayoutLink, draft: Draft) -> PayoutChoice:
        """The choice, once its details are kept; store credit has none."""
        if not FIELDS[draft.method]:
            return PayoutChoice(method=draft.method)
        payee = Payee(
            token=draft.token, method=draft.method, account=draft.account, holder=draft.holder, bank=draft.bank
        )
        taking = Taking(
            number=link.number,
            customer_id=link.customer_id,
            masked=draft.masked,
            by=link.customer_id,
            at=self._clock.now(),
        )
        await self._payees.keep(payee, taking)
        return PayoutChoice(method=draft.method, payee=draft.token, masked=draft.masked)

    def _again(self, asked: Asked, draft: Draft) -> Response:
        return self._pages.confirmation_again(asked.link, asked.owed, self._shown(asked.link, draft))

    def _shown(self, link: PayoutLink, draft: Draft, flaws: Mapping[AccountField, str] | None = None) -> Shown:
        return Shown(
            method=draft.method,
            account=draft.masked,
            holder=draft.holder,
            bank=draft.bank,
            kept=self._drafts.shut(draft, link),
            flaws={name.value: sentence for name, sentence in (flaws or {}).items()},
        )

    async def _use_up(self, link: PayoutLink, answer: Answer) -> None:
        """A link that cannot be noted as used does no harm: the case takes one destination for each failure."""
        try:
            await self._entrance.use_up(link)
        except (SQLAlchemyError, OSError) as why:
            _log.error("payout_link_not_noted", number=link.number, accepted=answer.accepted, why=_told_of(why))


def _with_kept(filled: Filled, entered: Entered, before: Draft | None) -> Entered:
    """What was typed, and where nothing was, the account that the page had kept for the same method."""
    kept = before.account if before and before.method is entered.method else ""
    return entered.model_copy(update={"account": filled.account or kept, "holder": filled.holder, "bank": filled.bank})


def _told_of(why: Exception) -> str:
    """For the log: SQLAlchemy's own text repeats the statement's values."""
    return str(getattr(why, "orig", None) or why)


def spent_key(link: PayoutLink) -> str:
    """One for each asking: the link of the first letter and that of the reminder are used up together."""
    return hashlib.sha256(f"{TokenPurpose.PAYOUT.value}/{link.number}/{link.asking}".encode()).hexdigest()
