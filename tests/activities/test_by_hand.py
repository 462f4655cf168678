"""Where no interface exists one person pays and another one confirms, and the case's log says who (P3.2, P3.3)."""

from __future__ import annotations

import json

import pytest

from activities.by_hand import record_hand_payment
from activities.casefile import Actor, CaseFile
from activities.ports import Payee
from activities.rows import HandPaymentRow, HandPaymentState
from activities.types import TO_BE_CONFIRMED, TO_BE_PAID, OutcomeKind, PaymentOutcome, Step
from aftersales.contract.errors import AftersalesError
from aftersales.contract.messages import HandPayment
from aftersales.contract.numbers import number_for
from aftersales.contract.values import (
    CaseStatus,
    ErrorCode,
    EvidenceRef,
    HandPaymentAct,
    PayoutMethod,
    WaitsFor,
)
from domain.chargebacks import Chargeback, ChargebackState
from storage.hand_payments import HandPayments, disputed, unfinished
from storage.portal import PortalStore
from storage.risk import Keeper, RiskBook
from tests.activities.desk import Desk
from tests.activities.shop import NOW, application, cny
from tests.fakes import FakeClock

WALLET = Payee(token="payee-1", method=PayoutMethod.WECHAT_PAY, account="wx-1")
RECEIPT = EvidenceRef(sha256="a" * 64, media_type="image/png", size_bytes=9)


@pytest.fixture(name="owing")
async def case_with_a_payment_to_be_made_by_hand(desk: Desk) -> Desk:
    await desk.apply(application(amount=cny(500)))
    assert (await by_hand(desk)).kind is OutcomeKind.PENDING
    return desk


async def by_hand(desk: Desk, look: bool = False) -> PaymentOutcome:
    [row] = await desk.legs()
    payments = HandPayments(desk.engine, FakeClock(NOW))
    return await (payments.query(row) if look else payments.pay_out(row, WALLET))


async def say(desk: Desk, act: HandPaymentAct, by: str, **said: object) -> HandPaymentRow:
    """What a finance person says of the case's payment; how it then stands."""
    [row] = await desk.legs()
    fields = {"provider_number": row.leg.provider_number, "act": act, **said}
    message = HandPayment.model_validate(fields)
    async with desk.store.begin() as unit:
        file = await CaseFile.open(unit, Step(number=desk.number, round=1, now=desk.now))
        await record_hand_payment(file, message, Actor(by, "finance"))
        await file.close()
    return await payment(desk)


async def payment(desk: Desk) -> HandPaymentRow:
    [row] = await desk.legs()
    async with desk.store.begin() as unit:
        found = await unit.hand_payment(row.leg.provider_number)
    assert found is not None
    return found


async def refused(desk: Desk, act: HandPaymentAct, by: str = "finance-2", **said: object) -> AftersalesError:
    before = await payment(desk)
    with pytest.raises(AftersalesError) as caught:
        await say(desk, act, by, **said)
    assert await payment(desk) == before
    return caught.value


async def test_one_person_pays_and_another_one_confirms(owing: Desk) -> None:
    paid_at = owing.later(hours=2)
    row = await say(owing, HandPaymentAct.PAID, "finance-1", reference=" WX-778 ")
    assert (row.state, row.paid_by, row.paid_at) == (HandPaymentState.PAID, "finance-1", paid_at)
    assert (await by_hand(owing, look=True)).kind is OutcomeKind.PENDING
    confirmed_at = owing.later(hours=1)
    row = await say(owing, HandPaymentAct.CONFIRMED, "finance-2")
    assert (row.state, row.confirmed_by, row.confirmed_at) == (HandPaymentState.CONFIRMED, "finance-2", confirmed_at)
    outcome = await by_hand(owing, look=True)
    assert (outcome.kind, outcome.provider_reference) == (OutcomeKind.SUCCEEDED, "WX-778")


@pytest.mark.parametrize("act", [HandPaymentAct.CONFIRMED, HandPaymentAct.REFUSED])
async def test_nobody_looks_at_their_own_payment(owing: Desk, act: HandPaymentAct) -> None:
    await say(owing, HandPaymentAct.PAID, "finance-1", reference="WX-778")
    error = await refused(owing, act, by="finance-1")
    assert error.code is ErrorCode.SAME_PERSON
    assert "two people" in str(error)


async def test_what_the_second_person_refuses_is_to_be_paid_again_by_anybody(owing: Desk) -> None:
    await say(owing, HandPaymentAct.PAID, "finance-1", reference="WX-778")
    row = await say(owing, HandPaymentAct.REFUSED, "finance-2", explanation="No such transfer at WeChat.")
    assert (row.state, row.paid_by, row.paid_at, row.reference) == (HandPaymentState.TO_PAY, "", None, "")
    assert (await say(owing, HandPaymentAct.PAID, "finance-2", reference="WX-779")).paid_by == "finance-2"
    assert (await say(owing, HandPaymentAct.CONFIRMED, "finance-1")).reference == "WX-779"


@pytest.mark.parametrize(
    ("acts", "act", "told"),
    [
        ([], HandPaymentAct.CONFIRMED, "Nobody has recorded"),
        ([], HandPaymentAct.REFUSED, "Nobody has recorded"),
        ([HandPaymentAct.PAID], HandPaymentAct.PAID, "do not pay it again"),
        ([HandPaymentAct.PAID, HandPaymentAct.CONFIRMED], HandPaymentAct.PAID, "nothing left to do"),
        ([HandPaymentAct.PAID, HandPaymentAct.CONFIRMED], HandPaymentAct.REFUSED, "nothing left to do"),
    ],
)
async def test_an_act_out_of_turn_says_how_the_payment_stands(
    owing: Desk, acts: list[HandPaymentAct], act: HandPaymentAct, told: str
) -> None:
    for number, each in enumerate(acts, start=1):
        await say(owing, each, f"finance-{number}", reference="WX-778")
    error = await refused(owing, act, by="finance-3", reference="WX-779")
    assert (error.code, told in str(error)) == (ErrorCode.NOT_NOW, True)


@pytest.mark.parametrize("reference", ["", "  "])
async def test_a_payment_without_the_banks_own_number_is_not_proven(owing: Desk, reference: str) -> None:
    error = await refused(owing, HandPaymentAct.PAID, reference=reference)
    assert (error.code, "reference" in str(error)) == (ErrorCode.DECISION_INCOMPLETE, True)


async def test_a_reference_is_one_line_wherever_it_is_printed(owing: Desk) -> None:
    """It stands in the customer's letter, where a second line would pass for our own words."""
    row = await say(owing, HandPaymentAct.PAID, "finance-1", reference="WX-778\n  It is there already.")
    assert row.reference == "WX-778 It is there already."


async def test_a_receipt_must_have_been_uploaded_and_is_kept_with_the_payment(owing: Desk) -> None:
    error = await refused(owing, HandPaymentAct.PAID, reference="WX-778", evidence=(RECEIPT,))
    assert error.code is ErrorCode.EVIDENCE_UNKNOWN
    await PortalStore(owing.engine).take_evidence(owing.number, RECEIPT, "t" * 64, NOW)
    row = await say(owing, HandPaymentAct.PAID, "finance-1", reference="WX-778", evidence=(RECEIPT,))
    assert row.evidence == (RECEIPT,)


@pytest.mark.parametrize("number", ["nobody's", f"{number_for('backend', 'other')}-1-1"])
async def test_a_payment_that_is_none_of_the_cases_is_unknown(owing: Desk, number: str) -> None:
    [row] = await owing.legs()
    other = {"number": number_for("backend", "other")}
    elsewhere = row.leg.model_copy(update={"provider_number": f"{number_for('backend', 'other')}-1-1"})
    payments = HandPayments(owing.engine, FakeClock(NOW))
    await payments.pay_out(row.model_copy(update=other | {"leg": elsewhere}), WALLET)
    error = await refused(owing, HandPaymentAct.PAID, reference="WX-778", provider_number=number)
    assert (error.code, number in str(error)) == (ErrorCode.PAYMENT_UNKNOWN, True)


async def test_each_act_is_in_the_log_with_who_did_it_and_the_proof(owing: Desk) -> None:
    await say(owing, HandPaymentAct.PAID, "finance-1", reference="WX-778")
    await say(owing, HandPaymentAct.REFUSED, "finance-2")
    paid, refusal = (await owing.audit())[-2:]
    assert (paid["actor"], paid["role"], paid["before"], paid["after"]) == ("finance-1", "finance", "to_pay", "paid")
    assert (refusal["actor"], refusal["reason"], refusal["after"]) == ("finance-2", "refused", "to_pay")
    assert json.loads(refusal["facts"])["reference"] == "WX-778"


async def dispute(desk: Desk, state: ChargebackState = ChargebackState.OPEN) -> None:
    """The bank takes the card's payment back, or may."""
    said = Chargeback(
        provider="stripe", dispute_id="du_1", payment_reference="ch_order-1", state=state, opened_at=NOW, as_of=NOW
    )
    await RiskBook(desk.engine).state_chargebacks(Keeper(NOW, "stripe"), [said], "")


@pytest.mark.parametrize("state", [ChargebackState.OPEN, ChargebackState.LOST])
async def test_beside_a_chargeback_nothing_is_paid_by_hand_and_the_list_says_so(
    owing: Desk, state: ChargebackState
) -> None:
    """The customer would have the money twice: from their bank, and from us."""
    assert await disputed(owing.engine, await unfinished(owing.engine)) == frozenset()
    await dispute(owing, state)
    listed = await unfinished(owing.engine)
    assert await disputed(owing.engine, listed) == {listed[0].provider_number}
    error = await refused(owing, HandPaymentAct.PAID, reference="WX-778")
    assert (error.code, "pay twice" in str(error)) == (ErrorCode.CHARGEBACK_OPEN, True)


@pytest.mark.parametrize(
    ("state", "code"), [(ChargebackState.OPEN, "chargeback_open"), (ChargebackState.LOST, "chargeback_lost")]
)
async def test_what_a_chargeback_makes_impossible_is_finances_and_no_customer_is_asked_for_another_account(
    owing: Desk, state: ChargebackState, code: str
) -> None:
    """To no account whatever may the money go: asked for one, the customer would be refused with it."""
    await dispute(owing, state)
    await say(owing, HandPaymentAct.IMPOSSIBLE, "finance-1", explanation="The bank has given it back.")
    outcome = await by_hand(owing, look=True)
    standing = await owing.pay(outcome.kind, code=outcome.code)
    assert (standing.status, standing.waits_for) == (CaseStatus.PAYMENT_FAILED, WaitsFor.FINANCE)
    assert [leg.failure_code for leg in standing.legs] == [code]


async def test_what_a_chargeback_that_was_won_leaves_owing_may_go_elsewhere(owing: Desk) -> None:
    await dispute(owing, ChargebackState.WON)
    await say(owing, HandPaymentAct.IMPOSSIBLE, "finance-1", explanation="There is no such account.")
    assert (await by_hand(owing, look=True)).kind is OutcomeKind.NEEDS_PAYEE


async def test_who_of_finance_is_waited_for_stands_in_the_leg_at_once(owing: Desk) -> None:
    """Else a letter that was late would ask for a payment that somebody has made."""
    await owing.pay(OutcomeKind.PENDING, code=TO_BE_PAID)
    await say(owing, HandPaymentAct.PAID, "finance-1", reference="WX-778")
    assert [row.leg.failure_code for row in await owing.legs()] == [TO_BE_CONFIRMED]
    assert (await by_hand(owing, look=True)).code == TO_BE_CONFIRMED
    await say(owing, HandPaymentAct.REFUSED, "finance-2", explanation="No such transfer.")
    assert [row.leg.failure_code for row in await owing.legs()] == [TO_BE_PAID]


async def test_what_was_paid_before_the_chargeback_is_confirmed_as_the_truth_that_it_is(owing: Desk) -> None:
    await say(owing, HandPaymentAct.PAID, "finance-1", reference="WX-778")
    await dispute(owing)
    assert await disputed(owing.engine, await unfinished(owing.engine)) == frozenset(), "nothing is left to stop"
    assert (await say(owing, HandPaymentAct.CONFIRMED, "finance-2")).state is HandPaymentState.CONFIRMED


async def test_nobody_confirms_their_own_payment_by_another_spelling(owing: Desk) -> None:
    await say(owing, HandPaymentAct.PAID, "finance-1", reference="WX-778")
    assert (await refused(owing, HandPaymentAct.CONFIRMED, by="Finance-1")).code is ErrorCode.SAME_PERSON
