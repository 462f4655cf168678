"""A case on the screen answers where the money is and who is to act (P3.3)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from rich.console import Console

from activities.precautions import Lease
from activities.rows import LegRow
from aftersales.contract.messages import PayoutChoice
from aftersales.contract.values import CaseStatus, LegState, Movement, PayoutMethod, WaitsFor
from cli.commands.case_screen import case_panel
from storage.reading import CaseRecord
from tests.storage.builders import NOON, NUMBER, case_row, leg_row

TRACE = "a23354bd-bc8a-402d-8983-aa046c9fc9d6"
ASKING = {"status": CaseStatus.PAYMENT_FAILED, "waits_for": WaitsFor.CUSTOMER}
WITH_FINANCE = {"status": CaseStatus.PAYING, "waits_for": WaitsFor.FINANCE, "assignee": "finance"}


def a_leg(state: LegState, **changes: object) -> LegRow:
    row = leg_row()
    return row.model_copy(update={"leg": row.leg.model_copy(update={"state": state, **changes})})


def shown(*legs: LegRow, width: int = 80, **changes: object) -> str:
    record = CaseRecord(case=case_row(NUMBER, **changes), legs=legs, messages=(), mails=(), audit=(), ledger=())
    screen = Console(width=width, color_system=None)
    with screen.capture() as capture:
        screen.print(case_panel(record, NOON))
    return capture.get()


def test_a_payment_is_shown_with_its_destination_its_day_and_every_number_in_one_piece() -> None:
    leg = a_leg(
        LegState.PENDING,
        provider="bank",
        movement=Movement.PAYOUT,
        destination="DE•• •••• 3000",
        provider_reference="po_f6bfbff2ee3141df8782",
        trace=TRACE,
        expected_by=datetime(2026, 11, 4, 12, 0, tzinfo=UTC),
    )
    screen = shown(leg)
    for told in (
        "10.00 CNY pending",
        "by bank, to DE•• •••• 3000",
        "by 2026-11-04",
        f"{NUMBER}-1-1",
        "po_f6bfbff",
        TRACE,
    ):
        assert told in screen


def test_it_is_shown_who_works_on_a_case_only_while_they_do() -> None:
    lease = Lease(holder="agent-2", until=NOON + timedelta(minutes=30))
    assert "agent-2 until 2026-11-02 12:30:00 UTC (in 30 min)" in shown(lease=lease, width=160)
    assert "agent-2" not in shown(lease=lease.model_copy(update={"until": NOON}), width=160)


def test_what_people_agree_to_and_what_they_decided_against_the_policy_is_shown() -> None:
    choice = PayoutChoice(method=PayoutMethod.BANK_TRANSFER, payee="payee-1", masked="DE•• •••• 3000")
    screen = shown(payout=choice, overridden=True, entered_by="agent-1", width=160)
    assert "DE•• •••• 3000, once two people agree" in screen
    assert "otherwise than the policy advises" in screen
    assert "agent-1" in screen


def test_a_payment_that_failed_says_why_in_words_and_by_its_code_and_no_day() -> None:
    late = datetime(2026, 11, 4, tzinfo=UTC)
    screen = shown(a_leg(LegState.FAILED, failure_code="AC04", expected_by=late), width=160)
    assert "failed: the account is closed (AC04)" in screen
    assert "back as it was paid" in screen
    assert "should arrive" not in screen


def test_a_code_that_only_says_the_state_again_is_left_out() -> None:
    assert "pending (" not in shown(a_leg(LegState.PENDING, failure_code="pending"))


def test_our_own_number_is_not_repeated_as_the_providers() -> None:
    assert shown(a_leg(LegState.SUCCEEDED, provider_reference=f"{NUMBER}-1-1")).count(f"{NUMBER}-1-1") == 1


@pytest.mark.parametrize(
    ("changes", "leg", "told"),
    [
        (
            ASKING,
            a_leg(LegState.FAILED),
            f"customer, to say where the money is to go; on the phone: `aftersales payout choose {NUMBER}`",
        ),
        (
            WITH_FINANCE,
            a_leg(LegState.PENDING, provider="by_hand"),
            "finance, to pay by hand: `aftersales finance list`",
        ),
        (WITH_FINANCE, a_leg(LegState.BLOCKED), "finance, for the provider holds a payment back"),
        (WITH_FINANCE, a_leg(LegState.PENDING), "finance "),
        ({"waits_for": WaitsFor.AGENT, "assignee": "team-2"}, a_leg(LegState.SUCCEEDED), "agent (team-2)"),
    ],
)
def test_who_is_to_act_stands_there_with_the_command_for_it(changes: dict[str, object], leg: LegRow, told: str) -> None:
    assert told in shown(leg, width=160, **changes)
    assert "finance (finance)" not in shown(leg, width=160, **changes)
