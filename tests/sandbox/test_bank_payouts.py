"""Orders at the sandbox's bank: taken once per number, settled, rejected, returned, and counted by the oracle."""

from __future__ import annotations

import httpx
import pytest

from tests.sandbox.bank import IBAN, NUMBER, Bank, bank_of
from tests.sandbox.servers import Box


@pytest.fixture
async def bank(box: Box) -> Bank:
    return await bank_of(box)


async def test_an_order_is_answered_as_received_and_settled_right_after(bank: Bank) -> None:
    answer = await bank.order()
    assert (answer.status_code, answer.json()["status"]) == (202, "RCVD")
    payout = await bank.found()
    assert (payout["status"], payout["amount"], payout["currency"]) == ("ACSC", "10.50", "EUR")
    assert payout["creditor"] == {"name": "Erika Mustermann", "iban": IBAN}
    assert payout["booked_at"]
    assert payout["uetr"] == answer.json()["uetr"]


async def test_the_same_number_again_is_the_same_payout(bank: Bank) -> None:
    first = (await bank.order()).json()
    again = await bank.order()
    assert (again.status_code, again.json()["id"], again.json()["status"]) == (200, first["id"], "ACSC")
    assert await bank.box.executions(NUMBER) == 1


@pytest.mark.parametrize(
    "other",
    [
        {"amount": "10.51"},
        {"currency": "USD"},
        {"creditor": {"name": "Erika Mustermann", "iban": "GB29NWBK60161331926819"}},
        {"creditor": {"name": "Max Mustermann", "iban": IBAN}},
    ],
)
async def test_the_same_number_for_something_else_is_refused(bank: Bank, other: dict[str, object]) -> None:
    await bank.order()
    answer = await bank.order(**other)
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "number_in_use")
    assert (await bank.box.tally(NUMBER))["executed_minor"] == 1_050


async def test_another_number_is_executed_once_more(bank: Bank) -> None:
    await bank.order()
    await bank.order(end_to_end_id="0123A-BCDEF-GHJK-1-2")
    assert await bank.box.executions("0123A-BCDEF-GHJK-1-2") == 1
    assert len((await bank.box.admin.get("/admin/bank/payouts")).json()["payouts"]) == 2


async def test_the_oracle_counts_by_leg_and_currency(bank: Bank) -> None:
    await bank.order(amount="500", currency="JPY")
    tally = await bank.box.tally(NUMBER)
    assert (tally["executions"], tally["executed_minor"]) == (1, 500)
    assert [str(tally[name]) for name in ("currency", "provider")] == ["jpy", "bank"]


async def test_a_payout_is_found_by_id_and_by_number(bank: Bank) -> None:
    made = (await bank.order()).json()
    assert (await bank.get(f"payouts/{made['id']}")).json()["end_to_end_id"] == NUMBER
    assert (await bank.get("payouts", end_to_end_id=NUMBER)).json()["payouts"][0]["id"] == made["id"]


async def test_a_number_that_was_never_used_is_not_found(bank: Bank) -> None:
    answer = await bank.get("payouts", end_to_end_id="0123A")
    assert (answer.status_code, answer.json()) == (200, {"payouts": []})
    assert (await bank.get("payouts/po_nowhere")).status_code == 404


async def test_a_look_up_without_a_number_is_refused_instead_of_listing_everything(bank: Bank) -> None:
    assert (await bank.get("payouts")).status_code == 400


@pytest.mark.parametrize("token", ["", "Bearer wrong", "Basic Og=="])
async def test_without_the_token_nothing_is_done(bank: Bank, token: str) -> None:
    answer = await bank.box.admin.post("/bank/v1/payouts", json={}, headers={"authorization": token})
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "unauthorised")


async def test_a_path_that_the_bank_does_not_have_is_not_found(bank: Bank) -> None:
    assert (await bank.get("refunds")).status_code == 404


async def test_the_balance_must_cover_a_payout_and_the_number_stays_free(bank: Bank) -> None:
    balance = {"provider": "bank", "currency": "eur", "amount": 1_049}
    await bank.box.admin.put("/admin/balance", json=balance)
    refused = await bank.order()
    assert (refused.status_code, refused.json()["error"]["code"]) == (422, "AM04")
    await bank.box.admin.put("/admin/balance", json={**balance, "amount": 1_050})
    assert (await bank.order()).status_code == 202
    assert (await bank.box.admin.get("/admin/balance")).json()["balances"][0]["amount_minor"] == 0


@pytest.mark.parametrize(
    ("state", "reason"), [("closed", "AC04"), ("blocked", "AC06"), ("unknown", "AC01"), ("deceased", "MD07")]
)
async def test_an_account_that_takes_nothing_has_its_payout_rejected_and_the_money_stays(
    bank: Bank, state: str, reason: str
) -> None:
    await bank.box.admin.put(f"/admin/bank/accounts/{IBAN}", json={"state": state})
    assert (await bank.order()).json()["status"] == "RCVD"
    payout = await bank.found()
    assert (payout["status"], payout["reason"]) == ("RJCT", reason)
    assert (await bank.box.tally(NUMBER))["not_reversed"] == 0


async def test_an_account_that_is_opened_again_takes_payouts(bank: Bank) -> None:
    for state in ("closed", "open"):
        await bank.box.admin.put(f"/admin/bank/accounts/{IBAN}", json={"state": state})
    await bank.order()
    assert (await bank.found())["status"] == "ACSC"


async def test_a_rejected_number_stays_rejected(bank: Bank) -> None:
    await bank.refuse("TECH")
    await bank.order()
    assert (await bank.order()).json()["status"] == "RJCT"
    await bank.order(end_to_end_id="another")
    assert (await bank.found("another"))["status"] == "ACSC"


async def test_a_refusal_at_the_door_keeps_nothing(bank: Bank) -> None:
    await bank.refuse("AM14", http_status=422)
    refused = await bank.order()
    assert (refused.status_code, refused.json()["error"]["code"]) == (422, "AM14")
    assert await bank.box.executions(NUMBER) == 0
    assert (await bank.order()).status_code == 202


async def test_a_scripted_refusal_meets_only_the_leg_and_account_it_names(bank: Bank) -> None:
    await bank.refuse("AC06", leg="another", times=None)
    await bank.refuse("AC04", account="GB29NWBK60161331926819")
    await bank.order()
    assert (await bank.found())["status"] == "ACSC"
    for number in ("another", "another"):
        await bank.order(end_to_end_id=number)
    assert (await bank.found("another"))["reason"] == "AC06"


async def test_a_payout_goes_through_its_statuses_one_after_the_other(bank: Bank) -> None:
    await bank.box.script("pending")
    await bank.order()
    assert (await bank.found())["status"] == "PDNG"
    assert (await bank.move("advance", to="ACSP")).json()["status"] == "ACSP"
    assert (await bank.move("advance", to="ACTC")).status_code == 409
    assert (await bank.move("advance")).json()["status"] == "ACSC"
    assert (await bank.move("advance")).status_code == 409


async def test_a_payout_may_wait_for_a_second_signature(bank: Bank) -> None:
    await bank.box.script("requires_action")
    await bank.order()
    assert (await bank.found())["status"] == "PATC"
    assert (await bank.move("advance")).json()["status"] == "ACSC"


async def test_a_rejection_comes_only_before_the_booking_and_a_return_only_after_it(bank: Bank) -> None:
    await bank.box.script("pending")
    await bank.order()
    assert (await bank.move("return")).status_code == 409
    assert (await bank.move("reject", reason="MD07")).json()["reason"] == "MD07"
    assert (await bank.move("reject")).status_code == 409
    assert (await bank.move("advance", to="RJCT")).status_code == 409


async def test_a_booked_payout_comes_back_days_later_and_is_marked_in_the_count(bank: Bank) -> None:
    await bank.order()
    await bank.box.advance(3 * 86_400)
    back = (await bank.move("return", reason="AC04")).json()
    assert (back["status"], back["return"]["reason"], back["return"]["amount"]) == ("ACSC", "AC04", "10.50")
    tally = await bank.box.tally(NUMBER)
    assert (tally["executions"], tally["not_reversed"]) == (1, 0)
    assert (await bank.move("return")).status_code == 409


async def test_a_payout_that_is_not_there_cannot_be_moved(bank: Bank) -> None:
    for act in ("advance", "reject", "return"):
        assert (await bank.move(act, "nowhere")).status_code == 404


@pytest.mark.parametrize(
    ("kind", "status", "executions"), [("429", 429, 0), ("error_500", 500, 0), ("execute_then_500", 500, 1)]
)
async def test_an_error_says_nothing_of_the_execution_and_the_number_again_executes_once_at_most(
    bank: Bank, kind: str, status: int, executions: int
) -> None:
    await bank.box.script(kind, leg=NUMBER)
    assert (await bank.order()).status_code == status
    assert await bank.box.executions(NUMBER) == executions
    await bank.order()
    assert await bank.box.executions(NUMBER) == 1


@pytest.mark.parametrize(("kind", "executions"), [("drop_request", 0), ("execute_then_drop", 1), ("truncate", 1)])
async def test_a_broken_answer_says_nothing_either(bank: Bank, kind: str, executions: int) -> None:
    await bank.box.script(kind, leg=NUMBER)
    with pytest.raises(httpx.TransportError):
        await bank.order()
    assert await bank.box.executions(NUMBER) == executions
    await bank.order()
    assert await bank.box.executions(NUMBER) == 1


async def test_a_fault_can_be_scripted_for_a_creditors_account(bank: Bank) -> None:
    await bank.box.script("429", payment=IBAN)
    assert (await bank.order()).status_code == 429


async def test_the_journal_knows_orders_and_looks_by_their_number(bank: Bank) -> None:
    made = (await bank.order()).json()
    await bank.order()
    await bank.get(f"payouts/{made['id']}")
    rows = await bank.box.requests()
    assert [(row["provider"], row["leg"], row["replayed"]) for row in rows] == [
        ("bank", NUMBER, False),
        ("bank", NUMBER, True),
        ("bank", NUMBER, False),
    ]


async def test_a_reset_forgets_payouts_and_terms_but_keeps_the_credentials(bank: Bank) -> None:
    await bank.terms(charge_minor=35)
    await bank.order()
    await bank.box.reset()
    assert (await bank.box.admin.get("/admin/bank/terms")).json()["charge_minor"] == 0
    assert (await bank.get("payouts", end_to_end_id=NUMBER)).json() == {"payouts": []}
