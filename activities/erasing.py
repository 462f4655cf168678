"""Evidence is erased some time after its last case closed; the log and the hash stay (retention)."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Final

from temporalio import activity

from activities.errors import named_failures
from activities.pieces import EvidenceFiles, EvidenceFindings
from activities.ports import Clock
from aftersales.contract.values import Frozen

ERASE_EVIDENCE: Final = "erase_evidence"
BATCH: Final = 100
MOST_BATCHES: Final = 100

_log = logging.getLogger(__name__)


class ErasedEvidence(Frozen):
    """How many contents were erased; `more`: others are left for the next run."""

    erased: int = 0
    more: bool = False


class Erasing:
    """Erases what no case needs that is open or was closed within `days`; at most `most_batches` of `batch` a run."""

    def __init__(
        self,
        findings: EvidenceFindings,
        files: EvidenceFiles,
        clock: Clock,
        *,
        days: int,
        batch: int = BATCH,
        most_batches: int = MOST_BATCHES,
    ) -> None:
        self._findings = findings
        self._files = files
        self._clock = clock
        self._days = timedelta(days=days)
        self._batch = batch
        self._most_batches = most_batches

    @activity.defn(name=ERASE_EVIDENCE)
    async def erase_evidence(self) -> ErasedEvidence:
        """May be done twice, and cut off anywhere: what is erased is not found again."""
        erased, more = 0, True
        with named_failures():
            for _ in range(self._most_batches):
                done = await self._erase_batch()
                erased += done
                activity.heartbeat(erased)
                if done < self._batch:
                    more = False
                    break
        _log.info("evidence erased: %s", erased)
        return ErasedEvidence(erased=erased, more=more)

    async def _erase_batch(self) -> int:
        now = self._clock.now()
        before, done = now - self._days, 0
        for content in await self._findings.erasable(before, self._batch):
            done += await self._findings.erase(content, self._files, before, now)
        return done
