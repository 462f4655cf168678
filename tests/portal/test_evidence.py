"""Evidence is handed to whoever has a link that holds, as a file to be saved; never unchecked, infected or erased."""

from __future__ import annotations

from datetime import timedelta

import httpx2
import pytest

from activities.pieces import EvidencePiece, Scan, ScanVerdict
from aftersales.contract.numbers import number_for
from aftersales.contract.values import EvidenceRef, Language
from integrations.evidence import open_evidence
from integrations.links import EvidenceLink
from portal.evidence import HELD_BACK, LINK_REFUSED, NOT_THERE, UNREADABLE
from portal.words import WORDS
from storage.evidence import EvidenceRecords
from tests.integrations.evidence.samples import JPEG
from tests.portal.conftest import NUMBER, House

OTHER_NUMBER = number_for("shop", "another")


CLEAN = Scan(verdict=ScanVerdict.CLEAN)
PAGE = "text/html"


@pytest.fixture
async def unchecked(house: House) -> EvidenceRef:
    """As it was uploaded."""
    answer = await house.client.post(f"/evidence/{house.upload_token()}", content=JPEG)
    return EvidenceRef.model_validate(answer.json())


@pytest.fixture
async def ref(house: House, unchecked: EvidenceRef) -> EvidenceRef:
    """A piece that was checked."""
    await found(house, unchecked, CLEAN)
    return unchecked


async def found(house: House, ref: EvidenceRef, scan: Scan | None, number: str = NUMBER) -> None:
    """A check of the piece for the case is over; None: it could not be read."""
    piece = EvidencePiece(number=number, ref=ref, scan=scan)
    await EvidenceRecords(house.engine).store(piece, house.clock.now())


async def looked_at(
    house: House, ref: EvidenceRef, *, thumbnail: bool = False, number: str = NUMBER, accept: str = "*/*"
) -> httpx2.Response:
    end = int((house.clock.now() + timedelta(minutes=10)).timestamp())
    link = EvidenceLink(
        number=number, customer_id="c-7", expires_at=end, sha256=ref.sha256, viewer="agent-1", thumbnail=thumbnail
    )
    return await house.client.get(f"/evidence/{house.links.evidence_token(link)}", headers={"accept": accept})


async def test_a_link_gives_the_file_to_be_saved_under_a_name_of_ours(house: House, ref: EvidenceRef) -> None:
    answer = await looked_at(house, ref)
    assert answer.status_code == 200
    assert answer.content == await open_evidence(str(house.evidence)).get(ref)
    told = answer.headers
    assert told["content-disposition"] == f'attachment; filename="{NUMBER}-{ref.sha256[:12]}.jpg"'
    assert (told["content-type"], told["x-content-type-options"]) == ("image/jpeg", "nosniff")
    assert (told["cache-control"], told["referrer-policy"]) == ("no-store", "no-referrer")
    assert "default-src 'none'" in told["content-security-policy"]


async def test_a_link_may_be_for_the_thumbnail_and_be_opened_again(house: House, ref: EvidenceRef) -> None:
    for _ in range(2):
        answer = await looked_at(house, ref, thumbnail=True)
        assert (answer.status_code, answer.headers["content-type"]) == (200, "image/jpeg")
        assert answer.headers["content-disposition"].endswith('-small.jpg"')


async def test_a_forged_an_expired_and_another_purposes_link_are_refused_in_the_same_words(
    house: House, ref: EvidenceRef
) -> None:
    good = EvidenceLink(
        number=NUMBER, customer_id="c-7", expires_at=int(house.clock.now().timestamp()), sha256=ref.sha256, viewer="a-1"
    )
    tokens = (house.links.evidence_token(good), house.upload_token(ticket="3"), house.survey_token(), "nonsense")
    answers = [await house.client.get(f"/evidence/{token}") for token in tokens]
    assert {answer.status_code for answer in answers} == {403}
    assert len({answer.text for answer in answers}) == 1


async def test_a_link_to_an_evidence_is_no_ticket_to_upload(house: House, ref: EvidenceRef) -> None:
    link = EvidenceLink(number=NUMBER, customer_id="c-7", expires_at=2**33, sha256=ref.sha256, viewer="a-1")
    answer = await house.client.post(f"/evidence/{house.links.evidence_token(link)}", content=JPEG)
    assert answer.status_code == 403


async def test_another_cases_file_is_not_there_and_neither_is_one_that_the_store_lost(
    house: House, ref: EvidenceRef
) -> None:
    assert (await looked_at(house, ref, number=OTHER_NUMBER)).status_code == 404
    await open_evidence(str(house.evidence)).delete(ref.sha256)
    assert (await looked_at(house, ref)).status_code == 404


@pytest.mark.parametrize("thumbnail", [False, True])
async def test_nothing_is_handed_out_before_its_first_check(
    house: House, unchecked: EvidenceRef, thumbnail: bool
) -> None:
    for _ in range(2):
        answer = await looked_at(house, unchecked, thumbnail=thumbnail)
        assert (answer.status_code, answer.json()["code"]) == (409, "being_checked")
        assert answer.headers["retry-after"] == "60"
        await found(house, unchecked, None)  # a check that could not read it
    await found(house, unchecked, Scan(verdict=ScanVerdict.NOT_SCANNED))
    assert (await looked_at(house, unchecked, thumbnail=thumbnail)).status_code == 200


async def test_what_another_case_had_checked_is_not_checked_for_this_one(house: House, unchecked: EvidenceRef) -> None:
    await found(house, unchecked, CLEAN, OTHER_NUMBER)
    assert (await looked_at(house, unchecked)).json()["code"] == "being_checked"


async def test_a_person_reads_that_a_file_is_being_checked_in_both_languages(
    house: House, unchecked: EvidenceRef
) -> None:
    page = await looked_at(house, unchecked, accept=PAGE)
    assert (page.status_code, page.headers["retry-after"]) == (409, "60")
    assert "文件仍在检查中" in page.text
    assert "still being checked" in page.text


def test_every_refusal_has_its_page() -> None:
    for refusal in (LINK_REFUSED, NOT_THERE, UNREADABLE, *HELD_BACK.values()):
        assert {f"{refusal.code}_title", f"{refusal.code}_text"} <= WORDS[Language.ZH_CN].keys()


async def test_what_is_infected_is_not_handed_out_whatever_a_later_scan_says(house: House, ref: EvidenceRef) -> None:
    for scan, thumbnail in ((Scan(verdict=ScanVerdict.INFECTED, signature="Eicar"), False), (CLEAN, True)):
        await found(house, ref, scan)
        answer = await looked_at(house, ref, thumbnail=thumbnail)
        assert (answer.status_code, answer.json()["code"]) == (403, "quarantined")


async def test_what_was_erased_is_gone(house: House, ref: EvidenceRef) -> None:
    async with house.engine.begin() as connection:
        await connection.exec_driver_sql("UPDATE evidence_contents SET erased_at = uploaded_at FROM evidence")
    answer = await looked_at(house, ref)
    assert (answer.status_code, answer.json()["code"]) == (410, "erased")


async def test_without_a_database_a_link_stays_good(without_database: House) -> None:
    house = without_database
    answer = await looked_at(house, EvidenceRef(sha256="a" * 64, media_type="image/jpeg", size_bytes=1))
    assert (answer.status_code, answer.json()["code"]) == (503, "unreadable")
