"""`aftersales risk`: lists, chargebacks and marks by people who may, and what is known of a case."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from aftersales.contract.values import Language
from cli import main as frame
from cli.home import Home
from storage.engine import create_store_engine
from storage.orders import save_orders
from storage.schema import upgrade
from storage.store import SqlStore
from tests.storage.builders import NUMBER, account, case_row, order_record
from tests.support.program import ADDRESSES

Shell = Callable[..., str]
WHY = ("--reason", "three empty boxes")
BY = ("--actor", "wang", "--role", "supervisor")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """A stack's folder; its database has an order of a guest and a case about it."""
    monkeypatch.delenv("AFTERSALES_DATABASE_URL", raising=False)
    monkeypatch.setenv("AFTERSALES_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "300")
    made = Home(tmp_path / "home")
    made.prepare()
    made.remember(ADDRESSES)
    asyncio.run(_fill(made.database_url))
    return made


async def _fill(url: str) -> None:
    await upgrade(url)
    engine = create_store_engine(url)
    guest = account().model_copy(update={"guest": True, "language": Language.EN})
    await save_orders(engine, [order_record(account=guest, payment_fingerprint="fp-1")])
    async with SqlStore(engine).begin() as unit:
        await unit.insert_case(case_row())
    await engine.dispose()


@pytest.fixture(name="ok")
def run_to_a_good_end(home: Home, capsys: pytest.CaptureFixture[str]) -> Shell:
    """Run `aftersales risk …` in the stack's folder; what it wrote."""
    assert home.folder.is_dir()

    def run(*typed: str) -> str:
        status, written = frame.run(["risk", *typed]), capsys.readouterr()
        assert (status, written.err) == (0, "")
        return written.out

    return run


@pytest.fixture(name="fails")
def run_to_a_bad_end(home: Home, capsys: pytest.CaptureFixture[str]) -> Shell:
    """Run `aftersales risk …`; the one paragraph in which it says why it cannot."""
    assert home.folder.is_dir()

    def run(*typed: str) -> str:
        status, written = frame.run(["risk", *typed]), capsys.readouterr()
        assert status in {1, 2}
        return written.err

    return run


def test_what_is_put_on_a_list_is_shown_until_it_is_taken_off(ok: Shell) -> None:
    assert ok("lists") == "Nothing is on a list.\n"
    entry = ok("block", "customer", "customer-1", "--days", "90", *WHY, *BY).rstrip(".\n").rpartition(" ")[2]
    assert "three empty boxes" in ok("lists")
    assert "customer-1" in ok("unlist", entry, "--reason", "a mistake", *BY)
    assert ok("lists") == "Nothing is on a list.\n"
    assert "taken off by wang" in ok("lists", "--all")


def test_a_line_that_is_on_no_list_cannot_be_taken_off(fails: Shell) -> None:
    assert "risk lists" in fails("unlist", "abc", *WHY, *BY)


@pytest.mark.parametrize("role", ["agent", "customer", "warehouse"])
def test_who_may_not_keep_the_lists_is_told_who_may(fails: Shell, ok: Shell, role: str) -> None:
    said = fails("allow", "customer", "customer-1", *WHY, "--actor", "li", "--role", role)
    assert "supervisor, finance, admin, ops" in said
    assert ok("lists") == "Nothing is on a list.\n"


def test_a_list_wants_a_reason(fails: Shell) -> None:
    assert "--reason" in fails("block", "payment", "fp-1", "--reason", " ", *BY)


def test_a_dispute_is_recorded_by_hand_and_ended_by_hand(ok: Shell) -> None:
    assert ok("chargebacks") == "No payment was ever disputed.\n"
    about = ("alipay", "D-1", "--order", "order-1", "--amount", "12.30 CNY", "--since", "2026-11-01", *WHY, *BY)
    assert "order-1" in ok("chargeback", "open", *about)
    assert "12.30 CNY" in ok("chargebacks")
    ok("chargeback", "close", "alipay", "D-1", "--as", "won", *WHY, *BY)
    assert "won" in ok("chargebacks")


def test_an_order_or_a_dispute_that_is_not_there_is_named(fails: Shell) -> None:
    missing = fails("chargeback", "open", "alipay", "D-1", "--order", "SO-404", *WHY, *BY)
    assert "Order SO-404 is not in this database, and nothing was changed." in missing
    assert "D-404" in fails("chargeback", "close", "alipay", "D-404", "--as", "lost", *WHY, *BY)


def test_an_amount_without_its_currency_is_refused(fails: Shell) -> None:
    said = fails("chargeback", "open", "alipay", "D-1", "--order", "order-1", "--amount", "12.30", *WHY, *BY)
    assert "12.30 CNY" in said


LINE = {
    "provider": "wechat",
    "dispute_id": "W-1",
    "payment_reference": "4200001",
    "state": "lost",
    "amount": {"minor": 1230, "currency": "CNY"},
    "opened_at": "2026-11-01T00:00:00Z",
    "as_of": "2026-11-03T00:00:00Z",
}


def test_disputes_come_from_a_file_and_the_same_file_again_changes_nothing(ok: Shell, tmp_path: Path) -> None:
    file = tmp_path / "disputes.jsonl"
    file.write_text("\n".join(json.dumps(LINE | {"dispute_id": each}) for each in ("W-1", "W-2")) + "\n")
    for _ in range(2):
        assert ok("chargeback", "import", str(file), *WHY, *BY) == "Recorded: 2 disputes.\n"
    assert ok("chargebacks").count("lost") == 2


@pytest.mark.parametrize("change", [{"state": "gone"}, {"colour": "red"}, {"opened_at": "2026-11-01"}, {"amount": 1}])
def test_a_line_that_cannot_be_read_is_named_and_nothing_is_recorded(
    ok: Shell, fails: Shell, tmp_path: Path, change: dict[str, object]
) -> None:
    file = tmp_path / "disputes.jsonl"
    file.write_text(f"{json.dumps(LINE)}\n{json.dumps(LINE | change)}\n")
    assert "Line 2" in fails("chargeback", "import", str(file), *WHY, *BY)
    assert ok("chargebacks") == "No payment was ever disputed.\n"


def test_a_case_is_marked_once(ok: Shell) -> None:
    assert "is marked" in ok("mark", NUMBER, "empty_box", *BY)
    assert "already" in ok("mark", NUMBER, "empty_box", *BY)


def test_what_is_known_of_a_case_is_shown_together(ok: Shell) -> None:
    ok("block", "payment", "fp-1", *WHY, *BY)
    ok("chargeback", "open", "stripe", "du_9", "--order", "order-1", *WHY, *BY)
    shown = ok("show", NUMBER)
    for told in ("was not assessed", "guest, contact not verified", "payment fp-1", "stripe du_9"):
        assert told in shown


def test_a_case_that_is_not_there_is_named(fails: Shell) -> None:
    assert "There is no case" in fails("show", "BRFR9-5FCHF-8PN6")
