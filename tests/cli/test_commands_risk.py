"""`aftersales risk`: lists, chargebacks and marks by people who may, and what is known of a case."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from aftersales.contract.values import Language
from cli.home import Home
from storage.orders import save_orders
from tests.cli.homes import fill, write
from tests.cli.shell import Shell
from tests.storage.builders import NUMBER, account, case_row, order_record

WHY = ("--reason", "three empty boxes")
BY = ("--actor", "wang", "--role", "supervisor")


@pytest.fixture
def home(home: Home) -> Home:
    """Its database has an order of a guest and a case about it."""
    fill(home, _guests_order)
    write(home, lambda unit: unit.insert_case(case_row()))
    return home


async def _guests_order(engine: AsyncEngine) -> None:
    guest = account().model_copy(update={"guest": True, "language": Language.EN})
    await save_orders(engine, [order_record(account=guest, payment_fingerprint="fp-1")])


def test_what_is_put_on_a_list_is_shown_until_it_is_taken_off(shell: Shell) -> None:
    assert shell.ok("risk", "lists") == "Nothing is on a list.\n"
    entry = (
        shell.ok("risk", "block", "customer", "customer-1", "--days", "90", *WHY, *BY).rstrip(".\n").rpartition(" ")[2]
    )
    assert "three empty boxes" in shell.ok("risk", "lists")
    assert "customer-1" in shell.ok("risk", "unlist", entry, "--reason", "a mistake", *BY)
    assert shell.ok("risk", "lists") == "Nothing is on a list.\n"
    assert "taken off by wang" in shell.ok("risk", "lists", "--all")


def test_a_line_that_does_not_expire_is_not_shown_like_one_that_was_taken_off(shell: Shell) -> None:
    shell.ok("risk", "block", "customer", "customer-1", *WHY, *BY)
    assert "no end" in shell.ok("risk", "lists")


def test_what_a_list_may_hold_is_told_in_words(shell: Shell) -> None:
    said = shell.refused("risk", "block", "customer", "wang wu", *WHY, *BY, status=2)
    assert "value: may hold letters, digits and signs of ASCII only, and no blank" in said


def test_a_line_that_is_on_no_list_cannot_be_taken_off(shell: Shell) -> None:
    assert "risk lists" in shell.refused("risk", "unlist", "abc", *WHY, *BY)


@pytest.mark.parametrize("role", ["agent", "customer", "warehouse"])
def test_who_may_not_keep_the_lists_is_told_who_may(shell: Shell, role: str) -> None:
    by = ("--actor", "li", "--role", role)
    said = shell.refused("risk", "allow", "customer", "customer-1", *WHY, *by)
    assert "supervisor, finance, admin, ops" in said
    assert shell.ok("risk", "lists") == "Nothing is on a list.\n"


def test_what_was_refused_is_in_the_log_with_who_wanted_it(shell: Shell) -> None:
    by = ("--actor", "li", "--role", "agent")
    about = ("alipay", "D-1")
    for act in (
        ("allow", "customer", "customer-1", *WHY),
        ("unlist", "0123456789ab", *WHY),
        ("mark", NUMBER, "empty_box"),
        ("chargeback", "open", *about, "--order", "order-1", *WHY),
        ("chargeback", "close", *about, "--as", "won", *WHY),
    ):
        shell.refused("risk", *act, *by)
    told = json.loads(shell.ok("audit", "show", "risk", "--json"))["entries"]
    assert {(each["actor"], each["action"], each["reason"]) for each in told} == {("li", "refused", "role_not_allowed")}
    wanted = ["listed_allow", "taken_off_list", "marked", "chargeback", "chargeback"]
    assert [each["before"] for each in told] == wanted
    assert told[0]["facts"] == {"customer": "customer-1", "kind": "customer"}


def test_a_list_wants_a_reason(shell: Shell) -> None:
    assert "--reason" in shell.refused("risk", "block", "payment", "fp-1", "--reason", " ", *BY, status=2)


def test_a_dispute_is_recorded_by_hand_and_ended_by_hand(shell: Shell) -> None:
    assert shell.ok("risk", "chargebacks") == "No payment was ever disputed.\n"
    about = ("alipay", "D-1", "--order", "order-1", "--amount", "12.30 CNY", "--since", "2026-11-01", *WHY, *BY)
    assert "order-1" in shell.ok("risk", "chargeback", "open", *about)
    assert "12.30 CNY" in shell.ok("risk", "chargebacks")
    shell.ok("risk", "chargeback", "close", "alipay", "D-1", "--as", "won", *WHY, *BY)
    assert "won" in shell.ok("risk", "chargebacks")


def test_an_order_or_a_dispute_that_is_not_there_is_named(shell: Shell) -> None:
    missing = shell.refused("risk", "chargeback", "open", "alipay", "D-1", "--order", "SO-404", *WHY, *BY)
    assert "Order SO-404 is not in this database, and nothing was changed." in missing
    assert "D-404" in shell.refused("risk", "chargeback", "close", "alipay", "D-404", "--as", "lost", *WHY, *BY)


def test_an_amount_without_its_currency_is_refused(shell: Shell) -> None:
    said = shell.refused(
        "risk", "chargeback", "open", "alipay", "D-1", "--order", "order-1", "--amount", "12.30", *WHY, *BY
    )
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


def test_disputes_come_from_a_file_and_the_same_file_again_changes_nothing(shell: Shell, tmp_path: Path) -> None:
    file = tmp_path / "disputes.jsonl"
    file.write_text("\n".join(json.dumps(LINE | {"dispute_id": each}) for each in ("W-1", "W-2")) + "\n")
    for _ in range(2):
        assert shell.ok("risk", "chargeback", "import", str(file), *WHY, *BY) == "Recorded: 2 disputes.\n"
    assert shell.ok("risk", "chargebacks").count("lost") == 2


@pytest.mark.parametrize("change", [{"state": "gone"}, {"colour": "red"}, {"opened_at": "2026-11-01"}, {"amount": 1}])
def test_a_line_that_cannot_be_read_is_named_and_nothing_is_recorded(
    shell: Shell, tmp_path: Path, change: dict[str, object]
) -> None:
    file = tmp_path / "disputes.jsonl"
    file.write_text(f"{json.dumps(LINE)}\n{json.dumps(LINE | change)}\n")
    assert "Line 2" in shell.refused("risk", "chargeback", "import", str(file), *WHY, *BY)
    assert shell.ok("risk", "chargebacks") == "No payment was ever disputed.\n"


def test_a_file_without_a_dispute_is_refused(shell: Shell, tmp_path: Path) -> None:
    file = tmp_path / "disputes.jsonl"
    file.write_text("\n")
    assert f"{file} holds no dispute" in shell.refused("risk", "chargeback", "import", str(file), *WHY, *BY)


def test_a_case_is_marked_once(shell: Shell) -> None:
    assert "is marked" in shell.ok("risk", "mark", NUMBER, "empty_box", *BY)
    assert "already" in shell.ok("risk", "mark", NUMBER, "empty_box", *BY)


def test_what_is_known_of_a_case_is_shown_together(shell: Shell) -> None:
    shell.ok("risk", "block", "payment", "fp-1", *WHY, *BY)
    shell.ok("risk", "chargeback", "open", "stripe", "du_9", "--order", "order-1", *WHY, *BY)
    shown = shell.ok("risk", "show", NUMBER)
    for told in ("was not assessed", "guest, contact not verified", "payment fp-1", "stripe du_9"):
        assert told in shown


def test_a_case_that_is_not_there_is_named(shell: Shell) -> None:
    assert "There is no case" in shell.refused("risk", "show", "BRFR9-5FCHF-8PN6")
