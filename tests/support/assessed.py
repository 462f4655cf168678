"""Assessments for tests: an ordinary case, decided by the packaged policy."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache

from activities.past_cases import PastCase
from activities.precautions import AssessmentRow
from activities.rulings import Action, Facts
from aftersales.contract.numbers import number_for
from aftersales.contract.values import Money
from policy.engine import ZenPolicy
from policy.loader import load_policy
from tests.policy.cases import ORDINARY

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
NUMBER = number_for("shop", "first")


@cache
def packaged() -> ZenPolicy:
    return load_policy("v1")


def assessment(known: Facts = ORDINARY, number: str = NUMBER, **changes: object) -> AssessmentRow:
    """As the packaged policy decides on these facts, unless said otherwise; `changes` only where a test names them."""
    ruling = packaged().rule(known)
    row = AssessmentRow(
        number=number,
        sequence=1,
        at=NOON,
        policy_hash=packaged().content_hash,
        customer_id="customer-1",
        order_id="order-1",
        amount=Money(minor=known.amount_minor, currency=known.currency),
        facts=known,
        ruling=ruling,
        action=ruling.action,
    )
    return row.model_copy(update=changes)


def past_case(known: Facts = ORDINARY, **changes: object) -> PastCase:
    """Decided then as the packaged policy decides now, and paid nothing, unless said otherwise."""
    ruled = packaged().rule(known).action
    case = PastCase(
        number=NUMBER,
        at=NOON,
        facts=known.model_dump_json(),
        amount_minor=known.amount_minor,
        currency=known.currency,
        ruled=ruled,
        action=ruled,
        held=(),
        status="refunded" if ruled is Action.APPROVE else "under_review",
        paid_minor=0,
        by_person=False,
    )
    return PastCase._make((case._asdict() | changes).values())
