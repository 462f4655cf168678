"""Random faults: the same seed gives the same run, whatever the order in which calls arrive."""

from pathlib import Path

import pytest

from sandbox.faults import Fault, FaultDesk, RandomFaults, ScriptedFault
from sandbox.store import Store

PATH = "/v1/refunds"
LEGS = [f"leg-{number}" for number in range(40)]


def desk(**random: object) -> FaultDesk:
    made = FaultDesk(Store(None))
    made.randomise(RandomFaults.model_validate({"rate": 0.5, "kind": "429", "seed": 1, **random}))
    return made


def met(fault: Fault) -> bool:
    return bool(fault.kinds)


def by_leg(desk: FaultDesk, legs: list[str]) -> dict[str, bool]:
    return {leg: met(desk.take("POST", PATH, leg, ())) for leg in legs}


def test_which_leg_fails_does_not_depend_on_the_order_of_arrival() -> None:
    forwards, backwards = by_leg(desk(), LEGS), by_leg(desk(), LEGS[::-1])
    assert forwards == backwards
    assert set(forwards.values()) == {True, False}


def test_a_second_try_of_a_leg_draws_by_its_own_number_and_not_by_that_of_others() -> None:
    quiet, busy = desk(), desk()
    alone = [met(quiet.take("POST", PATH, "leg-1", ())) for _ in range(20)]
    between = []
    for _ in range(20):
        between.append(met(busy.take("POST", PATH, "leg-1", ())))
        by_leg(busy, LEGS[2:6])
    assert alone == between


def test_without_a_leg_the_payment_tells_calls_apart() -> None:
    fates = {met(desk().take("POST", PATH, None, (f"ch_{number}", "pi"))) for number in range(20)}
    assert fates == {True, False}


def test_reading_and_refunding_one_leg_draw_apart() -> None:
    drawn = desk(method="*")
    posts = [met(drawn.take("POST", PATH, leg, ())) for leg in LEGS]
    gets = [met(drawn.take("GET", PATH, leg, ())) for leg in LEGS]
    assert posts != gets


@pytest.mark.parametrize(("method", "post", "get"), [("POST", True, False), ("GET", False, True), ("*", True, True)])
def test_random_faults_meet_only_the_method_they_are_for(method: str, post: bool, get: bool) -> None:
    drawn = desk(rate=1, method=method)
    assert met(drawn.take("POST", PATH, "leg-1", ())) is post
    assert met(drawn.take("GET", PATH, "leg-1", ())) is get


@pytest.mark.parametrize(("method", "post", "get"), [("POST", True, False), ("GET", False, True), ("*", True, True)])
def test_scripted_faults_meet_only_the_method_they_are_for(method: str, post: bool, get: bool) -> None:
    scripted = FaultDesk(Store(None))
    scripted.script(ScriptedFault.model_validate({"kind": "429", "method": method, "times": None}))
    assert met(scripted.take("POST", PATH, "leg-1", ())) is post
    assert met(scripted.take("GET", PATH, "leg-1", ())) is get


@pytest.mark.parametrize(("rate", "fails"), [(0, False), (1, True)])
def test_a_rate_of_none_or_all_leaves_nothing_to_chance(rate: float, fails: bool) -> None:
    assert set(by_leg(desk(rate=rate), LEGS).values()) == {fails}


def test_each_call_meets_one_of_the_kinds_and_every_kind_comes_up() -> None:
    drawn = desk(rate=1, kind=None, kinds=["429", "error_500", "drop_request"])
    kinds = [drawn.take("POST", PATH, leg, ()).kinds for leg in LEGS]
    assert {len(each) for each in kinds} == {1}
    assert {kind for each in kinds for kind in each} == {"429", "error_500", "drop_request"}


def test_the_manner_of_a_random_fault_is_the_one_asked_for() -> None:
    fault = desk(rate=1, kind="slow", seconds=2.5, slow_phase="after", max_seconds=9).take("POST", PATH, "leg-1", ())
    assert (fault.seconds, fault.slow_phase, fault.max_seconds) == (2.5, "after", 9)


def test_a_leg_of_its_own_name_meets_its_scripted_fault_once_and_then_the_random_ones() -> None:
    drawn = desk(rate=1)
    drawn.script(ScriptedFault.model_validate({"kind": "pending", "leg": "leg-1"}))
    taken = [drawn.take("POST", PATH, leg, ()).kinds for leg in ("leg-2", "leg-1", "leg-1")]
    assert taken == [{"429"}, {"pending"}, {"429"}]


def test_clearing_ends_the_random_mode_too() -> None:
    drawn = desk(rate=1)
    drawn.script(ScriptedFault.model_validate({"kind": "pending"}))
    drawn.clear()
    assert (drawn.queued(), drawn.random_mode()) == ([], None)
    assert not met(drawn.take("POST", PATH, "leg-1", ()))


def test_a_restart_goes_on_with_the_draws_where_they_were(tmp_path: Path) -> None:
    whole = desk()
    uninterrupted = [met(whole.take("POST", PATH, "leg-1", ())) for _ in range(12)]
    path, drawn = tmp_path / "state.sqlite", []
    for part in range(3):
        store = Store(path)
        kept = FaultDesk(store)
        if part == 0:
            kept.randomise(RandomFaults.model_validate({"rate": 0.5, "kind": "429", "seed": 1}))
        drawn += [met(kept.take("POST", PATH, "leg-1", ())) for _ in range(4)]
        store.close()
    assert drawn == uninterrupted


def test_a_fault_counts_down_over_a_restart(tmp_path: Path) -> None:
    path, taken = tmp_path / "state.sqlite", []
    for part in range(3):
        store = Store(path)
        kept = FaultDesk(store)
        if part == 0:
            kept.script(ScriptedFault.model_validate({"kind": "429", "times": 2}))
        taken.append(met(kept.take("POST", PATH, None, ())))
        store.close()
    assert taken == [True, True, False]
