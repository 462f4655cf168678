"""What keeps a slip of the pen from deciding about money: cells, tables, versions and the two people behind them."""

from __future__ import annotations

from typing import Final

from bench.safeguards.safeguard import Edit, Safeguard

_CELLS: Final = "policy/cells.py"
_CHECKS: Final = "policy/checks.py"
_SHELF: Final = "policy/shelf.py"
_STORE: Final = "storage/policies.py"
_OF_SLIPS: Final = "tests/policy/test_typing_errors.py"
_OF_LOADING: Final = "tests/policy/test_refused_at_load.py"
_OF_SHELF: Final = "tests/policy/test_shelf.py"
_OF_STORE: Final = "tests/storage/test_policies.py"

POLICIES: Final = (
    Safeguard(
        name="words-of-closed-lists",
        taken_away="a cell may name a word that nobody knows, which then never holds",
        edits=(
            Edit(
                _CELLS,
                "unknown = [text for text in named if text not in prop.words]",
                "unknown = [text for text in named if not text]",
            ),
        ),
        tests=(f"{_OF_LOADING}::test_a_table_that_decides_otherwise_than_it_reads_is_refused",),
    ),
    Safeguard(
        name="form-of-a-cell",
        taken_away="whatever compiles may stand in a cell",
        edits=(Edit(_CELLS, "if forms[type_].fullmatch(cell):", "if forms[type_]:"),),
        tests=(f"{_OF_SLIPS}::test_whatever_is_typed_into_a_condition_is_refused_or_means_what_it_says",),
    ),
    Safeguard(
        name="row-for-everything-asks-a-person",
        taken_away="the last row of the decision table may approve",
        edits=(
            Edit(
                _CHECKS,
                "if column.field in sheet.otherwise and value_of(last[column.id]) != sheet.otherwise[column.field]:",
                "if column.field in sheet.otherwise and not value_of(last[column.id]):",
            ),
        ),
        tests=(f"{_OF_LOADING}::test_a_table_that_decides_otherwise_than_it_reads_is_refused",),
    ),
    Safeguard(
        name="risk-alone-rejects-nobody",
        taken_away="a row that asks for risk may reject",
        edits=(
            Edit(
                _CHECKS,
                "if column.field in _RISK_FACTS and rule[column.id]:",
                "if column.field in _RISK_FACTS and not rule[column.id]:",
            ),
        ),
        tests=(f"{_OF_LOADING}::test_a_table_that_decides_otherwise_than_it_reads_is_refused",),
    ),
    Safeguard(
        name="content-of-a-version",
        taken_away="a stored version is not compared with its hash",
        edits=(
            Edit(
                _SHELF,
                "if hashlib.sha256(content.encode()).hexdigest() != content_hash:",
                "if not hashlib.sha256(content.encode()).hexdigest():",
            ),
        ),
        tests=(f"{_OF_SHELF}::test_a_version_that_was_changed_where_it_is_kept_is_not_used",),
    ),
    Safeguard(
        name="two-people-behind-a-version",
        taken_away="whoever wrote a version may publish it",
        edits=(Edit(_STORE, "if by.actor.casefold() == found.author.casefold():", "if not found.author:"),),
        tests=(f"{_OF_STORE}::test_an_author_cannot_publish_their_own_version",),
    ),
    Safeguard(
        name="no-version-from-the-past",
        taken_away="a version may be in force from a moment that is past",
        edits=(Edit(_STORE, "if moment < now:", "if not moment:"),),
        tests=(f"{_OF_STORE}::test_a_version_is_never_in_force_from_a_moment_that_is_past",),
    ),
    Safeguard(
        name="one-column-for-a-fact",
        taken_away="two columns may ask for one fact, of which our own reading of the table knows the last",
        edits=(Edit(_CHECKS, "        if column.field in asked:\n", "        if not column.field:\n"),),
        tests=(f"{_OF_LOADING}::test_a_table_that_decides_otherwise_than_it_reads_is_refused",),
    ),
    Safeguard(
        name="refused-acts-on-versions-are-logged",
        taken_away="who tried to publish their own version leaves no trace",
        edits=(Edit(_STORE, "            if error.code in FOR_WHO_ASKS:\n", "            if not error.code:\n"),),
        tests=(f"{_OF_STORE}::test_an_author_cannot_publish_their_own_version",),
    ),
    Safeguard(
        name="role-of-an-account-at-that-moment",
        taken_away="an account acts on the policy by a role that was taken away",
        edits=(
            Edit(
                "storage/policy_log.py",
                "    if by.account and not await StaffRows(connection).holds_role(by.actor, by.role):\n",
                "    if not by.actor:\n",
            ),
        ),
        tests=(f"{_OF_STORE}::test_an_account_of_ours_must_hold_the_role_at_that_moment",),
    ),
)
