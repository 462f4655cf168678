"""Every status and every reason code of the table, row by row, and what is in no table."""

from __future__ import annotations

import pytest

from activities.types import OutcomeKind
from integrations.bank import BankPayments
from integrations.bank.reasons import REASONS, STATUSES
from tests.integrations.bank.orders import IBAN, Script, leg_row, payee, payout_body

PENDING, SUCCEEDED, REJECTED = OutcomeKind.PENDING, OutcomeKind.SUCCEEDED, OutcomeKind.REJECTED
UNKNOWN, CONFLICT = OutcomeKind.UNKNOWN, OutcomeKind.CONFLICT
PAYEE, MERCHANT = OutcomeKind.NEEDS_PAYEE, OutcomeKind.NEEDS_MERCHANT

BY_STATUS = {
    **dict.fromkeys(("RCVD", "ACTC", "ACCP", "ACFC", "ACWC", "ACWP", "PATC", "PDNG", "ACSP", "ACPD"), PENDING),
    **dict.fromkeys(("ACSC", "ACCC"), SUCCEEDED),
    **dict.fromkeys(("RJCT", "CANC"), REJECTED),
    "BLCK": CONFLICT,
}
# Code: refused at the door, rejected for ever, another destination would do.
Row = tuple[OutcomeKind, OutcomeKind, bool]
_PAYEES = (
    "AC01 AC03 AC04 AC06 AC07 AC08 AC11 AC14 AC15 AC16 AC17 AG01 BE01 BE04 BE06 BE22 CNOR MD07 MS02 RC01 RC04 RC07"
)
_MERCHANTS = "AC02 AC05 AC13 AG08 AM04 AM14 AM21 BE05 DNOR RC03 RR01 RR02 unauthorised"
BY_REASON: dict[str, Row] = {
    **dict.fromkeys(f"{_PAYEES} RR03 RUTA".split(), (PAYEE, PAYEE, True)),
    **dict.fromkeys(_MERCHANTS.split(), (MERCHANT, REJECTED, False)),
    **dict.fromkeys(("AG03", "AM02", "AM03", "AM06", "AM13", "CURR"), (REJECTED, REJECTED, True)),
    **dict.fromkeys(
        ("AG02", "AM01", "AM09", "AM12", "CUST", "DT01", "FF01", "FOCR", "FR01", "FRAD", "RR04"),
        (REJECTED, REJECTED, False),
    ),
    **dict.fromkeys(
        ("AB05", "AB08", "AB09", "ED05", "TECH", "TM01", "rate_limited", "internal_error"), (UNKNOWN, REJECTED, False)
    ),
    **dict.fromkeys(("MS03", "NARR"), (UNKNOWN, REJECTED, True)),
    **dict.fromkeys(("AM05", "DUPL", "RF01"), (UNKNOWN, CONFLICT, False)),
    "number_in_use": (CONFLICT, CONFLICT, False),
}
ROWS = sorted(BY_REASON.items())


def test_each_status_and_each_reason_of_the_tables_is_tested_here() -> None:
    assert set(BY_STATUS) == set(STATUSES)
    assert set(BY_REASON) == set(REASONS)


@pytest.mark.parametrize(("status", "kind"), BY_STATUS.items())
async def test_what_a_status_means(script: Script, scripted: BankPayments, status: str, kind: OutcomeKind) -> None:
    script.post(202, payout_body(status=status))
    script.get(200, {"payouts": [payout_body(status=status)]})
    assert (await scripted.pay_out(leg_row(), payee())).kind is kind
    assert (await scripted.query(leg_row())).kind is kind


async def test_a_status_of_next_year_is_unknown(script: Script, scripted: BankPayments) -> None:
    script.post(202, payout_body(status="ACXX"))
    assert (await scripted.pay_out(leg_row(), payee())).kind is UNKNOWN


@pytest.mark.parametrize(("code", "row"), ROWS)
async def test_what_a_rejection_means(script: Script, scripted: BankPayments, code: str, row: Row) -> None:
    script.get(200, {"payouts": [payout_body(status="RJCT", reason=code)]})
    outcome = await scripted.query(leg_row())
    assert (outcome.kind, outcome.code, outcome.elsewhere) == (row[1], code, row[2])
    assert outcome.sentence.endswith(f"({code}).")


@pytest.mark.parametrize(("code", "row"), ROWS)
async def test_what_a_refusal_at_the_door_means(script: Script, scripted: BankPayments, code: str, row: Row) -> None:
    script.refuse(422, code)
    outcome = await scripted.pay_out(leg_row(), payee())
    assert (outcome.kind, outcome.code) == (row[0], code)
    assert outcome.elsewhere is (row[2] and row[0] is not UNKNOWN)


@pytest.mark.parametrize(("code", "row"), ROWS)
async def test_whatever_comes_back_after_its_booking_is_reversed(
    script: Script, scripted: BankPayments, code: str, row: Row
) -> None:
    script.get(200, {"payouts": [payout_body(**{"return": {"reason": code}})]})
    outcome = await scripted.query(leg_row())
    assert (outcome.kind, outcome.code, outcome.elsewhere) == (OutcomeKind.REVERSED, code, row[2])


async def test_a_return_without_a_known_reason_asks_for_another_destination(
    script: Script, scripted: BankPayments
) -> None:
    for reason in (None, "ZZ99"):
        script.get(200, {"payouts": [payout_body(**{"return": {"reason": reason}})]})
        outcome = await scripted.query(leg_row())
        assert (outcome.kind, outcome.elsewhere) == (OutcomeKind.REVERSED, True)


@pytest.mark.parametrize("reason", [None, "ZZ99"])
async def test_a_rejection_without_a_known_reason_is_a_persons(
    script: Script, scripted: BankPayments, reason: str | None
) -> None:
    script.get(200, {"payouts": [payout_body(status="RJCT", reason=reason)]})
    outcome = await scripted.query(leg_row())
    assert (outcome.kind, outcome.code, outcome.elsewhere) == (REJECTED, reason or "RJCT", False)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        *((status, REJECTED) for status in (400, 422)),
        *((status, MERCHANT) for status in (401, 403, 404)),
        (409, CONFLICT),
        *((status, UNKNOWN) for status in (402, 408, 425, 429, 500, 503)),
    ],
)
async def test_a_refusal_of_an_unknown_code_goes_by_its_http_status(
    script: Script, scripted: BankPayments, status: int, kind: OutcomeKind
) -> None:
    script.refuse(status, "ZZ99")
    assert (await scripted.pay_out(leg_row(), payee())).kind is kind


@pytest.mark.parametrize("code", ["AC04", "AM04", "AM02", "number_in_use"])
async def test_a_500_is_unknown_whatever_its_code_says(script: Script, scripted: BankPayments, code: str) -> None:
    script.refuse(500, code)
    outcome = await scripted.pay_out(leg_row(), payee())
    assert (outcome.kind, outcome.elsewhere) == (UNKNOWN, False)


async def test_a_final_refusal_is_only_reported_after_a_look(script: Script, scripted: BankPayments) -> None:
    script.refuse(422, "AC04")
    assert (await scripted.pay_out(leg_row(), payee())).kind is PAYEE
    assert script.calls == ["POST", "GET"]


async def test_a_refusal_beside_our_own_payout_is_that_payout(script: Script, scripted: BankPayments) -> None:
    script.refuse(422, "AC04")
    script.get(200, {"payouts": [payout_body()]})
    assert (await scripted.pay_out(leg_row(), payee())).kind is SUCCEEDED


async def test_a_refusal_that_cannot_be_made_sure_of_is_unknown(script: Script, scripted: BankPayments) -> None:
    script.refuse(422, "AC04")
    for status, code in ((500, "internal_error"), (401, "unauthorised")):
        script.get(status, {"error": {"code": code}})
        assert (await scripted.pay_out(leg_row(), payee())).kind is UNKNOWN


async def test_two_payouts_of_one_number_are_a_conflict(script: Script, scripted: BankPayments) -> None:
    script.get(200, {"payouts": [payout_body(), payout_body(id="po_2", status="RCVD")]})
    outcome = await scripted.query(leg_row())
    assert (outcome.kind, outcome.code) == (CONFLICT, "paid_twice")


@pytest.mark.parametrize(
    ("dead", "kind"),
    [
        ({"status": "RJCT", "reason": "AM05"}, SUCCEEDED),
        ({"return": {"reason": "AC04"}}, SUCCEEDED),
    ],
)
async def test_of_several_payouts_the_one_that_is_alive_counts(
    script: Script, scripted: BankPayments, dead: dict[str, object], kind: OutcomeKind
) -> None:
    script.get(200, {"payouts": [payout_body(**dead), payout_body(id="po_2")]})
    outcome = await scripted.query(leg_row())
    assert (outcome.kind, outcome.provider_reference) == (kind, "po_2")


async def test_of_several_dead_payouts_a_duplicate_alarms_before_a_return_and_a_return_before_a_rejection(
    script: Script, scripted: BankPayments
) -> None:
    rejected = payout_body(status="RJCT", reason="TECH")
    returned = payout_body(id="po_2", **{"return": {"reason": "AC04"}})
    duplicate = payout_body(id="po_3", status="RJCT", reason="AM05")
    for payouts, kind in (([rejected, returned], OutcomeKind.REVERSED), ([rejected, returned, duplicate], CONFLICT)):
        script.get(200, {"payouts": payouts})
        assert (await scripted.query(leg_row())).kind is kind


async def test_the_banks_own_text_is_kept_nowhere_for_it_may_name_the_account(
    script: Script, scripted: BankPayments
) -> None:
    script.refuse(422, "AC04")
    outcome = await scripted.pay_out(leg_row(), payee())
    assert IBAN not in outcome.model_dump_json()
    assert "Erika" not in outcome.model_dump_json()
