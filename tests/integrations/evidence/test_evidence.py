import hashlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from aftersales.contract.values import EvidenceRef
from integrations.evidence import (
    MEDIA_TYPES,
    EvidenceDamagedError,
    EvidenceEmptyError,
    EvidenceMissingError,
    EvidenceStore,
    EvidenceTooLargeError,
    EvidenceTypeError,
    media_type_of,
    open_evidence,
)
from tests.integrations.evidence.samples import ACCEPTED, JPEG, PDF, REFUSED, pieces


def _kept_in(folder: Path) -> list[Path]:
    return list(folder.rglob("*"))


@pytest.fixture(params=["folder", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> EvidenceStore:
    return open_evidence(str(tmp_path / "evidence") if request.param == "folder" else "memory:///")


async def test_what_was_stored_is_read_back_by_its_hash(store: EvidenceStore) -> None:
    ref = await store.put(pieces(JPEG), largest_bytes=1000)
    assert ref == EvidenceRef(sha256=hashlib.sha256(JPEG).hexdigest(), media_type="image/jpeg", size_bytes=len(JPEG))
    assert await store.get(ref) == JPEG


async def test_the_same_content_again_is_the_same_evidence(store: EvidenceStore) -> None:
    first = await store.put(pieces(PDF), largest_bytes=1000)
    assert await store.put(pieces(PDF, size=1000), largest_bytes=1000) == first


async def test_reading_stops_at_the_limit(store: EvidenceStore) -> None:
    read = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal read
        while True:
            read += 100
            yield JPEG[:10] * 10

    with pytest.raises(EvidenceTooLargeError, match="1000 bytes"):
        await store.put(endless(), largest_bytes=1000)
    assert read <= 1100


async def test_the_stores_own_bound_holds_whatever_the_ticket_says(tmp_path: Path) -> None:
    small = open_evidence(str(tmp_path), largest_bytes=20)
    with pytest.raises(EvidenceTooLargeError):
        await small.put(pieces(JPEG), largest_bytes=10**9)


@pytest.mark.parametrize("media_type", MEDIA_TYPES)
def test_each_accepted_kind_is_known_by_its_content(media_type: str) -> None:
    assert media_type_of(ACCEPTED[media_type]) == media_type


@pytest.mark.parametrize("name", REFUSED)
async def test_other_content_is_refused_and_not_kept(name: str, tmp_path: Path) -> None:
    store = open_evidence(str(tmp_path))
    with pytest.raises(EvidenceTypeError, match="send one of image/jpeg"):
        await store.put(pieces(REFUSED[name]), largest_bytes=1000)
    assert _kept_in(tmp_path) == []


def test_a_kind_that_the_ticket_leaves_out_is_refused() -> None:
    with pytest.raises(EvidenceTypeError, match="image/png"):
        media_type_of(JPEG, ["image/png"])


def test_a_ticket_cannot_allow_what_is_no_evidence() -> None:
    with pytest.raises(EvidenceTypeError):
        media_type_of(b"GIF89a" + b"\0" * 64, ["image/gif"])


async def test_nothing_is_no_evidence(store: EvidenceStore) -> None:
    with pytest.raises(EvidenceEmptyError):
        await store.put(pieces(b""), largest_bytes=1000)


async def test_a_reference_to_nothing_says_so(store: EvidenceStore) -> None:
    with pytest.raises(EvidenceMissingError):
        await store.get(EvidenceRef(sha256="a" * 64, media_type="image/png", size_bytes=1))


async def test_content_that_was_changed_behind_our_back_is_not_handed_out(tmp_path: Path) -> None:
    store = open_evidence(str(tmp_path))
    ref = await store.put(pieces(JPEG), largest_bytes=1000)
    (tmp_path / ref.sha256[:2] / ref.sha256).write_bytes(PDF)
    with pytest.raises(EvidenceDamagedError):
        await store.get(ref)
