"""Who may do what with versions of the policy, and the log of what was done and of who was refused (P5.1, P6.3)."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from activities.policy_versions import DRAFT, POLICY_LOG, Act, Acting, PolicyVersion, RefusedAct
from activities.rows import AuditEntry
from activities.sentences import refusal
from aftersales.contract.errors import AftersalesError
from aftersales.contract.values import ErrorCode, Language
from storage.rows.audit import AuditRows
from storage.rows.staff import StaffRows

REFUSED: Final = "refused"
LONGEST_NAME: Final = 64
FOR_WHO_ASKS: Final = frozenset({ErrorCode.ROLE_NOT_ALLOWED, ErrorCode.SAME_PERSON})
"""Refusals that are about the person, not about the version."""


async def allow(connection: AsyncConnection, act: Act, by: Acting) -> None:
    """Raises AftersalesError(role_not_allowed): another role, or an account of ours that does not hold it now."""
    if by.role not in act.roles:
        may = ", ".join(sorted(act.roles))
        raise AftersalesError(
            ErrorCode.ROLE_NOT_ALLOWED, f"As {by.role.value} nobody may {act.words} of the policy; these may: {may}."
        )
    if by.account and not await StaffRows(connection).holds_role(by.actor, by.role):
        raise refusal(ErrorCode.ROLE_NOT_ALLOWED, Language.EN, key="role_not_held")


async def log_act(
    connection: AsyncConnection, act: Act, version: PolicyVersion, by: Acting, at: datetime, before: str
) -> None:
    told = {"policy_hash": version.content_hash, "name": version.name}
    if version.effective_from is not None:
        told["effective_from"] = version.effective_from.isoformat()
    entry = AuditEntry(
        number=POLICY_LOG,
        at=at,
        actor=by.actor,
        role=by.role,
        channel=by.channel,
        action=act.logged,
        before=str(before),
        after=version.state.value,
        facts=json.dumps(told, sort_keys=True),
        why=version.note if act is DRAFT else "",
    )
    await AuditRows(connection).append_audit((entry,))


async def log_refusal(connection: AsyncConnection, refused: RefusedAct, at: datetime) -> None:
    entry = AuditEntry(
        number=POLICY_LOG,
        at=at,
        actor=refused.actor,
        role=refused.role,
        channel=refused.channel,
        action=REFUSED,
        before=refused.act.logged,
        reason=refused.code,
        facts=json.dumps({"version": refused.version[:LONGEST_NAME]}),
    )
    await AuditRows(connection).append_audit((entry,))
