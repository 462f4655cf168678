"""Rows for the tests of this folder: an order of one line and one card payment, and cases about it."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from activities.rows import Account, AuditEntry, CaseRow, LegRow, Mail, Posting
from activities.types import Leg, Stage
from aftersales.contract.messages import Application, CaseStart, Item
from aftersales.contract.numbers import number_for
from aftersales.contract.values import CaseStatus, Language, LegState, Money, Reason, WaitsFor
from domain.accounts import CUSTOMER_REFUNDS_PAYABLE, clearing
from domain.allocation import FrozenLine, FrozenShipping, Run
from domain.orders import OrderRecord, RecordLine, RecordTender

NOON = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)
NUMBER = number_for("shop", "first")
OTHER_NUMBER = number_for("shop", "second")
UNITS = 10
UNIT_MINOR = 1000
CAPTURED_MINOR = UNITS * UNIT_MINOR + 500


def account(customer_id: str = "customer-1") -> Account:
    return Account(customer_id=customer_id, name="张伟", email="zhang@example.com", language=Language.ZH_CN)


def order_record(order_id: str = "order-1", **changes: object) -> OrderRecord:
    """Ten mugs at 10.00 and shipping at 5.00, all paid by one card."""
    runs = (Run(count=UNITS, goods_minor=UNIT_MINOR),)
    mugs = FrozenLine(line_id="mugs", runs=runs)
    record = OrderRecord(
        order_id=order_id,
        account=account(),
        currency="CNY",
        paid=True,
        bought_at=NOON,
        delivered_at=NOON,
        lines=(RecordLine(sku="MUG", title="马克杯", category="kitchen", final_sale=False, frozen=mugs),),
        shipping=FrozenShipping(net_minor=500),
        tenders=(RecordTender(tender_id="card", provider="stripe", reference="pi_1", captured_minor=CAPTURED_MINOR),),
    )
    return record.model_copy(update=changes)


def start(number: str = NUMBER, request_key: str = "first", order_id: str = "order-1") -> CaseStart:
    application = Application(
        order_id=order_id,
        customer_id="customer-1",
        items=(Item(line_id="mugs", quantity=1),),
        reason=Reason.QUALITY_PROBLEM,
        description="裂了",
    )
    return CaseStart(number=number, caller="shop", request_key=request_key, application=application)


def case_row(number: str = NUMBER, **changes: object) -> CaseRow:
    row = CaseRow(
        number=number,
        start=start(number),
        status=CaseStatus.PAYING,
        waits_for=WaitsFor.PROVIDER,
        opened_at=NOON,
        updated_at=NOON,
        amount=yuan(UNIT_MINOR),
    )
    return row.model_copy(update=changes)


def yuan(minor: int) -> Money:
    return Money(minor=minor, currency="CNY")


def leg_row(number: str = NUMBER, *, leg: int = 1, minor: int = UNIT_MINOR, released: bool = False) -> LegRow:
    planned = Leg(
        leg=leg,
        attempt=1,
        provider="stripe",
        provider_number=f"{number}-{leg}-1",
        amount=yuan(minor),
        state=LegState.RESERVED,
    )
    return LegRow(number=number, order_id="order-1", tender_id="card", reference="pi_1", leg=planned, released=released)


def posting(posting_id: str, *, minor: int = UNIT_MINOR, debit: str = "", credit: str = "") -> Posting:
    """A payment through Stripe, unless other accounts are given."""
    return Posting(
        posting_id=posting_id,
        number=NUMBER,
        order_id="order-1",
        tender_id="card",
        provider_number=f"{NUMBER}-1-1",
        debit=debit or CUSTOMER_REFUNDS_PAYABLE,
        credit=credit or clearing("stripe"),
        amount=yuan(minor),
        posted_at=NOON,
    )


def entry(action: str, number: str = NUMBER) -> AuditEntry:
    return AuditEntry(number=number, at=NOON, actor="system", role="system", action=action)


def said(actor: str, role: str, why: str = "", number: str = NUMBER, **facts: str) -> AuditEntry:
    """An entry of a person, with their own words and facts if there are any."""
    changes = {
        "actor": actor,
        "role": role,
        "channel": "portal",
        "why": why,
        "facts": json.dumps(facts) if facts else "",
    }
    return entry("said", number).model_copy(update=changes)


def mail(message_id: str, *, stage: Stage = Stage.RECEIVED, round_: int = 1) -> Mail:
    return Mail(
        message_id=message_id,
        number=NUMBER,
        stage=stage,
        round=round_,
        recipient="zhang@example.com",
        language=Language.ZH_CN,
        subject="已收到",
        body="我们收到了您的申请。",
        created_at=NOON,
    )
