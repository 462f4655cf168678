"""What keeps money from moving too easily: ceilings, four eyes, claims, budgets, the breaker."""

from __future__ import annotations

from typing import Final

from bench.safeguards.safeguard import Edit, Safeguard

_APPROVING: Final = "activities/approving.py"
_DECISIONS: Final = "activities/decisions.py"
_ROWS: Final = "storage/rows/ceilings.py"
_BUDGETS: Final = "storage/rows/budgets.py"
_OF_APPROVING: Final = "tests/activities/test_approving.py"
_ONE_PAIR: Final = "tests/activities/test_one_pair_of_hands.py"
_OF_BUDGETS: Final = "tests/storage/rows/test_budgets.py"
_OF_DESTINATIONS: Final = "tests/activities/test_destinations.py::TestLargeAmounts"

CEILINGS: Final = (
    Safeguard(
        name="ceiling-of-a-role",
        taken_away="an agent approves any amount",
        edits=(Edit(_APPROVING, "    if bounds.amount.minor > limit:\n", "    if limit < 0:\n"),),
        tests=(f"{_OF_APPROVING}::TestCeilings::test_above_a_roles_ceiling_it_is_told_the_limit_and_who_may",),
    ),
    Safeguard(
        name="part-that-was-named",
        taken_away="an approval that names a part pays the whole",
        edits=(
            Edit(
                _DECISIONS,
                "grant = _part_of(file, order, as_asked(file), decision)",
                "grant = as_asked(file)\n    if decision.kind is DecisionKind.APPROVE_PART:\n"
                "        grant = _part_of(file, order, grant, decision)",
            ),
        ),
        tests=("tests/activities/test_decisions.py::test_an_approval_that_names_a_part_never_pays_the_whole",),
    ),
    Safeguard(
        name="customers-in-line",
        taken_away="two cases of one customer are granted side by side, each unseen by the other",
        edits=(
            Edit(_ROWS, '        if self._connection.dialect.name == "postgresql":\n', "        if not customer_id:\n"),
        ),
        tests=(f"{_OF_APPROVING}::TestAtOnce::test_cases_approved_at_once_never_pass_the_customers_ceiling",),
        on_postgres=True,
    ),
    Safeguard(
        name="two-people",
        taken_away="one person's word moves any amount",
        edits=(Edit(_APPROVING, "    if not bounds.takes_two:\n", "    if bounds.ceilings:\n"),),
        tests=(
            f"{_OF_APPROVING}::TestFourEyes::test_the_first_of_two_approvals_moves_no_money_and_waits_for_another_person",
        ),
    ),
    Safeguard(
        name="two-different-people",
        taken_away="one person approves twice",
        edits=(
            Edit(
                _APPROVING,
                "    if any(same_person(actor, each.actor) for each in given):\n",
                "    if actor in given:\n",
            ),
        ),
        tests=(
            f"{_OF_APPROVING}::TestFourEyes::test_nobody_approves_twice",
            f"{_OF_APPROVING}::TestAtOnce::test_one_person_many_times_at_once_is_one_approval",
        ),
    ),
    Safeguard(
        name="not-who-entered-it",
        taken_away="who entered the case is one of the two",
        edits=(Edit(_APPROVING, "    if same_person(actor, file.row.entered_by):\n", "    if not actor:\n"),),
        tests=(f"{_OF_APPROVING}::TestFourEyes::test_who_entered_the_case_is_neither_of_the_two",),
    ),
    Safeguard(
        name="not-who-named-the-destination",
        taken_away="who named the destination for the customer approves it",
        edits=(
            Edit(_APPROVING, "    if named and same_person(actor, named.actor):\n", "    if named and not actor:\n"),
        ),
        tests=(
            f"{_OF_DESTINATIONS}::test_who_named_the_destination_for_the_customer_does_not_approve_it",
            f"{_ONE_PAIR}::TestDestinationsNamedByTheStaff::test_it_waits_for_somebody_else",
        ),
    ),
    Safeguard(
        name="approval-of-this-amount-and-destination",
        taken_away="an approval counts for whatever amount and destination it has become",
        edits=(
            Edit(
                _APPROVING,
                "    return tuple(each for each in file.approvals if (each.amount, each.destination) == intended)\n",
                "    return tuple(each for each in file.approvals if intended)\n",
            ),
        ),
        tests=(
            f"{_OF_APPROVING}::TestWhatVoids::test_another_amount_voids_the_first_approval_and_counts_as_the_first",
            f"{_OF_DESTINATIONS}::test_approvals_of_the_old_way_count_nothing_for_the_new_one",
        ),
    ),
    Safeguard(
        name="login-of-the-last-minutes",
        taken_away="a login of this morning approves the largest amounts",
        edits=(Edit(_APPROVING, "    _check_login(file, proof)\n", ""),),
        tests=(
            f"{_OF_APPROVING}::TestFreshLogin::test_a_login_of_long_ago_approves_nothing_that_takes_two",
            f"{_OF_APPROVING}::TestFreshLogin"
            "::test_an_account_of_ours_without_a_moment_of_its_login_counts_as_long_ago",
        ),
    ),
    Safeguard(
        name="chargeback-blocks-people-too",
        taken_away="a reviewer refunds what the bank takes back already",
        edits=(
            Edit(
                _APPROVING, "    if await file.unit.chargeback_open(order.order_id):\n", "    if not order.order_id:\n"
            ),
        ),
        tests=(f"{_OF_APPROVING}::TestChargebacks::test_beside_an_open_chargeback_nobody_approves",),
    ),
    Safeguard(
        name="claim",
        taken_away="two agents decide one case at once",
        edits=(Edit(_DECISIONS, "    refuse_claimed(file, proof.actor)\n", ""),),
        tests=("tests/activities/test_claiming.py::test_meanwhile_nobody_else_claims_or_decides_it",),
    ),
    Safeguard(
        name="override-with-a-reason",
        taken_away="the policy's advice is passed over in silence",
        edits=(Edit(_DECISIONS, "    _mark_an_override(file, decision)\n", ""),),
        tests=("tests/activities/test_decisions.py::TestOverriding::test_who_decides_otherwise_says_why",),
    ),
    Safeguard(
        name="budgets",
        taken_away="the rules approve without end",
        edits=(
            Edit(
                _BUDGETS,
                "            if await self._add(spending, part) > part.ceiling:\n",
                "            if await self._add(spending, part) < 0:\n",
            ),
        ),
        tests=(
            f"{_OF_BUDGETS}::test_fifty_approvals_at_once_never_pass_a_ceiling",
            "tests/activities/test_concurrency.py::test_fifty_automatic_approvals_at_once_never_pass_a_ceiling",
        ),
    ),
    Safeguard(
        name="breaker",
        taken_away="the rules go on approving while refunds or failures jump",
        edits=(Edit(_BUDGETS, "        if broken is None:\n", "        if broken is None or broken:\n"),),
        tests=(
            f"{_OF_BUDGETS}::test_a_jump_of_the_refund_rate_stops_the_rules_once_and_says_why",
            f"{_OF_BUDGETS}::test_when_half_of_the_providers_calls_fail_the_rules_stop",
        ),
    ),
)
