"""An agent sees what each piece is, what is wrong with it, and where else it was seen (P2.2)."""

from __future__ import annotations

from rich.console import Console

from activities.pieces import EvidencePiece, Findings, PieceState, ReusedEvidence, Scan, ScanVerdict
from aftersales.contract.values import EvidenceRef
from cli.commands.evidence_screen import evidence_table
from tests.storage.builders import NOON, NUMBER, OTHER_NUMBER

SHA = "ab" * 32


def shown(media_type: str = "image/jpeg", **changes: object) -> str:
    ref = EvidenceRef(sha256=SHA, media_type=media_type, size_bytes=9)
    piece = EvidencePiece(number=NUMBER, ref=ref).model_copy(update=changes)
    screen = Console(width=200, color_system=None)
    with screen.capture() as capture:
        screen.print(evidence_table([piece]))
    return capture.get()


def test_a_blurred_picture_that_another_case_has_too_is_told_with_the_way_there() -> None:
    seen = Findings(width=1600, height=1200, sharpness=3.2, brightness=90.0)
    near = ReusedEvidence(sha256=SHA, other_number=OTHER_NUMBER, distance=4)
    screen = shown(findings=seen, reused=(near,), scan=Scan(verdict=ScanVerdict.CLEAN), checked_at=NOON)
    for told in (
        "abababababab",
        "1600 x 1200",
        "4 of 64 bits",
        f"aftersales show {OTHER_NUMBER}",
        "blurred",
        "no virus",
    ):
        assert told in screen


def test_the_same_picture_is_told_as_such() -> None:
    assert "the same picture is in case" in shown(
        reused=(ReusedEvidence(sha256=SHA, other_number=OTHER_NUMBER, distance=0),)
    )


def test_what_was_not_checked_or_not_scanned_is_not_called_clean() -> None:
    unchecked = shown(state=PieceState.UNCHECKED)
    assert "still being checked: nobody can open it" in unchecked
    assert "no virus" not in unchecked
    assert "not scanned for viruses" in shown(scan=Scan(verdict=ScanVerdict.NOT_SCANNED))


def test_infected_and_erased_pieces_say_so() -> None:
    found = Scan(verdict=ScanVerdict.INFECTED, signature="Eicar-Test")
    assert "INFECTED Eicar-Test: kept back" in shown(scan=found, state=PieceState.QUARANTINED)
    assert "erased" in shown(state=PieceState.ERASED, erased_at=NOON)


def test_a_video_and_a_document_tell_their_length() -> None:
    assert "64 x 48, 12 s" in shown("video/mp4", findings=Findings(width=64, height=48, duration_ms=12_400))
    assert "application/pdf, 3 pages" in shown("application/pdf", findings=Findings(pages=3))
    assert "application/pdf, 1 page " in shown("application/pdf", findings=Findings(pages=1))
