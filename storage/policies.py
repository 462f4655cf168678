"""Versions of the policy: drafted, checked, published by another person, withdrawn; each act in the log (P2.1, P5.1).

What a version says is not looked at here; `policy.publishing` checks it before it asks for anything.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Final

from sqlalchemy import Select, Update, bindparam, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from activities.policy_versions import POLICY_LOG, Acting, PolicyVersion, VersionState
from activities.rows import AuditEntry
from aftersales.contract.errors import AftersalesError
from aftersales.contract.values import ErrorCode, Role
from storage.engine import Transactions, snapshots
from storage.errors import StorageError
from storage.rows.audit import AuditRows
from storage.rows.base import insert_if_new
from storage.tables import POLICY_VERSIONS

AUTHORS: Final = frozenset({Role.POLICY_AUTHOR})
PUBLISHERS: Final = frozenset({Role.POLICY_AUTHOR, Role.SUPERVISOR, Role.ADMIN})
LEAST_PREFIX: Final = 6

_COLUMNS: Final = [POLICY_VERSIONS.c[name] for name in PolicyVersion.model_fields]
_IN_FORCE: Final = (
    select(POLICY_VERSIONS.c.content_hash)
    .where(
        POLICY_VERSIONS.c.state == VersionState.PUBLISHED.value,
        POLICY_VERSIONS.c.effective_from <= bindparam("at", type_=POLICY_VERSIONS.c.effective_from.type),
    )
    .order_by(POLICY_VERSIONS.c.effective_from.desc(), POLICY_VERSIONS.c.published_at.desc())
    .limit(1)
)


class VersionUnknownError(StorageError):
    """No version goes by what was named, or several do."""


class PolicyStore:
    """Implements `activities.policy_versions.Publishing`. Each call is one short transaction.

    What people do raises AftersalesError: role_not_allowed, same_person, not_now; VersionUnknownError.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = snapshots(engine)
        self._transactions = Transactions(engine)

    # --- for deciding

    async def in_force(self, at: datetime) -> str | None:
        async with self._engine.connect() as connection:
            return (await connection.execute(_IN_FORCE, {"at": at})).scalar_one_or_none()

    async def in_shadow(self) -> str | None:
        query = select(POLICY_VERSIONS.c.content_hash).where(POLICY_VERSIONS.c.shadow.is_(True))
        async with self._engine.connect() as connection:
            return (await connection.execute(query)).scalar_one_or_none()

    async def content(self, content_hash: str) -> str | None:
        query = select(POLICY_VERSIONS.c.content).where(POLICY_VERSIONS.c.content_hash == content_hash)
        async with self._engine.connect() as connection:
            return (await connection.execute(query)).scalar_one_or_none()

    # --- for people

    async def versions(self) -> tuple[PolicyVersion, ...]:
        """All of them, the latest draft first."""
        query = select(*_COLUMNS).order_by(POLICY_VERSIONS.c.drafted_at.desc(), POLICY_VERSIONS.c.content_hash)
        async with self._engine.connect() as connection:
            return await _versions(connection, query)

    async def find(self, named: str) -> PolicyVersion:
        """By its name, its hash, or the first digits of that. Raises VersionUnknownError."""
        found = [each for each in await self.versions() if _goes_by(each, named)]
        alive = [each for each in found if each.state is not VersionState.WITHDRAWN] or found
        if len(alive) == 1:
            return alive[0]
        if not alive:
            raise VersionUnknownError(f"There is no policy version {named}. `aftersales policy list` shows them.")
        raise VersionUnknownError(f"{len(alive)} policy versions go by {named}; name one by more digits of its hash.")

    async def draft(self, content: str, name: str, note: str, by: Acting, at: datetime) -> PolicyVersion:
        """Keep a version as a draft. The same content is the same version: one that was withdrawn comes back to life as
        this author's; any other is refused with not_now, as is a name that is taken."""
        _allow(by, AUTHORS, "write drafts")
        made = PolicyVersion(
            content_hash=hashlib.sha256(content.encode()).hexdigest(),
            name=name,
            note=note,
            state=VersionState.DRAFT,
            author=by.actor,
            drafted_at=at,
        )
        async with self._transactions.begin() as connection:
            same = await _locked(connection, made.content_hash)
            _refuse_taken(made, same, await _versions(connection, select(*_COLUMNS)))
            if same is None:
                await insert_if_new(connection, POLICY_VERSIONS, {**dict(made), "content": content})
            else:
                changes = {name: value for name, value in dict(made).items() if name != "content_hash"}
                await connection.execute(_version(same).values(**changes))
            await _log(connection, "policy_drafted", made, by, at, before=same.state if same else "")
        return made

    async def mark_checked(self, content_hash: str, by: Acting, at: datetime) -> PolicyVersion:
        """A draft was found sound; one that was checked before stays as it is."""
        _allow(by, PUBLISHERS, "check versions")
        async with self._acting(content_hash, VersionState.DRAFT, VersionState.CHECKED) as (connection, found):
            if found.state is VersionState.CHECKED:
                return found
            checked = {"state": VersionState.CHECKED, "checked_by": by.actor, "checked_at": at}
            return await _change(connection, found, checked, "policy_checked", by, at)

    async def publish(
        self, content_hash: str, effective_from: datetime | None, by: Acting, at: datetime
    ) -> PolicyVersion:
        """Put a checked version in force, from a moment that is not past (None: from now); for ever."""
        _allow(by, PUBLISHERS, "publish versions")
        moment = effective_from or at
        if moment < at:
            raise AftersalesError(
                ErrorCode.NOT_NOW,
                f"A version cannot be in force from {moment:%Y-%m-%d %H:%M:%S} UTC, which is past: cases were decided "
                "since. Name a moment to come, or `now`.",
            )
        async with self._acting(content_hash, VersionState.CHECKED) as (connection, found):
            if by.actor.casefold() == found.author.casefold():
                raise AftersalesError(
                    ErrorCode.SAME_PERSON,
                    f"{by.actor} wrote this version, so somebody else has to publish it.",
                )
            published = {
                "state": VersionState.PUBLISHED,
                "published_by": by.actor,
                "published_at": at,
                "effective_from": moment,
                "shadow": False,
            }
            return await _change(connection, found, published, "policy_published", by, at)

    async def withdraw(self, content_hash: str, by: Acting, at: datetime) -> PolicyVersion:
        """Take a version back that was never in force."""
        _allow(by, PUBLISHERS, "withdraw versions")
        states = (VersionState.DRAFT, VersionState.CHECKED, VersionState.PUBLISHED)
        async with self._acting(content_hash, *states) as (connection, found):
            if found.effective_from is not None and found.effective_from <= at:
                raise AftersalesError(
                    ErrorCode.NOT_NOW,
                    f"{found.name} has been in force since {found.effective_from:%Y-%m-%d %H:%M:%S} UTC, and cases "
                    "were decided by it. Publish another version in its place.",
                )
            withdrawn = {"state": VersionState.WITHDRAWN, "shadow": False}
            return await _change(connection, found, withdrawn, "policy_withdrawn", by, at)

    async def set_shadow(self, content_hash: str | None, by: Acting, at: datetime) -> PolicyVersion | None:
        """Let a checked version run beside the one in force, in the place of any other; None: none runs any more."""
        _allow(by, PUBLISHERS, "choose the version in the shadow")
        async with self._transactions.begin() as connection:
            chosen = None if content_hash is None else await _locked(connection, content_hash)
            if content_hash is not None:
                chosen = _in_state(chosen, content_hash, (VersionState.CHECKED,))
            query = select(*_COLUMNS).where(POLICY_VERSIONS.c.shadow.is_(True)).with_for_update()
            for other in await _versions(connection, query):
                if other.content_hash != content_hash:
                    await _change(connection, other, {"shadow": False}, "policy_shadow_ended", by, at)
            if chosen is None or chosen.shadow:
                return chosen
            return await _change(connection, chosen, {"shadow": True}, "policy_shadow_begun", by, at)

    @asynccontextmanager
    async def _acting(
        self, content_hash: str, *states: VersionState
    ) -> AsyncIterator[tuple[AsyncConnection, PolicyVersion]]:
        """A transaction that holds the version, which is in one of these states."""
        async with self._transactions.begin() as connection:
            yield connection, _in_state(await _locked(connection, content_hash), content_hash, states)


def _allow(by: Acting, roles: frozenset[Role], what: str) -> None:
    if by.role not in roles:
        may = ", ".join(sorted(roles))
        raise AftersalesError(
            ErrorCode.ROLE_NOT_ALLOWED, f"As {by.role.value} nobody may {what} of the policy; these may: {may}."
        )


def _goes_by(version: PolicyVersion, named: str) -> bool:
    by_hash = len(named) >= LEAST_PREFIX and version.content_hash.startswith(named)
    return by_hash or version.name == named


def _refuse_taken(made: PolicyVersion, same: PolicyVersion | None, others: tuple[PolicyVersion, ...]) -> None:
    if same is not None and same.state is not VersionState.WITHDRAWN:
        raise AftersalesError(
            ErrorCode.NOT_NOW,
            f"This content is kept already, as {same.name} ({same.state.value}): nothing has changed.",
        )
    taken = [each for each in others if each.name == made.name and each.state is not VersionState.WITHDRAWN]
    if taken:
        raise AftersalesError(ErrorCode.NOT_NOW, f"Another version goes by the name {made.name}. Choose another name.")


def _in_state(found: PolicyVersion | None, content_hash: str, states: tuple[VersionState, ...]) -> PolicyVersion:
    if found is None:
        raise VersionUnknownError(f"There is no policy version {content_hash}. `aftersales policy list` shows them.")
    if found.state not in states:
        wanted = " or ".join(state.value for state in states)
        raise AftersalesError(ErrorCode.NOT_NOW, f"{found.name} is {found.state.value}; for this it must be {wanted}.")
    return found


async def _versions(connection: AsyncConnection, query: Select[tuple[object, ...]]) -> tuple[PolicyVersion, ...]:
    return tuple(PolicyVersion(**row) for row in (await connection.execute(query)).mappings())


async def _locked(connection: AsyncConnection, content_hash: str) -> PolicyVersion | None:
    query = select(*_COLUMNS).where(POLICY_VERSIONS.c.content_hash == content_hash).with_for_update()
    return next(iter(await _versions(connection, query)), None)


def _version(found: PolicyVersion) -> Update:
    return update(POLICY_VERSIONS).where(POLICY_VERSIONS.c.content_hash == found.content_hash)


async def _change(
    connection: AsyncConnection, found: PolicyVersion, changes: dict[str, object], act: str, by: Acting, at: datetime
) -> PolicyVersion:
    changed = found.model_copy(update=changes)
    await connection.execute(_version(found).values(**changes))  # and nothing else: triggers guard the rest
    await _log(connection, act, changed, by, at, before=found.state)
    return changed


async def _log(
    connection: AsyncConnection, act: str, version: PolicyVersion, by: Acting, at: datetime, before: str
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
        action=act,
        before=str(before),
        after=version.state.value,
        facts=json.dumps(told, sort_keys=True),
        why=version.note if act == "policy_drafted" else "",
    )
    await AuditRows(connection).append_audit((entry,))
