"""The table at the end of a run."""

from __future__ import annotations

from collections import Counter
from typing import Final

from rich.console import Console
from rich.table import Table

from aftersales.contract.values import Money
from bench.chaos.run import Ending
from domain.money import to_decimal_string

SHOWN: Final = 20
_RULES: Final = {
    "I1": "no leg executed twice, none unknown to us",
    "I2": "no payment gives back more than it took",
    "I3": "ledger = provider, to the minor unit",
    "I4": "every case at its end",
    "I5": "nothing that was accepted is lost",
    "I6": "approved = paid",
    "I7": "the customer was told nothing untrue",
}


def print_ending(console: Console, ending: Ending) -> None:
    """All of it: the money, the rules, what went wrong meanwhile, and how to play it again."""
    console.print(_money(ending))
    console.print(_rules(ending))
    console.print(_trouble(ending))
    for line in ending.breaches[:SHOWN]:
        console.print(f"[red]{line}")
    cases = ", ".join(f"{count} {status.value}" for status, count in ending.statuses.items())
    console.print(
        f"{sum(ending.statuses.values())} cases ({cases}), {ending.legs} legs, {ending.returned} payments sent back, "
        f"{ending.messages} messages, {ending.events} events of providers, {ending.letters} letters; "
        f"{ending.seconds:.0f} s, {ending.calm_s:.0f} s of them after the storm."
    )
    console.print(f"Seed {ending.storm.seed}; to play it again: {ending.storm.again()}", soft_wrap=True)


def _money(ending: Ending) -> Table:
    table = Table("Provider", "Currency", "Executed", "Ledger", "Difference", title="The money that went out")
    for (provider, currency), sides in ending.sums.items():
        minors = (sides.executed, sides.ledger, sides.ledger - sides.executed)
        shown = [to_decimal_string(Money(minor=minor, currency=currency)) for minor in minors]
        table.add_row(provider, currency, *shown, style="red" if minors[2] else None)
    return table


def _rules(ending: Ending) -> Table:
    broken = Counter(line.partition(" ")[0] for line in ending.breaches)
    table = Table("", "Rule", "Broken", title="What must hold")
    for name, rule in _RULES.items():
        table.add_row(name, rule, str(broken[name]), style="red" if broken[name] else None)
    return table


def _trouble(ending: Ending) -> Table:
    table = Table("What went wrong", "Times", title=f"{ending.calls} calls of providers, and the storm over them")
    for what, times in sorted(ending.faults.items()):
        table.add_row(what, str(times))
    for what, times in ending.kills.items():
        table.add_row(f"{what} killed", str(times))
    return table
