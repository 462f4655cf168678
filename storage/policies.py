"""Versions of the policy: drafted, checked, published by another person, withdrawn; each act in the log (P2.1, P5.1).

What a version says is not looked at here; `policy.publishing` checks it before it asks for anything.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Final

from sqlalchemy import Select, Update, bindparam, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from activities.policy_versions import (
    CHECK,
    DRAFT,
    PUBLISH,
    SHADOW,
    SHADOW_ENDS,
    WITHDRAW,
    Act,
    Acting,
    PolicyVersion,
    RefusedAct,
    VersionState,
)
from aftersales.contract.errors import AftersalesError
from aftersales.contract.values import ErrorCode
from storage.engine import Transactions, snapshots
from storage.errors import StorageError
from storage.policy_log import FOR_WHO_ASKS, allow, log_act, log_refusal
from storage.rows.base import insert_if_new
from storage.tables import POLICY_VERSIONS

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

    What people do raises AftersalesError: role_not_allowed, same_person (both are in the log then), not_now;
    VersionUnknownError.
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
        made = PolicyVersion(
            content_hash=hashlib.sha256(content.encode()).hexdigest(),
            name=name,
            note=note,
            state=VersionState.DRAFT,
            author=by.actor,
            drafted_at=at,
        )
        async with self._allowed(DRAFT, made.content_hash, by, at) as connection:
            same = await _locked(connection, made.content_hash)
            _refuse_taken(made, same, await _versions(connection, select(*_COLUMNS)))
            if same is None:
                await insert_if_new(connection, POLICY_VERSIONS, {**dict(made), "content": content})
            else:
                changes = {name: value for name, value in dict(made).items() if name != "content_hash"}
                await connection.execute(_version(same).values(**changes))
            await log_act(connection, DRAFT, made, by, at, before=same.state if same else "")
        return made

    async def mark_checked(self, content_hash: str, by: Acting, at: datetime) -> PolicyVersion:
        """A draft was found sound; one that was checked before stays as it is."""
        async with self._allowed(CHECK, content_hash, by, at) as connection:
            found = await _found(connection, content_hash, VersionState.DRAFT, VersionState.CHECKED)
            if found.state is VersionState.CHECKED:
                return found
            checked = {"state": VersionState.CHECKED, "checked_by": by.actor, "checked_at": at}
            return await _change(connection, found, checked, CHECK, by, at)

    async def publish(
        self, content_hash: str, effective_from: datetime | None, by: Acting, at: datetime
    ) -> PolicyVersion:
        """Put a checked version in force, from a moment that is not past (None: from now); for ever."""
        moment = effective_from or at
        async with self._allowed(PUBLISH, content_hash, by, at) as connection:
            _refuse_past(moment, at)
            found = await _found(connection, content_hash, VersionState.CHECKED)
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
            return await _change(connection, found, published, PUBLISH, by, at)

    async def withdraw(self, content_hash: str, by: Acting, at: datetime) -> PolicyVersion:
        """Take a version back that was never in force."""
        async with self._allowed(WITHDRAW, content_hash, by, at) as connection:
            states = (VersionState.DRAFT, VersionState.CHECKED, VersionState.PUBLISHED)
            found = await _found(connection, content_hash, *states)
            if found.effective_from is not None and found.effective_from <= at:
                raise AftersalesError(
                    ErrorCode.NOT_NOW,
                    f"{found.name} has been in force since {found.effective_from:%Y-%m-%d %H:%M:%S} UTC, and cases "
                    "were decided by it. Publish another version in its place.",
                )
            withdrawn = {"state": VersionState.WITHDRAWN, "shadow": False}
            return await _change(connection, found, withdrawn, WITHDRAW, by, at)

    async def set_shadow(self, content_hash: str | None, by: Acting, at: datetime) -> PolicyVersion | None:
        """Let a checked version run beside the one in force, in the place of any other; None: none runs any more."""
        act = SHADOW if content_hash else SHADOW_ENDS
        async with self._allowed(act, content_hash or "", by, at) as connection:
            chosen = await _found(connection, content_hash, VersionState.CHECKED) if content_hash else None
            query = select(*_COLUMNS).where(POLICY_VERSIONS.c.shadow.is_(True)).with_for_update()
            for other in await _versions(connection, query):
                if other.content_hash != content_hash:
                    await _change(connection, other, {"shadow": False}, SHADOW_ENDS, by, at)
            if chosen is None or chosen.shadow:
                return chosen
            return await _change(connection, chosen, {"shadow": True}, SHADOW, by, at)

    async def note_refusal(self, refused: RefusedAct, at: datetime) -> None:
        """Of somebody who was refused before they came as far as this."""
        async with self._transactions.begin() as connection:
            await log_refusal(connection, refused, at)

    @asynccontextmanager
    async def _allowed(self, act: Act, version: str, by: Acting, at: datetime) -> AsyncIterator[AsyncConnection]:
        """A transaction for whoever may do this. What is refused for who asks is rolled back whole and then written
        down by itself."""
        try:
            async with self._transactions.begin() as connection:
                await allow(connection, act, by)
                await _one_after_another(connection)
                yield connection
        except AftersalesError as error:
            if error.code in FOR_WHO_ASKS:
                refused = RefusedAct(act, version, by.actor, by.role.value, by.channel, error.code.value)
                await self.note_refusal(refused, at)
            raise


async def _one_after_another(connection: AsyncConnection) -> None:
    """Acts wait for each other, so that no two drafts get one name, nor two versions into the shadow; whoever only
    reads waits for none. On SQLite all that write do so anyway."""
    if connection.dialect.name == "postgresql":
        await connection.execute(text(f"LOCK TABLE {POLICY_VERSIONS.name} IN SHARE ROW EXCLUSIVE MODE"))


def _refuse_past(moment: datetime, now: datetime) -> None:
    if moment < now:
        raise AftersalesError(
            ErrorCode.NOT_NOW,
            f"A version cannot be in force from {moment:%Y-%m-%d %H:%M:%S} UTC, which is past: cases were decided "
            "since. Name a moment to come, or `now`.",
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


async def _found(connection: AsyncConnection, content_hash: str, *states: VersionState) -> PolicyVersion:
    """The version, locked, if it is in one of these states."""
    found = await _locked(connection, content_hash)
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
    connection: AsyncConnection, found: PolicyVersion, changes: dict[str, object], act: Act, by: Acting, at: datetime
) -> PolicyVersion:
    changed = found.model_copy(update=changes)
    await connection.execute(_version(found).values(**changes))  # and nothing else: triggers guard the rest
    await log_act(connection, act, changed, by, at, before=found.state)
    return changed
