"""A payout ordered at the sandbox's bank, and what is sent to get it."""

from __future__ import annotations

import asyncio

import pytest

from activities.rows import LegRow
from activities.types import OutcomeKind
from aftersales.contract.values import LegState, PayoutMethod
from integrations.bank import BankAccess, BankPayments
from tests.integrations.bank.orders import ACCOUNT, IBAN, LEG_NUMBER, Script, leg_row, payee, payout_body
from tests.sandbox.bank import Bank


async def test_an_accepted_payout_is_pending_and_a_look_later_finds_it_paid(bank: Bank, payments: BankPayments) -> None:
    accepted = await payments.pay_out(leg_row(), payee())
    assert (accepted.kind, accepted.code) == (OutcomeKind.PENDING, "RCVD")
    paid = await payments.query(leg_row(state=LegState.PENDING))
    assert paid.kind is OutcomeKind.SUCCEEDED
    assert paid.provider_reference == accepted.provider_reference
    assert paid.trace == (await bank.found(LEG_NUMBER))["uetr"]
    assert (await bank.box.tally(LEG_NUMBER))["executed_minor"] == 1_050


async def test_the_answer_says_where_the_money_went_and_only_masked(payments: BankPayments) -> None:
    outcome = await payments.pay_out(leg_row(), payee())
    assert outcome.destination == "DE•• •••• 3000"
    assert IBAN not in outcome.model_dump_json()


async def test_the_same_number_again_moves_no_money(bank: Bank, payments: BankPayments) -> None:
    for _ in range(3):
        await payments.pay_out(leg_row(), payee())
    assert await bank.box.executions(LEG_NUMBER) == 1


async def test_twenty_at_once_pay_once(bank: Bank, payments: BankPayments) -> None:
    outcomes = await asyncio.gather(*[payments.pay_out(leg_row(), payee()) for _ in range(20)])
    assert {outcome.kind for outcome in outcomes} <= {OutcomeKind.PENDING, OutcomeKind.SUCCEEDED}
    assert await bank.box.executions(LEG_NUMBER) == 1


@pytest.mark.parametrize("other", [leg_row(minor=1_051), leg_row(currency="USD")])
async def test_the_same_number_for_another_amount_is_a_conflict(
    bank: Bank, payments: BankPayments, other: LegRow
) -> None:
    await payments.pay_out(leg_row(), payee())
    assert (await payments.pay_out(other, payee())).kind is OutcomeKind.CONFLICT
    assert (await payments.query(other)).kind is OutcomeKind.CONFLICT
    assert (await bank.box.tally(LEG_NUMBER))["executed_minor"] == 1_050


async def test_the_same_number_to_another_account_is_a_conflict(bank: Bank, payments: BankPayments) -> None:
    await payments.pay_out(leg_row(), payee())
    outcome = await payments.pay_out(leg_row(), payee("GB29NWBK60161331926819"))
    assert (outcome.kind, outcome.code) == (OutcomeKind.CONFLICT, "number_in_use")
    assert await bank.box.executions(LEG_NUMBER) == 1


async def test_an_order_carries_number_amount_accounts_and_name(script: Script, scripted: BankPayments) -> None:
    script.post(202, payout_body(status="RCVD"))
    await scripted.pay_out(leg_row(), payee(bank="COBADEFFXXX"))
    assert script.sent == [
        {
            "end_to_end_id": LEG_NUMBER,
            "amount": "10.50",
            "currency": "EUR",
            "debtor_account": ACCOUNT,
            "creditor": {"name": "Erika Mustermann", "iban": IBAN, "bic": "COBADEFFXXX"},
            "remittance": "Refund 0123A-BCDEF-GHJK",
        }
    ]


async def test_a_chinese_account_goes_with_its_banks_code(bank: Bank, payments: BankPayments) -> None:
    await payments.pay_out(leg_row(currency="CNY"), payee("102100099996123", "王小明", "102100099996"))
    creditor = (await bank.found(LEG_NUMBER))["creditor"]
    assert creditor == {"name": "王小明", "account_number": "102100099996123", "bank_code": "102100099996"}


async def test_yen_are_sent_without_decimals(script: Script, scripted: BankPayments) -> None:
    script.post(202, payout_body(status="RCVD", amount="1050", currency="JPY"))
    assert (await scripted.pay_out(leg_row(currency="JPY"), payee())).kind is OutcomeKind.PENDING
    assert script.sent[0]["amount"] == "1050"


async def test_a_bank_gives_no_payment_back_by_itself(script: Script, scripted: BankPayments) -> None:
    outcome = await scripted.refund(leg_row())
    assert (outcome.kind, outcome.code, outcome.elsewhere) == (OutcomeKind.REJECTED, "not_offered", True)
    assert script.calls == []


@pytest.mark.parametrize("method", [each for each in PayoutMethod if each is not PayoutMethod.BANK_TRANSFER])
async def test_no_other_destination_than_a_bank_account_is_paid(
    script: Script, scripted: BankPayments, method: PayoutMethod
) -> None:
    outcome = await scripted.pay_out(leg_row(), payee(method=method))
    assert (outcome.kind, outcome.code) == (OutcomeKind.REJECTED, "not_offered")
    assert script.calls == []


async def test_a_number_of_35_characters_is_sent_and_one_of_36_is_not(script: Script, scripted: BankPayments) -> None:
    longest = "x" * 35
    script.post(202, payout_body(end_to_end_id=longest, status="RCVD"))
    assert (await scripted.pay_out(leg_row(provider_number=longest), payee())).kind is OutcomeKind.PENDING
    script.calls.clear()
    too_long = leg_row(provider_number="x" * 36)
    outcome = await scripted.pay_out(too_long, payee())
    assert (outcome.kind, outcome.code) == (OutcomeKind.REJECTED, "number_not_sendable")
    assert (await scripted.query(too_long)).kind is OutcomeKind.NOT_FOUND
    assert script.calls == []


@pytest.mark.parametrize("number", ["with blank", "with_underscore", "", "名"])
async def test_a_number_with_signs_that_banks_do_not_carry_is_not_sent(
    script: Script, scripted: BankPayments, number: str
) -> None:
    outcome = await scripted.pay_out(leg_row(provider_number=number), payee())
    assert outcome.code == "number_not_sendable"
    assert script.sent == []


@pytest.mark.parametrize("currency", ["USD", "XXX"])
async def test_a_currency_that_the_account_does_not_pay_in_needs_another_way(
    script: Script, scripted: BankPayments, currency: str
) -> None:
    outcome = await scripted.pay_out(leg_row(currency=currency), payee())
    assert (outcome.kind, outcome.code, outcome.elsewhere) == (OutcomeKind.REJECTED, "currency_not_offered", True)
    assert script.sent == []


async def test_a_currency_that_does_not_exist_is_not_sent_even_to_a_bank_that_takes_any(payments: BankPayments) -> None:
    assert (await payments.pay_out(leg_row(currency="XXX"), payee())).code == "currency_not_offered"


async def test_an_account_that_cannot_be_one_is_asked_for_again_and_nothing_is_sent(
    script: Script, scripted: BankPayments
) -> None:
    outcome = await scripted.pay_out(leg_row(), payee("DE88370400440532013000"))
    assert (outcome.kind, outcome.code, outcome.elsewhere) == (OutcomeKind.NEEDS_PAYEE, "iban_check_digits", True)
    assert script.sent == []


async def test_what_we_would_refuse_today_may_have_been_paid_yesterday(script: Script, scripted: BankPayments) -> None:
    script.get(200, {"payouts": [payout_body(currency="USD")]})
    outcome = await scripted.pay_out(leg_row(currency="USD"), payee())
    assert outcome.kind is OutcomeKind.SUCCEEDED


async def test_an_empty_balance_is_the_merchants_to_fill_and_then_the_same_number_goes(
    bank: Bank, payments: BankPayments
) -> None:
    balance = {"provider": "bank", "currency": "eur", "amount": 0}
    await bank.box.admin.put("/admin/balance", json=balance)
    outcome = await payments.pay_out(leg_row(), payee())
    assert (outcome.kind, outcome.code, outcome.elsewhere) == (OutcomeKind.NEEDS_MERCHANT, "AM04", False)
    await bank.box.admin.put("/admin/balance", json={**balance, "amount": None})
    assert (await payments.pay_out(leg_row(), payee())).kind is OutcomeKind.PENDING
    assert await bank.box.executions(LEG_NUMBER) == 1


async def test_a_wrong_token_is_the_merchants(access: BankAccess, bank: Bank) -> None:
    wrong = BankPayments(BankAccess(access.api_base, "wrong", access.debtor_account))
    assert (await wrong.pay_out(leg_row(), payee())).kind is OutcomeKind.NEEDS_MERCHANT
    assert (await wrong.query(leg_row())).kind is OutcomeKind.NEEDS_MERCHANT
    assert await bank.box.executions(LEG_NUMBER) == 0
    await wrong.close()


@pytest.mark.parametrize(("state", "code"), [("closed", "AC04"), ("blocked", "AC06"), ("deceased", "MD07")])
async def test_an_account_that_takes_nothing_asks_for_another(
    bank: Bank, payments: BankPayments, state: str, code: str
) -> None:
    await bank.box.admin.put(f"/admin/bank/accounts/{IBAN}", json={"state": state})
    assert (await payments.pay_out(leg_row(), payee())).kind is OutcomeKind.PENDING
    outcome = await payments.query(leg_row())
    assert (outcome.kind, outcome.code, outcome.elsewhere) == (OutcomeKind.NEEDS_PAYEE, code, True)


async def test_a_payout_after_the_cut_off_is_pending_until_its_day(bank: Bank, payments: BankPayments) -> None:
    await bank.terms(cut_off_hour=0)
    await payments.pay_out(leg_row(), payee())
    assert (await payments.query(leg_row())).code == "PDNG"
    await bank.box.advance(2 * 86_400)
    assert (await payments.query(leg_row())).kind is OutcomeKind.SUCCEEDED


async def test_a_success_that_comes_back_is_reversed_and_another_account_would_do(
    bank: Bank, payments: BankPayments
) -> None:
    await payments.pay_out(leg_row(), payee())
    await bank.box.advance(5 * 86_400)
    await bank.move("return", LEG_NUMBER, reason="AC04")
    outcome = await payments.query(leg_row(state=LegState.SUCCEEDED))
    assert (outcome.kind, outcome.code, outcome.elsewhere) == (OutcomeKind.REVERSED, "AC04", True)
    again = await payments.pay_out(leg_row(), payee())
    assert again.kind is OutcomeKind.REVERSED
    assert (await bank.box.tally(LEG_NUMBER))["executions"] == 1
