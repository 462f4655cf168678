"""What keeps people honest and their details secret: proofs, four eyes, destinations, encryption."""

from __future__ import annotations

from typing import Final

from bench.safeguards.safeguard import Edit, Safeguard

_SPEAKERS: Final = "activities/speakers.py"
_LISTENING: Final = "activities/listening.py"
_DESTINATIONS: Final = "activities/destinations.py"
_OF_LISTENING: Final = "tests/activities/test_listening.py"
_OF_DESTINATIONS: Final = "tests/activities/test_destinations.py"

PEOPLE: Final = (
    Safeguard(
        name="proof-of-a-message",
        taken_away="whoever can send a message to a case may sign it with any name",
        edits=(
            Edit(
                "client/aftersales/proof.py",
                "if key is None or not hmac.compare_digest(_mac(key, claim), proof.mac):",
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
        edits=(Edit("activities/by_hand.py", "    if by.name == row.paid_by:\n", "    if not by.name:\n"),),
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
)
