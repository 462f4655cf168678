"""Versions of the policy as they are kept: who wrote, checked and published them, and from when they hold (P2.1, P5.1).

`storage.policies` keeps them; `policy.shelf` and `policy.publishing` use them.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Final, NamedTuple, Protocol

from pydantic import Field

from aftersales.contract.values import Frozen, Role, Sha256

POLICY_LOG: Final = "policy"
"""The operations log of what people do with versions."""


AUTHORS: Final = (Role.POLICY_AUTHOR,)
PUBLISHERS: Final = (Role.POLICY_AUTHOR, Role.SUPERVISOR, Role.ADMIN)


class Act(NamedTuple):
    """Something that people do with versions: as the log calls it, in words, and whose it is, the usual role first."""

    logged: str
    words: str
    roles: tuple[Role, ...]


DRAFT: Final = Act("policy_drafted", "write drafts", AUTHORS)
CHECK: Final = Act("policy_checked", "check versions", PUBLISHERS)
PUBLISH: Final = Act("policy_published", "publish versions", PUBLISHERS)
WITHDRAW: Final = Act("policy_withdrawn", "withdraw versions", PUBLISHERS)
SHADOW: Final = Act("policy_shadow_begun", "choose the version in the shadow", PUBLISHERS)
SHADOW_ENDS: Final = Act("policy_shadow_ended", "choose the version in the shadow", PUBLISHERS)


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
    """Who does something with a version, and through which door they came. `account`: the actor is one of ours, who
    must hold the role at that moment."""

    actor: str
    role: Role
    channel: str
    account: bool = False


class RefusedAct(NamedTuple):
    """Who was refused what. `version`: its hash, or what they called it; `role`: the one that they named or came with;
    `code`: of `aftersales.contract.values.ErrorCode`."""

    act: Act
    version: str
    actor: str
    role: str
    channel: str
    code: str


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
