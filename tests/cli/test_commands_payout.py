"""`aftersales payout`: destinations named on the phone, seen masked by the staff and whole by finance alone (P3.2)."""

from __future__ import annotations

import asyncio
import io
import secrets
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pydantic import SecretStr
from temporalio.worker import Worker

from activities.ports import Payee
from activities.rows import LegRow
from aftersales import AfterSales, Application, EncryptionKey, Item, Reason, connect
from aftersales.contract.names import QUEUE_CASES
from aftersales.contract.values import CaseStatus, LegState, Movement, PayoutMethod, WaitsFor
from cli import main as frame
from cli.home import PAYEE_KEY_ID, Home
from cli.servers.dev_server import DevServer
from integrations.vault import Vault
from storage.engine import create_store_engine
from storage.payees import PayeeStore, Taking
from storage.reading import CaseRecord, Reading
from storage.schema import upgrade
from storage.store import SqlStore
from tests.client.small_case import KEY, SmallRefundCase
from tests.storage.builders import NOON, NUMBER, case_row, leg_row
from tests.support.program import ADDRESSES, Program

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
    engine = create_store_engine(home.database_url)
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
    await engine.dispose()


def store(home: Home, *legs: LegRow, named: bool = False) -> None:
    asyncio.run(_store(home, NUMBER, *legs, named=named))


async def _record(home: Home, number: str) -> CaseRecord:
    engine = create_store_engine(home.database_url)
    record = await Reading(engine).case(number)
    await engine.dispose()
    assert record is not None
    return record


def logged(home: Home) -> list[tuple[str, str, str, str]]:
    """The operations log: who, as what, did what, about which payments."""
    record = asyncio.run(_record(home, NUMBER))
    return [(each.entry.actor, each.entry.role, each.entry.action, each.entry.reason) for each in record.audit]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """The folder of a stack that was started once; its database is empty."""
    for name in ("AFTERSALES_DATABASE_URL", "AFTERSALES_PAYEE_KEYS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AFTERSALES_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "200")
    made = Home(tmp_path / "home")
    made.prepare()
    made.remember(ADDRESSES)
    asyncio.run(upgrade(made.database_url))
    return made


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """What is typed at the prompts; what stands in it when the command runs is read."""
    lines = io.StringIO()
    monkeypatch.setattr("sys.stdin", lines)
    return lines


def answering(lines: io.StringIO, *answers: str) -> None:
    lines.write("".join(f"{each}\n" for each in answers))
    lines.seek(0)


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    status, written = frame.run(["payout", *arguments]), capsys.readouterr()
    return status, written.out, written.err


# --- naming one on the phone ----------------------------------------------------------------------------------------


def test_what_is_missing_is_asked_for_and_read_back_masked_before_anything_is_sent(
    home: Home, capsys: pytest.CaptureFixture[str], typed: io.StringIO
) -> None:
    store(home, stranded(NUMBER))
    answering(typed, IBAN, "COBADEFFXXX", HOLDER, "n")
    status, out, err = run(capsys, "choose", NUMBER, "--method", "bank")
    assert (status, err) == (1, "It was not confirmed, so nothing was sent.\n")
    assert "10.00 CNY of case" in out
    assert "asked for until 2026-11-02 12:00:00 UTC" in out
    assert f"银行账户 DE•• •••• 3000 of {HOLDER}?" in out  # as the customer's own language has it


def test_nothing_is_kept_while_the_case_cannot_be_reached(
    home: Home, capsys: pytest.CaptureFixture[str], typed: io.StringIO
) -> None:
    store(home, stranded(NUMBER))
    answering(typed, "y")
    status, _, err = run(capsys, "choose", NUMBER, *BY_BANK)
    assert status == 1
    assert "nothing was sent" in err
    assert "asks for no destination" not in run(capsys, "show", NUMBER)[1]
    assert MASKED not in run(capsys, "show", NUMBER)[1]


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
    home: Home, capsys: pytest.CaptureFixture[str], typed: io.StringIO, arguments: tuple[str, ...], told: str
) -> None:
    store(home, stranded(NUMBER))
    assert typed.read() == ""
    status, _, err = run(capsys, "choose", NUMBER, "--yes", *arguments)
    assert status == 2
    assert told in err
    assert "0532013000" not in err


@pytest.mark.parametrize("legs", [(), (stranded(NUMBER), going(NUMBER, LegState.PENDING))])
def test_a_case_that_asks_for_nothing_is_sent_nothing(
    home: Home, capsys: pytest.CaptureFixture[str], legs: tuple[LegRow, ...]
) -> None:
    store(home, *legs)
    status, _, err = run(capsys, "choose", NUMBER, "--yes", *BY_BANK)
    assert status == 1
    assert "asks for no destination" in err


# --- seeing it ------------------------------------------------------------------------------------------------------


def test_an_agent_on_the_phone_reads_what_is_owed_why_and_what_is_not_affected(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    row = leg_row(leg=2)
    arrived = row.model_copy(update={"leg": row.leg.model_copy(update={"state": LegState.SUCCEEDED})})
    store(home, stranded(NUMBER), arrived)
    _, out, _ = run(capsys, "show", NUMBER)
    assert f"10.00 CNY of case {NUMBER} is to go elsewhere" in out
    assert "(10.00 CNY by stripe failed: the card has expired or was cancelled). 10.00 CNY was paid" in out


def test_everybody_of_the_staff_sees_it_masked_with_the_payment_that_goes_there(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    store(home, stranded(NUMBER), going(NUMBER, LegState.PENDING), named=True)
    status, out, _ = run(capsys, "show", NUMBER)
    assert status == 0
    for told in (MASKED, "bank transfer", f"{NUMBER}-1-2 pending"):
        assert told in out
    assert "0532013000" not in out
    assert HOLDER not in out
    assert logged(home) == []


@pytest.mark.parametrize("command", ["show", "reveal"])
def test_a_case_that_is_not_there_is_told_as_that(home: Home, capsys: pytest.CaptureFixture[str], command: str) -> None:
    assert home.folder.is_dir()
    status, out, err = run(capsys, command, NUMBER)
    assert (status, out) == (1, "")
    assert f"There is no case {NUMBER}" in err


def test_finance_sees_it_whole_and_the_log_keeps_who_did(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    store(home, stranded(NUMBER), going(NUMBER, LegState.PENDING), named=True)
    status, out, _ = run(capsys, "reveal", NUMBER, "--actor", "finance-2")
    assert status == 0
    for told in (IBAN, HOLDER, "10.00 CNY", f"{NUMBER}-1-2"):
        assert told in out
    assert logged(home) == [("finance-2", "finance", "destination_revealed", f"{NUMBER}-1-2")]


@pytest.mark.parametrize("role", ["agent", "supervisor", "customer", "ops", "warehouse"])
def test_nobody_else_sees_it_whole(home: Home, capsys: pytest.CaptureFixture[str], role: str) -> None:
    store(home, going(NUMBER, LegState.PENDING), named=True)
    status, out, err = run(capsys, "reveal", NUMBER, "--role", role)
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
def test_what_nobody_has_to_pay_now_is_not_revealed(
    home: Home, capsys: pytest.CaptureFixture[str], leg: LegRow
) -> None:
    store(home, leg, named=True)
    status, out, err = run(capsys, "reveal", NUMBER)
    assert (status, out) == (1, "")
    assert "on its way" in err
    assert logged(home) == []


@pytest.mark.parametrize("keys", ["", "[]", "secret-of-ours", '[{"key_id": "k", "secret": "secret-of-ours"}]'])
def test_keys_that_cannot_be_used_are_named_and_not_repeated(
    home: Home, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, keys: str
) -> None:
    store(home, going(NUMBER, LegState.PENDING), named=True)
    monkeypatch.setenv("AFTERSALES_PAYEE_KEYS", keys)
    status, _, err = run(capsys, "reveal", NUMBER)
    assert status == 1
    assert "AFTERSALES_PAYEE_KEYS cannot be used" in err
    assert "secret-of-ours" not in err


# --- erasing a person -------------------------------------------------------------------------------------------------


def test_an_erased_persons_destinations_are_gone_and_the_log_keeps_who_did(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    store(home, going(NUMBER, LegState.SUCCEEDED), named=True)
    status, out, _ = run(capsys, "erase", "customer-1", "--yes", "--actor", "admin-1")
    assert (status, out) == (0, f"Erased: what was named for {NUMBER}.\n")
    assert MASKED not in run(capsys, "show", NUMBER)[1]
    assert logged(home) == [("admin-1", "admin", "destinations_erased", "")]
    assert "nothing was erased" in run(capsys, "erase", "customer-1", "--yes")[1]


def test_who_does_not_confirm_or_is_no_admin_erases_nothing(
    home: Home, capsys: pytest.CaptureFixture[str], typed: io.StringIO
) -> None:
    store(home, going(NUMBER, LegState.SUCCEEDED), named=True)
    answering(typed, "n")
    assert run(capsys, "erase", "customer-1")[0] == 1
    assert run(capsys, "erase", "customer-1", "--yes", "--role", "finance")[0] == 1
    assert MASKED in run(capsys, "show", NUMBER)[1]


# --- what is said to the case -----------------------------------------------------------------------------------------


@pytest.fixture
async def number(dev_server: DevServer) -> AsyncIterator[str]:
    """A case of a worker of a few lines, which accepts what carries a proof."""
    worker = Worker(await connect(address=dev_server.address), task_queue=QUEUE_CASES, workflows=[SmallRefundCase])
    async with worker:
        client = await AfterSales.connect(caller="shop", key=KEY, address=dev_server.address)
        item = Item(line_id="1", quantity=1)
        asked = Application(
            order_id=f"order-{secrets.token_hex(6)}", customer_id="C-7", items=(item,), reason=Reason.WRONG_SIZE
        )
        yield await client.apply(asked, request_key=secrets.token_hex(8))


async def test_an_agent_names_a_destination_and_the_case_gets_its_name_and_masked_form(
    number: str, dev_server: DevServer, tmp_path: Path
) -> None:
    home = Home(tmp_path / "home")
    home.prepare()
    await upgrade(home.database_url)
    await _store(home, number, stranded(number))
    proof = {"AFTERSALES_CLI_PROOF_KEY_ID": KEY.key_id, "AFTERSALES_CLI_PROOF_SECRET": "a secret of the tests alone"}
    agent = Program(home.folder, {"TEMPORAL_ADDRESS": dev_server.address, **proof})
    told = await agent.ok("payout", "choose", number, *BY_BANK, "--yes", "--actor", "agent-7")
    assert f"Accepted. Case {number} is now paying." in told.out
    assert "0532013000" not in told.out
    shown = await agent.ok("payout", "show", number)
    assert "DE•• •••• 3000" in shown.out
