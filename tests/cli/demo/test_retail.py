"""What is said at the end of a run of real orders: which cases did not end as the policy wants it, and why not."""

from __future__ import annotations

import pytest

from activities.precautions import Held
from aftersales.contract.values import CaseStatus
from aftersales.contract.views import VerdictView
from cli.demo.retail import trouble_with
from cli.retail.slice import Expected, PlannedCase
from storage.reading import CaseRecord
from tests.activities.shop import application
from tests.storage.builders import case_row

PLANNED = PlannedCase("r1/part", application(), Expected.REFUNDED, "changed_mind_in_time", at_high_risk="risk_high")


def ended(status: CaseStatus, reason_code: str = PLANNED.reason_code, *held: Held, why: str = "") -> CaseRecord:
    verdict = VerdictView(action="review", policy_hash="p", row="r", held=tuple(each.value for each in held))
    case = case_row(status=status, reason_code=reason_code, verdict=verdict, explanation=why)
    return CaseRecord(case=case, legs=(), messages=(), mails=(), audit=(), ledger=())


@pytest.mark.parametrize(
    "record",
    [
        ended(CaseStatus.REFUNDED),
        ended(CaseStatus.UNDER_REVIEW, "risk_high"),
        ended(CaseStatus.UNDER_REVIEW, PLANNED.reason_code, Held.CUSTOMER_BUDGET, Held.RISK_HIGH),
    ],
    ids=["refunded", "the customer's other cases", "a budget"],
)
def test_a_refund_is_paid_or_held_back_for_what_came_before_it(record: CaseRecord) -> None:
    assert trouble_with(PLANNED, record) == ""


@pytest.mark.parametrize(
    "record",
    [
        None,
        ended(CaseStatus.PAYING),
        ended(CaseStatus.REJECTED, why="Too late."),
        ended(CaseStatus.REFUNDED, "merchant_fault"),
        ended(CaseStatus.UNDER_REVIEW),
        ended(CaseStatus.UNDER_REVIEW, PLANNED.reason_code, Held.DAY_BUDGET, Held.SOURCE_DOWN),
    ],
    ids=["no case", "not paid", "turned down", "for another reason", "for no reason", "a source is down"],
)
def test_any_other_end_of_a_refund_is_named(record: CaseRecord | None) -> None:
    assert trouble_with(PLANNED, record).startswith("r1/part")


def test_a_refusal_must_say_what_is_wrong() -> None:
    refused = PLANNED._replace(expected=Expected.REFUSED, reason_code="order_unknown")
    assert trouble_with(refused, ended(CaseStatus.REJECTED, "order_unknown", why="There is no such order.")) == ""
    assert "without saying" in trouble_with(refused, ended(CaseStatus.REJECTED, "order_unknown"))
    assert trouble_with(refused, ended(CaseStatus.UNDER_REVIEW, "risk_high")), "nothing holds a refusal back"
