"""`aftersales finance`: what is to be paid by hand, and what two people of finance say about it."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from temporalio.worker import Worker

from activities.ports import Payee
from activities.rows import HandPaymentState
from aftersales import AfterSales, Application, Item, Reason, connect
from aftersales.contract.names import QUEUE_CASES
from aftersales.contract.values import Movement, PayoutMethod
from cli import main as frame
from cli.home import Home
from cli.servers.dev_server import DevServer
from domain.chargebacks import Chargeback, ChargebackState
from storage.engine import create_store_engine
from storage.hand_payments import HandPayments
from storage.orders import save_orders
from storage.risk import Keeper, RiskBook
from storage.schema import upgrade
from storage.store import SqlStore
from tests.client.small_case import KEY, SmallRefundCase
from tests.fakes import FakeClock
from tests.storage.builders import NOON, NUMBER, case_row, leg_row, order_record
from tests.support.program import ADDRESSES, Program

IBAN = "DE89370400440532013000"
PAYMENT = f"{NUMBER}-1-1"


async def _file(url: str, paid_by: str = "") -> None:
    """One payout to be made by hand, and one refund; the first one paid already if somebody is named."""
    await upgrade(url)
    engine = create_store_engine(url)
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
    await engine.dispose()


async def _dispute(url: str) -> None:
    """The order of the first payment is."""
    engine = create_store_engine(url)
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
    await engine.dispose()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """The folder of a stack that was started once; its database is empty."""
    monkeypatch.delenv("AFTERSALES_DATABASE_URL", raising=False)
    monkeypatch.setenv("AFTERSALES_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "160")
    made = Home(tmp_path / "home")
    made.prepare()
    made.remember(ADDRESSES)
    asyncio.run(upgrade(made.database_url))
    return made


def listed(capsys: pytest.CaptureFixture[str], *typed: str) -> str:
    assert frame.run(["finance", "list", *typed]) == 0
    return capsys.readouterr().out


def line_of(shown: str, payment: str) -> str:
    [line] = [line for line in shown.splitlines() if payment in line]
    return line


def test_an_empty_list_says_so(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    assert home.folder.is_dir()
    assert listed(capsys) == "No payment is to be made by hand.\n"


def test_what_is_to_be_paid_is_listed_with_its_destination_masked(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    asyncio.run(_file(home.database_url))
    shown = listed(capsys)
    payout = line_of(shown, PAYMENT)
    for told in ("10.00 CNY", "bank transfer", "DE•• •••• 3000", "to pay since 2026-11-02 12:00:00 UTC"):
        assert told in payout
    assert "as it was paid" in line_of(shown, f"{NUMBER}-2-1")
    assert IBAN not in shown
    assert f"{NUMBER}-2-1" not in listed(capsys, "--limit", "1")


def test_what_was_paid_is_listed_for_the_second_person(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    asyncio.run(_file(home.database_url, paid_by="finance-1"))
    line = line_of(listed(capsys), PAYMENT)
    assert "to be confirmed: paid by finance-1 with ICBC-1, 2026-11-02 12:00:00 UTC" in line


def test_what_a_chargeback_gives_back_is_listed_as_not_to_be_paid(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    asyncio.run(_file(home.database_url))
    asyncio.run(_dispute(home.database_url))
    shown = listed(capsys)
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
def test_what_is_typed_wrongly_is_named_in_one_line(
    home: Home, capsys: pytest.CaptureFixture[str], typed: tuple[str, ...], told: str
) -> None:
    assert home.folder.is_dir()
    status, written = frame.run(["finance", *typed]), capsys.readouterr()
    assert (status, written.out) == (2, "")
    assert told in written.err
    assert len(written.err.strip().splitlines()) == 1


# --- what is said to the case ------------------------------------------------------------------------------------


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


@pytest.fixture
def cashier(dev_server: DevServer, tmp_path: Path) -> Program:
    """`aftersales` for another deployment, by the environment."""
    proof = {"AFTERSALES_CLI_PROOF_KEY_ID": KEY.key_id, "AFTERSALES_CLI_PROOF_SECRET": "a secret of the tests alone"}
    return Program(tmp_path, {"TEMPORAL_ADDRESS": dev_server.address, **proof})


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
    number: str, cashier: Program, said: tuple[str, ...], follows: str
) -> None:
    act, *more = said
    told = await cashier.ok("finance", act, f"{number}-1-1".lower(), *more, "--actor", "finance-1")
    next_step = follows.format(payment=f"{number}-1-1")
    assert told.out == f"Accepted. {next_step} Case {number} is now refunded.\n"
