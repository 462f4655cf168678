"""The demo's live table, as people see it in terminals of any size."""

from __future__ import annotations

import io
import re
from datetime import UTC, datetime, timedelta

from rich.console import Console

from activities.rows import CaseRow
from aftersales.contract.numbers import number_for
from aftersales.contract.values import CaseStatus, Money, WaitsFor
from cli.demo.board import board, fitting_board
from tests.storage.builders import case_row

NOW = datetime.now(UTC)
LONGEST = "evidence asked for and supplied"


def row(name: str, status: CaseStatus, waits_for: WaitsFor = WaitsFor.NOBODY, **told: object) -> CaseRow:
    changes = {"number": number_for("board", name), "status": status, "waits_for": waits_for, **told}
    return case_row().model_copy(update=changes)


OPEN = row("open", CaseStatus.NEEDS_EVIDENCE, WaitsFor.CUSTOMER, due_at=NOW + timedelta(hours=1))
CLOSED = [row(f"closed-{place}", CaseStatus.REFUNDED, closed_at=NOW) for place in range(17)]


def seen(rows: list[CaseRow], columns: int = 120, lines: int = 60) -> str:
    screen = Console(width=columns, height=lines, file=io.StringIO(), record=True, force_terminal=True)
    screen.print(fitting_board(rows, {each.number: LONGEST for each in rows}, screen))
    return screen.export_text()


def test_numbers_and_orders_can_be_copied_whole_in_a_usual_terminal() -> None:
    shown = seen([OPEN], columns=100)
    assert OPEN.number in shown
    assert OPEN.start.application.order_id in shown
    assert "…" not in shown


def test_a_case_is_told_by_number_order_reason_amount_state_and_what_it_waits_for() -> None:
    reason, amount = OPEN.start.application.reason, Money(minor=12_345, currency="CNY")
    shown = seen([OPEN.model_copy(update={"amount": amount})])
    told = (OPEN.number, OPEN.start.application.order_id, reason.value.replace("_", " "), "123.45 CNY")
    for each in (*told, "needs evidence", "customer"):
        assert each in shown


def test_what_a_case_waits_for_is_said_with_the_time_that_is_left() -> None:
    soon = datetime.now(UTC) + timedelta(seconds=60)
    assert re.search(r"customer, 5\d s left", seen([OPEN.model_copy(update={"due_at": soon})]))
    assert "overdue" in seen([OPEN.model_copy(update={"due_at": NOW - timedelta(seconds=1)})])
    assert "aftercare" in seen([row("paid", CaseStatus.REFUNDED)])
    assert "closed" in seen(CLOSED[:1])


def test_eighteen_cases_have_room_in_a_terminal_of_a_usual_height() -> None:
    shown = seen([*CLOSED, OPEN], lines=45)
    assert all(each.number in shown for each in (*CLOSED, OPEN))
    assert "18 cases, 17 of them closed" in shown


def test_a_low_terminal_shows_what_still_moves_and_says_what_it_leaves_out() -> None:
    shown = seen([*CLOSED, OPEN], lines=24)
    assert OPEN.number in shown
    assert len(shown.splitlines()) < 24
    left_out = sum(each.number not in shown for each in CLOSED)
    assert f"{left_out} more than this terminal has room for" in " ".join(shown.split())


def test_the_last_table_leaves_nothing_out() -> None:
    log = Console(width=170, file=io.StringIO(), record=True)
    log.print(board([*CLOSED, OPEN], {}))
    shown = log.export_text()
    assert all(each.number in shown for each in (*CLOSED, OPEN))
