"""Evidence on its way in: bounded, of an accepted kind, made anew in a decoder's process, then kept (P2.2).

And evidence that was kept, opened once more for its checks: `activities.pieces.EvidenceFiles`.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, Iterable
from typing import NamedTuple

from activities.pieces import EvidenceGoneError, EvidenceWarning, Findings
from aftersales.contract.values import EvidenceRef
from integrations.evidence.bounds import EvidenceSettings
from integrations.evidence.decoders import Decoders
from integrations.evidence.errors import EvidenceError
from integrations.evidence.findings import Cleaned
from integrations.evidence.judgement import warnings_about
from integrations.evidence.kinds import MEDIA_TYPES, media_type_of, read_bounded
from integrations.evidence.store import EvidenceStore


class TakenIn(NamedTuple):
    """A piece that is kept, what was found in it, and what the customer is asked to do better."""

    ref: EvidenceRef
    findings: Findings
    warnings: tuple[EvidenceWarning, ...]
    cleaned: Cleaned


class EvidenceIntake:
    """Takes evidence in. `store` holds what came of it."""

    def __init__(self, store: EvidenceStore, decoders: Decoders, settings: EvidenceSettings) -> None:
        self.store = store
        self._decoders = decoders
        self._sharpness_threshold = settings.evidence_sharpness

    async def take(
        self,
        content: AsyncIterable[bytes],
        *,
        largest_bytes: int,
        media_types: Iterable[str] = MEDIA_TYPES,
        name: str = "",
    ) -> TakenIn:
        """Read at most `largest_bytes` (and the store's own bound), check the kind, clean and keep it.

        Raises an EvidenceError other than missing and damaged; nothing is kept then.
        """
        sent = await read_bounded(content, min(largest_bytes, self.store.largest_bytes))
        cleaned = await self._decoders.clean(sent, media_type_of(sent, media_types, name))
        ref = await self.store.put(cleaned.content, cleaned.media_type, cleaned.thumbnail)
        return TakenIn(ref, cleaned.findings, warnings_about(cleaned.findings, self._sharpness_threshold), cleaned)

    async def keep_again(self, taken: TakenIn) -> None:
        """After it was noted: in between, the same content may have been erased as an older case's."""
        if not await self.store.holds(taken.ref.sha256):
            await self.store.put(taken.cleaned.content, taken.cleaned.media_type, taken.cleaned.thumbnail)

    async def close(self) -> None:
        await self._decoders.close()


class StoredFiles:
    """`activities.pieces.EvidenceFiles`."""

    def __init__(self, store: EvidenceStore, decoders: Decoders) -> None:
        self._store = store
        self._decoders = decoders

    async def read(self, ref: EvidenceRef) -> bytes:
        try:
            return await self._store.get(ref)
        except EvidenceError as why:
            raise EvidenceGoneError(str(why)) from why

    async def examine(self, ref: EvidenceRef, content: bytes) -> Findings:
        try:
            seen = await self._decoders.look_at(content, ref.media_type)
        except EvidenceError as why:
            raise EvidenceGoneError(str(why)) from why
        if seen.thumbnail:
            await self._store.put_thumbnail(ref.sha256, seen.thumbnail)
        return seen.findings

    async def delete(self, sha256: str) -> None:
        await self._store.delete(sha256)
