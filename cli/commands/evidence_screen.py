"""The evidence of a case on the screen: what each piece is, what was found in it, where else it was seen (P2.2)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final

from rich.table import Table

from activities.pieces import Findings, PieceState, ScanVerdict
from aftersales.contract.values import Language
from cli.commands.screen import moment, plain, table
from integrations.evidence.bounds import EvidenceSettings
from integrations.evidence.judgement import warnings_about

if TYPE_CHECKING:
    from activities.pieces import EvidencePiece

_SHARPNESS: Final[float] = EvidenceSettings.model_fields["evidence_sharpness"].default
_SCANNED: Final = {
    ScanVerdict.CLEAN: "no virus found",
    ScanVerdict.NOT_SCANNED: "not scanned for viruses",
}


def evidence_table(pieces: Iterable[EvidencePiece]) -> Table:
    shown = table("Evidence", "What it is", "What was found")
    for piece in pieces:
        shown.add_row(
            plain(piece.ref.sha256[:12]),
            plain(f"{piece.ref.media_type}{_measures(piece.findings)}"),
            plain("\n".join(_found(piece))),
        )
    return shown


def _measures(findings: Findings) -> str:
    told = f", {findings.width} x {findings.height}" if findings.width else ""
    told += f", {findings.duration_ms // 1000} s" if findings.duration_ms is not None else ""
    return told + (f", {findings.pages} page{'s' if findings.pages > 1 else ''}" if findings.pages else "")


def _found(piece: EvidencePiece) -> Iterator[str]:
    """The gravest first."""
    if piece.state is PieceState.ERASED:
        yield f"erased {moment(piece.erased_at)}; its hash is kept"
    if piece.state is PieceState.QUARANTINED:
        signature = piece.scan.signature if piece.scan else ""
        yield f"INFECTED {signature}: kept back, do not ask for it".replace("  ", " ")
    for other in piece.reused:
        how = f"nearly the same picture ({other.distance} of 64 bits differ)" if other.distance else "the same picture"
        yield f"{how} is in case {other.other_number}: `aftersales show {other.other_number}`"
    for warning in warnings_about(piece.findings, _SHARPNESS):
        yield warning.sentence[Language.EN]
    if piece.state is PieceState.UNCHECKED:
        yield "still being checked: nobody can open it before that is done"
    if piece.scan and piece.scan.verdict in _SCANNED:
        yield _SCANNED[piece.scan.verdict]
