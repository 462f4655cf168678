"""From a folder to a version in force: every gate looks at the content anew (P5.1)."""

from __future__ import annotations

from datetime import datetime
from typing import Final, NamedTuple

from activities.policy_versions import Acting, PolicyVersion, Publishing
from policy.doubts import doubts_of
from policy.errors import PolicyError
from policy.loader import Files, compile_version, faults_of, files_of

GONE: Final = "the version is not kept, or was never drafted."


class Found(NamedTuple):
    """What looking at a version brought up: faults, which refuse it, and doubts, which a person may have meant."""

    faults: tuple[PolicyError, ...]
    doubts: tuple[str, ...]


def examine(files: Files) -> Found:
    faults = tuple(faults_of(files))
    return Found(faults, () if faults else tuple(doubts_of(compile_version(files))))


async def kept_files(versions: Publishing, content_hash: str) -> Files:
    """Raises PolicyError when there are none, or not those of a version of today."""
    content = await versions.content(content_hash)
    if content is None:
        raise PolicyError(GONE)
    return files_of(content)


async def check(versions: Publishing, content_hash: str, by: Acting, at: datetime) -> Found:
    """Look at a draft; one without a fault is checked from now on."""
    found = examine(await kept_files(versions, content_hash))
    if not found.faults:
        await versions.mark_checked(content_hash, by, at)
    return found


async def publish(
    versions: Publishing, content_hash: str, effective_from: datetime | None, by: Acting, at: datetime
) -> PolicyVersion:
    """Put a checked version in force. Raises PolicyError naming the cell, were it unsound by the rules of today."""
    compile_version(await kept_files(versions, content_hash))
    return await versions.publish(content_hash, effective_from, by, at)
