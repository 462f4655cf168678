"""Checks of evidence: repeatable, and nobody is handed what is infected (P2.2)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from temporalio.testing import ActivityEnvironment

from activities.erasing import ErasedEvidence, Erasing
from activities.evidence_checks import CheckEvidence, EvidenceChecks
from activities.pieces import (
    ErasableContent,
    EvidenceFiles,
    EvidenceGoneError,
    EvidencePiece,
    Findings,
    PieceState,
    ReusedEvidence,
    Scan,
    ScanVerdict,
)
from aftersales.contract.numbers import number_for
from aftersales.contract.values import EvidenceRef

NUMBER, OTHER = number_for("shop", "checked"), number_for("shop", "other")
NOW = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)
SEEN = Findings(width=640, height=480, sharpness=300.0, brightness=120.0, likeness=7)
CLEAN = Scan(verdict=ScanVerdict.CLEAN)
INFECTED = Scan(verdict=ScanVerdict.INFECTED, signature="Eicar-Test-Signature")


def piece(digit: str = "a", media_type: str = "image/jpeg", **changes: object) -> EvidencePiece:
    ref = EvidenceRef(sha256=digit * 64, media_type=media_type, size_bytes=9)
    return EvidencePiece(number=NUMBER, ref=ref, findings=SEEN).model_copy(update=changes)


class StandingClock:
    def now(self) -> datetime:
        return NOW


@dataclass
class Files:
    examined: list[str] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)
    gone: bool = False
    unreadable: bool = False

    async def read(self, ref: EvidenceRef) -> bytes:
        if self.gone:
            raise EvidenceGoneError("not kept here")
        return ref.sha256.encode()

    async def examine(self, ref: EvidenceRef, content: bytes) -> Findings:
        assert content == ref.sha256.encode()
        if self.unreadable:
            raise EvidenceGoneError("no decoder can open it")
        self.examined.append(ref.sha256[0])
        return SEEN

    async def delete(self, sha256: str) -> None:
        self.deleted.append(sha256[0])


@dataclass
class Scanner:
    says: Scan = CLEAN
    away: int = 0

    async def scan(self, content: bytes) -> Scan:
        assert content
        if self.away:
            self.away -= 1
            raise ConnectionRefusedError("the scanner is away")
        return self.says


@dataclass
class Book:
    """What is recorded, as `storage.evidence.EvidenceRecords` does."""

    found: dict[str, EvidencePiece]
    elsewhere: tuple[ReusedEvidence, ...] = ()
    contents: list[ErasableContent] = field(default_factory=list)
    needed: set[str] = field(default_factory=set)

    async def pieces(self, number: str) -> tuple[EvidencePiece, ...]:
        return tuple(self.found.values()) if number == NUMBER else ()

    async def reused(self, piece: EvidencePiece) -> tuple[ReusedEvidence, ...]:
        return tuple(each for each in self.elsewhere if each.sha256 == piece.ref.sha256)

    async def store(self, piece: EvidencePiece, at: datetime) -> None:
        self.found[piece.ref.sha256] = piece.model_copy(update={"checked_at": at})

    async def erasable(self, closed_before: datetime, limit: int) -> tuple[ErasableContent, ...]:
        assert closed_before == NOW - timedelta(days=180)
        return tuple(self.contents[:limit])

    async def erase(
        self, content: ErasableContent, files: EvidenceFiles, closed_before: datetime, at: datetime
    ) -> bool:
        assert (closed_before, at) == (NOW - timedelta(days=180), NOW)
        self.contents.remove(content)
        if content.sha256 in self.needed:
            return False
        await files.delete(content.sha256)
        return True


def book_of(*pieces: EvidencePiece) -> Book:
    return Book({each.ref.sha256: each for each in pieces})


async def checked(book: Book, files: Files, scanner: Scanner | None) -> list[EvidencePiece]:
    checks = EvidenceChecks(book, files, scanner, StandingClock())
    await ActivityEnvironment().run(checks.check_evidence, CheckEvidence(number=NUMBER))
    return list(book.found.values())


async def test_each_piece_is_scanned_and_what_is_like_it_in_other_cases_is_noted() -> None:
    book = book_of(piece("a"), piece("b"))
    book.elsewhere = (ReusedEvidence(sha256="b" * 64, other_number=OTHER, distance=3),)
    first, second = await checked(book, Files(), Scanner())
    assert (first.scan, first.reused, first.checked_at) == (CLEAN, (), NOW)
    assert second.reused == book.elsewhere


async def test_a_second_check_finds_what_was_uploaded_since_and_changes_nothing_else() -> None:
    book, files = book_of(piece("a", "video/mp4")), Files()
    (first,) = await checked(book, files, Scanner())
    book.elsewhere = (ReusedEvidence(sha256="a" * 64, other_number=OTHER, distance=0),)
    (second,) = await checked(book, files, Scanner())
    assert second == first.model_copy(update={"reused": book.elsewhere})
    assert files.examined == ["a"], "a video is opened once"


async def test_without_a_scanner_it_is_said_that_nothing_was_scanned() -> None:
    (found,) = await checked(book_of(piece()), Files(), None)
    assert found.scan == Scan(verdict=ScanVerdict.NOT_SCANNED)


async def test_what_is_infected_is_opened_by_nobody_and_put_aside() -> None:
    files = Files()
    (found,) = await checked(book_of(piece("a", "video/mp4", findings=Findings())), files, Scanner(INFECTED))
    assert (found.state, found.scan) == (PieceState.QUARANTINED, INFECTED)
    assert files.examined == []


async def test_a_video_and_a_picture_of_before_are_looked_at_and_others_only_scanned() -> None:
    files = Files()
    pieces = (piece("a"), piece("b", "video/mp4"), piece("c", findings=Findings()), piece("d", "application/pdf"))
    await checked(book_of(*pieces), files, Scanner())
    assert files.examined == ["b", "c"]


async def test_a_scanner_that_is_away_fails_the_check_so_that_it_is_tried_again() -> None:
    book, scanner = book_of(piece()), Scanner(away=1)
    with pytest.raises(ConnectionRefusedError):
        await checked(book, Files(), scanner)
    (found,) = await checked(book, Files(), scanner)
    assert found.scan == CLEAN


async def test_what_is_gone_or_erased_holds_up_no_other_piece() -> None:
    erased = piece("a", state=PieceState.ERASED, erased_at=NOW)
    found = await checked(book_of(erased), Files(gone=True), Scanner())
    found += await checked(book_of(piece("b")), Files(gone=True), Scanner())
    assert [(each.scan, each.checked_at) for each in found] == [(None, NOW), (None, NOW)]


async def test_a_video_that_was_gone_at_its_first_check_is_looked_at_when_it_is_back() -> None:
    book, files = book_of(piece("a", "video/mp4")), Files(gone=True)
    await checked(book, files, Scanner())
    files.gone = False
    (found,) = await checked(book, files, Scanner())
    assert (found.scan, files.examined) == (CLEAN, ["a"])


async def test_what_was_infected_once_stays_put_aside_whatever_a_later_scan_says() -> None:
    files = Files()
    quarantined = piece("a", "video/mp4", state=PieceState.QUARANTINED, findings=Findings())
    (found,) = await checked(book_of(quarantined), files, Scanner(CLEAN))
    assert (found.state, files.examined) == (PieceState.QUARANTINED, [])


async def test_what_was_scanned_and_cannot_be_opened_keeps_the_scan() -> None:
    (found,) = await checked(book_of(piece("b", "video/mp4")), Files(unreadable=True), Scanner())
    assert (found.scan, found.checked_at) == (CLEAN, NOW)


async def erased_by(book: Book, files: Files, **bounds: int) -> ErasedEvidence:
    erasing = Erasing(book, files, StandingClock(), days=180, **bounds)
    done: ErasedEvidence = await ActivityEnvironment().run(erasing.erase_evidence)
    return done


def contents(digits: str) -> list[ErasableContent]:
    return [ErasableContent(sha256=digit * 64, numbers=(NUMBER,)) for digit in digits]


async def test_what_no_case_needs_any_more_is_erased_batch_by_batch() -> None:
    book, files = Book({}, contents=contents("abcde")), Files()
    assert await erased_by(book, files, batch=2) == ErasedEvidence(erased=5)
    assert files.deleted == list("abcde")


async def test_a_run_has_an_end_and_says_that_more_is_left() -> None:
    book, files = Book({}, contents=contents("abcde")), Files()
    assert await erased_by(book, files, batch=2, most_batches=2) == ErasedEvidence(erased=4, more=True)


async def test_what_a_case_needs_after_all_is_left() -> None:
    book, files = Book({}, contents=contents("ab"), needed={"a" * 64}), Files()
    assert await erased_by(book, files) == ErasedEvidence(erased=1)
    assert files.deleted == ["b"]
