"""What keeps people honest and their details secret: proofs, four eyes, destinations, encryption."""

from __future__ import annotations

from textwrap import indent
from typing import Final

from bench.safeguards.safeguard import Edit, Safeguard

_SPEAKERS: Final = "activities/speakers.py"
_LISTENING: Final = "activities/listening.py"
_DESTINATIONS: Final = "activities/destinations.py"
_LOGINS: Final = "storage/logins.py"
_COUNTED: Final = (
    "        async with self._transactions.begin() as connection:\n"
    "            for whose in sorted(allowances):\n"
    "                await _count(connection, whose, allowances[whose], at)\n"
)
_OF_STAFF: Final = "tests/activities/test_staff_proofs.py"
_OF_LOGINS: Final = "tests/storage/test_logins.py"
_OF_LISTENING: Final = "tests/activities/test_listening.py"
_OF_DESTINATIONS: Final = "tests/activities/test_destinations.py"

PEOPLE: Final = (
    Safeguard(
        name="destination-named-by-the-staff",
        taken_away="one of the staff sends a small refund to an account of their own",
        edits=(Edit(_DESTINATIONS, "_by_the_staff(choice) or ", ""),),
        tests=(
            "tests/activities/test_one_pair_of_hands.py"
            "::TestDestinationsNamedByTheStaff::test_it_waits_for_somebody_else",
        ),
    ),
    Safeguard(
        name="by-hand-beside-a-chargeback",
        taken_away="finance pays by hand what the bank takes back already",
        edits=(Edit("activities/by_hand.py", "    await refuse_disputed(file, await order_of(file))\n", ""),),
        tests=(
            "tests/activities/test_by_hand.py::test_beside_a_chargeback_nothing_is_paid_by_hand_and_the_list_says_so",
        ),
    ),
    Safeguard(
        name="no-account-asked-for-beside-a-chargeback",
        taken_away="a customer whose bank takes the payment back is asked for another account",
        edits=(
            Edit(
                "activities/settling.py",
                "    if dispute is not None:\n",
                "    if dispute is not None and not elsewhere:\n",
            ),
        ),
        tests=(
            "tests/activities/test_chargebacks.py"
            "::test_of_a_way_that_closes_beside_a_dispute_finance_hears_and_no_customer_is_asked_for_another",
        ),
    ),
    Safeguard(
        name="guesses-of-a-guests-contact",
        taken_away="a guest's telephone number is found by trying all of them",
        edits=(Edit("activities/intake.py", "return order if guesses < MOST_GUESSES else None", "return order"),),
        tests=(
            "tests/activities/test_eligibility.py"
            "::test_after_many_guesses_the_right_contact_opens_nothing_either_for_a_day",
        ),
    ),
    Safeguard(
        name="evidence-of-other-people",
        taken_away="whoever knows the hash of somebody else's photo has a photo",
        edits=(Edit("storage/rows/evidence.py", "or_(EVIDENCE.c.number == number, ", 'or_(EVIDENCE.c.number != "", '),),
        tests=("tests/storage/rows/test_journals.py::test_evidence_of_other_people_is_not_known_by_its_hash",),
    ),
    Safeguard(
        name="evidence-before-its-check",
        taken_away="an agent is handed a file that nothing has scanned",
        edits=(Edit("portal/evidence.py", "    PieceState.UNCHECKED: BEING_CHECKED,\n", ""),),
        tests=("tests/portal/test_evidence.py::test_nothing_is_handed_out_before_its_first_check",),
    ),
    Safeguard(
        name="proof-of-a-message",
        taken_away="whoever can send a message to a case may sign it with any name",
        edits=(
            Edit(
                "client/aftersales/proof.py",
                "if key is None or not is_one_line or not hmac.compare_digest(_mac(key, claim), proof.mac):",
                "if key is None or not claim:",
            ),
        ),
        tests=(
            f"{_OF_LISTENING}::test_a_forged_decision_changes_nothing_and_does_not_use_up_the_real_ones_nonce",
            f"{_OF_LISTENING}::test_a_changed_body_voids_the_proof",
            f"{_OF_LISTENING}::test_a_proof_for_one_case_says_nothing_to_another",
        ),
    ),
    Safeguard(
        name="message-counts-once",
        taken_away="a message that was recorded can be sent again",
        edits=(
            Edit(
                _LISTENING,
                "    if not await file.unit.hear(_heard(step, proof, None)):\n",
                "    if await file.unit.hear(_heard(step, proof, None)) is None:\n",
            ),
        ),
        tests=(f"{_OF_LISTENING}::test_the_same_message_again_is_heard_once",),
    ),
    Safeguard(
        name="roles-that-decide",
        taken_away="every role may say everything",
        edits=(Edit(_SPEAKERS, "    if proof.role not in allowed:\n", "    if not allowed:\n"),),
        tests=("tests/activities/test_decisions.py::test_who_may_not_decide_decides_nothing",),
    ),
    Safeguard(
        name="role-held-now",
        taken_away="whoever held a role when they logged in goes on deciding when it is taken away",
        edits=(
            Edit(
                _SPEAKERS,
                "    if keyring.vouches_for_staff(proof) and not await holders.holds_role(proof.actor, proof.role):\n",
                "    if keyring.vouches_for_staff(proof) and not proof.actor:\n",
            ),
        ),
        tests=(
            f"{_OF_STAFF}::test_a_proof_of_the_signing_service_counts_while_the_role_is_held",
            f"{_OF_STAFF}::test_what_a_revoked_role_says_changes_nothing_and_is_recorded_with_their_name",
        ),
    ),
    Safeguard(
        name="try-counted-before-password",
        taken_away="a try is counted once its password was found wrong, so that whoever must wait goes on guessing",
        edits=(
            Edit(_LOGINS, _COUNTED, ""),
            Edit(_LOGINS, "        if login is None:\n", f"        if login is None:\n{indent(_COUNTED, '    ')}"),
        ),
        tests=(
            f"{_OF_LOGINS}::test_an_accounts_waits_grow_up_to_five_minutes_whoever_tries",
            f"{_OF_LOGINS}::test_an_address_that_fails_waits_whatever_names_it_tries",
        ),
    ),
    Safeguard(
        name="second-factor-of-a-guest",
        taken_away="a guest's order is anybody's who knows its number",
        edits=(
            Edit("activities/eligibility.py", "    return order if any(matches) else None\n", "    return order\n"),
        ),
        tests=(
            "tests/activities/test_eligibility.py::test_a_guest_who_does_not_is_answered_as_if_there_were_no_such_order",
        ),
    ),
    Safeguard(
        name="own-case",
        taken_away="a customer speaks for another one's case",
        edits=(
            Edit(
                _SPEAKERS,
                "    if proof.role is Role.CUSTOMER and proof.actor != case.start.application.customer_id:\n",
                "    if proof.role is Role.CUSTOMER and not proof.actor:\n",
            ),
        ),
        tests=(f"{_OF_LISTENING}::test_nobody_speaks_for_another_customer",),
    ),
    Safeguard(
        name="destination-of-this-case",
        taken_away="the destination that another customer named is taken",
        edits=(
            Edit(
                _DESTINATIONS,
                "kept is None or kept.number != file.row.number or",
                "kept is None or",
            ),
        ),
        tests=(f"{_OF_DESTINATIONS}::test_a_destination_that_is_not_this_cases_is_refused",),
    ),
    Safeguard(
        name="disputed-never-goes-elsewhere",
        taken_away="a leg that failed for a dispute is paid to another destination, too",
        edits=(
            Edit(
                "activities/reserving.py",
                "    return [row for row in failed_legs(file) if row.leg.elsewhere]",
                "    return failed_legs(file)",
            ),
        ),
        tests=(f"{_OF_DESTINATIONS}::test_a_payment_in_dispute_never_goes_elsewhere",),
    ),
    Safeguard(
        name="four-eyes",
        taken_away="one finance person pays by hand and confirms it, too",
        edits=(Edit("activities/by_hand.py", "    if same_person(by.name, row.paid_by):\n", "    if not by.name:\n"),),
        tests=("tests/activities/test_by_hand.py::test_nobody_looks_at_their_own_payment",),
    ),
    Safeguard(
        name="four-eyes-of-the-database",
        taken_away="the database takes a payment by hand that one person paid and confirmed",
        edits=(
            Edit(
                "storage/migrations/versions/0003_stored_value.py",
                "\"confirmed_by = '' OR confirmed_by <> paid_by\"",
                "\"confirmed_by = '' OR paid_by <> ''\"",
            ),
        ),
        tests=("tests/storage/test_hand_payments.py::test_the_database_itself_wants_two_people",),
    ),
    Safeguard(
        name="by-hand-waits-for-two",
        taken_away="a payment by hand counts as made once it is filed",
        edits=(
            Edit(
                "storage/hand_payments.py",
                "    if payment.state is HandPaymentState.CONFIRMED:\n",
                "    if payment.state in HandPaymentState:\n",
            ),
        ),
        tests=(
            "tests/storage/test_hand_payments.py::test_a_payment_is_pending_until_the_second_person_has_confirmed_it",
        ),
    ),
    Safeguard(
        name="failures-are-encrypted",
        taken_away="the messages of failures stand in Temporal's histories in clear",
        edits=(
            Edit(
                "client/aftersales/encryption.py",
                "        failure_converter_class=DefaultFailureConverterWithEncodedAttributes,\n",
                "",
            ),
        ),
        tests=(
            "tests/client/test_encryption.py"
            "::test_a_failure_keeps_type_and_details_for_the_caller_and_shows_no_message",
        ),
    ),
    Safeguard(
        name="payloads-are-encrypted",
        taken_away="what customers write stands in Temporal's histories in clear",
        edits=(
            Edit(
                "client/aftersales/encryption.py",
                "        return [self._seal(payload) for payload in payloads] if self._seals else list(payloads)",
                "        return list(payloads)",
            ),
        ),
        tests=("tests/client/test_encryption.py::test_the_whole_payload_is_sealed_and_only_the_keys_id_is_readable",),
    ),
    Safeguard(
        name="destinations-are-sealed",
        taken_away="account numbers stand in the database in clear",
        edits=(
            Edit(
                "storage/payees.py",
                "        key_id, sealed = self._vault.lock(details.model_dump_json().encode(), payee.token)",
                '        key_id, sealed = "", details.model_dump_json().encode()',
            ),
        ),
        tests=("tests/storage/test_payees.py::test_neither_table_nor_printed_form_shows_account_or_holder",),
    ),
    Safeguard(
        name="seal-of-its-place",
        taken_away="a sealed destination opens in another row, too",
        edits=(
            Edit(
                "integrations/vault.py",
                '    return f"payee details: {place}".encode()',
                '    return b"payee details: " + place.encode()[:0]',
            ),
        ),
        tests=("tests/storage/test_payees.py::test_a_row_whose_name_was_changed_does_not_open",),
    ),
    Safeguard(
        name="letters-that-were-overtaken",
        taken_away="what became untrue is told all the same",
        edits=(
            Edit(
                "integrations/letters/overtaken.py",
                "return not _HOLDS[order.stage](Now(order, case, legs))",
                "return order.stage not in _HOLDS",
            ),
        ),
        tests=(
            "tests/integrations/letters/test_overtaken.py::test_each_letter_is_written_in_the_statuses_in_which_it_is_true",
        ),
    ),
)
