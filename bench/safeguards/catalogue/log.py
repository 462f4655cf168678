"""What makes the operations log believable: one chain a case, its hashes, its end, its seals, nobody's name in it."""

from __future__ import annotations

from typing import Final

from bench.safeguards.safeguard import Edit, Safeguard

_AUDIT: Final = "storage/audit.py"
_ROWS: Final = "storage/rows/audit.py"
_SEALS: Final = "integrations/seals.py"
_OF_CHAINS: Final = "tests/storage/test_audit.py"
_OF_ROWS: Final = "tests/storage/rows/test_audit.py"
_OF_SEALS: Final = "tests/integrations/test_seals.py"

LOG: Final = (
    Safeguard(
        name="content-of-a-log-entry",
        taken_away="an entry's content is not compared with its hash",
        edits=(
            Edit(
                _AUDIT,
                "if row[_HASH] != entry_hash(last.hash, row):",
                "if not entry_hash(last.hash, row):",
            ),
        ),
        tests=(
            f"{_OF_CHAINS}::test_any_changed_column_of_any_entry_is_found_there",
            f"{_OF_CHAINS}::test_another_cases_entry_is_found_where_it_was_put",
        ),
    ),
    Safeguard(
        name="seal-of-a-log",
        taken_away="what seals have of a chain is not looked at",
        edits=(
            Edit(
                _AUDIT,
                "if seq in self._sealed and self._sealed[seq].hash != row[_HASH]:",
                "if seq in self._sealed and not row[_HASH]:",
            ),
        ),
        tests=(f"{_OF_CHAINS}::test_a_chain_written_anew_with_its_record_is_found_at_the_next_seal",),
    ),
    Safeguard(
        name="seal-is-written-once",
        taken_away="a day's seal can be written over",
        edits=(Edit(_SEALS, 'mode="create"', 'mode="overwrite"'),),
        tests=(f"{_OF_SEALS}::test_a_days_seal_is_written_once",),
    ),
    Safeguard(
        name="signature-of-a-seal",
        taken_away="a seal may be signed with any secret",
        edits=(
            Edit(
                _SEALS,
                'not hmac.compare_digest(mac.encode(errors="replace"), ours.encode()):',
                "not mac + ours:",
            ),
        ),
        tests=(f"{_OF_SEALS}::test_a_seal_written_anew_without_our_key_is_found",),
    ),
    Safeguard(
        name="seal-of-our-own",
        taken_away="what somebody else put where the day's seal belongs is taken for it",
        edits=(Edit(_SEALS, "if self._keys and seal.key_id not in self._keys:", "if not seal.day:"),),
        tests=(f"{_OF_SEALS}::test_nothing_of_a_seal_counts_that_somebody_wrote_before_us",),
    ),
    Safeguard(
        name="name-behind-a-pseudonym",
        taken_away="who did something can be taken out of the log, though nobody erased them",
        edits=(
            Edit(
                "storage/audit_checks.py",
                "gone = await without_names(connection, people) - self._told",
                "gone = self._told - self._told",
            ),
        ),
        tests=("tests/storage/test_audit_checks.py::test_a_name_that_is_gone_is_found_unless_somebody_was_erased",),
    ),
    Safeguard(
        name="nobody-in-the-chain",
        taken_away="people and what they wrote stand in the chain itself, where nobody can erase them",
        edits=(
            Edit(
                "storage/people.py",
                'Veiled(_with(entry, named, words.digest if words else ""), words)',
                "Veiled(entry, words if named else None)",
            ),
        ),
        tests=(f"{_OF_ROWS}::test_no_row_of_the_chain_holds_a_person_or_their_words",),
    ),
    Safeguard(
        name="end-of-a-log-on-postgresql",
        taken_away="two units append to one chain at once",
        edits=(
            Edit(
                _ROWS,
                '.where(AUDIT_HEADS.c.number == bindparam("number")).with_for_update()',
                '.where(AUDIT_HEADS.c.number == bindparam("number"))',
            ),
        ),
        tests=(
            f"{_OF_ROWS}::test_a_log_that_is_about_no_case_can_be_begun_by_two_at_once",
            "tests/storage/test_concurrency.py::test_appends_to_one_case_at_once_make_one_unbroken_chain",
        ),
        on_postgres=True,
    ),
)
