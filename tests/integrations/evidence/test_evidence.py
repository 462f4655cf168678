"""The store: by content hash, once, never changed; and what kind a file is."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from aftersales.contract.values import EvidenceRef
from integrations.evidence import (
    MEDIA_TYPES,
    EvidenceDamagedError,
    EvidenceMissingError,
    EvidenceNameError,
    EvidenceStore,
    EvidenceTooLargeError,
    EvidenceTypeError,
    media_type_of,
    open_evidence,
)
from tests.integrations.evidence.samples import ACCEPTED, JPEG, PDF, REFUSED


@pytest.fixture(params=["folder", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> EvidenceStore:
    return open_evidence(str(tmp_path / "evidence") if request.param == "folder" else "memory:///")


async def test_what_was_stored_is_read_back_by_its_hash(store: EvidenceStore) -> None:
    ref = await store.put(JPEG, "image/jpeg", b"small")
    assert ref == EvidenceRef(sha256=hashlib.sha256(JPEG).hexdigest(), media_type="image/jpeg", size_bytes=len(JPEG))
    assert await store.get(ref) == JPEG
    assert await store.thumbnail(ref.sha256) == b"small"


async def test_the_same_content_again_is_the_same_evidence_and_its_thumbnail_stays(store: EvidenceStore) -> None:
    first = await store.put(PDF, "application/pdf", b"small")
    assert await store.put(PDF, "application/pdf", b"other") == first
    assert await store.thumbnail(first.sha256) == b"small"


async def test_deleted_evidence_is_gone_with_its_thumbnail_and_may_be_deleted_again(store: EvidenceStore) -> None:
    ref = await store.put(JPEG, "image/jpeg", b"small")
    for _ in range(2):
        await store.delete(ref.sha256)
    assert not await store.holds(ref.sha256)
    for gone in (store.get(ref), store.thumbnail(ref.sha256)):
        with pytest.raises(EvidenceMissingError):
            await gone
    assert await store.put(JPEG, "image/jpeg") == ref
    assert await store.holds(ref.sha256)


async def test_nothing_above_the_stores_own_bound_is_kept(tmp_path: Path) -> None:
    small = open_evidence(str(tmp_path), largest_bytes=20)
    with pytest.raises(EvidenceTooLargeError):
        await small.put(JPEG, "image/jpeg")
    assert os.listdir(tmp_path) == []


async def test_a_reference_to_nothing_says_so(store: EvidenceStore) -> None:
    with pytest.raises(EvidenceMissingError):
        await store.get(EvidenceRef(sha256="a" * 64, media_type="image/png", size_bytes=1))


async def test_content_that_was_changed_behind_our_back_is_not_handed_out(tmp_path: Path) -> None:
    store = open_evidence(str(tmp_path))
    ref = await store.put(JPEG, "image/jpeg")
    (tmp_path / ref.sha256[:2] / ref.sha256).write_bytes(PDF)
    with pytest.raises(EvidenceDamagedError):
        await store.get(ref)


@pytest.mark.parametrize("media_type", MEDIA_TYPES)
def test_each_accepted_kind_is_known_by_its_content(media_type: str) -> None:
    assert media_type_of(ACCEPTED[media_type]) == media_type


@pytest.mark.parametrize("name", REFUSED)
def test_other_content_is_refused(name: str) -> None:
    with pytest.raises(EvidenceTypeError, match="send one of image/jpeg"):
        media_type_of(REFUSED[name])


def test_a_kind_that_the_ticket_leaves_out_is_refused() -> None:
    with pytest.raises(EvidenceTypeError, match="image/png"):
        media_type_of(JPEG, ["image/png"])


def test_a_ticket_cannot_allow_what_is_no_evidence() -> None:
    with pytest.raises(EvidenceTypeError):
        media_type_of(b"GIF89a" + b"\0" * 64, ["image/gif"])


@pytest.mark.parametrize("name", ["", "blob", "图片", "a.jpg", "A.JPEG", "x.y/../b.JPG", "C:\\photos\\a.jpe", "a.b/c"])
def test_a_name_that_says_nothing_or_the_truth_is_fine(name: str) -> None:
    assert media_type_of(JPEG, name=name) == "image/jpeg"


@pytest.mark.parametrize("name", ["a.png", "a.jpg.exe", "a.html", "a.jpg;.php", "a.jpg\0.svg"])
def test_a_name_of_another_kind_is_refused_and_told(name: str) -> None:
    with pytest.raises(EvidenceNameError, match="its content is image/jpeg; export it again, or rename it"):
        media_type_of(JPEG, name=name)
