"""Checks of a case's evidence (P2.2): viruses, a video's still frame, other cases with the same picture.

They run on a queue of their own and nobody waits for them: a decision or a payment never does. Everything may be done
twice; a later check writes over what an earlier one found.
"""

from __future__ import annotations

import logging
from typing import Final

from temporalio import activity

from activities.errors import named_failures
from activities.pieces import (
    EvidenceFiles,
    EvidenceFindings,
    EvidenceGoneError,
    EvidencePiece,
    Findings,
    PieceState,
    Scan,
    ScanVerdict,
    VirusScanner,
)
from activities.ports import Clock
from aftersales.contract.messages import Number
from aftersales.contract.values import Frozen

CHECK_EVIDENCE: Final = "check_evidence"
NOT_SCANNED: Final = Scan(verdict=ScanVerdict.NOT_SCANNED)

_log = logging.getLogger(__name__)


class CheckEvidence(Frozen):
    """Check everything that the case refers to by now."""

    number: Number


class EvidenceChecks:
    def __init__(
        self, findings: EvidenceFindings, files: EvidenceFiles, scanner: VirusScanner | None, clock: Clock
    ) -> None:
        self._findings = findings
        self._files = files
        self._scanner = scanner
        self._clock = clock

    @activity.defn(name=CHECK_EVIDENCE)
    async def check_evidence(self, order: CheckEvidence) -> None:
        """Raises what a scanner, a store or a database that is away raises, so that it is tried again."""
        with named_failures():
            for piece in await self._findings.pieces(order.number):
                activity.heartbeat(piece.ref.sha256)
                checked = piece if piece.state is PieceState.ERASED else await self._checked(piece)
                reused = await self._findings.reused(checked)
                await self._findings.store(checked.model_copy(update={"reused": reused}), self._clock.now())

    async def _checked(self, piece: EvidencePiece) -> EvidencePiece:
        """Scanned first: what is infected is opened by nobody."""
        try:
            content = await self._files.read(piece.ref)
            scan, is_known = await self._scan(piece, content), _is_known(piece)
            piece = piece.model_copy(update={"scan": scan, "state": _state_after(piece, scan)})
            if is_known or piece.state is PieceState.QUARANTINED:
                return piece
            findings = await self._files.examine(piece.ref, content)
        except EvidenceGoneError as why:
            _log.warning("evidence %s: %s", piece.ref.sha256, why, extra={"application": piece.number})
            return piece
        return piece.model_copy(update={"findings": findings})

    async def _scan(self, piece: EvidencePiece, content: bytes) -> Scan:
        if self._scanner is None:
            return NOT_SCANNED
        scan = await self._scanner.scan(content)
        if scan.verdict is ScanVerdict.INFECTED:
            told = (piece.ref.sha256, piece.number, scan.signature)
            _log.error("evidence %s of case %s is infected: %s", *told, extra={"application": piece.number})
        return scan


def _state_after(piece: EvidencePiece, scan: Scan) -> PieceState:
    """What was infected once stays put aside, whatever a later scan says."""
    infected = scan.verdict is ScanVerdict.INFECTED or piece.state is PieceState.QUARANTINED
    return PieceState.QUARANTINED if infected else PieceState.KEPT


def _is_known(piece: EvidencePiece) -> bool:
    """A picture or document was measured when it came in; a video gets its still frame at its first check."""
    if piece.ref.media_type.startswith("video/"):
        return piece.scan is not None
    return piece.findings != Findings()
