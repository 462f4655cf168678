"""What a letter can speak of: the facts of a case in the reader's language, ready to be set in a template."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from babel.dates import format_datetime

from activities.ports import Account, Action, CaseRow, LegRow
from aftersales.contract.values import OUTCOMES, AmountLine, ErrorCode, Language, LegState, Money, WaitsFor
from domain.display import display_amount
from domain.doubles import moving_twice, paid_twice
from integrations.letters.words import (
    AMOUNTS,
    LEG_STATES,
    NOTES,
    PROVIDERS,
    REASONS,
    REVIEW_CAUSES,
    phrase,
)

DAY_S: Final = 86400
ARRIVAL_DAYS: Final = {"stripe": 10, "alipay": 3, "wechatpay": 3, "bank": 5}
"""How long money usually takes to be seen after its provider confirmed it."""

_PATTERNS: Final = {Language.ZH_CN: "y年M月d日 HH:mm（OOOO）", Language.EN: "d MMMM y, HH:mm (OOOO)"}
_BY_ITSELF: Final = frozenset(code.value for code in ErrorCode)


@dataclass(frozen=True)
class Movement:
    """One leg as its reader knows it."""

    by: str
    amount: str
    state: str
    reference: str
    trace: str
    failure: str
    done: bool
    arrival_days: int


@dataclass(frozen=True)
class Facts:
    """All that templates may name; an empty text means that there is nothing to say."""

    number: str
    order: str
    name: str
    reason: str
    description: str
    explanation: str
    question: str
    ruling: str
    cause: str
    amount: str
    lines: tuple[tuple[str, str], ...]
    total: str
    due: str
    handling_hours: int
    appeal_days: int
    score: int
    movements: tuple[Movement, ...]
    refunded: str
    in_part: bool
    trouble: str


def facts_of(
    case: CaseRow,
    account: Account,
    legs: tuple[LegRow, ...],
    *,
    due: str,
    language: Language,
) -> Facts:
    """The case as its letter tells it; amounts with every digit of their currency."""
    application = case.start.application
    refunded, by_person = _refunded(legs), _said_by_a_person(case)
    return Facts(
        number=case.number,
        order=application.order_id,
        name=account.name,
        reason=phrase(REASONS, application.reason, language),
        description=application.description,
        explanation=case.explanation if by_person else "",
        question=case.explanation,
        ruling="" if by_person else case.explanation,
        cause=phrase(REVIEW_CAUSES, case.reason_code, language),
        amount=_shown(case.amount, language),
        lines=_lines(case, language),
        total=_shown(case.break_down.total if case.break_down else None, language),
        due=due,
        handling_hours=case.handling_hours,
        appeal_days=_appeal_days(case, legs),
        score=case.survey_score or 0,
        movements=tuple(_movement(leg, language) for leg in legs),
        refunded=_shown(refunded, language),
        in_part=refunded is not None and case.amount is not None and refunded.minor < case.amount.minor,
        trouble=_trouble(case, legs),
    )


def moment(at: datetime, language: Language, zone: ZoneInfo) -> str:
    """A moment as people read it, its zone beside it."""
    return format_datetime(at, _PATTERNS[language], tzinfo=zone, locale=language.value.replace("-", "_"))


def _said_by_a_person(case: CaseRow) -> bool:
    """A person's words are quoted; a rule's, which stand in the customer's language already, are ours."""
    ruled = case.verdict is not None and case.verdict.action != Action.REVIEW
    return case.appealed or not (ruled or case.reason_code in _BY_ITSELF)


def _appeal_days(case: CaseRow, legs: tuple[LegRow, ...]) -> int:
    """Only what was turned down on its merits can be appealed, once (P2.8)."""
    open_to_appeal = case.verdict is not None and not case.appealed and not legs
    return case.timings.appeal_window_s // DAY_S if open_to_appeal else 0


def _trouble(case: CaseRow, legs: tuple[LegRow, ...]) -> str:
    """What finance is called for: that one leg was or may be paid twice, that money moved after all, that our side
    keeps a refund back, or that what the provider says settles nothing."""
    attempts = [(row.leg.leg, row.leg.state) for row in legs]
    if paid_twice(attempts):
        return "paid_twice"
    if moving_twice(attempts):
        return "moving_twice"
    if case.status in OUTCOMES and case.waits_for is WaitsFor.FINANCE:
        return "moved_after_all"
    return "blocked" if LegState.BLOCKED in [state for _, state in attempts] else "unclear"


def _shown(money: Money | None, language: Language) -> str:
    return display_amount(money, language) if money else ""


def _refunded(legs: tuple[LegRow, ...]) -> Money | None:
    """What the providers confirmed, and nothing else."""
    done = [row.leg.amount for row in legs if row.leg.state is LegState.SUCCEEDED]
    return Money(minor=sum(money.minor for money in done), currency=done[0].currency) if done else None


def _lines(case: CaseRow, language: Language) -> tuple[tuple[str, str], ...]:
    if case.break_down is None:
        return ()
    currency = case.break_down.total.currency
    return tuple(
        (_label(line, language), _shown(Money(minor=line.amount_minor, currency=currency), language))
        for line in case.break_down.lines
    )


def _label(line: AmountLine, language: Language) -> str:
    parts = [phrase(AMOUNTS, line.kind, language)]
    if line.line_id:
        parts.append(line.line_id)
    if line.quantity:
        parts.append(f"× {line.quantity}")
    if line.note:
        note = phrase(NOTES, line.note, language)
        parts.append(f"（{note}）" if language is Language.ZH_CN else f"({note})")
    return " ".join(parts)


def _movement(row: LegRow, language: Language) -> Movement:
    leg = row.leg
    return Movement(
        by=phrase(PROVIDERS, leg.provider, language),
        amount=display_amount(leg.amount, language),
        state=phrase(LEG_STATES, leg.state, language),
        reference=leg.provider_reference or leg.provider_number,
        trace=leg.trace,
        failure="" if leg.state is LegState.PENDING else leg.failure_code,  # there it says "pending" once more
        done=leg.state is LegState.SUCCEEDED,
        arrival_days=ARRIVAL_DAYS.get(leg.provider, 0),
    )
