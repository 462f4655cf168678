"""The books of one refund that went as it must; a test spoils one thing of them at a time."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from activities.rows import CaseRow, LegRow
from activities.types import Leg
from aftersales.contract.messages import CaseStart
from aftersales.contract.values import (
    BreakDown,
    CaseStatus,
    LegState,
    MessageKind,
    Money,
    WaitsFor,
)
from bench.chaos.books import Books, Entry, Moved
from bench.chaos.people import Said
from bench.chaos.plan import CALLER, Paid, Wish, plan_of
from bench.chaos.storm import Storm
from domain.accounts import CUSTOMER_REFUNDS_PAYABLE, SALES_RETURNS, clearing
from integrations.mail_folder import SinkMail

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
WISH: Wish = next(
    wish for wish in plan_of(Storm(seed=1, refunds=100), NOON) if wish.paid is Paid.CARD and wish.review is None
)
MINOR = WISH.unit_minor
LEG_NUMBER = f"{WISH.number}-1-1"
SAID: Said = (WISH.number, MessageKind.DECISION, "li")
EVENT = "evt_1"


def case(status: CaseStatus = CaseStatus.REFUNDED, waits_for: WaitsFor = WaitsFor.NOBODY) -> CaseRow:
    total = Money(minor=MINOR, currency="CNY")
    return CaseRow(
        number=WISH.number,
        start=CaseStart(number=WISH.number, caller=CALLER, request_key=WISH.key, application=WISH.application),
        status=status,
        waits_for=waits_for,
        opened_at=NOON,
        updated_at=NOON,
        amount=total,
        break_down=BreakDown(lines=(), total=total),
    )


def leg(state: LegState = LegState.SUCCEEDED, *, attempt: int = 1) -> LegRow:
    sent = Leg(
        leg=1,
        attempt=attempt,
        provider="stripe",
        provider_number=f"{WISH.number}-1-{attempt}",
        amount=Money(minor=MINOR, currency="CNY"),
        state=state,
    )
    tender = WISH.order.tenders[0]
    return LegRow(
        number=WISH.number,
        order_id=WISH.order.order_id,
        tender_id=tender.tender_id,
        reference=tender.reference,
        leg=sent,
    )


def moved(minor: int = MINOR, *, executions: int = 1) -> Moved:
    return Moved("stripe", "CNY", executions, minor)


def paid(minor: int = MINOR) -> Entry:
    return Entry(CUSTOMER_REFUNDS_PAYABLE, clearing("stripe"), "CNY", minor)


def letter(stage: str = "refunded", *, message_id: str = "<1>", body: str = "") -> SinkMail:
    return SinkMail(
        path=Path("letter.eml"),
        received_at=NOON,
        message_id=message_id,
        recipient=WISH.order.account.email,
        sender="shop@shop.example",
        subject="",
        body=body or f"CN¥{MINOR / 100:.2f}",
        number=WISH.number,
        stage=stage,
    )


def sound() -> Books:
    """One refund by card, decided by a person, told by one event and one letter."""
    return Books(
        wishes=(WISH,),
        applied=frozenset({WISH.number}),
        unanswered=(),
        taken={SAID: 1},
        kept={},
        cases={WISH.number: case()},
        legs=(leg(),),
        ledger=(Entry(SALES_RETURNS, CUSTOMER_REFUNDS_PAYABLE, "CNY", MINOR), paid()),
        moved={LEG_NUMBER: moved()},
        told=frozenset({EVENT}),
        inbox={EVENT: True},
        heard={SAID: 1},
        heard_well={SAID: 1},
        letters=(letter(),),
    )
