"""Finance closes a difference by word: with a reason, its own name, and an entry in the case's log (P3.3, P6.3)."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Annotated, Final

from pydantic import Field

from activities.differences import BookUnit, Finding, FindingState
from activities.rows import AuditEntry
from activities.speakers import check_cashier
from aftersales.contract.messages import FreeText
from aftersales.contract.values import Frozen, OpaqueId, Role

EXPLAINED: Final = "difference_explained"


class Explanation(Frozen):
    """Which finding, why nothing is left to do about it, and who says so. `account`: the actor is one of ours, who must
    hold the role; `channel`: the key that vouches for them."""

    finding_id: str
    reason: Annotated[FreeText, Field(min_length=1)]
    actor: OpaqueId
    role: Role
    account: bool = False
    channel: str = ""


async def explain(unit: BookUnit, said: Explanation, now: datetime) -> Finding | None:
    """The finding as it is now: one that was closed before stays as it was. None if there is none of that id.

    Raises AftersalesError role_not_allowed.
    """
    await check_cashier(unit, said.actor, said.role, account=said.account, deed="explains a difference")
    finding = await unit.finding(said.finding_id)
    if finding is None or finding.state is not FindingState.OPEN:
        return finding
    changes = {
        "state": FindingState.EXPLAINED,
        "closed_at": now,
        "closed_day": now.date(),
        "closed_by": said.actor,
        "reason": said.reason,
    }
    closed = finding.model_copy(update=changes)
    await unit.put_finding(closed)
    if finding.number:
        await unit.append_audit((_entry(finding, said, now),))
    return closed


def _entry(finding: Finding, said: Explanation, now: datetime) -> AuditEntry:
    facts = {"finding": finding.finding_id, "provider": finding.provider, "payment": finding.subject}
    return AuditEntry(
        number=finding.number,
        at=now,
        actor=said.actor,
        role=said.role.value,
        channel=said.channel,
        action=EXPLAINED,
        reason=finding.kind.value,
        facts=json.dumps(facts),
        why=said.reason,
    )
