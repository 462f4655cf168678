"""A case on the screen: where it stands at the top, then what led there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from aftersales.contract.messages import Application
from aftersales.contract.values import OUTCOMES, BreakDown, CaseStatus, Language, LegState, Money, WaitsFor
from aftersales.contract.views import CaseView, VerdictView
from cli.commands.evidence_screen import evidence_table
from cli.commands.screen import amount, due, moment, plain, status, table, words
from domain.money import to_decimal_string
from domain.rails import BY_HAND
from integrations.letters.failures import failure

if TYPE_CHECKING:
    from activities.rows import CaseRow, HeardMessage, LegRow, Mail
    from activities.types import Leg
    from storage.reading import CaseRecord

_GONE: Final = frozenset({LegState.FAILED, LegState.REVERSED})


def case_panel(record: CaseRecord, now: datetime) -> Panel:
    """The whole of a case but its operations log."""
    parts: list[RenderableType] = [_facts(record, now)]
    parts += [_break_down(record.case.break_down)] if record.case.break_down else []
    parts += [_legs(record.legs)] if record.legs else []
    parts += [evidence_table(record.evidence)] if record.evidence else []
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
    if record.approvals:
        facts.add_row("Approved by", plain(", ".join(f"{each.actor} ({each.role})" for each in record.approvals)))
    facts.add_row("Declared", plain(_declared(application)))
    return facts


def _lines(case: CaseRow, now: datetime) -> Iterator[tuple[str, str]]:
    application = case.start.application
    yield "Until", due(case.due_at, now)
    yield "Worked on by", claimed(case, now)
    yield "Amount", amount(case.amount)
    yield "Verdict", _verdict(case.verdict)
    yield "Reason code", case.reason_code
    yield "Explanation", case.explanation
    yield "Decided", "otherwise than the policy advises" if case.overridden else ""
    yield "Goes to", f"{case.payout.masked or words(case.payout.method)}, once two people agree" if case.payout else ""
    yield "Order", f"{application.order_id} of customer {application.customer_id}"
    yield "Items", ", ".join(f"{item.quantity} × {item.line_id}" for item in application.items)
    yield "Asked for", f"{words(application.kind.value)}, {words(application.reason.value)}"
    yield "Asked amount", amount(application.amount)
    yield "Description", application.description
    yield "Opened", f"{moment(case.opened_at)} by {application.channel.value}"
    yield "Entered by", case.entered_by
    yield "Appealed", "yes" if case.appealed else ""
    yield "Survey", f"{case.survey_score} of 5" if case.survey_score else ""
    yield "Closed", moment(case.closed_at)


def claimed(case: CaseRow, now: datetime) -> str:
    """Who works on it, as long as that keeps others from deciding."""
    lease = case.lease
    return f"{lease.holder} until {due(lease.until, now)}" if lease and lease.until > now else ""


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


def _declared(said: Application) -> str:
    declared = {
        "goods are back": said.goods_back,
        "unused": said.unused,
        "packaging intact": said.packaging_intact,
        f"wants {said.wanted_sku} instead": bool(said.wanted_sku),
    }
    return ", ".join(text for text, told in declared.items() if told) or "nothing"


def _verdict(verdict: VerdictView | None) -> str:
    if verdict is None:
        return ""
    ruled = f"{words(verdict.action)} by row {verdict.row} of policy {verdict.policy_hash[:12]}"
    return f"{ruled}; held back: {', '.join(words(why) for why in verdict.held)}" if verdict.held else ruled


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
