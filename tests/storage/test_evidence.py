"""What is recorded of evidence: in which other cases it was seen, what checks found, and when it is erased."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from activities.pieces import (
    Findings,
    PieceState,
    ReusedEvidence,
    Scan,
    ScanVerdict,
)
from aftersales.contract.numbers import number_for
from aftersales.contract.values import CaseStatus, EvidenceRef
from aftersales.contract.views import VerdictView
from storage.evidence import ERASED, INFECTED, EvidenceRecords
from storage.hand_payments import HandPayments
from storage.portal import PortalStore
from storage.reading import Reading
from storage.store import SqlStore
from tests.fakes import FakeClock
from tests.storage.builders import NOON, NUMBER, OTHER_NUMBER, case_row, leg_row, start, yuan

THIRD_NUMBER = number_for("shop", "third")
LIKENESS = 0xF0F0_1234_8765_FFFF
DAY = timedelta(days=1)
TURNED_DOWN_UNSEEN = {"status": CaseStatus.REJECTED, "amount": None, "reason_code": "item_not_in_order"}


def picture(digit: str) -> EvidenceRef:
    return EvidenceRef(sha256=digit * 64, media_type="image/jpeg", size_bytes=9)


A, B = picture("a"), picture("b")


@dataclass
class Shop:
    """Uploads and cases, as the portal and the steps write them."""

    engine: AsyncEngine
    tickets: int = 0

    async def upload(
        self,
        number: str,
        ref: EvidenceRef,
        likeness: int | None = None,
        at: datetime = NOON,
        customer_id: str = "customer-1",
    ) -> None:
        self.tickets += 1
        seen = Findings(width=4, height=3, sharpness=9.5, brightness=100.0, likeness=likeness)
        ticket = f"{self.tickets:064}"
        await PortalStore(self.engine).take_evidence(number, ref, ticket, at, customer_id=customer_id, findings=seen)

    async def case(self, number: str, *refs: EvidenceRef, **changes: object) -> None:
        row = case_row(number, start=start(number, request_key=number), evidence=refs, **changes)
        async with SqlStore(self.engine).begin() as unit:
            await unit.insert_case(row)

    async def change(self, number: str, **changes: object) -> None:
        async with SqlStore(self.engine).begin() as unit:
            row = await unit.case(number)
            assert row is not None
            await unit.update_case(row.model_copy(update=changes))

    async def reused(self, number: str, *refs: EvidenceRef, order_id: str = "order-1") -> list[tuple[str, int]]:
        async with SqlStore(self.engine).begin() as unit:
            found = await unit.reused_evidence(number, order_id, refs)
        return [(each.other_number, each.distance) for each in found]

    async def log(self, number: str) -> list[tuple[str, str]]:
        async with SqlStore(self.engine).begin() as unit:
            return [(entry.action, entry.facts) for entry in await unit.log(number)]


@dataclass
class Files:
    deleted: list[str] = field(default_factory=list)

    async def read(self, ref: EvidenceRef) -> bytes:
        raise AssertionError(f"nobody reads {ref.sha256} to erase it")

    async def examine(self, ref: EvidenceRef, content: bytes) -> Findings:
        raise AssertionError(f"nobody examines {ref.sha256} to erase it: {content!r}")

    async def delete(self, sha256: str) -> None:
        self.deleted.append(sha256[0])


@pytest.fixture
def shop(engine: AsyncEngine) -> Shop:
    return Shop(engine)


@pytest.fixture
def records(engine: AsyncEngine) -> EvidenceRecords:
    return EvidenceRecords(engine)


async def test_the_same_file_in_other_cases_is_found_the_oldest_case_first(shop: Shop) -> None:
    for number, hours in ((NUMBER, 0), (OTHER_NUMBER, -1), (THIRD_NUMBER, -9)):
        await shop.upload(number, A)
        await shop.case(number, A, opened_at=NOON + timedelta(hours=hours))
    assert await shop.reused(NUMBER, A) == [(THIRD_NUMBER, 0), (OTHER_NUMBER, 0)]
    assert await shop.reused(NUMBER, B) == []
    assert await shop.reused(NUMBER) == []


@pytest.mark.parametrize(
    ("turned", "found"),
    [(0, True), (0b1, True), (0x0101_0101_0101_0000, True), (0x3F << 58, True), (0x7F << 20, False)],
)
async def test_a_picture_that_differs_in_six_bits_is_nearly_the_same_and_in_seven_is_not(
    shop: Shop, turned: int, found: bool
) -> None:
    await shop.upload(OTHER_NUMBER, A, LIKENESS)
    await shop.case(OTHER_NUMBER, A)
    await shop.upload(NUMBER, B, LIKENESS ^ turned)
    assert await shop.reused(NUMBER, B) == ([(OTHER_NUMBER, turned.bit_count())] if found else [])


async def test_an_upload_without_an_application_is_no_other_case(shop: Shop) -> None:
    await shop.upload(OTHER_NUMBER, A)
    await shop.upload(NUMBER, A)
    assert await shop.reused(NUMBER, A) == []


@pytest.mark.parametrize("ended", [CaseStatus.WITHDRAWN, CaseStatus.EXPIRED])
async def test_a_case_that_the_same_customer_gave_up_does_not_count_but_anothers_does(
    shop: Shop, ended: CaseStatus
) -> None:
    await shop.upload(OTHER_NUMBER, A)
    await shop.case(OTHER_NUMBER, A, status=ended)
    await shop.upload(NUMBER, A)
    await shop.upload(THIRD_NUMBER, A, customer_id="customer-2")
    assert await shop.reused(NUMBER, A) == []
    assert await shop.reused(THIRD_NUMBER, A) == [(OTHER_NUMBER, 0)]
    await shop.change(OTHER_NUMBER, status=CaseStatus.REJECTED)
    assert await shop.reused(NUMBER, A) == [(OTHER_NUMBER, 0)]


async def test_an_application_turned_down_unseen_does_not_count_for_its_customer_and_order(
    shop: Shop, records: EvidenceRecords
) -> None:
    await shop.upload(OTHER_NUMBER, A)
    await shop.case(OTHER_NUMBER, A, **TURNED_DOWN_UNSEEN)
    await shop.upload(NUMBER, A)
    await shop.upload(THIRD_NUMBER, A, customer_id="customer-2")
    assert await shop.reused(NUMBER, A) == []
    assert await shop.reused(NUMBER, A, order_id="order-2") == [(OTHER_NUMBER, 0)], "of another order it says nothing"
    assert await shop.reused(THIRD_NUMBER, A) == [(OTHER_NUMBER, 0)], "it is somebody else's picture"
    await shop.case(NUMBER, A)
    (piece,) = await records.pieces(NUMBER)
    assert await records.reused(piece) == (), "its check says the same"


@pytest.mark.parametrize(
    "judged",
    [{"verdict": VerdictView(action="reject", policy_hash="", row="")}, {"amount": yuan(1000)}],
    ids=["by the policy", "by a person"],
)
async def test_an_application_that_was_turned_down_on_its_merits_counts(shop: Shop, judged: dict[str, object]) -> None:
    await shop.upload(OTHER_NUMBER, A)
    await shop.case(OTHER_NUMBER, A, **TURNED_DOWN_UNSEEN | judged)
    await shop.upload(NUMBER, A)
    assert await shop.reused(NUMBER, A) == [(OTHER_NUMBER, 0)]


async def test_a_check_is_kept_with_the_case_and_shown_with_it(
    shop: Shop, records: EvidenceRecords, engine: AsyncEngine
) -> None:
    await shop.upload(NUMBER, A, LIKENESS)
    await shop.case(NUMBER, A)
    (piece,) = await records.pieces(NUMBER)
    assert (piece.scan, piece.findings.likeness, piece.findings.sharpness) == (None, LIKENESS, 9.5)
    elsewhere = (ReusedEvidence(sha256=A.sha256, other_number=OTHER_NUMBER, distance=2),)
    scanned = {"scan": Scan(verdict=ScanVerdict.CLEAN), "state": PieceState.KEPT}
    clean = piece.model_copy(update=scanned | {"reused": elsewhere})
    for at in (NOON, NOON + DAY):
        await records.store(clean, at)
    record = await Reading(engine).case(NUMBER)
    assert record is not None
    assert record.evidence == (clean.model_copy(update={"checked_at": NOON + DAY}),)


async def test_what_an_older_version_took_in_is_measured_at_its_check(shop: Shop, records: EvidenceRecords) -> None:
    await PortalStore(shop.engine).take_evidence(NUMBER, A, "t" * 64, NOON)
    await shop.case(NUMBER, A)
    (piece,) = await records.pieces(NUMBER)
    assert piece.findings == Findings()
    measured = {"findings": Findings(width=8, likeness=LIKENESS), "state": PieceState.KEPT}
    await records.store(piece.model_copy(update=measured), NOON)
    await shop.upload(OTHER_NUMBER, B, LIKENESS)
    assert await shop.reused(OTHER_NUMBER, B) == [(NUMBER, 0)]


async def test_what_a_case_names_of_anothers_uploads_becomes_its_own(shop: Shop, records: EvidenceRecords) -> None:
    await shop.upload(OTHER_NUMBER, A)
    await shop.upload(NUMBER, B)
    await shop.case(NUMBER, A)
    assert [piece.ref for piece in await records.pieces(NUMBER)] == [A], "an upload that it does not name is not its"
    assert await PortalStore(shop.engine).evidence_piece(NUMBER, A.sha256) is not None
    assert await records.pieces(THIRD_NUMBER) == ()


async def test_the_receipt_of_a_payment_by_hand_is_a_piece_of_its_case(shop: Shop, records: EvidenceRecords) -> None:
    await shop.upload(NUMBER, B)
    await shop.case(NUMBER)
    await HandPayments(shop.engine, FakeClock(NOON)).refund(leg_row())
    async with SqlStore(shop.engine).begin() as unit:
        row = await unit.hand_payment(leg_row().leg.provider_number)
        assert row is not None
        await unit.update_hand_payment(row.model_copy(update={"evidence": (B,)}))
    assert [piece.ref for piece in await records.pieces(NUMBER)] == [B]


async def test_infected_evidence_is_put_aside_in_every_case_and_noted_once(
    shop: Shop, records: EvidenceRecords
) -> None:
    for number in (NUMBER, OTHER_NUMBER):
        await shop.upload(number, A)
        await shop.case(number, A)
    found = Scan(verdict=ScanVerdict.INFECTED, signature="Eicar")
    for _ in range(2):
        (piece,) = await records.pieces(NUMBER)
        await records.store(piece.model_copy(update={"scan": found, "state": PieceState.QUARANTINED}), NOON)
    (other,) = await records.pieces(OTHER_NUMBER)
    assert other.state is PieceState.QUARANTINED
    assert [action for action, _ in await shop.log(NUMBER)] == [INFECTED]
    async with SqlStore(shop.engine).begin() as unit:
        assert not await unit.evidence_known((A,), NUMBER, "customer-1"), "it proves nothing any more"


async def test_a_piece_that_could_not_be_read_stays_unchecked_and_one_that_was_read_is_kept(
    shop: Shop, records: EvidenceRecords
) -> None:
    await shop.upload(NUMBER, A)
    await shop.case(NUMBER, A)
    states = []
    for scan in (None, Scan(verdict=ScanVerdict.NOT_SCANNED)):
        (piece,) = await records.pieces(NUMBER)
        await records.store(piece.model_copy(update={"scan": scan}), NOON)
        (after,) = await records.pieces(NUMBER)
        states.append((piece.state, after.state, after.checked_at))
    assert states == [
        (PieceState.UNCHECKED, PieceState.UNCHECKED, NOON),
        (PieceState.UNCHECKED, PieceState.KEPT, NOON),
    ]


async def erased(records: EvidenceRecords, files: Files, at: datetime) -> list[bool]:
    before = at - 180 * DAY
    return [await records.erase(content, files, before, at) for content in await records.erasable(before, 100)]


async def test_evidence_is_erased_after_its_last_case_closed_and_its_hash_stays(
    shop: Shop, records: EvidenceRecords
) -> None:
    files = Files()
    for number, closed in ((NUMBER, NOON), (OTHER_NUMBER, NOON + 30 * DAY)):
        await shop.upload(number, A, LIKENESS, at=NOON - 20 * DAY)
        await shop.case(number, A, closed_at=closed)
    assert await erased(records, files, NOON + 200 * DAY) == [], "the younger case refers to it"
    late = NOON + 211 * DAY
    assert await erased(records, files, late) == [True]
    assert await erased(records, files, late) == []
    assert files.deleted == ["a"]
    for number in (NUMBER, OTHER_NUMBER):
        assert await shop.log(number) == [(ERASED, f'{{"sha256": "{A.sha256}"}}')]
    piece = await PortalStore(shop.engine).evidence_piece(NUMBER, A.sha256)
    assert piece is not None
    assert (piece.state, piece.erased_at, piece.ref) == (PieceState.ERASED, late, A)


async def test_an_open_case_a_late_upload_and_a_case_reopened_meanwhile_keep_their_evidence(
    shop: Shop, records: EvidenceRecords
) -> None:
    files, late = Files(), NOON + 400 * DAY
    await shop.upload(NUMBER, A)
    await shop.case(NUMBER, A)
    await shop.upload(OTHER_NUMBER, B, at=late - DAY)
    assert await erased(records, files, late) == []
    await shop.change(NUMBER, closed_at=NOON)
    found = await records.erasable(late - 180 * DAY, 100)
    await shop.change(NUMBER, closed_at=None)
    assert not await records.erase(found[0], files, late - 180 * DAY, late)
    assert files.deleted == []


async def test_an_upload_that_was_never_applied_with_is_erased_too(shop: Shop, records: EvidenceRecords) -> None:
    await shop.upload(NUMBER, A)
    assert await erased(records, Files(), NOON + 181 * DAY) == [True]


async def test_erased_evidence_is_unknown_until_it_is_uploaded_again(shop: Shop, records: EvidenceRecords) -> None:
    await shop.upload(NUMBER, A, LIKENESS)
    await erased(records, Files(), NOON + 181 * DAY)
    store = SqlStore(shop.engine)
    async with store.begin() as unit:
        assert not await unit.evidence_known((A,), OTHER_NUMBER, "customer-1")
    await shop.upload(OTHER_NUMBER, A, LIKENESS, at=NOON + 182 * DAY)
    async with store.begin() as unit:
        assert await unit.evidence_known((A,), OTHER_NUMBER, "customer-1")
    piece = await PortalStore(shop.engine).evidence_piece(OTHER_NUMBER, A.sha256)
    assert piece is not None
    assert piece.state is PieceState.UNCHECKED, "it is there, and this case has not looked at it"


async def test_an_upload_and_the_erasing_of_the_same_content_at_once_lose_nothing(
    shop: Shop, records: EvidenceRecords
) -> None:
    """Whoever comes second sees what the first one did: erased and noted as kept again, or not erased."""
    await shop.upload(NUMBER, A)
    late, files = NOON + 181 * DAY, Files()
    await asyncio.gather(erased(records, files, late), shop.upload(OTHER_NUMBER, A, at=late))
    piece = await PortalStore(shop.engine).evidence_piece(OTHER_NUMBER, A.sha256)
    assert piece is not None
    assert piece.state is PieceState.UNCHECKED, "it is there, and this case has not looked at it"
