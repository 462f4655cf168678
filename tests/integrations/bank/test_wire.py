"""A broken wire: only a connection that was never made proves that nothing was sent."""

from __future__ import annotations

from dataclasses import replace

import pytest

from activities.types import OutcomeKind
from cli.servers.probes import free_port
from integrations.bank import BankAccess, BankPayments
from tests.integrations.bank.orders import ACCOUNT, LEG_NUMBER, Script, leg_row, payee, payout_body
from tests.sandbox.bank import Bank


async def test_a_refused_connection_may_be_tried_again_with_the_same_number() -> None:
    payments = BankPayments(BankAccess(f"http://127.0.0.1:{free_port()}", "token", ACCOUNT, timeout_s=0.5))
    outcome = await payments.pay_out(leg_row(), payee())
    assert (outcome.kind, outcome.code) == (OutcomeKind.RETRY_SAME, "not_connected")
    assert (await payments.query(leg_row())).kind is OutcomeKind.UNKNOWN
    await payments.close()


@pytest.mark.parametrize(
    ("fault", "executions"),
    [
        ("drop_request", 0),
        ("execute_then_drop", 1),
        ("execute_then_500", 1),
        ("error_500", 0),
        ("truncate", 1),
        ("unreadable", 1),
        ("429", 0),
    ],
)
async def test_what_may_have_been_executed_is_unknown_and_looked_up(
    bank: Bank, payments: BankPayments, fault: str, executions: int
) -> None:
    await bank.box.script(fault)
    assert (await payments.pay_out(leg_row(), payee())).kind is OutcomeKind.UNKNOWN
    assert await bank.box.executions(LEG_NUMBER) == executions
    found = await payments.query(leg_row())
    assert found.kind is (OutcomeKind.SUCCEEDED if executions else OutcomeKind.NOT_FOUND)
    await payments.pay_out(leg_row(), payee())
    assert await bank.box.executions(LEG_NUMBER) == 1


@pytest.mark.parametrize("phase", ["before", "after"])
async def test_an_answer_that_is_too_late_is_unknown(bank: Bank, access: BankAccess, phase: str) -> None:
    hasty = BankPayments(replace(access, timeout_s=0.3))
    await bank.box.script(f"hold_{phase}_execute")
    outcome = await hasty.pay_out(leg_row(), payee())
    assert (outcome.kind, outcome.code) in [
        (OutcomeKind.UNKNOWN, code) for code in ("deadline_passed", "connection_lost")
    ]
    await hasty.close()


async def test_an_answer_that_trickles_is_not_waited_for_without_end(script: Script, scripted: BankPayments) -> None:
    script.post(202, payout_body())
    script.trickle_s = 0.1
    outcome = await scripted.pay_out(leg_row(), payee())
    assert (outcome.kind, outcome.code) == (OutcomeKind.UNKNOWN, "deadline_passed")


@pytest.mark.parametrize("fault", ["drop_request", "truncate", "unreadable", "429", "error_500"])
async def test_a_look_that_fails_says_nothing_about_the_leg(bank: Bank, payments: BankPayments, fault: str) -> None:
    await payments.pay_out(leg_row(), payee())
    await bank.box.script(fault, method="GET")
    assert (await payments.query(leg_row())).kind is OutcomeKind.UNKNOWN


async def test_a_redirect_is_not_followed_and_the_token_goes_nowhere_else(
    script: Script, scripted: BankPayments
) -> None:
    script.headers["location"] = f"{script.url}/elsewhere"
    script.post(307, {})
    assert (await scripted.pay_out(leg_row(), payee())).kind is OutcomeKind.UNKNOWN
    assert script.calls == ["POST"]


@pytest.mark.parametrize("status", [200, 202, 400, 401, 404, 409, 422, 429, 500])
@pytest.mark.parametrize(
    "body", [{}, [], None, "word", {"error": "word"}, {"error": {"code": 5}}, {"id": "po_1"}, b"", b"<html>", b"\xff"]
)
async def test_an_answer_that_is_not_the_banks_is_unknown_whatever_its_status(
    script: Script, scripted: BankPayments, status: int, body: object
) -> None:
    script.post(status, body)
    outcome = await scripted.pay_out(leg_row(), payee())
    assert (outcome.kind, outcome.code) == (OutcomeKind.UNKNOWN, "unreadable_answer")


@pytest.mark.parametrize("body", [{}, [], {"payouts": None}, {"payouts": [{}]}, {"data": []}, b"", b"<html>"])
async def test_a_look_whose_answer_has_no_list_has_not_found_nothing(
    script: Script, scripted: BankPayments, body: object
) -> None:
    script.get(200, body)
    assert (await scripted.query(leg_row())).kind is OutcomeKind.UNKNOWN


async def test_not_found_on_a_look_is_only_believed_of_an_empty_list(script: Script, scripted: BankPayments) -> None:
    script.get(404, {"error": {"code": "not_found"}})
    assert (await scripted.query(leg_row())).kind is not OutcomeKind.NOT_FOUND


@pytest.mark.parametrize(
    "strange",
    [{"end_to_end_id": "another"}, {"amount": "ten"}, {"currency": "XXX"}, {"amount": "10.505"}, {"currency": "eur"}],
)
async def test_a_payout_that_cannot_be_ours_or_read_decides_nothing(
    script: Script, scripted: BankPayments, strange: dict[str, object]
) -> None:
    script.post(202, payout_body(**strange))
    script.get(200, {"payouts": [payout_body(**strange)]})
    assert (await scripted.pay_out(leg_row(), payee())).kind is OutcomeKind.UNKNOWN
    assert (await scripted.query(leg_row())).kind is OutcomeKind.UNKNOWN


async def test_no_token_and_no_account_is_shown_when_access_is_printed() -> None:
    assert "s3cret" not in repr(BankAccess("https://bank.example", "s3cret", "s3cret"))
