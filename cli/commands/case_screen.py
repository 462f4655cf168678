"""A case on the screen: where it stands at the top, then what led there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from aftersales.contract.values import OUTCOMES, BreakDown, CaseStatus, Language, LegState, Money, WaitsFor
from aftersales.contract.views import CaseView, VerdictView
from cli.commands.screen import amount, due, moment, plain, status, table, words
from domain.money import to_decimal_string
from domain.rails import BY_HAND
from integrations.letters.failures import failure

if TYPE_CHECKING:
    from activities.rows import CaseRow, HeardMessage, LegRow, Mail
    from activities.types import Leg
    from storage.audit import ChainBreak, ChainedEntry
    from storage.reading import CaseRecord

_GONE: Final = frozenset({LegState.FAILED, LegState.REVERSED})


def case_panel(record: CaseRecord, now: datetime) -> Panel:
    """The whole of a case but its operations log."""
    parts: list[RenderableType] = [_facts(record, now)]
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


def _facts(record: CaseRecord, now: datetime) -> Table:
    case, application = record.case, record.case.start.application
    facts = Table.grid(padding=(0, 2))
    facts.add_column(style="dim", no_wrap=True)
    facts.add_column(overflow="fold")
    facts.add_row("Status", status(case.status))
    facts.add_row("Waits for", plain(_waits(record)))
    for name, text in _lines(case, now):
        if text:
            facts.add_row(name, plain(text))
    facts.add_row("Declared", plain(_declared(application.goods_back, application.unused)))
    return facts


def _lines(case: CaseRow, now: datetime) -> Iterator[tuple[str, str]]:
    application = case.start.application
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


def _waits(record: CaseRecord) -> str:
    """Who is to act, and by which command."""
    case, states = record.case, {row.leg.state for row in record.legs}
    who = case.waits_for.value
    if case.assignee and case.assignee != who:
        who += f" ({case.assignee})"
    if case.status is CaseStatus.PAYMENT_FAILED and case.waits_for is WaitsFor.CUSTOMER:
        return f"{who}, to say where the money is to go; on the phone: `aftersales payout choose {case.number}`"
    if case.waits_for is not WaitsFor.FINANCE:
        return who
    if LegState.BLOCKED in states:
        return f"{who}, for the provider holds a payment back until something is put right on our side"
    by_hand = any(row.leg.provider == BY_HAND and row.leg.state is LegState.PENDING for row in record.legs)
    return f"{who}, to pay by hand: `aftersales finance list`" if by_hand else who


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
    """Where the money is (P3.3): who has it, where it goes and by when, and under which numbers; one below the other,
    so that a number that somebody copies or reads out stays in one piece."""
    shown = table("Leg", "Where it is", "Number, reference, trace")
    shown.columns[-1].no_wrap = True
    for row in legs:
        leg = row.leg
        names = dict.fromkeys((leg.provider_number, leg.provider_reference, leg.trace))
        shown.add_row(
            plain(f"{leg.leg}.{leg.attempt}"),
            plain("\n".join(_whereabouts(leg))),
            plain("\n".join(name for name in names if name)),
        )
    return shown


def _whereabouts(leg: Leg) -> Iterator[str]:
    gone = leg.state in _GONE
    why = f": {failure(leg.failure_code, Language.EN)}" if gone else ""
    code = f" ({leg.failure_code})" if leg.failure_code not in {"", leg.state.value} else ""
    yield f"{amount(leg.amount)} {words(leg.state.value)}{why}{code}"
    to = f"to {words(leg.destination)}" if leg.destination else "back as it was paid"
    yield f"by {words(leg.provider)}, {to}"
    if leg.expected_by and not gone:
        yield f"should arrive by {leg.expected_by.astimezone(UTC):%Y-%m-%d}"


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
