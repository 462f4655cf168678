"""R9, R11, R12: who is heard, how often, and what becomes of a message that comes too late, too early or unproven."""

import asyncio
from collections import Counter

import pytest

from aftersales.contract.errors import AftersalesError
from aftersales.contract.messages import Decision
from aftersales.contract.values import CaseStatus, DecisionKind, ErrorCode, Role
from aftersales.proof import ProofKey, sign
from tests.e2e.invariants import assert_invariants
from tests.e2e.shop import Shop, number_of

APPROVE = Decision(kind=DecisionKind.APPROVE)
REJECT = Decision(kind=DecisionKind.REJECT, explanation="The mug was used.")
FORGER = ProofKey("cli", "a secret that the forger made up")
AT_ONCE = 100


@pytest.mark.parametrize("forged", [False, True], ids=["bare", "forged"])
async def test_a_decision_without_a_valid_proof_changes_nothing_and_is_kept(shop: Shop, forged: bool) -> None:
    number = await shop.under_review()
    said = sign(APPROVE, number=number, actor="li", role=Role.AGENT, key=FORGER) if forged else APPROVE
    await (await shop.in_temporal(number)).signal("review", said)
    answer = await shop.client.decide(number, REJECT, actor="wang")
    assert answer.accepted
    record = await shop.record(number)
    expected = ErrorCode.PROOF_INVALID if forged else ErrorCode.PROOF_MISSING
    assert [(heard.accepted, heard.code) for heard in record.messages] == [(False, expected), (True, None)]
    assert "refused" in [entry.entry.action for entry in record.audit]
    assert (record.case.status, record.legs) == (CaseStatus.REJECTED, ())
    await assert_invariants(shop)


async def test_of_approve_and_reject_at_once_one_wins_and_the_other_is_told(shop: Shop) -> None:
    numbers = [await shop.under_review() for _ in range(4)]
    for number, decisions in zip(numbers, [(APPROVE, REJECT), (REJECT, APPROVE)] * 2, strict=True):
        answers = await asyncio.gather(*(shop.client.decide(number, said, actor="li") for said in decisions))
        (winner,) = (said for said, answer in zip(decisions, answers, strict=True) if answer.accepted)
        (told,) = (answer.code for answer in answers if not answer.accepted)
        assert told in (ErrorCode.TOO_LATE, ErrorCode.NOT_NOW)
        end = (await shop.outcome(number)).status
        assert end is (CaseStatus.REFUNDED if winner is APPROVE else CaseStatus.REJECTED)
    await assert_invariants(shop)


async def test_a_message_to_a_closed_case_is_told_so(shop: Shop) -> None:
    number = await shop.under_review()
    await shop.withdraw(number)
    await (await shop.in_temporal(number)).result()
    for call in (shop.client.review(number, APPROVE, actor="li"), shop.client.decide(number, APPROVE, actor="li")):
        with pytest.raises(AftersalesError) as failed:
            await call
        assert failed.value.code is ErrorCode.CASE_CLOSED
    assert (await shop.record(number)).case.status is CaseStatus.WITHDRAWN
    await assert_invariants(shop)


async def test_a_message_before_the_case_exists_is_told_so_and_does_not_hinder_it(shop: Shop) -> None:
    order = await shop.sell()
    for call in (
        shop.client.review(number_of(order), APPROVE, actor="li"),
        shop.client.decide(number_of(order), APPROVE, actor="li"),
    ):
        with pytest.raises(AftersalesError) as failed:
            await call
        assert failed.value.code is ErrorCode.CASE_UNKNOWN
    await shop.all_refunded([await shop.apply(order)])
    assert (await shop.record(number_of(order))).messages == (), "and neither was kept for a case to come"
    await assert_invariants(shop)


async def test_the_same_application_a_hundred_times_at_once_is_one_case(shop: Shop) -> None:
    order = await shop.sell()
    numbers = await asyncio.gather(*(shop.apply(order) for _ in range(AT_ONCE)))
    assert set(numbers) == {number_of(order)}
    await shop.all_refunded(set(numbers))
    assert len([found async for found in shop.client.find(order_id=order.order_id)]) == 1
    await assert_invariants(shop)


async def test_of_ten_applications_for_the_same_units_one_is_refunded(shop: Shop) -> None:
    order = await shop.sell()
    applying = (shop.apply(order, key=f"{order.order_id}-{n}", quantity=4) for n in range(10))
    views = await shop.outcomes(await asyncio.gather(*applying))
    ends = Counter((view.status, view.reason_code) for view in views if view.status is CaseStatus.REJECTED)
    assert ends == {(CaseStatus.REJECTED, ErrorCode.UNIT_ALREADY_CLAIMED.value): 9}
    assert Counter(view.status for view in views)[CaseStatus.REFUNDED] == 1
    await assert_invariants(shop)
