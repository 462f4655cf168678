"""The table says what was broken, and how to play the run again."""

from __future__ import annotations

from dataclasses import replace
from io import StringIO

from rich.console import Console

from aftersales.contract.values import CaseStatus
from bench.chaos.report import print_ending
from bench.chaos.run import Ending
from bench.chaos.storm import Storm
from bench.chaos.verdict import Sides

WELL = Ending(
    storm=Storm(seed=77),
    breaches=(),
    sums={("stripe", "EUR"): Sides(12_345, 12_345)},
    statuses={CaseStatus.REFUNDED: 499, CaseStatus.REJECTED: 1},
    legs=560,
    messages=130,
    events=900,
    letters=1200,
    calls=1500,
    returned=9,
    faults={"execute_then_drop": 31},
    kills={"a worker": 20},
    seconds=300.0,
    calm_s=40.0,
)


def printed(ending: Ending) -> str:
    console = Console(width=120, record=True, file=StringIO())
    print_ending(console, ending)
    return console.export_text()


def test_money_rules_faults_kills_and_the_seed_are_told() -> None:
    text = printed(WELL)
    for told in ("stripe", "123.45", "execute_then_drop", "31", "a worker killed", "20", "500 cases", "9 payments"):
        assert told in text
    assert "python -m bench.chaos --refunds 500 --seconds-between-kills 10 --seed 77 --database postgresql" in text


def test_a_run_is_well_only_if_nothing_is_broken() -> None:
    assert WELL.well
    assert not replace(WELL, breaches=("I1 leg X was executed 2 times",)).well


def test_what_is_broken_is_counted_by_rule_and_told() -> None:
    text = printed(replace(WELL, breaches=("I1 leg X was executed 2 times", "I1 leg Y was executed 2 times")))
    assert "I1 leg Y was executed 2 times" in text
    counts = {line.split()[1]: line.split()[-2] for line in text.splitlines() if line.startswith("│ I")}
    assert counts == {"I1": "2"} | dict.fromkeys(("I2", "I3", "I4", "I5", "I6", "I7"), "0")
