"""What finance and ops are written about a run of the reconciliation (P3.3)."""

from __future__ import annotations

from typing import Final, NamedTuple

from activities.differences import Finding, Report
from activities.ports import Letter
from aftersales.contract.values import Language, Money
from domain.display import display_amount
from domain.reconciling import Difference
from integrations.letters.composer import LetterSettings
from integrations.letters.words import LEG_STATES, PROVIDERS, Phrases, phrase
from integrations.letters.written import Templates, Written

MOST_LISTED: Final = 50
"""A letter is for reading; the command line shows them all."""

_KINDS: Final[Phrases] = {
    Difference.MISSING_HERE: ("渠道已付，账上没有", "moved there, not in our ledger"),
    Difference.MISSING_THERE: ("账上已付，对账单没有", "paid in our ledger, not in the statement"),
    Difference.AMOUNT_DIFFERS: ("金额不一致", "the amounts differ"),
    Difference.STATE_DIFFERS: ("退回状态不一致", "came back on one side only"),
    Difference.PENDING_TOO_LONG: ("处理时间过长", "pending too long"),
    Difference.DOUBLE: ("重复出款", "moved more than once"),
}


class Listed(NamedTuple):
    """A finding as its reader sees it; an empty text means that there is nothing to say."""

    finding_id: str
    kind: str
    payment: str
    number: str
    reference: str
    ours: str
    theirs: str
    state: str
    with_finance: bool


class Side(NamedTuple):
    theirs: str
    ours: str


class ReconciliationLetters:
    """Implements `activities.differences.ReportLetters`, in the staff's language."""

    def __init__(self, settings: LetterSettings) -> None:
        self._settings = settings
        self._templates = Templates()

    def report(self, report: Report) -> tuple[Letter, ...]:
        """One to finance and one to ops, or one to both if they share an address; none where there is no address."""
        recipients = dict.fromkeys([self._settings.finance_mail, self._settings.ops_mail])
        written = self._written(report)
        language = self._settings.staff_language
        return tuple(
            Letter(recipient=recipient, language=language, **written._asdict()) for recipient in recipients if recipient
        )

    def _written(self, report: Report) -> Written:
        language, run = self._settings.staff_language, report.run
        return self._templates.write(
            language,
            "system/reconciliation",
            provider=phrase(PROVIDERS, run.provider, language),
            name=run.provider,
            day=run.day.isoformat(),
            state=run.state.value,
            sentence=run.sentence,
            lines=run.lines,
            matched=run.matched,
            totals=[
                Side(
                    _minor(each.theirs_minor, each.currency, language), _minor(each.ours_minor, each.currency, language)
                )
                for each in run.totals
            ],
            findings=[_listed(each, language) for each in report.findings[:MOST_LISTED]],
            more=max(0, len(report.findings) - MOST_LISTED),
            count=len(report.findings),
            others=report.others,
            shop=self._settings.shop_name,
        )


def _listed(finding: Finding, language: Language) -> Listed:
    return Listed(
        finding_id=finding.finding_id,
        kind=phrase(_KINDS, finding.kind, language),
        payment=finding.subject,
        number=finding.number,
        reference=finding.reference,
        ours=_amount(finding.ours, language),
        theirs=_amount(finding.theirs, language),
        state=phrase(LEG_STATES, finding.our_state, language) if finding.our_state else "",
        with_finance=finding.with_finance,
    )


def _amount(money: Money | None, language: Language) -> str:
    return display_amount(money, language) if money else ""


def _minor(minor: int, currency: str, language: Language) -> str:
    return display_amount(Money(minor=minor, currency=currency), language)
