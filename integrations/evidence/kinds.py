"""The kinds of files that count as evidence: told by the content, and by the name where it says something (5.2.2)."""

from __future__ import annotations

from collections.abc import AsyncIterable, Iterable, Mapping
from typing import Final

import filetype

from integrations.evidence.errors import (
    EvidenceEmptyError,
    EvidenceNameError,
    EvidenceTooLargeError,
    EvidenceTypeError,
)

ENDINGS: Final[Mapping[str, tuple[str, ...]]] = {
    "image/jpeg": ("jpg", "jpeg", "jpe", "jfif"),
    "image/png": ("png",),
    "image/webp": ("webp",),
    "image/heic": ("heic", "heif", "hif"),
    "video/mp4": ("mp4", "m4v"),
    "video/quicktime": ("mov", "qt"),
    "application/pdf": ("pdf",),
}
MEDIA_TYPES: Final = tuple(ENDINGS)
"""All that counts as evidence; a ticket may allow fewer."""

LARGEST_BYTES: Final = 50_000_000
LONGEST_ENDING: Final = 8
_HEAD_BYTES: Final = 8192


async def read_bounded(content: AsyncIterable[bytes], largest_bytes: int) -> bytes:
    """All of it, or EvidenceTooLargeError as soon as one byte too many has come."""
    kept = bytearray()
    async for piece in content:
        kept += piece
        if len(kept) > largest_bytes:
            raise EvidenceTooLargeError(largest_bytes)
    return bytes(kept)


def media_type_of(content: bytes, allowed: Iterable[str] = MEDIA_TYPES, name: str = "") -> str:
    """The kind that the first bytes show, which the name's ending must not contradict.

    A name without an ending, such as the `blob` of a script, says nothing. Raises EvidenceEmptyError,
    EvidenceTypeError, EvidenceNameError.
    """
    if not content:
        raise EvidenceEmptyError
    media_type = filetype.guess_mime(content[:_HEAD_BYTES])
    accepted = [one for one in allowed if one in MEDIA_TYPES]
    if not isinstance(media_type, str) or media_type not in accepted:
        raise EvidenceTypeError(accepted)
    ending = _ending(name)
    if ending and ending not in ENDINGS[media_type]:
        raise EvidenceNameError(ending[:LONGEST_ENDING], media_type)
    return media_type


def _ending(name: str) -> str:
    """What follows the last full stop of the last part of a path, in small letters."""
    last = name.replace("\\", "/").rpartition("/")[2]
    return last.rpartition(".")[2].strip().lower() if "." in last else ""
