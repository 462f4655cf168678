"""The store on a real S3 server keeps what the folder keeps: once, whole, and gone when deleted."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping

import pytest

from cli.servers.go_programs import obtain_go_program
from cli.servers.object_store import BUCKET, VERSITYGW, start_object_store
from cli.servers.processes import Processes
from integrations.evidence import EvidenceMissingError, EvidenceStore, open_evidence
from tests.integrations.evidence.samples import JPEG, PDF


@pytest.fixture(scope="module")
async def object_store(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Mapping[str, str]]:
    executable = await obtain_go_program(VERSITYGW)
    folder = tmp_path_factory.mktemp("objects")
    async with Processes(folder / "logs") as processes:
        yield await start_object_store(processes, executable, folder / "kept")


@pytest.fixture
def store(object_store: Mapping[str, str], monkeypatch: pytest.MonkeyPatch) -> EvidenceStore:
    for name, told in object_store.items():
        monkeypatch.setenv(name, told)
    return open_evidence(f"s3://{BUCKET}/of-the-shop")


async def test_what_was_stored_is_read_back_and_deleted_once_and_again(store: EvidenceStore) -> None:
    ref = await store.put(JPEG, "image/jpeg", b"small")
    assert await store.get(ref) == JPEG
    assert await store.thumbnail(ref.sha256) == b"small"
    for _ in range(2):
        await store.delete(ref.sha256)
    assert not await store.holds(ref.sha256)
    with pytest.raises(EvidenceMissingError):
        await store.get(ref)


async def test_the_same_content_by_many_at_once_is_written_once(store: EvidenceStore) -> None:
    refs = await asyncio.gather(*(store.put(PDF, "application/pdf", b"first") for _ in range(5)))
    assert len(set(refs)) == 1
    await store.put(PDF, "application/pdf", b"later")
    assert await store.thumbnail(refs[0].sha256) == b"first"
