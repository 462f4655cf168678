import asyncio
import hashlib
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import httpx2
import pytest

from aftersales.contract.values import EvidenceRef
from integrations.evidence import MEDIA_TYPES, open_evidence
from portal.uploads import MOST_BYTES, MOST_PIECES
from tests.integrations.evidence.corpus import locked
from tests.integrations.evidence.samples import JPEG, MP4, PNG, REFUSED, document, saved, scene, written
from tests.portal.conftest import NUMBER, House

LOCKED = locked()


async def upload(house: House, token: str, content: bytes = JPEG) -> httpx2.Response:
    return await house.client.post(f"/evidence/{token}", content=content)


def kept_files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


async def test_a_file_is_kept_and_its_reference_given_back(house: House) -> None:
    answer = await upload(house, house.upload_token())
    assert answer.status_code == 201
    ref = EvidenceRef.model_validate(answer.json())
    kept = await open_evidence(str(house.evidence)).get(ref)
    assert (ref.sha256, ref.media_type) == (hashlib.sha256(kept).hexdigest(), "image/jpeg")
    assert await house.records.evidence_of(NUMBER) == (ref,)
    piece = await house.records.evidence_piece(NUMBER, ref.sha256)
    assert piece is not None
    assert (piece.findings.width, piece.findings.height) == (64, 48)


async def test_a_poor_picture_is_taken_with_a_request_for_a_better_one(house: House) -> None:
    (warning,) = (await upload(house, house.upload_token())).json()["warnings"]
    assert warning["code"] == "small"
    assert set(warning["sentence"]) == {"zh-CN", "en"}
    good = written(scene(width=640, height=480), "PNG")
    answer = await upload(house, house.upload_token(ticket="2", max_bytes=100_000), good)
    assert (answer.status_code, answer.json()["warnings"]) == (201, [])


async def test_a_form_with_one_file_does_as_well(house: House) -> None:
    answer = await house.client.post(
        f"/evidence/{house.upload_token()}", files={"file": ("../../x.png", PNG, "text/html")}, data={"note": "x"}
    )
    assert answer.status_code == 201
    assert answer.json()["media_type"] == "image/png"


@pytest.mark.parametrize("name", ["x.exe", "x.jpg", "photo.png.html"])
async def test_a_file_named_as_another_kind_is_refused(house: House, name: str) -> None:
    answer = await house.client.post(f"/evidence/{house.upload_token()}", files={"file": (name, PNG, "image/png")})
    assert (answer.status_code, answer.json()["code"]) == (415, "kind_refused")
    assert "its content is image/png" in answer.json()["sentence"]


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [(JPEG[:200], 422, "broken"), (saved(document(300)), 413, "too_large"), (LOCKED, 422, "encrypted")],
)
async def test_what_cannot_be_opened_is_refused_and_the_ticket_stays_good(
    house: House, content: bytes, status: int, code: str
) -> None:
    token = house.upload_token(max_bytes=100_000, media_types=MEDIA_TYPES)
    answer = await upload(house, token, content)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert kept_files(house.evidence) == []
    assert (await upload(house, token, JPEG)).status_code == 201


@pytest.mark.parametrize(("pieces", "size_bytes"), [(MOST_PIECES, 9), (5, MOST_BYTES // 5)])
async def test_a_case_that_has_enough_takes_no_more_and_the_file_is_not_read(
    house: House, pieces: int, size_bytes: int
) -> None:
    for place in range(pieces):
        ref = EvidenceRef(sha256=f"{place:064}", media_type="image/png", size_bytes=size_bytes)
        await house.records.take_evidence(NUMBER, ref, f"t-{place}", house.clock.now())
    page = await house.client.post(f"/evidence/{house.upload_token()}", content=JPEG, headers={"accept": "text/html"})
    assert (page.status_code, kept_files(house.evidence)) == (409, [])
    assert "文件已经够多" in page.text
    assert (await upload(house, house.upload_token(ticket="2"))).json()["code"] == "enough"


async def test_a_ticket_is_good_for_one_file(house: House) -> None:
    token = house.upload_token()
    await upload(house, token)
    assert (await upload(house, token, PNG)).status_code == 403
    assert len(await house.records.evidence_of(NUMBER)) == 1


async def test_of_two_uploads_at_once_with_one_ticket_one_counts(house: House) -> None:
    token = house.upload_token()
    answers = await asyncio.gather(upload(house, token, JPEG), upload(house, token, PNG))
    assert sorted(answer.status_code for answer in answers) == [201, 403]
    assert len(await house.records.evidence_of(NUMBER)) == 1


async def test_wrong_expired_and_used_tickets_are_refused_in_the_same_words(house: House) -> None:
    used, expired = house.upload_token(ticket="1"), house.upload_token(ticket="2", days=1)
    await upload(house, used)
    house.clock.time += timedelta(days=2)
    answers = [await upload(house, token) for token in (used, expired, "nonsense", house.survey_token())]
    assert {answer.status_code for answer in answers} == {403}
    assert len({answer.text for answer in answers}) == 1


async def test_a_file_above_the_tickets_size_is_refused_and_the_ticket_stays_good(house: House) -> None:
    token = house.upload_token(max_bytes=2000)
    answer = await upload(house, token, JPEG + b"\0" * 2000)
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    assert kept_files(house.evidence) == []
    assert (await upload(house, token, JPEG)).status_code == 201


async def test_a_file_that_hides_its_size_is_cut_off_at_the_limit(house: House) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(10_000):
            yield JPEG

    answer = await house.client.post(f"/evidence/{house.upload_token(max_bytes=500)}", content=endless())
    assert answer.status_code == 413


async def test_a_form_above_the_tickets_size_is_refused(house: House) -> None:
    token = house.upload_token(max_bytes=100)
    for size in (200, 100_000):
        answer = await house.client.post(f"/evidence/{token}", files={"file": ("x.jpg", JPEG + b"\0" * size)})
        assert answer.status_code == 413


@pytest.mark.parametrize("content", [MP4, *REFUSED.values()])
async def test_content_that_the_ticket_does_not_allow_is_refused(house: House, content: bytes) -> None:
    answer = await upload(house, house.upload_token(), content)
    assert (answer.status_code, answer.json()["code"]) == (415, "kind_refused")
    assert kept_files(house.evidence) == []


async def test_nothing_at_all_is_refused(house: House) -> None:
    answer = await upload(house, house.upload_token(), b"")
    assert (answer.status_code, answer.json()["code"]) == (422, "empty")


async def test_a_form_without_exactly_one_file_is_refused(house: House) -> None:
    two = [("a", ("a.jpg", JPEG)), ("b", ("b.jpg", JPEG))]
    for answer in (
        await house.client.post(f"/evidence/{house.upload_token()}", files=two),
        await house.client.post(f"/evidence/{house.upload_token()}", files={"note": (None, b"only words")}),
        await house.client.post(
            f"/evidence/{house.upload_token()}",
            content=b"not a form",
            headers={"content-type": "multipart/form-data; boundary=x"},
        ),
        await house.client.post(
            f"/evidence/{house.upload_token()}",
            content=b"no boundary",
            headers={"content-type": "multipart/form-data"},
        ),
    ):
        assert (answer.status_code, answer.json()["code"]) == (422, "form_unreadable")


async def test_a_ticket_outlives_a_database_that_fails_while_the_evidence_is_recorded(house: House) -> None:
    token = house.upload_token()
    await run(house, "CREATE TRIGGER full BEFORE INSERT ON evidence BEGIN SELECT RAISE(ABORT, 'disk full'); END")
    answer = await upload(house, token)
    assert (answer.status_code, answer.json()["code"], answer.headers["retry-after"]) == (503, "not_kept", "5")
    await run(house, "DROP TRIGGER full")
    assert (await upload(house, token)).status_code == 201
    assert len(await house.records.evidence_of(NUMBER)) == 1
    assert len(kept_files(house.evidence)) == 2, "the picture and its thumbnail"


async def test_the_same_file_under_another_ticket_is_the_same_evidence(house: House) -> None:
    first, second = [await upload(house, house.upload_token(ticket=ticket)) for ticket in "12"]
    assert first.json() == second.json()
    assert len(await house.records.evidence_of(NUMBER)) == 1


@pytest.mark.parametrize("name", ["a\0b.jpg", "照片\ud800.jpg", "x" * 300 + ".jpg", "../../x"])
async def test_a_files_name_counts_for_nothing_and_harms_nothing(house: House, name: str) -> None:
    boundary, quoted = b"0f", name.encode(errors="surrogatepass")
    head = b'--%s\r\nContent-Disposition: form-data; name="file"; filename="%s"\r\n\r\n' % (boundary, quoted)
    answer = await house.client.post(
        f"/evidence/{house.upload_token()}",
        content=head + JPEG + b"\r\n--%s--\r\n" % boundary,
        headers={"content-type": "multipart/form-data; boundary=0f; charset=nonsense"},
    )
    assert answer.status_code == 201
    assert await house.records.evidence_of(NUMBER) == (EvidenceRef.model_validate(answer.json()),)


@pytest.mark.parametrize(
    ("content", "status", "words"),
    [
        (b"", 422, ("文件是空的", "The file is empty")),
        (b"words", 415, ("不支持这种文件", "This kind of file is not accepted")),
        (JPEG * 100, 413, ("文件太大", "The file is too large")),
    ],
)
async def test_a_browser_is_told_in_both_languages_what_is_wrong(
    house: House, content: bytes, status: int, words: tuple[str, str]
) -> None:
    page = await house.client.post(
        f"/evidence/{house.upload_token()}", content=content, headers={"accept": "text/html,*/*;q=0.8"}
    )
    assert page.status_code == status
    assert all(each in page.text for each in words)


async def run(house: House, statement: str) -> None:
    async with house.engine.begin() as connection:
        await connection.exec_driver_sql(statement)


async def test_without_a_database_nothing_is_promised(without_database: House) -> None:
    answer = await upload(without_database, without_database.upload_token())
    assert (answer.status_code, answer.json()["code"]) == (503, "not_kept")
