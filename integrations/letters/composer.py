"""Letters from templates, behind `activities.ports.Letters`.

A template's first line is the subject, the rest the text. Templates run in Jinja's sandbox with undefined names
as errors, and what a person wrote is set off as a quotation, so that it cannot pass for our own words.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from jinja2 import FileSystemLoader, StrictUndefined, select_autoescape
from jinja2.sandbox import ImmutableSandboxedEnvironment
from pydantic import field_validator

from activities.ports import Account, CaseRow, Clock, LegRow, Letter
from activities.types import Notify, Stage
from aftersales.contract.values import Frozen, Language, LegState
from integrations.letters.audience import AUDIENCES, Audience
from integrations.letters.facts import facts_of, moment
from integrations.links import LinkSigner, SurveyLink

TEMPLATES: Final = Path(__file__).parent / "templates"
_GAPS: Final = re.compile(r"\n{3,}")
_INVITATIONS: Final = frozenset({Stage.SURVEY, Stage.SURVEY_REMINDER})


class LetterSettings(Frozen):
    """Who writes and who is written to. An empty address means that nobody of that kind is told by mail.

    `portal_url` is where survey links lead; `case_url`, with `{number}` in it, where staff read a case.
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

    @field_validator("time_zone")
    @classmethod
    def _known_time_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, OSError) as error:
            raise ValueError(f"{name!r} is no time zone; name one such as Asia/Shanghai") from error
        return name

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
        self._templates = ImmutableSandboxedEnvironment(
            loader=FileSystemLoader(TEMPLATES),
            undefined=StrictUndefined,
            autoescape=select_autoescape(),  # html only: the letters are plain text
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        self._templates.filters["quoted"] = _quoted

    def compose(self, order: Notify, case: CaseRow, account: Account, legs: tuple[LegRow, ...]) -> tuple[Letter, ...]:
        """One letter for each recipient, of whom there may be none (no address known).

        The order's `due_at` is the moment that the text names; for the survey the last moment it can be answered,
        without which the policy's survey window counts from now.
        """
        if order.stage is Stage.REFUNDED and not _paid(legs):
            return ()  # reversed before it was written: to say it had arrived would be untrue
        written = (self._letter(order, audience, case, account, legs) for audience in AUDIENCES[order.stage])
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
        due = moment(order.due_at, language, self._zone) if order.due_at else ""
        template = self._templates.get_template(f"{language.value}/{room}/{order.stage.value}.txt")
        text = template.render(
            case=facts_of(case, account, legs, due=due, language=language),
            shop=self._settings.shop_name,
            address=self._settings.case_url.replace("{number}", case.number),
            link=self._survey_address(case, order.due_at) if order.stage in _INVITATIONS else "",
            approves=order.approves,
        )
        subject, _, body = _GAPS.sub("\n\n", text).partition("\n")
        return Letter(recipient=recipient, language=language, subject=subject.strip(), body=f"{body.strip()}\n")

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


def _paid(legs: tuple[LegRow, ...]) -> bool:
    return any(row.leg.state is LegState.SUCCEEDED for row in legs)


def _quoted(text: str) -> str:
    return "\n".join(f"> {line}" for line in text.splitlines())
