"""Letters from templates, behind `activities.ports.Letters`."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, field_validator

from activities.ports import Clock, Letter
from activities.rows import Account, CaseRow, LegRow
from activities.types import Notify, Stage
from aftersales.contract.values import Frozen, Language, PayoutMethod
from integrations.letters.audience import Audience, readers_of
from integrations.letters.facts import facts_of, moment, stranded_among
from integrations.letters.overtaken import is_overtaken
from integrations.letters.written import Templates
from integrations.links import LinkSigner, PayoutLink, SurveyLink, asking_for

_INVITATIONS: Final = frozenset({Stage.SURVEY, Stage.SURVEY_REMINDER})
_ASKS_FOR_DESTINATION: Final = frozenset({Stage.DESTINATION_NEEDED, Stage.DESTINATION_REMINDER})
_MAY_ASK: Final = _ASKS_FOR_DESTINATION | {Stage.REVERSED, Stage.PAYMENT_FAILED}
_CHINESE_WALLETS: Final = frozenset({PayoutMethod.ALIPAY, PayoutMethod.WECHAT_PAY})


class LetterSettings(Frozen):
    """Who writes and who is written to. An empty address means that nobody of that kind is told by mail.

    `portal_url` is where customers' links lead; `case_url`, with `{number}` in it, where staff read a case.
    `payout_methods` are offered, in this order, to whom money cannot go back the way it came (P3.2).
    """

    shop_name: str = "After-sales"
    portal_url: str = "http://127.0.0.1:8700"
    case_url: str = ""
    agents_mail: str = ""
    supervisors_mail: str = ""
    finance_mail: str = ""
    ops_mail: str = ""
    staff_language: Language = Language.ZH_CN
    time_zone: str = "UTC"
    payout_methods: Annotated[tuple[PayoutMethod, ...], Field(min_length=1)] = tuple(PayoutMethod)

    @field_validator("time_zone")
    @classmethod
    def _known_time_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, OSError) as error:
            raise ValueError(f"{name!r} is no time zone; name one such as Asia/Shanghai") from error
        return name

    def offered(self, currency: str) -> tuple[PayoutMethod, ...]:
        """The methods that money of this currency can go by; WeChat Pay and Alipay take yuan only."""
        return tuple(each for each in self.payout_methods if currency == "CNY" or each not in _CHINESE_WALLETS)

    def address(self, audience: Audience, account: Account) -> str:
        """Empty if nobody of this audience can be told by mail."""
        return {
            Audience.CUSTOMER: account.email,
            Audience.AGENTS: self.agents_mail,
            Audience.SUPERVISORS: self.supervisors_mail,
            Audience.FINANCE: self.finance_mail,
            Audience.OPS: self.ops_mail,
        }[audience]


class TemplateLetters:
    """Composes the letters of a stage: none for whom there is no address, none that would be untrue by now."""

    def __init__(self, settings: LetterSettings, links: LinkSigner, clock: Clock) -> None:
        self._settings = settings
        self._links = links
        self._clock = clock
        self._zone = ZoneInfo(settings.time_zone)
        self._templates = Templates()

    def compose(self, order: Notify, case: CaseRow, account: Account, legs: tuple[LegRow, ...]) -> tuple[Letter, ...]:
        """One letter for each recipient, of whom there may be none (no address known).

        The order's `due_at` is the moment that the text names; for the survey the last moment it can be answered,
        without which the policy's survey window counts from now. An approval that was to be told with news of the
        money is told by itself once there is other news.
        """
        if is_overtaken(order, case, legs):
            approval = order.model_copy(update={"stage": Stage.APPROVED, "approves": False})
            return self.compose(approval, case, account, legs) if order.approves else ()
        written = (self._letter(order, audience, case, account, legs) for audience in readers_of(order.stage, case))
        return tuple(letter for letter in written if letter is not None)

    def _letter(
        self, order: Notify, audience: Audience, case: CaseRow, account: Account, legs: tuple[LegRow, ...]
    ) -> Letter | None:
        recipient = self._settings.address(audience, account)
        if not recipient:
            return None
        to_customer = audience is Audience.CUSTOMER
        language = case.start.application.language if to_customer else self._settings.staff_language
        room = "customer" if to_customer else "staff"
        end = self._end(order, case)
        due = moment(end, language, self._zone) if end else ""
        written = self._templates.write(
            language,
            f"{room}/{order.stage.value}",
            case=facts_of(case, account, legs, due=due, language=language, zone=self._zone),
            shop=self._settings.shop_name,
            address=self._settings.case_url.replace("{number}", case.number),
            link=self._link(order.stage, case, legs, end),
            approves=order.approves,
        )
        return Letter(recipient=recipient, language=language, **written._asdict())

    def _end(self, order: Notify, case: CaseRow) -> datetime | None:
        """The moment that the letter names; the payout page's link ends when its answer is not waited for any more."""
        if order.due_at or order.stage not in _MAY_ASK:
            return order.due_at
        return case.due_at or self._clock.now() + timedelta(seconds=case.timings.payout_window_s)

    def _link(self, stage: Stage, case: CaseRow, legs: tuple[LegRow, ...], end: datetime | None) -> str:
        if stage in _INVITATIONS:
            return self._survey_address(case, end)
        stranded = stranded_among(legs)
        return self._payout_address(case, stranded, end) if end and stranded and stage in _MAY_ASK else ""

    def _payout_address(self, case: CaseRow, stranded: tuple[LegRow, ...], end: datetime) -> str:
        application = case.start.application
        methods = self._settings.offered(stranded[0].leg.amount.currency)
        if not methods:
            return ""
        link = PayoutLink(
            number=case.number,
            customer_id=application.customer_id,
            asking=asking_for(row.leg.provider_number for row in stranded),
            methods=methods,
            language=application.language,
            expires_at=int(end.timestamp()),
        )
        return f"{self._settings.portal_url.rstrip('/')}/payout/{self._links.payout_token(link)}"

    def _survey_address(self, case: CaseRow, due_at: datetime | None) -> str:
        application = case.start.application
        end = due_at or self._clock.now() + timedelta(seconds=case.timings.survey_window_s)
        link = SurveyLink(
            number=case.number,
            customer_id=application.customer_id,
            language=application.language,
            expires_at=int(end.timestamp()),
        )
        return f"{self._settings.portal_url.rstrip('/')}/survey/{self._links.survey_token(link)}"
