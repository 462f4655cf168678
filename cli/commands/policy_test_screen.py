"""A back-test on the screen: what would be decided otherwise, the money, the agents' hours."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from aftersales.contract.values import CaseStatus, Money
from cli.commands.screen import amount, counted, moment, plain, table, words

if TYPE_CHECKING:
    from cli.commands.policy_test import Minutes
    from policy.backtest import BackTest, Effect, Otherwise

NO_CASE = "The version would have decided every case as it was decided."


def report(made: BackTest, title: str, minutes: Minutes, listed: int | None) -> Group:
    """`listed`: so many cases in full; None: all of them."""
    parts: list[RenderableType] = [Text(title, style="bold"), *_caveats(made)]
    if made.otherwise:
        parts += [matrix(made), money(made), case_table(made.otherwise[:listed])]
        left = 0 if listed is None else len(made.otherwise) - listed
        parts += [Text(f"And {left:,} more; --all lists them, --csv FILE writes them.\n")] if left > 0 else []
    else:
        parts.append(Text(NO_CASE))
    return Group(*parts, Text(hours(made, minutes)))


def _caveats(made: BackTest) -> list[Text]:
    said = []
    if made.incomplete:
        said.append(Text(f"Older than some facts: {counted(made.incomplete, 'case')}; there the usual value stands."))
    if made.undecided:
        first = made.undecided[0]
        told = f"{counted(len(made.undecided), 'case')} could not be decided, counted nowhere; first, {first.number}: "
        said.append(plain(told + first.why, "bold red"))
    return said


def matrix(made: BackTest) -> Table:
    """A line for each kind of change, with money by currency."""
    shown = table("Before", "With the version", "Cases", "Asked for", "Paid in the end", title="Decided otherwise")
    for (before, after), cases in made.matrix().items():
        asked, paid = _sums(cases, paid=False), _sums(cases, paid=True)
        shown.add_row(words(before.value), words(after.value), f"{len(cases):,}", asked, paid)
    return shown


def money(made: BackTest) -> Table:
    """What it comes to, by currency."""
    shown = table(
        "Currency",
        "Approved besides",
        "No longer approved",
        "Turned down",
        "Net effect",
        title="The money, decided by rule",
    )
    for currency, effect in made.effects().items():
        added = _counted(effect.added, effect.added_minor, effect.added_paid_minor, currency)
        removed = _counted(effect.removed, effect.removed_minor, effect.removed_paid_minor, currency)
        refused = _counted(effect.refused, effect.refused_minor, effect.refused_paid_minor, currency)
        shown.add_row(currency, added, removed, refused, _net(effect, currency))
    return shown


def case_table(cases: Sequence[Otherwise]) -> Table:
    """A line a case."""
    shown = table("Number", "At", "Amount", "Before", "With the version", "By row", "Became", title="Cases")
    for case, before, after, row in cases:
        became = words(CaseStatus(case.status).value) if case.status else "not stored"
        by = f"{became}, by a person" if case.by_person else became
        asked = amount(Money(minor=case.amount_minor, currency=case.currency))
        shown.add_row(case.number, moment(case.at), asked, words(before.value), words(after.value), plain(row), by)
    return shown


def hours(made: BackTest, minutes: Minutes) -> str:
    """The agents' hours, and what they are reckoned by."""
    more = made.reviews_more
    by = (
        f"{minutes.each:.1f} minutes a review, the median of {minutes.measured:,} past ones"
        if minutes.measured
        else f"{minutes.each:g} minutes a review, which were not measured"
    )
    if not more:
        return f"Agents' hours: none saved and none added ({by})."
    what = "added" if more > 0 else "saved"
    return f"Agents' hours: {abs(more) * minutes.each / 60:,.1f} {what}, {abs(more):,} reviews ({by})."


def _sums(cases: Sequence[Otherwise], *, paid: bool) -> str:
    sums: dict[str, int] = {}
    for each in cases:
        minor = each.case.paid_minor if paid else each.case.amount_minor
        sums[each.case.currency] = sums.get(each.case.currency, 0) + minor
    return "\n".join(amount(Money(minor=minor, currency=currency)) for currency, minor in sorted(sums.items()))


def _counted(cases: int, asked_minor: int, paid_minor: int, currency: str) -> str:
    if not cases:
        return "none"
    asked, paid = (amount(Money(minor=minor, currency=currency)) for minor in (asked_minor, paid_minor))
    return f"{cases:,}: {asked}\n{paid} paid in the end"


def _net(effect: Effect, currency: str) -> Text:
    net = amount(Money(minor=effect.net_minor, currency=currency))
    return Text(f"+{net}" if effect.net_minor > 0 else net, style="bold")
