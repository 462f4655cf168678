"""`aftersales finance`: what is to be paid by hand, and what two people of finance say about it."""

from __future__ import annotations

from functools import partial

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from activities.ports import Payee
from activities.rows import HandPaymentState
from aftersales.contract.values import Movement, PayoutMethod
from cli.home import Home
from domain.chargebacks import Chargeback, ChargebackState
from storage.hand_payments import HandPayments
from storage.orders import save_orders
from storage.risk import Keeper, RiskBook
from storage.store import SqlStore
from tests.cli.homes import fill
from tests.cli.shell import Shell
from tests.fakes import FakeClock
from tests.storage.builders import NOON, NUMBER, case_row, leg_row, order_record
from tests.support.program import Program

IBAN = "DE89370400440532013000"
PAYMENT = f"{NUMBER}-1-1"


async def _file(engine: AsyncEngine, paid_by: str = "") -> None:
    """One payout to be made by hand, and one refund; the first one paid already if somebody is named."""
    by_hand, first, second = HandPayments(engine, FakeClock(NOON)), leg_row(leg=1), leg_row(leg=2)
    shown = {"movement": Movement.PAYOUT, "destination": "DE•• •••• 3000"}
    first = first.model_copy(update={"leg": first.leg.model_copy(update=shown), "payee": "payee-1"})
    await by_hand.pay_out(first, Payee(token="payee-1", method=PayoutMethod.BANK_TRANSFER, account=IBAN))
    await by_hand.refund(second)
    async with SqlStore(engine).begin() as unit:
        row = await unit.hand_payment(PAYMENT)
        assert row is not None
        paid = {"state": HandPaymentState.PAID, "paid_by": paid_by, "paid_at": NOON, "reference": "ICBC-1"}
        await unit.update_hand_payment(row.model_copy(update=paid if paid_by else {}))


async def _dispute(engine: AsyncEngine) -> None:
    """The order of the first payment is."""
    await save_orders(engine, [order_record("order-1")])
    async with SqlStore(engine).begin() as unit:
        await unit.insert_case(case_row(NUMBER))
        await unit.insert_leg(leg_row(leg=1))
    said = Chargeback(
        provider="stripe",
        dispute_id="du_1",
        payment_reference="",
        order_id="order-1",
        state=ChargebackState.OPEN,
        opened_at=NOON,
        as_of=NOON,
    )
    await RiskBook(engine).state_chargebacks(Keeper(NOON, "stripe"), [said], "")


def line_of(shown: str, payment: str) -> str:
    [line] = [line for line in shown.splitlines() if payment in line]
    return line


def test_an_empty_list_says_so(shell: Shell) -> None:
    assert shell.ok("finance", "list") == "No payment is to be made by hand.\n"


def test_what_is_to_be_paid_is_listed_with_its_destination_masked(home: Home, shell: Shell) -> None:
    fill(home, _file)
    shown = shell.ok("finance", "list")
    payout = line_of(shown, PAYMENT)
    for told in ("10.00 CNY", "bank transfer", "DE•• •••• 3000", "to pay since 2026-11-02 12:00:00 UTC"):
        assert told in payout
    assert "as it was paid" in line_of(shown, f"{NUMBER}-2-1")
    assert IBAN not in shown
    assert f"{NUMBER}-2-1" not in shell.ok("finance", "list", "--limit", "1")


def test_what_was_paid_is_listed_for_the_second_person(home: Home, shell: Shell) -> None:
    fill(home, partial(_file, paid_by="finance-1"))
    line = line_of(shell.ok("finance", "list"), PAYMENT)
    assert "to be confirmed: paid by finance-1 with ICBC-1, 2026-11-02 12:00:00 UTC" in line


def test_what_a_chargeback_gives_back_is_listed_as_not_to_be_paid(home: Home, shell: Shell) -> None:
    fill(home, _file, _dispute)
    shown = shell.ok("finance", "list")
    assert "do not pay: a chargeback" in line_of(shown, PAYMENT)
    assert "to pay since" in line_of(shown, f"{NUMBER}-2-1")


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        (("paid", PAYMENT), "--reference"),
        (("paid", PAYMENT, "--reference", " "), "--reference is empty"),
        (("paid", PAYMENT, "--reference", "x" * 141), "reference: is too long, at most 140"),
        (("paid", PAYMENT, "--reference", "1", "--evidence", "/nowhere.jpg"), "--evidence"),
        (("paid", NUMBER, "--reference", "1"), "`aftersales finance list` those to be made by hand"),
        (("confirm", f"{NUMBER}-1"), "is not a payment"),
        (("confirm", "4AQC0-MYWYE-0F52-1-1"), "a character is wrong"),
        (("refuse", PAYMENT), "--explanation"),
        (("refuse", PAYMENT, "--explanation", ""), "--explanation is empty"),
        (("confirm", PAYMENT, "--role", "king"), "--role"),
    ],
)
def test_what_is_typed_wrongly_is_named_in_one_line(shell: Shell, typed: tuple[str, ...], told: str) -> None:
    assert told in shell.refused("finance", *typed, status=2)


# --- what is said to the case ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "follows"),
    [
        (("paid", "--reference", "ICBC-1"), "A colleague must confirm it: `aftersales finance confirm {payment}`."),
        (("confirm",), "The payment {payment} counts as made."),
        (
            ("refuse", "--explanation", "No such transfer."),
            "The payment {payment} is to be made again: `aftersales finance list`.",
        ),
    ],
)
async def test_what_finance_says_goes_to_the_payments_case_with_a_proof_and_is_told_what_follows(
    small_case: str, elsewhere: Program, said: tuple[str, ...], follows: str
) -> None:
    act, *more = said
    told = await elsewhere.ok("finance", act, f"{small_case}-1-1".lower(), *more, "--actor", "finance-1")
    next_step = follows.format(payment=f"{small_case}-1-1")
    assert told.out == f"Accepted. {next_step} Case {small_case} is now refunded.\n"
