"""What ops see of a case in the Temporal Web UI: search attributes and the current details.

One upsert at most each time the case moves, and none when nothing of it changed: an upsert is a billable action.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.types import Leg, Standing
    from aftersales.contract import names
    from aftersales.contract.messages import CaseStart
    from aftersales.contract.values import CaseStatus, Money, WaitsFor
    from aftersales.contract.views import CaseView, LegView
    from domain.money import to_decimal_string

_STAFF = (WaitsFor.AGENT, WaitsFor.SUPERVISOR, WaitsFor.FINANCE)
# What begins emphasis, code, links, HTML and entities in the middle of a line; "wrong_item" is a word.
_STRUCTURE = re.compile(r"[\\`*\[\]<>~|&]|(?<![^\W_])_|_(?![^\W_])|:(?=//)")
_LEG_FACTS = set(LegView.model_fields)
_UNDER_REVIEW = (CaseStatus.UNDER_REVIEW, CaseStatus.AWAITING_CUSTOMER)


@dataclass(frozen=True)
class Shown:
    """The attributes as last written, by name."""

    attributes: dict[str, Any] = field(default_factory=dict)


def show(
    start: CaseStart,
    standing: Standing,
    opened_at: datetime,
    waiting: str,
    due_at: datetime | None,
    shown: Shown,
) -> Shown:
    """Write the current details, and the search attributes if one of them changed."""
    workflow.set_current_details(details(start, standing, opened_at, waiting, due_at))
    wanted = _attributes(standing, due_at)
    changed = {key: value for key, value in wanted.items() if shown.attributes.get(key.name) != value}
    if not changed:
        return shown
    workflow.upsert_search_attributes(
        [key.value_unset() if value is None else key.value_set(value) for key, value in changed.items()]
    )
    return Shown({key.name: value for key, value in wanted.items()})


def _attributes(standing: Standing, due_at: datetime | None) -> dict[Any, Any]:
    review_due = due_at if standing.status in _UNDER_REVIEW else None
    return {
        names.STATUS: standing.status.value,
        names.ASSIGNEE: standing.assignee or standing.waits_for.value,
        names.AMOUNT: standing.amount.minor if standing.amount else None,
        names.PROVIDER: standing.legs[-1].provider if standing.legs else None,
        names.REVIEW_DEADLINE: review_due,
    }


def details(start: CaseStart, standing: Standing, opened_at: datetime, waiting: str, due_at: datetime | None) -> str:
    """Markdown that answers, from the top: what it waits for, who must act, until when.

    What people and providers wrote stands in it as plain text on one line, whatever it looks like.
    """
    lines = [
        f"**{standing.status.value.replace('_', ' ').capitalize()}** · application {start.number}",
        "",
        f"**Waits for:** {waiting or 'nothing, it is at work'}",
        f"**Who must act:** {_who(standing)}",
        f"**Until:** {_moment(due_at) if due_at else 'no deadline'}",
        "",
        f"Order {_plain(start.application.order_id)} · {start.application.reason.value.replace('_', ' ')} · "
        f"opened {_moment(opened_at)}",
    ]
    if standing.amount:
        lines.append(f"Amount {_amount(standing.amount)}")
    lines += [_leg_line(leg) for leg in standing.legs]
    if standing.verdict:
        lines.append(f"Policy {standing.verdict.policy_hash[:12]}, row {_plain(standing.verdict.row)}")
    if standing.reason_code:
        lines.append(f"Reason {_plain(standing.reason_code)}")
    return "  \n".join(lines)


def _who(standing: Standing) -> str:
    if standing.waits_for is WaitsFor.NOBODY:
        return "nobody"
    who = standing.waits_for.value
    named = standing.waits_for in _STAFF and standing.assignee not in {"", who}
    return f"{who} ({_plain(standing.assignee)})" if named else who


def _plain(text: str) -> str:
    """Free text on one line, with nothing in it that Markdown would render as structure."""
    return _STRUCTURE.sub(r"\\\g<0>", " ".join(text.split()))


def _leg_line(leg: Leg) -> str:
    facts = [
        f"Leg {leg.leg} by {leg.provider}: {_amount(leg.amount)} {leg.state.value}",
        f"number {leg.provider_number}",
        *(_plain(fact) for fact in (leg.provider_reference, leg.trace, leg.failure_code) if fact),
    ]
    if leg.destination:
        facts.append(f"to {_plain(leg.destination)}")
    if leg.expected_by:
        facts.append(f"expected by {_moment(leg.expected_by)}")
    return ", ".join(facts)


def _amount(money: Money) -> str:
    return f"{to_decimal_string(money)} {money.currency}"


def _moment(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M UTC")


def view(
    start: CaseStart,
    standing: Standing,
    opened_at: datetime,
    waiting: str,
    due_at: datetime | None,
    closed: bool,
) -> CaseView:
    """The case as its callers see it."""
    application = start.application
    return CaseView(
        number=start.number,
        status=standing.status,
        kind=application.kind,
        reason=application.reason,
        order_id=application.order_id,
        customer_id=application.customer_id,
        channel=application.channel,
        opened_at=opened_at,
        waits_for=standing.waits_for,
        waiting=waiting,
        due_at=due_at,
        amount=standing.amount,
        break_down=standing.break_down,
        legs=tuple(LegView(**leg.model_dump(include=_LEG_FACTS)) for leg in standing.legs),
        verdict=standing.verdict,
        reason_code=standing.reason_code,
        explanation=standing.explanation,
        appealed=standing.appealed,
        closed=closed,
        approvals=standing.approvals,
        claimed_by=standing.claimed_by,
        claimed_until=standing.claimed_until,
    )
