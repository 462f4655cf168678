"""What keeps the books right: one transaction, one posting, one step, and nothing given away twice."""

from __future__ import annotations

from typing import Final

from bench.safeguards.safeguard import Edit, Safeguard

_FIRST_SCHEMA: Final = "storage/migrations/versions/0001_first_schema.py"
_STORED_VALUE: Final = "storage/migrations/versions/0003_stored_value.py"
_ORDERS: Final = "storage/rows/orders.py"
_STEPPING: Final = "activities/stepping.py"
_SETTLING: Final = "activities/settling.py"
_OF_ORDERS: Final = "tests/storage/rows/test_orders.py"
_OF_STEPPING: Final = "tests/activities/test_stepping.py"
_OF_SETTLING: Final = "tests/activities/test_settling.py"
_AT_ONCE: Final = "tests/storage/test_concurrency.py"

BOOKS: Final = (
    Safeguard(
        name="lock-of-an-order-on-sqlite",
        taken_away="a unit that writes takes SQLite's lock only when it first writes",
        edits=(Edit("storage/engine.py", '"BEGIN IMMEDIATE" if writes else "BEGIN"', '"BEGIN"'),),
        tests=(
            "tests/storage/test_engine.py::test_a_unit_on_sqlite_locks_the_database_from_its_first_moment",
            f"{_AT_ONCE}::test_the_ceiling_holds_between_processes",
        ),
    ),
    Safeguard(
        name="lock-of-an-order-on-postgresql",
        taken_away="the order's row is not locked while what is left of it is counted",
        edits=(Edit(_ORDERS, "\n    .with_for_update(of=ORDERS)", ""),),
        tests=(
            f"{_AT_ONCE}::test_fifty_reservations_at_once_never_exceed_what_was_captured",
            f"{_AT_ONCE}::test_the_ceiling_holds_between_processes",
        ),
        on_postgres=True,
    ),
    Safeguard(
        name="lock-of-a-case-on-postgresql",
        taken_away="a withdrawal and a payment about to be sent both read the other as not there yet",
        edits=(
            Edit(
                "storage/rows/cases.py",
                '_CASE = select(CASES).where(CASES.c.number == bindparam("number")).with_for_update()',
                '_CASE = select(CASES).where(CASES.c.number == bindparam("number"))',
            ),
        ),
        tests=(f"{_AT_ONCE}::test_of_two_units_that_act_on_one_case_the_second_waits_for_the_first",),
        on_postgres=True,
    ),
    Safeguard(
        name="ceiling-of-a-payment",
        taken_away="a payment gives back more than it has left",
        edits=(
            Edit(
                "domain/tenders.py",
                "        return max(self.captured_minor - self.taken_minor, 0)",
                "        return self.captured_minor",
            ),
        ),
        tests=(
            "tests/domain/test_tenders.py::test_what_was_refunded_or_is_reserved_is_not_given_again",
            "tests/domain/test_tenders.py::test_no_sequence_of_refunds_takes_more_than_was_captured",
        ),
    ),
    Safeguard(
        name="ceiling-of-a-new-attempt",
        taken_away="a leg that failed is tried again although others have taken its money meanwhile",
        edits=(
            Edit(
                "activities/reserving.py",
                "        if asked > left:\n            raise AmountRefused(",
                "        if asked < 0:\n            raise AmountRefused(",
            ),
        ),
        tests=("tests/activities/test_decisions.py::test_a_new_attempt_needs_money_that_is_still_there",),
    ),
    Safeguard(
        name="no-amount-below-one",
        taken_away="an amount of nothing, or less, is accepted",
        edits=(
            Edit(
                "domain/tenders.py",
                "    if not 0 < asked.minor <= largest.minor:",
                "    if not asked.minor <= largest.minor:",
            ),
        ),
        tests=("tests/domain/test_tenders.py::test_just_the_amounts_from_one_to_the_largest_are_accepted",),
    ),
    Safeguard(
        name="reservation-while-unknown",
        taken_away="a leg whose end is unknown holds no money",
        edits=(
            Edit(
                _ORDERS,
                "NOT_RESERVED: Final = (LegState.SUCCEEDED,",
                "NOT_RESERVED: Final = (LegState.CONFIRMING, LegState.SUCCEEDED,",
            ),
        ),
        tests=(
            f"{_OF_ORDERS}::test_an_unknown_outcome_keeps_its_reservation_and_an_end_gives_it_up",
            f"{_OF_SETTLING}::test_what_is_not_final_keeps_the_money_reserved",
        ),
    ),
    Safeguard(
        name="refunded-counts",
        taken_away="what the ledger says was refunded does not count against the payment",
        edits=(Edit(_ORDERS, "(_refunded() + _reserved())", "(_reserved())"),),
        tests=(f"{_OF_ORDERS}::test_a_paid_leg_counts_once_by_its_posting",),
    ),
    Safeguard(
        name="posting-of-one-event",
        taken_away="a posting's id may be in the ledger twice",
        edits=(
            Edit(
                _FIRST_SCHEMA,
                '        sa.PrimaryKeyConstraint("posting_id", name=op.f("pk_ledger")),\n',
                "",
            ),
        ),
        tests=("tests/storage/rows/test_journals.py::test_a_posting_that_is_there_is_left_as_it_is",),
    ),
    Safeguard(
        name="id-of-a-posting",
        taken_away="an event that is recorded twice makes two postings of two ids",
        edits=(
            Edit(
                "activities/ledger.py",
                'posting_id=f"{row.leg.provider_number}:{event}"',
                'posting_id=f"{row.leg.provider_number}:{event}:{now.isoformat()}"',
            ),
        ),
        tests=("tests/activities/test_ledger.py::test_an_event_that_is_recorded_twice_is_one_posting",),
    ),
    Safeguard(
        name="success-counts-once",
        taken_away="a success that is told again is booked again",
        edits=(
            Edit(
                _SETTLING,
                "case OutcomeKind.SUCCEEDED if state is not LegState.SUCCEEDED and state is not LegState.REVERSED:",
                "case OutcomeKind.SUCCEEDED:",
            ),
        ),
        tests=(
            f"{_OF_SETTLING}::test_success_told_twice_is_posted_once",
            f"{_OF_SETTLING}::test_a_reversal_is_final_even_if_the_success_is_told_again",
        ),
    ),
    Safeguard(
        name="reversal-is-booked",
        taken_away="money that came back is not booked back",
        edits=(Edit(_SETTLING, "            await file.unit.post(ledger.paid_back(row, file.now))\n", ""),),
        tests=(f"{_OF_SETTLING}::test_a_late_reversal_takes_the_success_back_and_asks_finance",),
    ),
    Safeguard(
        name="ledger-only-grows",
        taken_away="rows of ledger and operations log can be changed and deleted",
        edits=(Edit(_FIRST_SCHEMA, "    guard_journals()\n", ""),),
        tests=(
            "tests/storage/rows/test_journals.py::test_journals_refuse_change",
            "tests/storage/rows/test_journals.py::test_sqlite_refuses_to_replace_a_posting",
        ),
    ),
    Safeguard(
        name="ledger-only-grows-on-postgresql",
        taken_away="ledger and operations log can be emptied on PostgreSQL",
        edits=(Edit(_FIRST_SCHEMA, "BEFORE UPDATE OR DELETE OR TRUNCATE ON", "BEFORE UPDATE OR DELETE ON"),),
        tests=("tests/storage/rows/test_journals.py::test_postgresql_refuses_to_empty_a_journal",),
        on_postgres=True,
    ),
    Safeguard(
        name="stored-value-only-grows",
        taken_away="entries of stored value can be changed and deleted",
        edits=(Edit(_STORED_VALUE, "    guard_stored_value()\n", ""),),
        tests=("tests/storage/test_stored_value.py::test_entries_are_never_changed",),
    ),
    Safeguard(
        name="stored-value-by-number",
        taken_away="value is put on an account twice under one number",
        edits=(
            Edit(
                _STORED_VALUE,
                '        sa.PrimaryKeyConstraint("provider_number", name=op.f("pk_stored_value_entries")),\n',
                "",
            ),
        ),
        tests=("tests/storage/test_stored_value.py::test_a_second_refund_with_the_same_number_moves_no_value",),
    ),
    Safeguard(
        name="stored-step",
        taken_away="a step that is run again acts again",
        edits=(
            Edit(
                _STEPPING,
                "        if stored is None:\n",
                "        if stored is None or step.number:\n",
            ),
        ),
        tests=(f"{_OF_STEPPING}::test_the_same_step_twice_reserves_once",),
    ),
    Safeguard(
        name="step-of-one-input",
        taken_away="another input under a step's number gets the first one's result",
        edits=(Edit(_STEPPING, "    if stored.input_digest != digest:\n", "    if not stored.input_digest:\n"),),
        tests=(f"{_OF_STEPPING}::test_another_input_under_the_same_round_is_an_error_for_good",),
    ),
    Safeguard(
        name="request-key-of-one-case",
        taken_away="one request key opens two cases",
        edits=(
            Edit("storage/rows/steps.py", "        return dict(held._mapping) == claim", "        return bool(held)"),
        ),
        tests=(
            "tests/storage/rows/test_steps.py::test_a_request_key_is_never_given_to_a_second_case",
            "tests/storage/rows/test_steps.py::test_a_request_key_with_another_body_is_refused",
        ),
    ),
    Safeguard(
        name="exponent-of-a-currency",
        taken_away="yen have two digits after the point",
        edits=(
            Edit("domain/currencies.py", '    0: "BIF CLP DJF GNF ISK JPY', '    0: "BIF CLP DJF GNF ISK'),
            Edit("domain/currencies.py", '"AED AFN ALL AMD', '"JPY AED AFN ALL AMD'),
        ),
        tests=(
            "tests/domain/test_currencies.py::test_the_exponents_people_get_wrong",
            "tests/integrations/bank/test_paying_out.py::test_yen_are_sent_without_decimals",
        ),
    ),
)
