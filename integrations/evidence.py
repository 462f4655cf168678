"""Where evidence is kept: by the hash of its content, written once, never changed (P2.2).

A local folder by default; `memory:///` and `s3://bucket/prefix` by setting. The kind of a file is read from its
content, whatever its name or its sender says.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Final

import filetype
import obstore
from obstore.exceptions import AlreadyExistsError, BaseError
from obstore.store import LocalStore, MemoryStore, ObjectStore, from_url

from aftersales.contract.values import EvidenceRef

MEDIA_TYPES: Final = (
    "image/jpeg",
    "image/png",
    "image/webp",
    "image/heic",
    "video/mp4",
    "video/quicktime",
    "application/pdf",
)
"""All that counts as evidence; a ticket may allow fewer."""

LARGEST_BYTES: Final = 50_000_000
_HEAD_BYTES: Final = 8192


class EvidenceError(Exception):
    """Base of what is wrong with a piece of evidence; `str(error)` says what to do."""


class EvidenceAddressError(Exception):
    """Where evidence is to be kept cannot be used."""

    def __init__(self, why: Exception) -> None:
        reason = str(why).partition("\n")[0]
        super().__init__(
            f"Evidence cannot be kept there ({reason}). Name a folder or an address such as s3://bucket/path."
        )


class EvidenceTooLargeError(EvidenceError):
    def __init__(self, limit_bytes: int) -> None:
        super().__init__(f"The file is larger than {limit_bytes} bytes; send a smaller or shorter one.")


class EvidenceTypeError(EvidenceError):
    def __init__(self, allowed: Iterable[str]) -> None:
        kinds = ", ".join(allowed)
        super().__init__(f"The file's content is of no accepted kind; send one of {kinds}.")


class EvidenceEmptyError(EvidenceError):
    def __init__(self) -> None:
        super().__init__("The file is empty; choose the file again.")


class EvidenceMissingError(EvidenceError):
    def __init__(self, sha256: str) -> None:
        super().__init__(f"No evidence {sha256} is kept here; check the store's address.")


class EvidenceDamagedError(EvidenceError):
    def __init__(self, sha256: str) -> None:
        super().__init__(f"Evidence {sha256} is not what was stored; restore it from a backup.")


class EvidenceStore:
    """Evidence by content hash: storing the same content again changes nothing and gives the same reference."""

    def __init__(self, bucket: ObjectStore, largest_bytes: int = LARGEST_BYTES) -> None:
        self._bucket = bucket
        self._largest_bytes = largest_bytes

    async def put(
        self, content: AsyncIterable[bytes], *, largest_bytes: int, media_types: Iterable[str] = MEDIA_TYPES
    ) -> EvidenceRef:
        """Read at most `largest_bytes` (and the store's own bound), check the kind, keep it.

        Raises EvidenceTooLargeError, EvidenceTypeError, EvidenceEmptyError; nothing is kept then.
        """
        kept = await read_bounded(content, min(largest_bytes, self._largest_bytes))
        media_type = media_type_of(kept, media_types)
        sha256 = hashlib.sha256(kept).hexdigest()
        with suppress(AlreadyExistsError):  # the same content, so the same evidence
            await obstore.put_async(self._bucket, _place(sha256), kept, mode="create")
        return EvidenceRef(sha256=sha256, media_type=media_type, size_bytes=len(kept))

    async def get(self, ref: EvidenceRef) -> bytes:
        """The very bytes. Raises EvidenceMissingError, EvidenceTooLargeError, EvidenceDamagedError."""
        place = _place(ref.sha256)
        try:
            size_bytes = (await obstore.head_async(self._bucket, place))["size"]
            if size_bytes > self._largest_bytes:
                raise EvidenceTooLargeError(self._largest_bytes)
            found = await (await obstore.get_async(self._bucket, place)).bytes_async()
        except FileNotFoundError as why:
            raise EvidenceMissingError(ref.sha256) from why
        content = bytes(found)
        if hashlib.sha256(content).hexdigest() != ref.sha256:
            raise EvidenceDamagedError(ref.sha256)
        return content


def open_evidence(address: str, largest_bytes: int = LARGEST_BYTES) -> EvidenceStore:
    """The store at a folder's path or a URL (`memory:///`, `file:///…`, `s3://…`; keys from `AWS_*`).

    Raises EvidenceAddressError.
    """
    try:
        return EvidenceStore(_bucket(address), largest_bytes)
    except (BaseError, OSError) as why:
        raise EvidenceAddressError(why) from why


def _bucket(address: str) -> ObjectStore:
    if address.startswith("memory:"):
        return MemoryStore()
    if "://" not in address:
        return LocalStore(Path(address).absolute(), mkdir=True)
    return from_url(address)


async def read_bounded(content: AsyncIterable[bytes], largest_bytes: int) -> bytes:
    """All of it, or EvidenceTooLargeError as soon as one byte too many has come."""
    kept = bytearray()
    async for piece in content:
        kept += piece
        if len(kept) > largest_bytes:
            raise EvidenceTooLargeError(largest_bytes)
    return bytes(kept)


def media_type_of(content: bytes, allowed: Iterable[str] = MEDIA_TYPES) -> str:
    """The kind that the first bytes show. Raises EvidenceEmptyError, EvidenceTypeError."""
    if not content:
        raise EvidenceEmptyError
    media_type = filetype.guess_mime(content[:_HEAD_BYTES])
    accepted = [one for one in allowed if one in MEDIA_TYPES]
    if not isinstance(media_type, str) or media_type not in accepted:
        raise EvidenceTypeError(accepted)
    return media_type


def _place(sha256: str) -> str:
    return f"{sha256[:2]}/{sha256}"
