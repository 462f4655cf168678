"""The first policy, row by row, as the staff would say it (P2.1, P5.1)."""

from __future__ import annotations

import json

import pytest

from activities.ports import Action
from domain.promotions import PromotionChoice
from policy import PolicyError, ZenPolicy, load_policy
from policy.loader import PACKAGED
from tests.policy.cases import facts

APPROVE, REJECT, REVIEW, ASK = Action.APPROVE, Action.REJECT, Action.REVIEW, Action.ASK_EVIDENCE
MIND = {"reason": "changed_mind", "evidence_count": 0}
MIND_BACK = {**MIND, "goods_back": True}

RULES = [
    pytest.param({"account_active": False}, REVIEW, "account_not_active", id="a blocked account: a person"),
    pytest.param({"kind": "exchange"}, REVIEW, "return_or_exchange", id="an exchange: a person"),
    pytest.param({"kind": "return_and_refund"}, REVIEW, "return_or_exchange", id="a return: a person"),
    pytest.param({**MIND_BACK, "final_sale": True}, REJECT, "final_sale", id="a final sale stays sold"),
    pytest.param({"final_sale": True}, APPROVE, "fault_shown", id="a fault counts in a final sale too"),
    pytest.param({"reason": "not_received"}, REVIEW, "not_received", id="delivered, yet not received"),
    pytest.param(
        {"reason": "not_received", "delivered": False, "days_since_delivery": -1},
        REVIEW,
        "not_delivered",
        id="not delivered yet",
    ),
    pytest.param({**MIND, "days_since_delivery": 8}, REJECT, "changed_mind_late", id="mind changed after a week"),
    pytest.param({**MIND, "days_since_delivery": 7}, REVIEW, "changed_mind_not_back", id="must come back first"),
    pytest.param({**MIND_BACK, "days_since_delivery": 7}, APPROVE, "changed_mind_back", id="back on day seven"),
    pytest.param({**MIND_BACK, "amount_minor": 100_000}, APPROVE, "changed_mind_back", id="back, at the bound"),
    pytest.param({**MIND_BACK, "amount_minor": 100_001}, REVIEW, "changed_mind_large", id="back, above the bound"),
    pytest.param({**MIND_BACK, "currency": "KWD"}, REVIEW, "changed_mind_large", id="a currency without a bound"),
    pytest.param({"days_since_delivery": 91}, REJECT, "fault_late", id="a fault told after ninety days"),
    pytest.param(
        {"goods_back": True, "evidence_count": 0, "amount_minor": 40_320, "currency": "GBP"},
        APPROVE,
        "fault_back",
        id="faulty goods that are back need no photo",
    ),
    pytest.param({"reason": "wrong_item", "goods_back": True}, APPROVE, "fault_back", id="the wrong item, back"),
    pytest.param({"reason": "wrong_size", "goods_back": True}, APPROVE, "wrong_size_back", id="wrong size, back"),
    pytest.param({"evidence_count": 0}, ASK, "fault_no_evidence", id="a fault without a photo"),
    pytest.param({"amount_minor": 20_000}, APPROVE, "fault_shown", id="a fault with a photo, at the bound"),
    pytest.param({"amount_minor": 20_001}, REVIEW, "fault_shown_large", id="a fault with a photo, above"),
    pytest.param({"days_since_delivery": 30}, APPROVE, "fault_shown", id="a fault on day thirty"),
    pytest.param({"days_since_delivery": 31}, REVIEW, "fault_shown_late", id="a fault on day thirty-one"),
    pytest.param({"days_since_delivery": 90}, REVIEW, "fault_shown_late", id="a fault on day ninety"),
    pytest.param({"reason": "wrong_item"}, REVIEW, "wrong_item", id="the wrong item, kept so far"),
    pytest.param({"reason": "wrong_size"}, REVIEW, "wrong_size", id="the wrong size, kept so far"),
    pytest.param(
        {"reason": "not_received", "delivered": True, "account_active": False},
        REVIEW,
        "account_not_active",
        id="the account comes first",
    ),
]


@pytest.fixture(scope="module")
def policy() -> ZenPolicy:
    return load_policy("v1")


@pytest.mark.parametrize(("changes", "action", "row"), RULES)
def test_rule(policy: ZenPolicy, changes: dict[str, object], action: Action, row: str) -> None:
    ruling = policy.rule(facts(**changes))
    assert (ruling.action, ruling.row) == (action, row)


def test_every_row_but_the_last_is_shown_by_an_example() -> None:
    document = json.loads((PACKAGED / "v1" / "refund.json").read_text(encoding="utf-8"))
    rows = [rule["_id"] for rule in document["nodes"][1]["content"]["rules"]]
    shown = {str(rule.values[2]) for rule in RULES}
    assert shown == set(rows[:-1])


@pytest.mark.parametrize(
    ("changes", "paid_back"),
    [
        ({}, True),
        ({"goods_back": True}, True),
        (MIND_BACK, False),
        ({"reason": "wrong_size", "goods_back": True}, False),
    ],
)
def test_shipping_is_paid_back_when_the_merchant_is_at_fault(
    policy: ZenPolicy, changes: dict[str, object], paid_back: bool
) -> None:
    ruling = policy.rule(facts(**changes))
    assert ruling.action is APPROVE
    assert ruling.refund_shipping is paid_back


@pytest.mark.parametrize(
    ("changes", "promotion"),
    [
        ({}, PromotionChoice.KEEP),
        ({"reason": "wrong_size", "goods_back": True}, PromotionChoice.KEEP),
        (MIND_BACK, PromotionChoice.CLAW_BACK),
        ({**MIND_BACK, "days_since_delivery": 8}, PromotionChoice.CLAW_BACK),
        ({**MIND_BACK, "final_sale": True}, PromotionChoice.CLAW_BACK),
    ],
)
def test_a_promotion_that_the_buyer_breaks_by_a_change_of_mind_is_clawed_back(
    policy: ZenPolicy, changes: dict[str, object], promotion: PromotionChoice
) -> None:
    assert policy.rule(facts(**changes)).promotion is promotion


def test_facts_outside_the_schema_are_an_error_and_no_decision(policy: ZenPolicy) -> None:
    with pytest.raises(PolicyError, match="kind"):
        policy.rule(facts(kind="gift"))
