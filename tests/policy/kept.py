"""Versions kept in memory."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime

from activities.policy_versions import Acting, PolicyVersion, VersionState
from aftersales.contract.values import Role

NOON = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)
BY = Acting(actor="wang", role=Role.POLICY_AUTHOR, channel="cli")


class FakeVersions:
    """Implements `activities.policy_versions.Publishing` and remembers what was asked of it."""

    def __init__(self) -> None:
        self.contents: dict[str, str] = {}
        self.current: str | None = None
        self.shadow: str | None = None
        self.asked: list[str] = []
        self.acts: list[tuple[str, str]] = []

    def keep(self, content: str) -> str:
        content_hash = hashlib.sha256(content.encode()).hexdigest()
        self.contents[content_hash] = content
        return content_hash

    async def in_force(self, at: datetime) -> str | None:
        del at
        return self.current

    async def in_shadow(self) -> str | None:
        return self.shadow

    async def content(self, content_hash: str) -> str | None:
        self.asked.append(content_hash)
        return self.contents.get(content_hash)

    async def mark_checked(self, content_hash: str, by: Acting, at: datetime) -> PolicyVersion:
        self.acts.append(("checked", content_hash))
        return _version(content_hash, by, at, VersionState.CHECKED)

    async def publish(
        self, content_hash: str, effective_from: datetime | None, by: Acting, at: datetime
    ) -> PolicyVersion:
        self.acts.append(("published", content_hash))
        version = _version(content_hash, by, at, VersionState.PUBLISHED)
        return version.model_copy(update={"effective_from": effective_from or at})


def _version(content_hash: str, by: Acting, at: datetime, state: VersionState) -> PolicyVersion:
    return PolicyVersion(content_hash=content_hash, name="winter", note="", state=state, author=by.actor, drafted_at=at)
