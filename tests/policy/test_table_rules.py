"""The other tables of the packaged policy: what may be asked for, what is paid, who reviews, how long it takes."""

from __future__ import annotations

import pytest

from activities.rulings import Facts, Right
from activities.types import Timings
from aftersales.contract.values import CaseKind, Reason
from domain.promotions import PromotionChoice
from policy import ZenPolicy, load_policy
from tests.policy.cases import facts

MIND = {"reason": "changed_mind", "evidence_count": 0, "picture_count": 0}
BACK = {**MIND, "goods_back": True, "unused": True, "packaging_intact": True}
UNKNOWN_DELIVERY = {"delivered": False, "days_since_delivery": -1}


@pytest.fixture(scope="module")
def policy() -> ZenPolicy:
    return load_policy("v1")


@pytest.mark.parametrize(
    ("goods", "right", "row"),
    [
        ({}, Right.NO_REASON, "ordinary"),
        ({"category": "kitchen"}, Right.NO_REASON, "ordinary"),
        ({"category": "hygiene"}, Right.FAULT_ONLY, "hygiene"),
        ({"category": "digital"}, Right.FAULT_ONLY, "digital"),
        ({"category": "custom"}, Right.FAULT_ONLY, "custom"),
        ({"category": "custom", "final_sale": True}, Right.NONE, "final_sale"),
    ],
)
def test_what_is_granted_depends_on_the_goods(
    policy: ZenPolicy, goods: dict[str, object], right: Right, row: str
) -> None:
    ruling = policy.rule(facts(**goods))
    assert ruling.standpoint is not None
    assert (ruling.standpoint.right, ruling.fired[0].row) == (right, row)


@pytest.mark.parametrize(
    ("case", "counted", "in_window", "in_fault_window"),
    [
        (facts(days_since_delivery=0), 0, True, True),
        (facts(days_since_delivery=7), 7, True, True),
        (facts(days_since_delivery=8), 8, False, True),
        (facts(days_since_delivery=91), 91, False, False),
        (facts(**UNKNOWN_DELIVERY, days_since_purchase=3), -11, True, True),
        (facts(**UNKNOWN_DELIVERY, days_since_purchase=21), 7, True, True),
        (facts(**UNKNOWN_DELIVERY, days_since_purchase=22), 8, False, True),
        (facts(**UNKNOWN_DELIVERY, days_since_purchase=40, category="custom"), 10, False, True),
    ],
)
def test_windows_count_from_delivery_and_without_one_from_some_days_after_the_purchase(
    policy: ZenPolicy, case: Facts, counted: int, in_window: bool, in_fault_window: bool
) -> None:
    found = policy.rule(case).standpoint
    assert found is not None
    assert (found.days_counted, found.in_window, found.in_fault_window) == (counted, in_window, in_fault_window)


@pytest.mark.parametrize("reason", Reason)
def test_a_fault_is_shown_by_a_picture_and_nothing_else_is(policy: ZenPolicy, reason: Reason) -> None:
    asked = policy.rule(facts(reason=reason)).evidence
    faults = {Reason.QUALITY_PROBLEM, Reason.DAMAGED_IN_TRANSIT, Reason.NOT_AS_DESCRIBED}
    assert asked is not None
    assert (asked.pieces, asked.pictures) == ((1, 1) if reason in faults else (0, 0))


@pytest.mark.parametrize(
    ("changes", "paid_back"),
    [
        ({}, True),
        ({"amount_minor": 100}, True),
        ({"goods_back": True}, True),
        ({"reason": "wrong_item", "shipment": "differs"}, True),
        (BACK, False),
        ({"reason": "wrong_size", "goods_back": True}, False),
        ({"days_since_delivery": 31}, False),
    ],
)
def test_shipping_is_paid_back_when_the_merchant_is_at_fault(
    policy: ZenPolicy, changes: dict[str, object], paid_back: bool
) -> None:
    assert policy.rule(facts(**changes)).refund_shipping is paid_back


@pytest.mark.parametrize(
    ("changes", "promotion"),
    [
        ({}, PromotionChoice.KEEP),
        ({"reason": "wrong_size", "goods_back": True}, PromotionChoice.KEEP),
        (BACK, PromotionChoice.CLAW_BACK),
        ({**BACK, "days_since_delivery": 8}, PromotionChoice.CLAW_BACK),
        ({**BACK, "final_sale": True}, PromotionChoice.CLAW_BACK),
    ],
)
def test_a_promotion_that_the_buyer_breaks_by_a_change_of_mind_is_clawed_back(
    policy: ZenPolicy, changes: dict[str, object], promotion: PromotionChoice
) -> None:
    assert policy.rule(facts(**changes)).promotion is promotion


@pytest.mark.parametrize(
    ("changes", "fee_bp"),
    [
        (BACK, 0),
        ({**BACK, "unused": False}, 1000),
        ({**BACK, "packaging_intact": False}, 500),
        ({**MIND, "unused": False}, 0),
        ({"goods_back": True}, 0),
    ],
)
def test_a_fee_is_kept_for_what_came_back_used_or_opened(
    policy: ZenPolicy, changes: dict[str, object], fee_bp: int
) -> None:
    assert policy.rule(facts(**changes)).restocking_fee_bp == fee_bp


@pytest.mark.parametrize(
    ("changes", "group"),
    [
        ({}, "agents"),
        ({"chargeback_open": True}, "finance"),
        ({"listed": "block"}, "supervisors"),
        ({"risk_level": "high"}, "supervisors"),
        ({"risk_level": "unknown"}, "supervisors"),
        ({"risk_level": "medium"}, "agents"),
    ],
)
def test_who_reviews(policy: ZenPolicy, changes: dict[str, object], group: str) -> None:
    assert policy.rule(facts(**changes)).group == group


@pytest.mark.parametrize("reason", Reason)
def test_a_case_waits_as_the_process_says(policy: ZenPolicy, reason: Reason) -> None:
    assert policy.timings(reason, CaseKind.REFUND_ONLY) == Timings()


def test_what_was_exchanged_is_used_for_a_week_before_anybody_asks(policy: ZenPolicy) -> None:
    assert policy.timings(Reason.WRONG_SIZE, CaseKind.EXCHANGE) == Timings(survey_after_s=7 * 86400)


def test_without_a_row_for_its_currency_nothing_is_approved_by_rule(policy: ZenPolicy) -> None:
    unknown = policy.ceilings("KWD")
    assert (unknown.automatic_case, unknown.automatic_day, unknown.agent_case, unknown.four_eyes) == (0, 0, 0, 0)
    assert unknown.finance_case > 0, "two people of finance can"


@pytest.mark.parametrize("currency", ["CNY", "EUR", "GBP", "HKD", "JPY", "USD"])
def test_whatever_a_row_approves_is_below_the_ceiling_of_its_currency(policy: ZenPolicy, currency: str) -> None:
    ceilings = policy.ceilings(currency)
    assert ceilings.automatic_case >= 100_000
    assert ceilings.four_eyes > ceilings.automatic_case
