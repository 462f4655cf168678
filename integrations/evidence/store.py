"""Where evidence is kept: by the hash of its content, written once, never changed (P2.2).

A local folder by default; `memory:///` and `s3://bucket/prefix` by setting. A thumbnail stands beside what it shows.
"""

from __future__ import annotations

import hashlib
from contextlib import suppress
from pathlib import Path
from typing import Final

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError
from obstore.store import LocalStore, MemoryStore, ObjectStore, from_url

from aftersales.contract.values import EvidenceRef
from integrations.evidence.errors import (
    EvidenceAddressError,
    EvidenceDamagedError,
    EvidenceMissingError,
    EvidenceTooLargeError,
)
from integrations.evidence.kinds import LARGEST_BYTES

THUMBNAIL_TYPE: Final = "image/jpeg"
LARGEST_THUMBNAIL_BYTES: Final = 1_000_000


class EvidenceStore:
    """Evidence by content hash: storing the same content again changes nothing and gives the same reference."""

    def __init__(self, bucket: ObjectStore, largest_bytes: int = LARGEST_BYTES) -> None:
        self._bucket = bucket
        self.largest_bytes = largest_bytes

    async def put(self, content: bytes, media_type: str, thumbnail: bytes = b"") -> EvidenceRef:
        """Keep content as it is. Raises EvidenceTooLargeError; nothing is kept then."""
        if len(content) > self.largest_bytes:
            raise EvidenceTooLargeError(self.largest_bytes)
        sha256 = hashlib.sha256(content).hexdigest()
        if thumbnail:
            await self.put_thumbnail(sha256, thumbnail)
        await self._create(_place(sha256), content)
        return EvidenceRef(sha256=sha256, media_type=media_type, size_bytes=len(content))

    async def put_thumbnail(self, sha256: str, thumbnail: bytes) -> None:
        """Beside the content; the first one stays."""
        await self._create(_thumbnail_place(sha256), thumbnail)

    async def holds(self, sha256: str) -> bool:
        try:
            await obstore.head_async(self._bucket, _place(sha256))
        except FileNotFoundError:
            return False
        return True

    async def get(self, ref: EvidenceRef) -> bytes:
        """The very bytes. Raises EvidenceMissingError, EvidenceTooLargeError, EvidenceDamagedError."""
        content = await self._read(_place(ref.sha256), ref.sha256, self.largest_bytes)
        if hashlib.sha256(content).hexdigest() != ref.sha256:
            raise EvidenceDamagedError(ref.sha256)
        return content

    async def thumbnail(self, sha256: str) -> bytes:
        """A JPEG. Raises EvidenceMissingError: documents have none, and videos only after they were checked."""
        return await self._read(_thumbnail_place(sha256), sha256, LARGEST_THUMBNAIL_BYTES)

    async def delete(self, sha256: str) -> None:
        """The thumbnail, then the content; what is gone already is no error."""
        for place in (_thumbnail_place(sha256), _place(sha256)):
            with suppress(FileNotFoundError):
                await obstore.delete_async(self._bucket, place)

    async def _create(self, place: str, content: bytes) -> None:
        with suppress(AlreadyExistsError):  # the same content, so the same evidence
            await obstore.put_async(self._bucket, place, content, mode="create")

    async def _read(self, place: str, sha256: str, largest_bytes: int) -> bytes:
        try:
            if (await obstore.head_async(self._bucket, place))["size"] > largest_bytes:
                raise EvidenceTooLargeError(largest_bytes)
            found = await (await obstore.get_async(self._bucket, place)).bytes_async()
        except FileNotFoundError as why:
            raise EvidenceMissingError(sha256) from why
        return bytes(found)


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


def _place(sha256: str) -> str:
    return f"{sha256[:2]}/{sha256}"


def _thumbnail_place(sha256: str) -> str:
    return f"{_place(sha256)}.thumbnail"
