"""What the queue `evidence` is served by: checks of a case's pieces, and the erasing of those that nobody needs."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncEngine

from activities.erasing import Erasing
from activities.evidence_checks import EvidenceChecks
from activities.ports import Clock
from integrations.clamav import ClamAv
from integrations.evidence import Decoders, EvidenceAddressError, EvidenceStore, StoredFiles, open_evidence
from integrations.provider import ProviderSettingsError
from storage.evidence import EvidenceRecords
from worker.settings import WorkerSettings

_log = logging.getLogger("worker")


@dataclass(frozen=True)
class Examiners:
    checks: EvidenceChecks
    erasing: Erasing


@asynccontextmanager
async def open_examiners(
    settings: WorkerSettings, engine: AsyncEngine, clock: Clock
) -> AsyncIterator[Examiners | None]:
    """None where no store is named. Raises ProviderSettingsError for a store that cannot be used."""
    if not settings.evidence:
        yield None
        return
    if not settings.clamav:
        _log.warning("AFTERSALES_CLAMAV is not set: evidence is not scanned for viruses")
    records, decoders = EvidenceRecords(engine), Decoders.of(settings)
    files = StoredFiles(_store(settings.evidence), decoders)
    scanner = ClamAv(settings.clamav) if settings.clamav else None
    try:
        yield Examiners(
            checks=EvidenceChecks(records, files, scanner, clock),
            erasing=Erasing(records, files, clock, days=settings.evidence_days),
        )
    finally:
        await decoders.close()


def _store(address: str) -> EvidenceStore:
    try:
        return open_evidence(address)
    except EvidenceAddressError as why:
        raise ProviderSettingsError(f"AFTERSALES_EVIDENCE: {why}") from why
