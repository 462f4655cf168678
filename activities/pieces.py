"""Pieces of evidence as steps, checks and stores know them: what was found, and where else it was seen (P2.2)."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Protocol

from aftersales.contract.messages import Number
from aftersales.contract.values import EvidenceRef, Frozen, Language, Sha256


class Findings(Frozen):
    """What a decoder saw. Pixels; `duration_ms` of a video, `pages` of a document; `brightness` 0 to 255.

    `likeness`: 64 bits that nearly equal pictures share (Hamming distance of at most 6); None where there is nothing to
    compare. What was not measured is None.
    """

    width: int | None = None
    height: int | None = None
    sharpness: float | None = None
    brightness: float | None = None
    likeness: int | None = None
    duration_ms: int | None = None
    pages: int | None = None


class WarningCode(StrEnum):
    BLURRED = "blurred"
    DARK = "dark"
    SMALL = "small"


class EvidenceWarning(Frozen):
    """A request for a better piece, in each language. Never a refusal."""

    code: WarningCode
    sentence: dict[Language, str]


class ReusedEvidence(Frozen):
    """The same picture in another case (`distance` 0), or nearly the same: the bits in which their hashes differ."""

    sha256: Sha256
    other_number: Number
    distance: int


class ScanVerdict(StrEnum):
    CLEAN = "clean"
    INFECTED = "infected"
    NOT_SCANNED = "not_scanned"


class Scan(Frozen):
    """What the virus scanner says; `signature` names what it found."""

    verdict: ScanVerdict
    signature: str = ""


class PieceState(StrEnum):
    UNCHECKED = "unchecked"  # kept, and served to nobody before its first check
    KEPT = "kept"
    QUARANTINED = "quarantined"  # kept, never served
    ERASED = "erased"  # only its hash is left


class EvidencePiece(Frozen):
    """A piece of a case with what is known of it. `scan` is None until a check for this case has read it."""

    number: Number
    ref: EvidenceRef
    state: PieceState = PieceState.KEPT
    findings: Findings = Findings()
    scan: Scan | None = None
    reused: tuple[ReusedEvidence, ...] = ()
    checked_at: datetime | None = None
    erased_at: datetime | None = None


class ErasableContent(Frozen):
    """Content that no case needs any more, with the cases that had it."""

    sha256: Sha256
    numbers: tuple[Number, ...]


class EvidenceGoneError(Exception):
    """The content is not in the store, or not what was stored; `str(error)` says which."""


class EvidenceFiles(Protocol):
    """The contents, by their hash."""

    async def read(self, ref: EvidenceRef) -> bytes:
        """Raises EvidenceGoneError; anything else may pass when tried again."""
        ...

    async def examine(self, ref: EvidenceRef, content: bytes) -> Findings:
        """Look into the content and store its thumbnail, of a video a still frame. Raises EvidenceGoneError for what
        cannot be opened."""
        ...

    async def delete(self, sha256: str) -> None:
        """The content and its thumbnail; nothing happens if they are gone."""
        ...


class VirusScanner(Protocol):
    async def scan(self, content: bytes) -> Scan:
        """Raises OSError or TimeoutError while the scanner cannot be asked."""
        ...


class EvidenceFindings(Protocol):
    """What is recorded of evidence; one short transaction each."""

    async def pieces(self, number: str) -> tuple[EvidencePiece, ...]:
        """What the case refers to, each once, in the sequence in which it was named."""
        ...

    async def reused(self, piece: EvidencePiece) -> tuple[ReusedEvidence, ...]: ...

    async def store(self, piece: EvidencePiece, at: datetime) -> None:
        """Write down what was found; the first infection is an entry of the case's log, too."""
        ...

    async def erasable(self, closed_before: datetime, limit: int) -> tuple[ErasableContent, ...]:
        """Content of cases that were all closed, or of uploads without a case that were made, before that moment."""
        ...

    async def erase(
        self, content: ErasableContent, files: EvidenceFiles, closed_before: datetime, at: datetime
    ) -> bool:
        """Delete the content and note it in the log of each case; False if a case needs it after all."""
        ...
