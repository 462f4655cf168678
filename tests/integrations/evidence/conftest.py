"""One set of decoders for all tests: starting a child takes longer than opening a hundred files."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from integrations.evidence import Bounds, Decoders, EvidenceIntake, EvidenceSettings, open_evidence

BOUNDS = Bounds(seconds=4, inflated_bytes=50_000_000)


@pytest.fixture(scope="session")
async def decoders() -> AsyncIterator[Decoders]:
    made = Decoders(BOUNDS, count=1, limit_s=60, memory_mb=2048)
    yield made
    await made.close()


@pytest.fixture
def intake(decoders: Decoders) -> EvidenceIntake:
    return EvidenceIntake(open_evidence("memory:///"), decoders, EvidenceSettings())
