"""Versions of the policy as they are kept: who wrote, checked and published them, and from when they hold (P2.1, P5.1).

`storage.policies` keeps them; `policy.shelf` and `policy.publishing` use them.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Final, Protocol

from pydantic import Field

from aftersales.contract.values import Frozen, Role, Sha256

POLICY_LOG: Final = "policy"
"""The operations log of what people do with versions."""


class VersionState(StrEnum):
    DRAFT = "draft"
    CHECKED = "checked"
    PUBLISHED = "published"  # in force from its moment on, until a later one is
    WITHDRAWN = "withdrawn"


class PolicyVersion(Frozen):
    """A version without its content. `shadow`: it runs beside the one in force and decides nothing."""

    content_hash: Sha256
    name: Annotated[str, Field(min_length=1, max_length=64)]
    note: str
    state: VersionState
    author: str
    drafted_at: datetime
    checked_by: str = ""
    checked_at: datetime | None = None
    published_by: str = ""
    published_at: datetime | None = None
    effective_from: datetime | None = None
    shadow: bool = False


class Acting(Frozen):
    """Who does something with a version, and through which door they came."""

    actor: str
    role: Role
    channel: str


class KeptVersions(Protocol):
    """What deciding needs of the versions that are kept."""

    async def in_force(self, at: datetime) -> str | None:
        """The content hash of the published version with the latest `effective_from` that is not after `at`."""
        ...

    async def in_shadow(self) -> str | None:
        """The content hash of the version that runs in the shadow."""
        ...

    async def content(self, content_hash: str) -> str | None:
        """The canonical JSON of all its files."""
        ...


class Publishing(KeptVersions, Protocol):
    """What people do with versions. Raises AftersalesError (role_not_allowed, same_person, not_now)."""

    async def mark_checked(self, content_hash: str, by: Acting, at: datetime) -> PolicyVersion: ...
    async def publish(
        self, content_hash: str, effective_from: datetime | None, by: Acting, at: datetime
    ) -> PolicyVersion: ...
