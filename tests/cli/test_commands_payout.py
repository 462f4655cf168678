"""`aftersales payout`: destinations named on the phone, seen masked by the staff and whole by finance alone (P3.2)."""

from __future__ import annotations

import asyncio
import base64
import json

import pytest
from pydantic import SecretStr

from activities.ports import Payee
from activities.rows import LegRow
from aftersales import EncryptionKey
from aftersales.contract.values import CaseStatus, LegState, Movement, PayoutMethod, WaitsFor
from cli.home import PAYEE_KEY_ID, Home
from integrations.vault import Vault
from storage.payees import PayeeStore, Taking
from storage.store import SqlStore
from tests.cli.homes import opened, recorded
from tests.cli.shell import Shell
from tests.storage.builders import NOON, NUMBER, case_row, leg_row
from tests.support.program import Program

IBAN, HOLDER = "DE89370400440532013000", "Erika Mustermann"
MASKED = "Bank account DE•• •••• 3000"
TOKEN = "4f" * 20
BY_BANK = ("--method", "bank", "--iban", IBAN, "--holder", HOLDER)


def stranded(number: str) -> LegRow:
    row = leg_row(number)
    failed = {"state": LegState.FAILED, "elsewhere": True, "failure_code": "expired_or_canceled_card"}
    return row.model_copy(update={"leg": row.leg.model_copy(update=failed)})


def going(number: str, state: LegState, payee: str = TOKEN) -> LegRow:
    """The next attempt of the stranded leg, to a destination that was named."""
    leg = leg_row(number).leg.model_copy(
        update={
            "attempt": 2,
            "provider": "by_hand",
            "provider_number": f"{number}-1-2",
            "state": state,
            "movement": Movement.PAYOUT,
        }
    )
    return leg_row(number).model_copy(update={"leg": leg, "payee": payee})


def payees_of(home: Home) -> Vault:
    return Vault([EncryptionKey(key_id=PAYEE_KEY_ID, secret=SecretStr(home.secrets().payee.get_secret_value()))])


async def _store(home: Home, number: str, *legs: LegRow, named: bool = False) -> None:
    """A case that could not pay, with these legs; its customer has named a bank account already if said so."""
    async with opened(home.database_url) as engine:
        async with SqlStore(engine).begin() as unit:
            await unit.insert_case(
                case_row(number, status=CaseStatus.PAYMENT_FAILED, waits_for=WaitsFor.CUSTOMER, due_at=NOON)
            )
            for leg in legs:
                await unit.insert_leg(leg)
        if named:
            payee = Payee(token=TOKEN, method=PayoutMethod.BANK_TRANSFER, account=IBAN, holder=HOLDER)
            taking = Taking(number=number, customer_id="customer-1", masked=MASKED, by="customer-1", at=NOON)
            await PayeeStore(engine, payees_of(home)).keep(payee, taking)


def store(home: Home, *legs: LegRow, named: bool = False) -> None:
    asyncio.run(_store(home, NUMBER, *legs, named=named))


def logged(home: Home) -> list[tuple[str, str, str, str]]:
    """The operations log: who, as what, did what, about which payments."""
    record = asyncio.run(recorded(home.database_url, NUMBER))
    return [(each.entry.actor, each.entry.role, each.entry.action, each.entry.reason) for each in record.audit]


# --- naming one on the phone ----------------------------------------------------------------------------------------


def test_what_is_missing_is_asked_for_and_read_back_masked_before_anything_is_sent(home: Home, shell: Shell) -> None:
    store(home, stranded(NUMBER))
    answers = f"{IBAN}\nCOBADEFFXXX\n{HOLDER}\nn\n"
    status, out, err = shell.told(answers, "payout", "choose", NUMBER, "--method", "bank")
    assert (status, err) == (1, "It was not confirmed, so nothing was sent.\n")
    assert "10.00 CNY of case" in out
    assert "asked for until 2026-11-02 12:00:00 UTC" in out
    assert f"银行账户 DE•• •••• 3000 of {HOLDER}?" in out  # as the customer's own language has it


def test_nothing_is_kept_while_the_case_cannot_be_reached(home: Home, shell: Shell) -> None:
    store(home, stranded(NUMBER))
    status, _, err = shell.told("y\n", "payout", "choose", NUMBER, *BY_BANK)
    assert status == 1
    assert "nothing was sent" in err
    assert "asks for no destination" not in shell("payout", "show", NUMBER).out
    assert MASKED not in shell("payout", "show", NUMBER).out


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--method", "bank", "--iban", "DE88370400440532013000", "--holder", HOLDER), "--account: The IBAN's check"),
        (("--method", "bank", "--iban", IBAN, "--holder", " "), "--holder: Enter the name"),
        (("--method", "bank", "--account", "123456789012", "--holder", HOLDER), "--bank: Enter the bank's CNAPS"),
        (("--method", "alipay", "--account", "wei", "--holder", "1"), "--account: This is neither"),
        (("--method", "wechat", "--account", "w", "--holder", HOLDER), "--account: Enter a WeChat ID"),
        (("--method", "bank", "--iban", IBAN), "--holder is missing, and nobody is there"),
        (("--method", "card"), "--method"),
    ],
)
def test_what_is_typed_wrongly_is_named_and_an_account_is_not_repeated(
    home: Home, shell: Shell, arguments: tuple[str, ...], told: str
) -> None:
    store(home, stranded(NUMBER))
    status, _, err = shell("payout", "choose", NUMBER, "--yes", *arguments)
    assert status == 2
    assert told in err
    assert "0532013000" not in err


@pytest.mark.parametrize("legs", [(), (stranded(NUMBER), going(NUMBER, LegState.PENDING))])
def test_a_case_that_asks_for_nothing_is_sent_nothing(home: Home, shell: Shell, legs: tuple[LegRow, ...]) -> None:
    store(home, *legs)
    status, _, err = shell("payout", "choose", NUMBER, "--yes", *BY_BANK)
    assert status == 1
    assert "asks for no destination" in err


# --- seeing it ------------------------------------------------------------------------------------------------------


def test_an_agent_on_the_phone_reads_what_is_owed_why_and_what_is_not_affected(home: Home, shell: Shell) -> None:
    row = leg_row(leg=2)
    arrived = row.model_copy(update={"leg": row.leg.model_copy(update={"state": LegState.SUCCEEDED})})
    store(home, stranded(NUMBER), arrived)
    _, out, _ = shell("payout", "show", NUMBER)
    assert f"10.00 CNY of case {NUMBER} is to go elsewhere" in out
    assert "(10.00 CNY by stripe failed: the card has expired or was cancelled). 10.00 CNY was paid" in out


def test_everybody_of_the_staff_sees_it_masked_with_the_payment_that_goes_there(home: Home, shell: Shell) -> None:
    store(home, stranded(NUMBER), going(NUMBER, LegState.PENDING), named=True)
    status, out, _ = shell("payout", "show", NUMBER)
    assert status == 0
    for told in (MASKED, "bank transfer", f"{NUMBER}-1-2 pending"):
        assert told in out
    assert "0532013000" not in out
    assert HOLDER not in out
    assert logged(home) == []


@pytest.mark.parametrize("command", ["show", "reveal"])
def test_a_case_that_is_not_there_is_told_as_that(shell: Shell, command: str) -> None:
    status, out, err = shell("payout", command, NUMBER)
    assert (status, out) == (1, "")
    assert f"There is no case {NUMBER}" in err


def test_finance_sees_it_whole_and_the_log_keeps_who_did(home: Home, shell: Shell) -> None:
    store(home, stranded(NUMBER), going(NUMBER, LegState.PENDING), named=True)
    status, out, _ = shell("payout", "reveal", NUMBER, "--actor", "finance-2")
    assert status == 0
    for told in (IBAN, HOLDER, "10.00 CNY", f"{NUMBER}-1-2"):
        assert told in out
    assert logged(home) == [("finance-2", "finance", "destination_revealed", f"{NUMBER}-1-2")]


@pytest.mark.parametrize("role", ["agent", "supervisor", "customer", "ops", "warehouse"])
def test_nobody_else_sees_it_whole(home: Home, shell: Shell, role: str) -> None:
    store(home, going(NUMBER, LegState.PENDING), named=True)
    status, out, err = shell("payout", "reveal", NUMBER, "--role", role)
    assert (status, out) == (1, "")
    assert "shows it masked" in err
    assert logged(home) == []


@pytest.mark.parametrize(
    "leg",
    [
        stranded(NUMBER),
        going(NUMBER, LegState.SUCCEEDED),
        going(NUMBER, LegState.FAILED),
        going(NUMBER, LegState.PENDING, payee="customer:customer-1"),  # store credit has no account
    ],
)
def test_what_nobody_has_to_pay_now_is_not_revealed(home: Home, shell: Shell, leg: LegRow) -> None:
    store(home, leg, named=True)
    status, out, err = shell("payout", "reveal", NUMBER)
    assert (status, out) == (1, "")
    assert "on its way" in err
    assert logged(home) == []


@pytest.mark.parametrize("keys", ["", "[]", "secret-of-ours", '[{"key_id": "k", "secret": "secret-of-ours"}]'])
def test_keys_that_cannot_be_used_are_named_and_not_repeated(
    home: Home, shell: Shell, monkeypatch: pytest.MonkeyPatch, keys: str
) -> None:
    store(home, going(NUMBER, LegState.PENDING), named=True)
    monkeypatch.setenv("AFTERSALES_PAYEE_KEYS", keys)
    status, _, err = shell("payout", "reveal", NUMBER)
    assert status == 1
    assert "AFTERSALES_PAYEE_KEYS cannot be used" in err
    assert "secret-of-ours" not in err


# --- another key ------------------------------------------------------------------------------------------------------


def test_after_a_change_of_keys_all_is_locked_with_the_new_one(
    home: Home, shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    store(home, going(NUMBER, LegState.PENDING), named=True)
    old = {"key_id": PAYEE_KEY_ID, "secret": home.secrets().payee.get_secret_value()}
    new = {"key_id": "2027a", "secret": base64.b64encode(b"n" * 32).decode()}
    monkeypatch.setenv("AFTERSALES_PAYEE_KEYS", json.dumps([new]))
    status, out, err = shell("payout", "relock")
    assert (status, out) == (1, "Destinations locked anew with the first key: 0.\n")
    assert f"No key opens 1 under {PAYEE_KEY_ID}" in err
    monkeypatch.setenv("AFTERSALES_PAYEE_KEYS", json.dumps([new, old]))
    assert shell("payout", "relock").out == "Destinations locked anew with the first key: 1.\n"
    monkeypatch.setenv("AFTERSALES_PAYEE_KEYS", json.dumps([new]))
    assert IBAN in shell("payout", "reveal", NUMBER).out


# --- erasing a person -------------------------------------------------------------------------------------------------


def test_an_erased_persons_destinations_are_gone_and_the_log_keeps_who_did(home: Home, shell: Shell) -> None:
    store(home, going(NUMBER, LegState.SUCCEEDED), named=True)
    status, out, _ = shell("payout", "erase", "customer-1", "--yes", "--actor", "admin-1")
    assert (status, out) == (0, f"Erased: what was named for {NUMBER}.\n")
    assert MASKED not in shell("payout", "show", NUMBER).out
    assert logged(home) == [("admin-1", "admin", "destinations_erased", "")]
    assert "nothing was erased" in shell("payout", "erase", "customer-1", "--yes").out


def test_who_does_not_confirm_or_is_no_admin_erases_nothing(home: Home, shell: Shell) -> None:
    store(home, going(NUMBER, LegState.SUCCEEDED), named=True)
    for answer in ("n\n", ""):  # no, and nobody there to be asked
        asked = shell.told(answer, "payout", "erase", "customer-1")
        assert asked.status == 1
        assert "nothing was erased; --yes confirms it where nobody can be asked" in asked.err
    assert shell("payout", "erase", "customer-1", "--yes", "--role", "finance").status == 1
    assert MASKED in shell("payout", "show", NUMBER).out


# --- what is said to the case -----------------------------------------------------------------------------------------


async def test_an_agent_names_a_destination_and_the_case_gets_its_name_and_masked_form(
    small_case: str, elsewhere: Program, home: Home
) -> None:
    await _store(home, small_case, stranded(small_case))
    told = await elsewhere.ok("payout", "choose", small_case, *BY_BANK, "--yes", "--actor", "agent-7")
    assert f"Accepted. Case {small_case} is now paying." in told.out
    assert "0532013000" not in told.out
    shown = await elsewhere.ok("payout", "show", small_case)
    assert "DE•• •••• 3000" in shown.out
