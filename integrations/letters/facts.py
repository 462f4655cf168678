"""What a letter can speak of: the facts of a case in the reader's language, ready to be set in a template."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime

from activities.rows import Account, CaseRow, LegRow
from activities.rulings import Action
from activities.types import TO_BE_CONFIRMED
from aftersales.contract.values import (
    OUTCOMES,
    AmountLine,
    CaseStatus,
    ErrorCode,
    Language,
    LegState,
    Money,
    WaitsFor,
)
from aftersales.contract.values import Movement as Way
from domain.display import display_amount
from domain.doubles import moving_twice, paid_twice
from domain.rails import BY_HAND, GIFT_CARD, STORE_CREDIT
from integrations.letters.failures import failure
from integrations.letters.words import (
    AMOUNTS,
    DESTINATIONS,
    LEG_STATES,
    NOTES,
    PROVIDERS,
    REASONS,
    REVIEW_CAUSES,
    phrase,
)

DAY_S: Final = 86400
_PATTERNS: Final = {Language.ZH_CN: "y年M月d日 HH:mm（OOOO）", Language.EN: "d MMMM y, HH:mm (OOOO)"}
_DAY_PATTERNS: Final = {Language.ZH_CN: "y年M月d日", Language.EN: "d MMMM y"}
_GONE: Final = frozenset({LegState.FAILED, LegState.REVERSED})
_SETTLED: Final = _GONE | {LegState.SUCCEEDED}
_OWN_VALUE: Final = frozenset({STORE_CREDIT, GIFT_CARD})
_BY_ITSELF: Final = frozenset(code.value for code in ErrorCode)


@dataclass(frozen=True)
class Movement:
    """One leg as its reader knows it (P3.3). `number` is ours, `reference` the provider's once it has one;
    `destination`: where it goes, masked, if not back the way it came; `arrives`: the day by which it should be there,
    of value that is not `usable` at once; `why` it did not arrive, if it is `gone`.

    `stranded`: another destination would help. `by_hand`: a finance person is to pay it, giving back `payment` if that
    is the shop's own number of what the customer paid. `to_confirm`: one has, and a second one is to confirm it.
    """

    by: str
    amount: str
    state: str
    number: str
    reference: str
    payment: str
    trace: str
    failure: str
    destination: str
    arrives: str
    why: str
    done: bool
    usable: bool
    gone: bool
    stranded: bool
    by_hand: bool
    to_confirm: bool


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
    missing: str
    stranded: str
    under_way: str
    came_back: bool
    by_hand: bool
    asks: bool
    chosen: str
    trouble: str


def facts_of(
    case: CaseRow,
    account: Account,
    legs: tuple[LegRow, ...],
    *,
    due: str,
    language: Language,
    zone: ZoneInfo,
) -> Facts:
    """The case as its letter tells it; amounts with every digit of their currency.

    `missing` did not arrive, `stranded` is what of it may go elsewhere (it `came_back`, if any of that had arrived);
    the case `asks` while the customer is to say where, and `chosen` is where, while people have yet to agree to it.
    `under_way` did neither fail nor arrive, `by_hand` if a finance person is to pay of it.
    """
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
        movements=tuple(_movement(leg, language, zone) for leg in legs),
        refunded=_shown(refunded, language),
        in_part=refunded is not None and case.amount is not None and refunded.minor < case.amount.minor,
        missing=_shown(_sum(row for row in legs if row.leg.state in _GONE), language),
        stranded=_shown(_sum(stranded_among(legs)), language),
        under_way=_shown(_sum(row for row in legs if row.leg.state not in _SETTLED), language),
        came_back=any(row.leg.state is LegState.REVERSED for row in stranded_among(legs)),
        by_hand=bool(_pending_by_hand(legs)),
        asks=case.status is CaseStatus.PAYMENT_FAILED and case.waits_for is WaitsFor.CUSTOMER,
        chosen=phrase(DESTINATIONS, case.payout.masked or case.payout.method, language) if case.payout else "",
        trouble=_trouble(case, legs),
    )


def stranded_among(legs: Iterable[LegRow]) -> tuple[LegRow, ...]:
    """Legs that did not arrive and whose money may go to another destination (P3.2)."""
    return tuple(row for row in legs if row.leg.state in _GONE and row.leg.elsewhere)


def to_pay_by_hand(legs: Iterable[LegRow]) -> tuple[LegRow, ...]:
    """Legs that a finance person is to pay."""
    return tuple(row for row in _pending_by_hand(legs) if row.leg.failure_code != TO_BE_CONFIRMED)


def to_confirm_by_hand(legs: Iterable[LegRow]) -> tuple[LegRow, ...]:
    """Legs that a finance person has paid and a second one is to confirm."""
    return tuple(row for row in _pending_by_hand(legs) if row.leg.failure_code == TO_BE_CONFIRMED)


def _pending_by_hand(legs: Iterable[LegRow]) -> tuple[LegRow, ...]:
    return tuple(row for row in legs if row.leg.provider == BY_HAND and row.leg.state is LegState.PENDING)


def moment(at: datetime, language: Language, zone: ZoneInfo) -> str:
    """A moment as people read it, its zone beside it."""
    return format_datetime(at, _PATTERNS[language], tzinfo=zone, locale=language.value.replace("-", "_"))


def _day(at: datetime, language: Language, zone: ZoneInfo) -> str:
    """A day as people read it, by the shop's calendar."""
    day = at.astimezone(zone).date()
    return format_date(day, _DAY_PATTERNS[language], locale=language.value.replace("-", "_"))


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
    return _sum(row for row in legs if row.leg.state is LegState.SUCCEEDED)


def _sum(legs: Iterable[LegRow]) -> Money | None:
    amounts = [row.leg.amount for row in legs]
    return Money(minor=sum(each.minor for each in amounts), currency=amounts[0].currency) if amounts else None


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


def _movement(row: LegRow, language: Language, zone: ZoneInfo) -> Movement:
    leg = row.leg
    gone, done = leg.state in _GONE, leg.state is LegState.SUCCEEDED
    return Movement(
        by=phrase(PROVIDERS, leg.provider, language),
        amount=display_amount(leg.amount, language),
        state=phrase(LEG_STATES, leg.state, language),
        number=leg.provider_number,
        reference="" if leg.provider_reference == leg.provider_number else leg.provider_reference,
        payment=row.reference if leg.movement is Way.REFUND else "",
        trace=leg.trace,
        failure="" if leg.state is LegState.PENDING else leg.failure_code,  # there it says "pending" once more
        destination=phrase(DESTINATIONS, leg.destination, language),
        arrives="" if gone or leg.expected_by is None else _day(leg.expected_by, language, zone),
        why=failure(leg.failure_code, language) if gone else "",
        done=done,
        usable=done and leg.provider in _OWN_VALUE,
        gone=gone,
        stranded=bool(stranded_among([row])),
        by_hand=bool(to_pay_by_hand([row])),
        to_confirm=bool(to_confirm_by_hand([row])),
    )
