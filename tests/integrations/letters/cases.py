"""A case as letters are written about it; each test changes what it is about."""

from collections.abc import Mapping
from datetime import UTC, datetime

from pydantic import SecretStr

from activities.rows import Account, CaseRow, LegRow
from activities.types import Leg, Stage, Timings
from aftersales.contract.messages import Application, CaseStart, Item
from aftersales.contract.numbers import number_for
from aftersales.contract.values import (
    AmountKind,
    AmountLine,
    BreakDown,
    CaseStatus,
    Language,
    LegState,
    Money,
    Movement,
    Reason,
    WaitsFor,
)
from aftersales.contract.views import VerdictView
from domain.breakdown import NoteCode
from integrations.letters import LetterSettings, TemplateLetters
from integrations.links import LinkKey, LinkSigner

NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
DUE = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
NUMBER = number_for("shop", "letters")
LINKS = LinkSigner([LinkKey(key_id="k1", secret=SecretStr("s" * 32))])
ACCOUNT = Account(customer_id="c-7", name="李伟", email="li.wei@customers.example")
SETTINGS = LetterSettings(
    shop_name="Lantern Shop",
    portal_url="https://care.shop.example/",
    case_url="https://ops.shop.example/cases/{number}",
    agents_mail="agents@shop.example",
    supervisors_mail="supervisors@shop.example",
    finance_mail="finance@shop.example",
    ops_mail="ops@shop.example",
    time_zone="Asia/Shanghai",
)


_ASKED = {"waits_for": WaitsFor.CUSTOMER}
_STANDS_AT: dict[Stage, dict[str, object]] = {
    Stage.EVIDENCE_NEEDED: {"status": CaseStatus.NEEDS_EVIDENCE, **_ASKED},
    Stage.CUSTOMER_ASKED: {"status": CaseStatus.AWAITING_CUSTOMER, **_ASKED},
    Stage.APPROVED: {"status": CaseStatus.PAYING},
    Stage.REJECTED: {"status": CaseStatus.REJECTED},
    Stage.WITHDRAWN: {"status": CaseStatus.WITHDRAWN},
    Stage.EXPIRED: {"status": CaseStatus.EXPIRED},
    Stage.PAYMENT_CONFIRMING: {"status": CaseStatus.PAYING},
    Stage.PAYMENT_ON_ITS_WAY: {"status": CaseStatus.PAYING},
    Stage.PAYMENT_FAILED: {"status": CaseStatus.PAYMENT_FAILED, "waits_for": WaitsFor.FINANCE},
    Stage.REFUNDED: {"status": CaseStatus.REFUNDED},
    Stage.REVERSED: {"status": CaseStatus.PAYMENT_FAILED, "waits_for": WaitsFor.FINANCE},
    Stage.DESTINATION_NEEDED: {"status": CaseStatus.PAYMENT_FAILED, **_ASKED},
    Stage.DESTINATION_REMINDER: {"status": CaseStatus.PAYMENT_FAILED, **_ASKED},
    Stage.SURVEY: {"status": CaseStatus.REFUNDED, "survey_score": None},
    Stage.SURVEY_REMINDER: {"status": CaseStatus.REFUNDED, "survey_score": None},
}


def case_at(stage: Stage, language: Language = Language.EN, changes: Mapping[str, object] | None = None) -> CaseRow:
    """As it stands when the stage's letter is due; `changes` come upon that."""
    return a_case(language, _STANDS_AT.get(stage, {}) | dict(changes or {}))


class StoppedClock:
    def now(self) -> datetime:
        return NOW


def letters(**changes: object) -> TemplateLetters:
    return TemplateLetters(SETTINGS.model_copy(update=changes), LINKS, StoppedClock())


def usd(minor: int) -> Money:
    return Money(minor=minor, currency="USD")


def a_case(language: Language, changes: Mapping[str, object] | None = None) -> CaseRow:
    application = Application(
        order_id="536365",
        customer_id="c-7",
        items=(Item(line_id="L1", quantity=2),),
        reason=Reason.QUALITY_PROBLEM,
        language=language,
        description="The lamp flickers.\nSubject: you are paid",
    )
    case = CaseRow(
        number=NUMBER,
        start=CaseStart(number=NUMBER, caller="shop", request_key="letters", application=application),
        status=CaseStatus.UNDER_REVIEW,
        waits_for=WaitsFor.AGENT,
        opened_at=NOW,
        updated_at=NOW,
        amount=usd(123450),
        break_down=BreakDown(
            lines=(
                AmountLine(kind=AmountKind.GOODS, line_id="L1", quantity=2, amount_minor=124450),
                AmountLine(kind=AmountKind.DEDUCTION, amount_minor=-1000, note=NoteCode.RESTOCKING_FEE),
            ),
            total=usd(123450),
        ),
        explanation="Which side of the lamp flickers?",
        verdict=VerdictView(action="review", policy_hash="h", row="otherwise"),
        survey_score=1,
        timings=Timings(),
    )
    return case.model_copy(update=dict(changes or {}))


def a_leg(state: LegState, minor: int = 123450, **changes: object) -> LegRow:
    """By card, unless changed; `changes` are of the leg."""
    leg = Leg(
        leg=1,
        attempt=1,
        provider="stripe",
        provider_number=f"{NUMBER}-1-1",
        amount=usd(minor),
        state=state,
        provider_reference="re_0001",
        trace="7412",
        failure_code="card_gone" if state is LegState.FAILED else "",
    )
    leg = leg.model_copy(update=changes)
    return LegRow(number=NUMBER, order_id="536365", tender_id="t1", reference="ch_1", leg=leg)


def stranded(minor: int = 123450, **changes: object) -> LegRow:
    """A leg that cannot arrive the way it was to go."""
    return a_leg(LegState.FAILED, minor, elsewhere=True, **({"failure_code": "expired_or_canceled_card"} | changes))


def by_hand(minor: int = 123450, **changes: object) -> LegRow:
    """A payout that a finance person is to make."""
    leg = {"provider": "by_hand", "provider_reference": "", "trace": "", "movement": Movement.PAYOUT}
    return a_leg(LegState.PENDING, minor, **(leg | {"destination": "DE•• •••• 3000"} | changes))
