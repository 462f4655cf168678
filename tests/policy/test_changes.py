"""What would have changed the outcome: each time one fact, and always true."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from hypothesis import given
from hypothesis import strategies as st

from activities.gates import Gates
from activities.rulings import APPROVALS, Action, Change, Facts, Goods, Listed, Ruling
from aftersales.contract.values import Reason
from policy.changes import FINAL_SALE, MOST, OTHER_APPLICATION, what_would_change, with_fact
from tests.fakes.policy import NO_LIMITS
from tests.policy.cases import any_case, facts
from tests.support.assessed import packaged


def changes(known: Facts) -> tuple[Change, ...]:
    return packaged().changes(known, packaged().rule(known))


def meant(known: Facts, change: Change) -> object:
    """The value that a change names, of its fact's own type."""
    if change.fact == FINAL_SALE:
        return change.otherwise == "true"
    value: object = Facts.model_validate({**dict(known), change.fact: change.otherwise}).model_dump()[change.fact]
    return value


def below(bound: int, asked: list[int] | None = None) -> Callable[[Facts], Ruling]:
    """A rule that approves up to a bound."""

    def rule(known: Facts) -> Ruling:
        if asked is not None:
            asked.append(known.amount_minor)
        action = Action.APPROVE if known.amount_minor <= bound else Action.REVIEW
        return Ruling(action=action, row=action.value, reason_code="test")

    return rule


@given(any_case())
def test_each_change_leads_to_the_action_and_row_that_it_names(known: Facts) -> None:
    now = packaged().rule(known).action
    for change in changes(known):
        other = packaged().rule(with_fact(known, change.fact, meant(known, change)))
        assert (other.action, other.row) == (change.action, change.row)
        assert change.action is not now
        assert change.now != change.otherwise


@given(any_case(), st.integers(0, 120_000), st.sampled_from([(), ("day_budget",)]), st.integers(-500, 500))
def test_with_the_gates_each_change_leads_to_what_would_really_have_been_done(
    known: Facts, ceiling: int, held: tuple[str, ...], besides_minor: int
) -> None:
    gates = Gates(NO_LIMITS.model_copy(update={"automatic_case": ceiling}), held, besides_minor)
    present = gates.done(known, packaged().rule(known).action)
    for change in packaged().changes(known, packaged().rule(known), gates):
        otherwise = with_fact(known, change.fact, meant(known, change))
        other = packaged().rule(otherwise)
        assert (gates.done(otherwise, other.action), other.row) == (change.action, change.row)
        assert change.action is not present


def test_what_only_its_ceiling_held_back_would_have_been_approved_up_to_it() -> None:
    gates = Gates(NO_LIMITS.model_copy(update={"automatic_case": 5000}), ("automatic_ceiling",), besides_minor=600)
    found = packaged().changes(facts(), packaged().rule(facts()), gates)
    assert Change(fact="amount_minor", now="9990", otherwise="4400", action=Action.APPROVE, row="fault_shown") in found
    assert Action.REVIEW not in {change.action for change in found}, "that is what was done"


def test_while_the_breaker_is_open_no_fact_would_have_led_to_an_approval() -> None:
    found = packaged().changes(facts(), packaged().rule(facts()), Gates(NO_LIMITS, ("breaker_open",)))
    assert found
    assert not APPROVALS & {change.action for change in found}


@given(any_case())
def test_looking_quickly_first_leaves_none_out(known: Facts) -> None:
    ruling = packaged().rule(known)
    thorough = what_would_change(packaged().rule, packaged().boundaries, known, ruling)
    quick = packaged().changes(known, ruling)
    assert len(quick) == len(thorough)
    assert len(quick) == MOST or set(quick) == set(thorough)


@given(any_case())
def test_there_are_at_most_six_and_none_that_makes_it_another_application(known: Facts) -> None:
    found = changes(known)
    assert len(found) <= MOST
    assert not OTHER_APPLICATION & {change.fact for change in found}
    assert len({(change.fact, change.action) for change in found}) == len(found)


def test_the_nearest_amount_that_is_approved_is_named() -> None:
    assert Change(
        fact="amount_minor", now="25000", otherwise="20000", action=Action.APPROVE, row="fault_shown"
    ) in changes(facts(amount_minor=25_000))


def test_a_picture_would_have_been_enough_and_is_itself_a_piece_of_evidence() -> None:
    found = changes(facts(evidence_count=0, picture_count=0))
    assert ("picture_count", "1", Action.APPROVE) in [(each.fact, each.otherwise, each.action) for each in found]


def test_the_last_day_of_a_window_that_has_closed_is_named() -> None:
    declared = {"goods_back": True, "unused": True, "packaging_intact": True}
    late = facts(reason=Reason.CHANGED_MIND, days_since_delivery=12, **declared)
    assert ("days_since_delivery", "12", "7", Action.APPROVE) in [
        (each.fact, each.now, each.otherwise, each.action) for each in changes(late)
    ]


def test_goods_of_a_final_sale_would_have_gone_on_otherwise() -> None:
    sold = facts(reason=Reason.CHANGED_MIND, goods=(Goods(category="gifts", final_sale=True),))
    assert ("final_sale", "true", "false") in [(each.fact, each.now, each.otherwise) for each in changes(sold)]


def test_of_a_closed_list_every_other_value_is_tried() -> None:
    found = changes(facts(listed=Listed.BLOCK))
    assert {(each.fact, each.action) for each in found} == {("listed", Action.APPROVE)}


def test_what_no_table_asks_for_is_not_tried() -> None:
    tried: list[int] = []
    rule = below(100, tried)
    known = facts(amount_minor=500)
    inputs: Mapping[str, tuple[object, ...]] = {"currency": ("EUR",), "category": ("gifts",), "nothing_of_ours": (1,)}
    assert what_would_change(rule, inputs, known, rule(known)) == ()
    assert tried == [500]


def test_an_amount_of_nothing_is_no_application() -> None:
    rule = below(-1)
    known = facts(amount_minor=2)
    assert what_would_change(rule, {"amount_minor": (-1, 0)}, known, rule(known)) == ()
