"""What keeps a leg from being sent twice: its number, its key, and looking before sending."""

from __future__ import annotations

from typing import Final

from bench.safeguards.safeguard import Edit, Safeguard

_CALLS: Final = "activities/payments.py"
_LEG: Final = "workflows/leg.py"
_PAYMENT: Final = "workflows/payment.py"
_OF_CALLS: Final = "tests/activities/test_payments.py"
_OF_PAYING: Final = "tests/workflows/test_payment.py"

SENDING: Final = (
    Safeguard(
        name="row-before-the-call",
        taken_away="the leg's row does not say that it is being sent before it is sent",
        edits=(Edit(_CALLS, "                await unit.update_leg(sent)\n", ""),),
        tests=(f"{_OF_CALLS}::test_before_the_call_the_row_says_that_it_is_under_way",),
    ),
    Safeguard(
        name="no-refund-beside-a-chargeback",
        taken_away="a leg that was reserved before its payment was disputed is sent",
        edits=(Edit(_CALLS, " or await _disputed(unit, before)\n", "\n"),),
        tests=(
            "tests/activities/test_chargebacks.py::test_a_leg_reserved_before_the_dispute_waits_and_goes_on_once_it_is_won",
        ),
    ),
    Safeguard(
        name="same-key-on-every-retry",
        taken_away="each try of a number uses a key of its own",
        edits=(
            Edit(
                _CALLS,
                '    return row.model_copy(update={"leg": leg, "sent_at": row.sent_at or now})',
                "    key_try = row.key_try + (row.sent_at is not None)\n"
                '    return row.model_copy(update={"leg": leg, "sent_at": row.sent_at or now, "key_try": key_try})',
            ),
        ),
        tests=(f"{_OF_CALLS}::test_a_repeated_call_goes_out_under_the_same_key",),
    ),
    Safeguard(
        name="idempotency-key",
        taken_away="Stripe is sent another idempotency key each time",
        edits=(
            Edit(
                "integrations/stripe/adapter.py",
                'options: stripe.RequestOptions = {"idempotency_key": f"{leg.leg.provider_number}-{leg.key_try}"}',
                "options: stripe.RequestOptions = {}",
            ),
        ),
        tests=(
            "tests/integrations/contract/test_numbers.py::test_the_same_number_again_moves_no_money[stripe]",
            "tests/integrations/stripe/test_refunding.py::test_a_second_refund_with_the_same_number_moves_no_money",
        ),
    ),
    Safeguard(
        name="number-of-one-leg",
        taken_away="two legs may have one provider number",
        edits=(
            Edit(
                "storage/migrations/versions/0001_first_schema.py",
                '        sa.UniqueConstraint("provider_number", name=op.f("uq_legs_provider_number")),\n',
                "",
            ),
        ),
        tests=("tests/storage/rows/test_cases.py::test_a_provider_number_belongs_to_one_leg",),
    ),
    Safeguard(
        name="new-number-for-a-new-attempt",
        taken_away="a new attempt goes out under the number that failed",
        edits=(
            Edit(
                "activities/reserving.py",
                'provider_number=f"{file.row.number}-{number}-{attempt}"',
                'provider_number=f"{file.row.number}-{number}-1"',
            ),
        ),
        tests=("tests/activities/test_settling.py::test_a_reversed_payment_is_tried_again_under_a_new_number",),
    ),
    Safeguard(
        name="query-first-after-unknown",
        taken_away="after an answer that tells nothing the leg is sent again unasked",
        edits=(
            Edit(
                _LEG,
                "self.ask_first = self.in_doubt = True  # ask at once: most often the answer is there",
                "self.in_doubt = True",
            ),
        ),
        tests=(f"{_OF_PAYING}::test_an_unknown_end_is_asked_for_before_anything_is_sent_again",),
    ),
    Safeguard(
        name="query-first-after-a-lost-call",
        taken_away="a call that fell over counts as one that never happened",
        edits=(
            Edit(
                _LEG,
                'PaymentOutcome(kind=OutcomeKind.UNKNOWN, code="call_lost"',
                'PaymentOutcome(kind=OutcomeKind.RETRY_SAME, code="call_lost"',
            ),
        ),
        tests=(f"{_OF_PAYING}::test_a_call_that_fell_over_counts_as_unknown",),
    ),
    Safeguard(
        name="accepted-is-never-not-found",
        taken_away="“not found” of a payment that the provider had accepted sends it again",
        edits=(Edit(_LEG, "case OutcomeKind.NOT_FOUND if not self.accepted:", "case OutcomeKind.NOT_FOUND:"),),
        tests=(f"{_OF_PAYING}::test_not_found_for_an_accepted_payment_never_sends_it_again",),
    ),
    Safeguard(
        name="earlier-numbers-first",
        taken_away="a new number is sent without asking once more for the ones before it",
        edits=(
            Edit(
                _PAYMENT,
                "    unsent = leg.state in _UNSENT\n",
                "    unsent = leg is None\n",
            ),
        ),
        tests=(
            f"{_OF_PAYING}::test_finances_retry_asks_for_the_failed_number_and_sends_no_other_when_it_paid",
            f"{_OF_PAYING}::test_no_new_number_is_sent_while_the_failed_one_cannot_be_asked_for",
            "tests/workflows/test_destinations.py"
            "::test_the_old_number_is_asked_for_once_more_before_money_goes_elsewhere",
        ),
    ),
    Safeguard(
        name="one-number-at-a-time",
        taken_away="a number that was reserved stays so although an earlier one of its leg has paid",
        edits=(
            Edit(
                "activities/settling.py",
                "_traced(file, row, outcome))\n    await release_others(file, row)\n",
                "_traced(file, row, outcome))\n",
            ),
        ),
        tests=("tests/activities/test_settling.py::test_the_number_of_a_retry_is_taken_back_when_the_failed_one_paid",),
    ),
    Safeguard(
        name="old-key-is-looked-up",
        taken_away="a key that the provider may have forgotten is used again without a look",
        edits=(Edit(_CALLS, "        if age_s < self._payments.key_life_s:\n", "        if age_s < float('inf'):\n"),),
        tests=(f"{_OF_CALLS}::test_a_key_past_its_safe_life_is_looked_up_before_a_new_one_is_used",),
    ),
    Safeguard(
        name="new-key-only-when-nothing-is-there",
        taken_away="a key that is spent is replaced whatever the look says",
        edits=(
            Edit(
                _CALLS,
                "if outcome.kind is OutcomeKind.NOT_FOUND and self._key_expired(row) is not None:",
                "if self._key_expired(row) is not None:",
            ),
        ),
        tests=(f"{_OF_CALLS}::test_a_stored_500_that_did_pay_is_found_and_keeps_its_key",),
    ),
    Safeguard(
        name="released-is-never-sent",
        taken_away="a leg whose reservation was given back can still be sent",
        edits=(Edit(_CALLS, "        case _ if row.released:\n", "        case _ if row is None:\n"),),
        tests=(f"{_OF_CALLS}::test_a_released_leg_is_never_sent",),
    ),
    Safeguard(
        name="paid-is-never-sent",
        taken_away="a leg that is paid is sent again when it is asked for again",
        edits=(
            Edit(
                _CALLS,
                "settled = _settled(before) or self._key_expired(before)",
                "settled = self._key_expired(before)",
            ),
        ),
        tests=(f"{_OF_CALLS}::test_a_leg_that_is_paid_is_not_sent_again",),
    ),
    Safeguard(
        name="refused-connection-proves-one-call",
        taken_away="a refused connection makes a leg whose first answer was lost look as if it was never sent",
        edits=(
            Edit(
                _CALLS,
                '            change["sent_at"] = before.sent_at\n',
                '            change["sent_at"] = None\n',
            ),
        ),
        tests=(f"{_OF_CALLS}::test_a_refused_connection_after_a_lost_answer_proves_nothing",),
    ),
    Safeguard(
        name="one-try-a-call",
        taken_away="the engine repeats a provider's call by itself",
        edits=(
            Edit(
                "workflows/options.py",
                "PROVIDER_CALL_RETRY = RetryPolicy(maximum_attempts=1)",
                "PROVIDER_CALL_RETRY = RetryPolicy(maximum_attempts=5)",
            ),
        ),
        tests=("tests/workflows/test_options.py::test_a_call_that_may_move_money_is_never_repeated_by_the_engine",),
    ),
    Safeguard(
        name="withdrawal-comes-too-late",
        taken_away="a case can be withdrawn while its money may be moving",
        edits=(
            Edit(
                "activities/reserving.py",
                "    return all(_stands_still(row) for row in legs)",
                "    return all(row.number for row in legs)",
            ),
        ),
        tests=(f"{_OF_CALLS}::test_while_the_call_is_under_way_a_withdrawal_comes_too_late",),
    ),
    Safeguard(
        name="spacing-of-a-payment",
        taken_away="two refunds of one payment follow each other faster than the provider takes them",
        edits=(
            Edit(
                "domain/rails.py",
                "        return max(0, ceil((last_sent_at - now).total_seconds() + self.spacing_s))",
                "        return max(0, ceil((last_sent_at - now).total_seconds()))",
            ),
        ),
        tests=(
            "tests/domain/test_rails.py::test_the_next_refund_of_a_payment_waits_out_the_spacing",
            "tests/activities/test_destinations.py"
            "::TestSending::test_refunds_of_one_payment_keep_their_distance_across_cases",
        ),
    ),
)
