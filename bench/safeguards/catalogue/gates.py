"""What holds an approval by rule back, whatever the tables say: then a person decides."""

from __future__ import annotations

from typing import Final

from bench.safeguards.safeguard import Edit, Safeguard

_GATES: Final = "activities/gates.py"
_OF_GATES: Final = "tests/activities/test_gates.py"
_UP_TO_ITS_CEILING: Final = (
    f"{_OF_GATES}::test_a_refund_up_to_its_ceiling_is_approved_by_rule_and_one_above_goes_to_a_person"
)

GATES: Final = (
    Safeguard(
        name="source-down-is-no-approval",
        taken_away="what another system did not answer is taken for a yes",
        edits=(Edit(_GATES, "        Held.SOURCE_DOWN: facts.source_down,\n", ""),),
        tests=(f"{_OF_GATES}::test_a_source_that_is_down_is_not_an_approval",),
    ),
    Safeguard(
        name="unknown-risk-is-no-approval",
        taken_away="risk that could not be told is taken for low",
        edits=(Edit(_GATES, "        Held.RISK_UNKNOWN: facts.risk_level is RiskLevel.UNKNOWN,\n", ""),),
        tests=(f"{_OF_GATES}::test_a_source_that_is_down_is_not_an_approval",),
    ),
    Safeguard(
        name="high-risk-goes-to-a-person",
        taken_away="the rules approve at high risk",
        edits=(Edit(_GATES, "        Held.RISK_HIGH: facts.risk_level is RiskLevel.HIGH,\n", ""),),
        tests=(f"{_OF_GATES}::test_high_risk_goes_to_a_person_with_the_parts_of_its_score",),
    ),
    Safeguard(
        name="chargeback-blocks-the-rules",
        taken_away="the rules refund what the bank takes back already",
        edits=(Edit(_GATES, "        Held.CHARGEBACK_OPEN: facts.chargeback_open,\n", ""),),
        tests=(f"{_OF_GATES}::test_a_payment_that_is_disputed_is_not_refunded_by_rule",),
    ),
    Safeguard(
        name="ceiling-of-the-rules",
        taken_away="the rules approve any amount",
        edits=(
            Edit(
                _GATES,
                "    above = [Held.AUTOMATIC_CEILING] if amount_minor > ceilings.automatic_case else []\n",
                "    above = list[Held]()\n",
            ),
        ),
        tests=(f"{_OF_GATES}::test_every_reason_is_told_at_once",),
    ),
    Safeguard(
        name="four-eyes-stop-the-rules",
        taken_away="the rules approve what takes two people",
        edits=(
            Edit(
                _GATES,
                "    return [*above, Held.FOUR_EYES] if amount_minor >= ceilings.four_eyes else above\n",
                "    return above\n",
            ),
        ),
        tests=(f"{_OF_GATES}::test_from_four_eyes_on_no_rule_approves",),
    ),
    Safeguard(
        name="what-was-granted-counts",
        taken_away="the rules look at each case by itself, whatever the customer and the order got before",
        edits=(
            Edit(
                _GATES,
                "    held += await _by_what_was_granted(file, order, amounts.total.minor, ceilings)\n",
                "",
            ),
        ),
        tests=(
            f"{_UP_TO_ITS_CEILING}[sqlite-customer_period-customer_ceiling]",
            f"{_UP_TO_ITS_CEILING}[sqlite-order-order_ceiling]",
        ),
    ),
    Safeguard(
        name="budgets-are-spent",
        taken_away="an approval by rule counts against no budget",
        edits=(
            Edit(
                _GATES,
                "    over = await file.unit.spend(_spending(file, order, amounts), ceilings)\n",
                "    over = None\n",
            ),
        ),
        tests=(f"{_OF_GATES}::test_a_budget_is_a_days",),
    ),
    Safeguard(
        name="open-breaker-stops-the-rules",
        taken_away="the breaker is open and the rules go on",
        edits=(
            Edit(
                _GATES,
                "    if (await file.unit.breaker(file.now, policy.breaking)).open:\n",
                "    if policy.breaking is None:\n",
            ),
        ),
        tests=(f"{_OF_GATES}::test_an_open_breaker_stops_the_rules_and_names_itself",),
    ),
    Safeguard(
        name="budgets-are-given-back",
        taken_away="what was withdrawn uses the budgets of its day up",
        edits=(Edit("activities/casefile.py", "        await self._give_budgets_back()\n", ""),),
        tests=(f"{_OF_GATES}::test_what_a_withdrawn_case_took_of_the_budgets_is_other_cases_to_use",),
    ),
    Safeguard(
        name="budgets-are-given-back-once",
        taken_away="each time it is said again, a budget grows by what was not paid",
        edits=(
            Edit(
                "storage/rows/budgets.py", "            if kept != use.kept:\n", "            if kept != use.minor:\n"
            ),
            Edit("storage/rows/budgets.py", '{"more": kept - use.kept, ', '{"more": kept - use.minor, '),
        ),
        tests=(
            "tests/storage/rows/test_budgets.py::test_what_is_not_paid_is_given_back_once_however_often_it_is_said",
        ),
    ),
    Safeguard(
        name="what-would-change-goes-through-the-gates",
        taken_away="an explanation says what the tables would have said, whatever would have been done",
        edits=(
            Edit(
                "policy/changes.py",
                "    present = gates.done(facts, ruling.action)\n",
                "    present = ruling.action\n",
            ),
        ),
        tests=("tests/policy/test_changes.py::test_what_only_its_ceiling_held_back_would_have_been_approved_up_to_it",),
    ),
)
