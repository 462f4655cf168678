"""The decision table of the packaged policy, row by row, as the staff would say it (P2.1-P2.5, P5.1, P6.1)."""

from __future__ import annotations

import pytest

from activities.rulings import Action, Goods
from policy import PolicyError, ZenPolicy, load_policy
from tests.policy.cases import facts, read_document, table_of

APPROVE, REJECT, REVIEW, ASK = Action.APPROVE, Action.REJECT, Action.REVIEW, Action.ASK_EVIDENCE
LEAVE, EXCHANGE = Action.APPROVE_AND_LEAVE, Action.OFFER_EXCHANGE
MIND = {"reason": "changed_mind", "evidence_count": 0, "picture_count": 0}
BACK = {**MIND, "goods_back": True, "unused": True, "packaging_intact": True}
UNDELIVERED = {"delivered": False, "days_since_delivery": -1}
WRONG = {"reason": "wrong_item"}
SIZE = {"reason": "wrong_size"}
LOST = {"reason": "not_received"}
DIFFERS = {**WRONG, "shipment": "differs"}

RULES = [
    pytest.param({"account_active": False}, REVIEW, "account_not_active", id="a blocked account: a person"),
    pytest.param({"chargeback_open": True}, REVIEW, "chargeback_open", id="a disputed payment would be paid twice"),
    pytest.param({"listed": "block"}, REVIEW, "listed", id="the block list: a person, no rejection"),
    pytest.param({"listed": "allow"}, APPROVE, "fault_shown", id="the allow list changes nothing by itself"),
    pytest.param({"risk_level": "high"}, REVIEW, "risk_high", id="high risk: a person"),
    pytest.param({**MIND, "risk_level": "high", "days_since_delivery": 99}, REVIEW, "risk_high", id="even if late"),
    pytest.param({"risk_level": "unknown"}, REVIEW, "risk_unknown", id="risk that could not be told: a person"),
    pytest.param({"risk_level": "medium"}, APPROVE, "fault_shown", id="medium risk is no reason by itself"),
    pytest.param({"source_down": True}, REVIEW, "source_down", id="a source that is down: a person"),
    pytest.param({"evidence_reused": True}, REVIEW, "evidence_reused", id="a picture from another case: a person"),
    pytest.param({**BACK, "final_sale": True}, REJECT, "final_sale", id="a final sale stays sold"),
    pytest.param({"final_sale": True}, APPROVE, "fault_shown", id="a fault counts in a final sale too"),
    pytest.param({**BACK, "category": "hygiene"}, REJECT, "not_returnable", id="hygiene goods, for a fault only"),
    pytest.param({**BACK, "category": "digital"}, REJECT, "not_returnable", id="digital goods, for a fault only"),
    pytest.param({**BACK, "category": "custom"}, REJECT, "not_returnable", id="made to order, for a fault only"),
    pytest.param({"category": "custom"}, APPROVE, "fault_shown", id="made to order and faulty"),
    pytest.param({**MIND, "days_since_delivery": 8}, REJECT, "changed_mind_late", id="mind changed after a week"),
    pytest.param(
        {**MIND, **UNDELIVERED, "days_since_purchase": 22},
        REJECT,
        "changed_mind_late",
        id="no delivery known: counted from a fortnight after the purchase",
    ),
    pytest.param({"days_since_delivery": 91}, REJECT, "fault_late", id="a fault told after ninety days"),
    pytest.param({"kind": "exchange"}, REVIEW, "return_or_exchange", id="an exchange: a person"),
    pytest.param({"kind": "return_and_refund"}, REVIEW, "return_or_exchange", id="a return: a person"),
    pytest.param(
        {**LOST, "carrier_delivered": True}, REVIEW, "not_received_delivered", id="the carrier says it was delivered"
    ),
    pytest.param(LOST, REVIEW, "not_received", id="delivered, yet not received"),
    pytest.param(
        {**LOST, **UNDELIVERED, "shipment": "not_shipped"}, REVIEW, "not_shipped", id="not received, never shipped"
    ),
    pytest.param({**WRONG, "shipment": "not_shipped"}, REVIEW, "not_shipped", id="the wrong item, and none was sent"),
    pytest.param({**LOST, **UNDELIVERED}, REVIEW, "not_delivered", id="not delivered yet"),
    pytest.param({**MIND, "days_since_delivery": 7}, REVIEW, "changed_mind_not_back", id="must come back first"),
    pytest.param({**BACK, "unused": False}, REVIEW, "changed_mind_used", id="not declared unused"),
    pytest.param({**BACK, "packaging_intact": False}, REVIEW, "changed_mind_opened", id="packaging not intact"),
    pytest.param({**BACK, "days_since_delivery": 7}, APPROVE, "changed_mind_back", id="back on day seven"),
    pytest.param({**BACK, "amount_minor": 100_000}, APPROVE, "changed_mind_back", id="back, at the bound"),
    pytest.param({**BACK, "amount_minor": 100_001}, REVIEW, "changed_mind_large", id="back, above the bound"),
    pytest.param({**BACK, "currency": "KWD"}, REVIEW, "changed_mind_large", id="a currency without a bound"),
    pytest.param(
        {**WRONG, "shipment": "matches", "goods_back": True}, REVIEW, "wrong_item_matches", id="records say otherwise"
    ),
    pytest.param({**SIZE, "replacement": "in_stock"}, EXCHANGE, "wrong_size_in_stock", id="the right size is there"),
    pytest.param(
        {"goods_back": True, "evidence_count": 0, "picture_count": 0, "amount_minor": 40_320, "currency": "GBP"},
        APPROVE,
        "fault_back",
        id="faulty goods that are back need no photo",
    ),
    pytest.param({**WRONG, "goods_back": True}, APPROVE, "fault_back", id="the wrong item, back"),
    pytest.param({**SIZE, "goods_back": True}, APPROVE, "wrong_size_back", id="wrong size, back"),
    pytest.param(
        {**SIZE, "goods_back": True, "replacement": "out_of_stock"},
        APPROVE,
        "wrong_size_back",
        id="wrong size, back, and none is left",
    ),
    pytest.param({"evidence_count": 0, "picture_count": 0}, ASK, "fault_no_evidence", id="a fault without a photo"),
    pytest.param({"evidence_count": 2, "picture_count": 0}, ASK, "fault_no_evidence", id="an invoice shows no fault"),
    pytest.param({"amount_minor": 2_000}, LEAVE, "fault_small_yuan", id="of little worth: it may stay"),
    pytest.param({"amount_minor": 2_001}, APPROVE, "fault_shown", id="of some worth"),
    pytest.param({"amount_minor": 500, "currency": "USD"}, LEAVE, "fault_small", id="of little worth in dollars"),
    pytest.param({"amount_minor": 501, "currency": "USD"}, APPROVE, "fault_shown", id="of some worth in dollars"),
    pytest.param({"amount_minor": 20_000}, APPROVE, "fault_shown", id="a fault with a photo, at the bound"),
    pytest.param({"amount_minor": 20_001}, REVIEW, "fault_shown_large", id="a fault with a photo, above"),
    pytest.param({"days_since_delivery": 30}, APPROVE, "fault_shown", id="a fault on day thirty"),
    pytest.param({"days_since_delivery": 31}, REVIEW, "fault_shown_late", id="a fault on day thirty-one"),
    pytest.param({"days_since_delivery": 90}, REVIEW, "fault_shown_late", id="a fault on day ninety"),
    pytest.param({**DIFFERS, "amount_minor": 20_000}, APPROVE, "wrong_item_differs", id="the records bear them out"),
    pytest.param({**DIFFERS, "amount_minor": 20_001}, REVIEW, "wrong_item_differs_large", id="borne out, but large"),
    pytest.param({**DIFFERS, "days_since_delivery": 31}, REVIEW, "wrong_item_differs_large", id="borne out, but late"),
    pytest.param(WRONG, REVIEW, "wrong_item", id="the wrong item, and no record was asked"),
    pytest.param({**WRONG, "shipment": "unknown"}, REVIEW, "wrong_item", id="the wrong item, and there is no record"),
    pytest.param({**WRONG, "shipment": "unavailable"}, REVIEW, "wrong_item", id="the record cannot be had"),
    pytest.param(SIZE, REVIEW, "wrong_size", id="the wrong size, kept so far"),
    pytest.param({**SIZE, "replacement": "out_of_stock"}, REVIEW, "wrong_size", id="the right size is not there"),
    pytest.param({**LOST, "account_active": False}, REVIEW, "account_not_active", id="the account comes first"),
]


@pytest.fixture(scope="module")
def policy() -> ZenPolicy:
    return load_policy("v1")


@pytest.mark.parametrize(("changes", "action", "row"), RULES)
def test_rule(policy: ZenPolicy, changes: dict[str, object], action: Action, row: str) -> None:
    ruling = policy.rule(facts(**changes))
    assert (ruling.action, ruling.row) == (action, row)


def test_every_row_but_the_last_is_shown_by_an_example() -> None:
    rows = [rule["_id"] for rule in table_of(read_document("decision"))["rules"]]
    assert {str(rule.values[2]) for rule in RULES} == set(rows[:-1])


def test_of_several_kinds_of_goods_the_strictest_rules(policy: ZenPolicy) -> None:
    mixed = facts(**BACK).model_copy(update={"goods": (Goods(category="gifts"), Goods(category="hygiene"))})
    ruling = policy.rule(mixed)
    assert (ruling.action, ruling.row) == (REJECT, "not_returnable")
    assert [each.row for each in ruling.fired if each.table == "eligibility"] == ["ordinary", "hygiene"]


def test_a_ruling_names_the_rows_of_all_tables_in_their_sequence(policy: ZenPolicy) -> None:
    fired = policy.rule(facts()).fired
    assert [(each.table, each.row) for each in fired] == [
        ("eligibility", "ordinary"),
        ("evidence", "fault"),
        ("decision", "fault_shown"),
        ("amounts", "merchant_fault"),
        ("routing", "otherwise"),
    ]
    assert all(policy.description(each) for each in fired)


def test_a_ruling_survives_being_stored(policy: ZenPolicy) -> None:
    ruling = policy.rule(facts())
    assert type(ruling).model_validate_json(ruling.model_dump_json()) == ruling


def test_facts_outside_the_schema_are_an_error_and_no_decision(policy: ZenPolicy) -> None:
    with pytest.raises(PolicyError, match="kind"):
        policy.rule(facts().model_copy(update={"kind": "gift"}))
