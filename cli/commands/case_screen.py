"""A case on the screen: where it stands at the top, then what led there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from aftersales.contract.values import OUTCOMES, BreakDown, Money, WaitsFor
from aftersales.contract.views import CaseView, VerdictView
from cli.commands.screen import amount, due, moment, plain, status, table, words
from domain.money import to_decimal_string

if TYPE_CHECKING:
    from activities.ports import CaseRow, HeardMessage, LegRow, Mail
    from storage.audit import ChainBreak, ChainedEntry
    from storage.reading import CaseRecord


def case_panel(record: CaseRecord, now: datetime) -> Panel:
    """The whole of a case but its operations log."""
    parts: list[RenderableType] = [_facts(record.case, now)]
    parts += [_break_down(record.case.break_down)] if record.case.break_down else []
    parts += [_legs(record.legs)] if record.legs else []
    parts += [_messages(record.messages)] if record.messages else []
    parts += [_mails(record.mails)] if record.mails else []
    return Panel(Group(*parts), title=f"Application {record.case.number}", title_align="left")


def view_line(view: CaseView, now: datetime) -> Text:
    """One line for each change, as `--follow` writes it."""
    line = Text(f"{moment(now)}  ").append_text(status(view.status))
    if view.amount:
        line.append(f"  {amount(view.amount)}")
    if view.waits_for is not WaitsFor.NOBODY:
        line.append(f"  waits for {view.waits_for.value}: {view.waiting}")
    if view.due_at and view.status not in OUTCOMES:
        line.append(f"  until {moment(view.due_at)}")
    if view.explanation:
        line.append_text(plain(f"  {view.explanation}"))
    return line


def audit_log(entries: Iterable[ChainedEntry], broken: ChainBreak | None) -> Group:
    """The operations log (P6.3), and whether its chain of hashes holds."""
    log = table("Seq", "At", "By", "Did", "From → to", "Reason", title="Operations log")
    for link in entries:
        entry = link.entry
        change = f"{entry.before} → {entry.after}" if entry.before else entry.after
        by = f"{entry.actor} ({entry.role})" if entry.role != entry.actor else entry.actor
        log.add_row(*_plain(str(link.seq), moment(entry.at), by, words(entry.action), change, entry.reason))
    verdict = (
        Text("The chain of hashes holds.", style="green")
        if broken is None
        else Text(f"The chain is broken at entry {broken.seq}: {broken.why}.", style="bold red")
    )
    return Group(log, verdict)


def _facts(case: CaseRow, now: datetime) -> Table:
    application = case.start.application
    facts = Table.grid(padding=(0, 2))
    facts.add_column(style="dim", no_wrap=True)
    facts.add_column(overflow="fold")
    facts.add_row("Status", status(case.status))
    for name, text in _lines(case, now):
        if text:
            facts.add_row(name, plain(text))
    facts.add_row("Declared", plain(_declared(application.goods_back, application.unused)))
    return facts


def _lines(case: CaseRow, now: datetime) -> Iterator[tuple[str, str]]:
    application = case.start.application
    assignee = f" ({case.assignee})" if case.assignee else ""
    yield "Waits for", case.waits_for.value + assignee
    yield "Until", due(case.due_at, now)
    yield "Amount", amount(case.amount)
    yield "Verdict", _verdict(case.verdict)
    yield "Reason code", case.reason_code
    yield "Explanation", case.explanation
    yield "Order", f"{application.order_id} of customer {application.customer_id}"
    yield "Items", ", ".join(f"{item.quantity} × {item.line_id}" for item in application.items)
    yield "Asked for", f"{words(application.kind.value)}, {words(application.reason.value)}"
    yield "Asked amount", amount(application.amount)
    yield "Description", application.description
    yield "Evidence", ", ".join(f"{ref.media_type} {ref.sha256[:12]}" for ref in case.evidence)
    yield "Opened", f"{moment(case.opened_at)} by {application.channel.value}"
    yield "Appealed", "yes" if case.appealed else ""
    yield "Survey", f"{case.survey_score} of 5" if case.survey_score else ""
    yield "Closed", moment(case.closed_at)


def _declared(goods_back: bool, unused: bool) -> str:
    said = [text for told, text in ((goods_back, "goods are back"), (unused, "unused")) if told]
    return ", ".join(said) or "nothing"


def _verdict(verdict: VerdictView | None) -> str:
    if verdict is None:
        return ""
    return f"{words(verdict.action)} by row {verdict.row} of policy {verdict.policy_hash[:12]}"


def _break_down(break_down: BreakDown) -> Table:
    currency = break_down.total.currency
    lines = table("Break-down", "Line", "Units", "Amount")
    lines.columns[-1].justify = "right"
    for line in break_down.lines:
        value = to_decimal_string(Money(minor=line.amount_minor, currency=currency))
        name = f"{line.line_id or ''} {line.note}".strip()
        lines.add_row(*_plain(words(line.kind.value), name, str(line.quantity or ""), value))
    lines.add_row("Total", "", "", Text(amount(break_down.total), style="bold"))
    return lines


def _legs(legs: Iterable[LegRow]) -> Table:
    shown = table("Leg", "State", "Amount", "By", "Number", "Provider's reference")
    for row in legs:
        leg = row.leg
        reference = " ".join(part for part in (leg.provider_reference, leg.trace, leg.failure_code) if part)
        name = f"{leg.leg}.{leg.attempt}"
        shown.add_row(*_plain(name, leg.state.value, amount(leg.amount), leg.provider, leg.provider_number, reference))
    return shown


def _messages(messages: Iterable[HeardMessage]) -> Table:
    shown = table("Message", "Received", "From", "Answer", "Content")
    for heard in messages:
        answer = "accepted" if heard.accepted else f"refused: {words((heard.code or '').strip())}"
        shown.add_row(
            *_plain(
                words(heard.kind.value), moment(heard.received_at), f"{heard.actor} ({heard.role})", answer, heard.body
            )
        )
    return shown


def _mails(mails: Iterable[Mail]) -> Table:
    shown = table("Mail", "Created", "To", "State", "Subject")
    for mail in mails:
        state = f"{mail.state.value} {mail.failure}".strip()
        shown.add_row(*_plain(words(mail.stage.value), moment(mail.created_at), mail.recipient, state, mail.subject))
    return shown


def _plain(*cells: str) -> tuple[Text, ...]:
    return tuple(plain(cell) for cell in cells)
