"""Finding a version of the policy, ready to decide: by whatever somebody calls it, or by its hash."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from cli.commands.deployment import Deployment
from cli.commands.policy_reading import HASH_SHOWN, files_named, is_folder
from policy.engine import ZenPolicy
from policy.loader import compile_version, load_policy, packaged_names
from policy.shelf import Shelf
from storage.policies import PolicyStore

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

NAMELESS: Final = "a version without a name"


class Found(NamedTuple):
    """A version, and what to call it."""

    policy: ZenPolicy
    name: str

    def __str__(self) -> str:
        return f"{self.name} ({self.policy.content_hash[:HASH_SHOWN]})"


async def version_named(deployment: Deployment, named: str) -> Found:
    """A folder, a packaged version, or one that is kept, by name or hash. Raises PolicyError, StorageError."""
    return Found(compile_version(await files_named(deployment, named)), _called(named))


def _called(named: str) -> str:
    """A folder by its own name, also where it is typed as `.`."""
    return Path(named).resolve().name if is_folder(named) else named


async def version_of(engine: AsyncEngine, content_hash: str) -> Found | None:
    """The version that a case was decided by; None if it is nowhere, or cannot be used any more."""
    store = PolicyStore(engine)
    policy = await Shelf(store).version(content_hash)
    if policy is None:
        return None
    kept = [version.name for version in await store.versions() if version.content_hash == content_hash]
    packaged = [name for name in packaged_names() if load_policy(name).content_hash == content_hash]
    return Found(policy, next(iter((*kept, *packaged)), NAMELESS))
