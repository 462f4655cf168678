"""The explanation of a case as the staff reads it: everything that a decision was made from."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from activities.assessment import digest
from activities.decisions import OVERRIDE
from activities.precautions import AssessmentRow
from activities.rows import CaseRow
from activities.rulings import Fired
from aftersales.contract.values import CaseStatus, MessageKind, Money
from cli.commands.policy_lookup import Found
from cli.commands.policy_reading import HASH_SHOWN
from cli.commands.screen import amount, moment, plain, table, words
from storage.audit import ChainedEntry
from storage.reading import CaseRecord

ASSESSED: Final = "assessed"
"""The log's entry for an assessment, with the digest of all that it was made from."""


AMOUNT: Final = "amount_minor"
NOTHING_ALONE: Final = "No single fact would have changed the outcome: it takes several, or another application."


class Explained(NamedTuple):
    """`versions`: those that decided, by their hash; None for one that is nowhere any more."""

    record: CaseRecord
    assessments: tuple[AssessmentRow, ...]
    versions: Mapping[str, Found | None]

    @property
    def decisions(self) -> tuple[ChainedEntry, ...]:
        """What people decided, oldest first."""
        return tuple(each for each in self.record.audit if each.entry.action == MessageKind.DECISION)

    @property
    def overrides(self) -> tuple[ChainedEntry, ...]:
        """Where a person decided otherwise than the policy says."""
        return tuple(each for each in self.record.audit if each.entry.action == OVERRIDE)

    def description(self, assessed: AssessmentRow, fired: Fired) -> str:
        version = self.versions[assessed.policy_hash]
        return "" if version is None else version.policy.description(fired)

    def is_vouched_for(self, assessed: AssessmentRow) -> bool:
        """Whether the operations log has the digest of just this."""
        told = [json.loads(each.entry.facts or "{}") for each in self.record.audit if each.entry.action == ASSESSED]
        return any(
            each.get("assessment") == assessed.sequence and each.get("digest") == digest(assessed) for each in told
        )


def screen(explained: Explained) -> Group:
    """A panel for each assessment, then what people decided."""
    panels: list[RenderableType] = [_panel(explained, each) for each in explained.assessments]
    if not panels:
        case = explained.record.case
        panels = [plain(_unruled(case))]
    if explained.decisions:
        panels.append(_decisions(explained))
    return Group(*panels)


def _unruled(case: CaseRow) -> str:
    if case.status is CaseStatus.RECEIVED:
        return f"Nothing has been decided yet: the case waits for the {words(case.waits_for.value)}."
    return f"No rule decided this case. Reason: {case.reason_code or 'none'}. {case.explanation}"


def as_object(explained: Explained) -> dict[str, Any]:
    """The same for programs."""
    return {
        "number": explained.record.case.number,
        "assessments": [_assessment_object(explained, each) for each in explained.assessments],
        "decisions": [each.entry.model_dump(mode="json") for each in explained.decisions],
        "overrides": [each.entry.model_dump(mode="json") for each in explained.overrides],
        "overridden": explained.record.case.overridden,
    }


def _assessment_object(explained: Explained, assessed: AssessmentRow) -> dict[str, Any]:
    version = explained.versions[assessed.policy_hash]
    rows = [
        each.model_dump() | {"description": explained.description(assessed, each)} for each in assessed.ruling.fired
    ]
    return assessed.model_dump(mode="json") | {
        "policy_name": version.name if version else "",
        "rows": rows,
        "vouched_for": explained.is_vouched_for(assessed),
    }


def _panel(explained: Explained, assessed: AssessmentRow) -> Panel:
    parts: list[RenderableType] = [_summary(explained, assessed), _rows(explained, assessed)]
    parts.append(_changes(assessed) if assessed.changes else plain(NOTHING_ALONE))
    parts += [_risk(assessed)] if assessed.risk.parts else []
    parts.append(_facts(assessed))
    return Panel(Group(*parts), title=f"Assessment {assessed.sequence}, {moment(assessed.at)}", title_align="left")


def _summary(explained: Explained, assessed: AssessmentRow) -> Table:
    shown = Table.grid(padding=(0, 2))
    shown.add_column(style="dim", no_wrap=True)
    shown.add_column(overflow="fold")
    for name, text in _lines(explained, assessed):
        if text:
            shown.add_row(name, plain(text))
    return shown


def _lines(explained: Explained, assessed: AssessmentRow) -> Iterator[tuple[str, str]]:
    ruling, found = assessed.ruling, explained.versions[assessed.policy_hash]
    yield "Done", words(assessed.action.value)
    yield "The policy said", f"{words(ruling.action.value)}, because of {ruling.reason_code}"
    yield "Held back by", ", ".join(words(why.value) for why in assessed.held)
    yield "Amount", amount(assessed.amount)
    yield "Version", str(found) if found else f"{assessed.policy_hash[:HASH_SHOWN]}, which is nowhere any more"
    yield "Sources", _sources(assessed)
    yield "Risk", f"{assessed.risk.level.value}, {assessed.risk.score} points"
    yield "In the shadow", _shadow(assessed)
    vouched = explained.is_vouched_for(assessed)
    yield "Operations log", "vouches for all of this" if vouched else "does NOT have this as it is stored"


def _sources(assessed: AssessmentRow) -> str:
    said = assessed.particulars
    account = f"account {said.standing.state}" if said.standing else "account not asked"
    heard = [f"shipment {words(said.shipment)}", f"replacement {words(said.replacement)}", account]
    return ", ".join([*heard, *(f"{source} did not answer" for source in said.down)])


def _shadow(assessed: AssessmentRow) -> str:
    other = assessed.shadow
    if other is None:
        return ""
    version = other.policy_hash[:HASH_SHOWN]
    return (
        f"{version} could not decide: {other.failure}" if other.failure else f"{version}: {words(other.action.value)}"
    )


def _rows(explained: Explained, assessed: AssessmentRow) -> Table:
    shown = table("Table", "Row", "Why it is there", title="Rows that held")
    for fired in assessed.ruling.fired:
        shown.add_row(fired.table, plain(fired.row), plain(explained.description(assessed, fired)))
    return shown


def _changes(assessed: AssessmentRow) -> Table:
    shown = table("Fact", "Was", "With", "It would have been", "By row", title="What would have changed the outcome")
    for each in assessed.changes:
        was, otherwise = (_typed(assessed, each.fact, value) for value in (each.now, each.otherwise))
        shown.add_row(_named(each.fact), plain(was), plain(otherwise), words(each.action.value), plain(each.row))
    return shown


def _typed(assessed: AssessmentRow, fact: str, value: str) -> str:
    """A fact's value, which a change holds as a word, as the facts themselves are shown."""
    if fact == AMOUNT:
        return _money(assessed, int(value))
    return {"true": "yes", "false": "no"}.get(value, value)


def _named(fact: str) -> str:
    return words(fact.removesuffix("_minor"))


def _money(assessed: AssessmentRow, minor: int) -> str:
    return amount(Money(minor=minor, currency=assessed.facts.currency))


def _risk(assessed: AssessmentRow) -> Table:
    shown = table("Sign", "Points", "Seen", title="Signs of fraud")
    for part in assessed.risk.parts:
        shown.add_row(words(part.sign), str(part.points), plain(part.seen))
    return shown


def _facts(assessed: AssessmentRow) -> Table:
    shown = table("Fact", "Value", title="Facts")
    for name, value in assessed.facts.model_dump(mode="json").items():
        shown.add_row(_named(name), plain(_money(assessed, value) if name == AMOUNT else _said(value)))
    return shown


def _said(value: object) -> str:
    match value:
        case bool():
            return "yes" if value else "no"
        case list():
            return "; ".join(_said(each) for each in value)
        case dict():
            return ", ".join(f"{words(str(name))} {_said(each)}" for name, each in value.items())
        case _:
            return str(value)


def _decisions(explained: Explained) -> Table:
    otherwise = {(each.entry.at, each.entry.actor) for each in explained.overrides}
    shown = table("At", "By", "Decided", "Reason", "Policy", "In their words", title="What people decided")
    for entry in (each.entry for each in explained.decisions):
        against = Text("overridden", style="yellow") if (entry.at, entry.actor) in otherwise else Text("")
        by = f"{entry.actor} ({entry.role})"
        done = (words(entry.after), plain(entry.reason), against, plain(entry.why))
        shown.add_row(moment(entry.at), plain(by), *done)
    return shown
