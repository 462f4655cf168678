"""Evidence (P2.2): what kinds there are, how it is taken in, where it is kept."""

from __future__ import annotations

from integrations.evidence.bounds import Bounds, EvidenceSettings
from integrations.evidence.decoders import Decoders
from integrations.evidence.errors import (
    EvidenceAddressError,
    EvidenceBoundError,
    EvidenceBrokenError,
    EvidenceDamagedError,
    EvidenceEmptyError,
    EvidenceError,
    EvidenceLockedError,
    EvidenceMissingError,
    EvidenceNameError,
    EvidenceTooLargeError,
    EvidenceTypeError,
)
from integrations.evidence.intake import EvidenceIntake, StoredFiles, TakenIn
from integrations.evidence.judgement import warnings_about
from integrations.evidence.kinds import ENDINGS, LARGEST_BYTES, MEDIA_TYPES, media_type_of
from integrations.evidence.store import THUMBNAIL_TYPE, EvidenceStore, open_evidence

__all__ = [
    "ENDINGS",
    "LARGEST_BYTES",
    "MEDIA_TYPES",
    "THUMBNAIL_TYPE",
    "Bounds",
    "Decoders",
    "EvidenceAddressError",
    "EvidenceBoundError",
    "EvidenceBrokenError",
    "EvidenceDamagedError",
    "EvidenceEmptyError",
    "EvidenceError",
    "EvidenceIntake",
    "EvidenceLockedError",
    "EvidenceMissingError",
    "EvidenceNameError",
    "EvidenceSettings",
    "EvidenceStore",
    "EvidenceTooLargeError",
    "EvidenceTypeError",
    "StoredFiles",
    "TakenIn",
    "media_type_of",
    "open_evidence",
    "warnings_about",
]
