"""Which version decides: the one in force, the one a case was applied under, the one in the shadow (P2.1)."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Final

from activities.policy_versions import KeptVersions
from activities.rulings import Policy
from policy.engine import ZenPolicy
from policy.errors import PolicyError
from policy.loader import PACKAGED, Files, compile_version, files_of, folder_of, hash_of, read_folder
from policy.pace import REAL, Pace
from policy.unusable import UnusablePolicy

_UNUSABLE: Final = "The policy version %s cannot be used, so its cases go to a person: %s"
_log = logging.getLogger(__name__)


class Shelf:
    """Implements `activities.rulings.Policies` over the versions that are kept and the packaged ones.

    A version is compiled once. One that is kept and cannot be used any more is said to be so, each time it is asked
    for, and never stands in for another.
    """

    def __init__(self, kept: KeptVersions, default: Path | str = "v1", pace: Pace = REAL) -> None:
        """`default`: the version in force until one is published, packaged or in a folder. Raises PolicyError."""
        self._kept = kept
        self._pace = pace.checked()
        self._folder: Final = folder_of(default)
        self._default = compile_version(read_folder(self._folder), pace)
        self._compiled: dict[str, ZenPolicy] = {self._default.content_hash: self._default}

    async def in_force(self, at: datetime) -> Policy:
        """The published version, else the default; sends everything to a person if the published one is unusable."""
        content_hash = await self._kept.in_force(at)
        if content_hash is None:
            return self._default
        found = await self.version(content_hash)
        return UnusablePolicy(content_hash, self._default) if found is None else found

    async def version(self, content_hash: str) -> ZenPolicy | None:
        """By its content, packaged, in a folder beside the default's, or kept; None if it is nowhere, or unusable."""
        known = self._compiled.get(content_hash)
        return known or self._from_folders(content_hash) or await self._from_kept(content_hash)

    async def shadow(self) -> ZenPolicy | None:
        """None, too, for a draft that cannot be had, whatever is wrong with it: the live decision goes on without."""
        try:
            content_hash = await self._kept.in_shadow()
            return None if content_hash is None else await self.version(content_hash)
        except Exception as error:  # noqa: BLE001 - a draft never keeps the live version from deciding
            _log.error("The policy version in the shadow cannot be had: %s", error)
            return None

    def _from_folders(self, content_hash: str) -> ZenPolicy | None:
        for folder, files in self._folders():
            if hash_of(files) == content_hash:
                return self._compile(content_hash, files, f"in {folder}")
        return None

    def _folders(self) -> Iterator[tuple[Path, Files]]:
        """A folder that holds no version is passed over, and said to be."""
        for beside in dict.fromkeys((PACKAGED, self._folder.resolve().parent)):
            for table in sorted(beside.glob("*/decision.json")):
                try:
                    yield table.parent, read_folder(table.parent)
                except (PolicyError, OSError) as error:
                    _log.warning("The policy version in %s cannot be read: %s", table.parent, error)

    async def _from_kept(self, content_hash: str) -> ZenPolicy | None:
        content = await self._kept.content(content_hash)
        if content is None:
            return None
        if hashlib.sha256(content.encode()).hexdigest() != content_hash:
            _log.error("The policy version %s was changed where it is kept, and is not used.", content_hash)
            return None
        try:
            files = files_of(content)
        except PolicyError as error:
            _log.error(_UNUSABLE, content_hash, error)
            return None
        return self._compile(content_hash, files, "kept in the database")

    def _compile(self, content_hash: str, files: Files, where: str) -> ZenPolicy | None:
        try:
            found = compile_version(files, self._pace)
        except PolicyError as error:
            _log.error(_UNUSABLE, f"{content_hash} {where}", error)
            return None
        self._compiled[content_hash] = found
        return found


class NothingKept:
    """No database: only packaged versions, or those in folders."""

    async def in_force(self, at: datetime) -> str | None:  # noqa: ARG002 - the port's words
        return None

    async def in_shadow(self) -> str | None:
        return None

    async def content(self, content_hash: str) -> str | None:  # noqa: ARG002 - the port's words
        return None


def packaged_shelf(default: Path | str = "v1", pace: Pace = REAL) -> Shelf:
    """A shelf without a database, for trying a version out. Raises PolicyError."""
    return Shelf(NothingKept(), default, pace)
