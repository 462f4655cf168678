"""The reconciliation on the screen: runs, and each difference with what is to be done about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from activities.differences import Finding, FindingState, Run, RunState
from aftersales.contract.values import Money
from cli.commands.screen import amount, moment, plain, table, words
from domain.reconciling import Difference

OpenFindings = Mapping[tuple[str, date], int]
_STYLES: Final = {RunState.DONE: "green", RunState.NOT_READY: "yellow", RunState.FAILED: "red"}
_FOR_FINANCE: Final = {
    Difference.MISSING_HERE: "find out at the provider what this was paid for",
    Difference.MISSING_THERE: "ask the provider whether it paid; pay nothing again before it says no",
    Difference.AMOUNT_DIFFERS: "ask the provider why; `ledger write-off --lost difference` gives the rest up",
    Difference.STATE_DIFFERS: "ask the provider where the money is",
    Difference.PENDING_TOO_LONG: "ask the provider what it waits for",
    Difference.DOUBLE: "get the second payment back, or give it up by `ledger write-off`",
}


def what_to_do(finding: Finding) -> str:
    """What a difference waits for, or how it was closed."""
    match finding.state:
        case FindingState.RESOLVED:
            return f"nothing: {finding.reason} since {finding.closed_day}"
        case FindingState.EXPLAINED:
            return f"nothing: explained by {finding.closed_by}: {finding.reason}"
    if finding.with_finance:
        return f"{_FOR_FINANCE[finding.kind]}; then `reconcile explain {finding.finding_id}`"
    if finding.told_at:
        return "nothing yet: its case asks the provider, the next night shows whether that helped"
    return "nothing yet: its case has no workflow; the sweep starts it, the next night tells it"


def run_table(runs: Sequence[Run], still_open: OpenFindings) -> Table:
    """A line a run, the latest day first."""
    shown = table("Day", "Provider", "State", "Lines", "Agree", "Open", "Statement", "Ledger", "Says")
    for run in runs:
        count = still_open.get((run.provider, run.day), 0)
        shown.add_row(
            str(run.day),
            plain(run.provider),
            _state(run),
            str(run.lines),
            str(run.matched),
            Text(str(count), style="red" if count else ""),
            _totals(run, ours=False),
            _totals(run, ours=True),
            plain(run.sentence),
        )
    return shown


def day_screen(runs: Sequence[Run], findings: Sequence[Finding]) -> Group:
    """Each provider's run of a day, with what it found below it."""
    parts: list[RenderableType] = []
    for run in runs:
        found = [finding for finding in findings if finding.provider == run.provider]
        parts.append(run_table([run], _open_among(found)))
        parts.append(finding_table(found) if found else Text("No difference was found.\n"))
    return Group(*parts)


def finding_table(findings: Sequence[Finding]) -> Table:
    """A line a difference, whatever became of it."""
    shown = table("Finding", "What", "Payment", "Case", "Reference", "There", "Here", "Moved", "What to do")
    for each in findings:
        here = f"{amount(each.ours)} {words(each.our_state)}".strip() or "nothing"
        cells = (each.finding_id, words(each.kind.value), each.subject, each.number, each.reference)
        more = (amount(each.theirs) or "nothing", here, moment(each.moved_at), what_to_do(each))
        shown.add_row(*(plain(cell) for cell in (*cells, *more)))
    return shown


def as_object(runs: Sequence[Run], findings: Sequence[Finding], still_open: OpenFindings) -> list[dict[str, object]]:
    """The same for programs: runs, each with its findings and with how many of them are open."""
    return [
        run.model_dump(mode="json")
        | {
            "open": still_open.get((run.provider, run.day), 0),
            "findings": [
                each.model_dump(mode="json") | {"what_to_do": what_to_do(each)}
                for each in findings
                if each.provider == run.provider
            ],
        }
        for run in runs
    ]


def _open_among(findings: Sequence[Finding]) -> OpenFindings:
    counts: dict[tuple[str, date], int] = {}
    for each in findings:
        if each.state is FindingState.OPEN:
            counts[each.provider, each.day] = counts.get((each.provider, each.day), 0) + 1
    return counts


def _state(run: Run) -> Text:
    return Text(words(run.state.value), style=_STYLES[run.state])


def _totals(run: Run, *, ours: bool) -> str:
    sides = [(each.ours_minor if ours else each.theirs_minor, each.currency) for each in run.totals]
    return "\n".join(amount(Money(minor=minor, currency=currency)) for minor, currency in sides)
