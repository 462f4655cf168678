"""Evidence is made anew: what is to be seen stays, what was hidden goes (P2.2)."""

from __future__ import annotations

import base64
import zlib
from collections.abc import AsyncIterator
from io import BytesIO
from typing import Final

import av
import pikepdf
import pytest
from PIL import Image, ImageCms

from integrations.evidence import (
    Bounds,
    Decoders,
    EvidenceBoundError,
    EvidenceEmptyError,
    EvidenceIntake,
    EvidenceTooLargeError,
)
from integrations.evidence.documents import clean_document
from integrations.evidence.pictures import clean_picture
from integrations.evidence.videos import clean_video
from tests.integrations.evidence.corpus import opened, with_stream
from tests.integrations.evidence.samples import ACCEPTED, JPEG, PDF, document, movie, pieces, saved, scene, written

ORIENTATION: Final = 0x0112
TURNED_LEFT: Final = 6


@pytest.mark.parametrize(
    ("sent", "kept"), [(each, each.replace("heic", "jpeg")) for each in ACCEPTED if each.startswith("image/")]
)
async def test_a_picture_keeps_its_kind_and_what_it_shows_but_heic_becomes_jpeg(
    sent: str, kept: str, decoders: Decoders
) -> None:
    cleaned = await decoders.clean(ACCEPTED[sent], sent)
    assert cleaned.media_type == kept
    picture = opened(cleaned.content)
    assert (Image.MIME[picture.format or ""], picture.size) == (kept, (64, 48))
    assert (cleaned.findings.width, cleaned.findings.height) == (64, 48)
    seen, meant = (Image.open(BytesIO(each)).convert("L").resize((8, 6)) for each in (cleaned.content, ACCEPTED[sent]))
    assert all(abs(one - other) < 12 for one, other in zip(seen.tobytes(), meant.tobytes(), strict=True))


async def test_a_photograph_stands_upright_and_says_nothing_of_its_camera(decoders: Decoders) -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = TURNED_LEFT
    cleaned = await decoders.clean(written(scene(), "JPEG", exif=exif), "image/jpeg")
    picture = opened(cleaned.content)
    assert picture.size == (48, 64)
    assert dict(picture.getexif()) == {}
    assert set(picture.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}


async def test_colours_look_as_they_did_after_the_profile_has_gone(decoders: Decoders) -> None:
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    cleaned = await decoders.clean(written(scene(), "PNG", icc_profile=lab), "image/png")
    assert "icc_profile" not in opened(cleaned.content).info
    assert opened(cleaned.content).convert("RGB").getpixel((4, 4)) == scene().getpixel((4, 4))


@pytest.mark.parametrize("mode", ["1", "L", "P", "LA", "RGBA", "I;16", "CMYK"])
async def test_every_way_of_storing_pixels_is_taken(mode: str, decoders: Decoders) -> None:
    kind, media_type = ("JPEG", "image/jpeg") if mode == "CMYK" else ("PNG", "image/png")
    cleaned = await decoders.clean(written(Image.new(mode, (20, 10), 0), kind), media_type)
    assert opened(cleaned.content).size == (20, 10)


async def test_a_thumbnail_is_a_jpeg_of_320_pixels_at_most(decoders: Decoders) -> None:
    cleaned = await decoders.clean(written(scene(width=1600, height=400), "PNG"), "image/png")
    thumbnail = opened(cleaned.thumbnail)
    assert (thumbnail.format, thumbnail.size) == ("JPEG", (320, 80))


@pytest.mark.parametrize(("kind", "media_type"), [("mp4", "video/mp4"), ("mov", "video/quicktime")])
async def test_a_video_keeps_its_frames_and_tells_no_place(kind: str, media_type: str, decoders: Decoders) -> None:
    told = {"location": "+48.1372+011.5756/", "title": "holiday", "creation_time": "2026-01-01T00:00:00Z"}
    cleaned = await decoders.clean(movie(kind, seconds=2, metadata=told), media_type)
    with av.open(BytesIO(cleaned.content), "r") as video:
        assert not {"location", "title", "creation_time", "encoder"} & set(video.metadata)
        assert len(list(video.decode(video=0))) == 16
    assert (cleaned.findings.width, cleaned.findings.duration_ms) == (64, 2000)


async def test_a_look_at_a_video_gives_a_still_frame(decoders: Decoders) -> None:
    seen = await decoders.look_at(movie(seconds=2), "video/mp4")
    assert (seen.findings.width, seen.findings.height, seen.findings.duration_ms) == (64, 48, 2000)
    assert opened(seen.thumbnail).size == (64, 48)


async def test_a_look_at_a_picture_or_a_document_finds_what_was_found_when_it_came(decoders: Decoders) -> None:
    for media_type in ("image/png", "image/webp", "application/pdf"):
        cleaned = await decoders.clean(ACCEPTED[media_type], media_type)
        seen = await decoders.look_at(cleaned.content, media_type)
        assert seen.findings == (await decoders.look_at(cleaned.content, media_type)).findings
        assert seen.findings.pages == cleaned.findings.pages


async def test_a_form_that_was_filled_in_is_printed_into_its_page(decoders: Decoders) -> None:
    made = document()
    look = pikepdf.Stream(made, b"BT (49.90) Tj ET", Type=pikepdf.Name.XObject, Subtype=pikepdf.Name.Form)
    look.BBox = [0, 0, 80, 20]
    field = {"/Type": pikepdf.Name.Annot, "/Subtype": pikepdf.Name.Widget, "/FT": pikepdf.Name.Tx, "/T": "amount"}
    field |= {"/Rect": [10, 10, 90, 30], "/F": 4, "/AP": pikepdf.Dictionary(N=made.make_indirect(look))}
    made.pages[0].obj["/Annots"] = pikepdf.Array([made.make_indirect(pikepdf.Dictionary(field))])
    made.Root.AcroForm = pikepdf.Dictionary(Fields=made.pages[0].obj["/Annots"])
    cleaned = await decoders.clean(saved(made), "application/pdf")
    with pikepdf.open(BytesIO(cleaned.content)) as printed:
        assert "/AcroForm" not in printed.Root
        assert "/Annots" not in printed.pages[0].obj
        assert "/XObject" in printed.pages[0].obj.get("/Resources", {})


async def test_the_same_file_twice_is_the_same_evidence(intake: EvidenceIntake) -> None:
    for content in ACCEPTED.values():
        first = await intake.take(pieces(content), largest_bytes=100_000)
        assert (await intake.take(pieces(content), largest_bytes=100_000)).ref == first.ref


async def test_what_came_is_kept_again_if_it_was_erased_meanwhile(intake: EvidenceIntake) -> None:
    taken = await intake.take(pieces(JPEG), largest_bytes=100_000)
    await intake.store.delete(taken.ref.sha256)
    await intake.keep_again(taken)
    assert await intake.store.get(taken.ref) == taken.cleaned.content
    assert await intake.store.thumbnail(taken.ref.sha256) == taken.cleaned.thumbnail


async def test_reading_stops_at_the_limit(intake: EvidenceIntake) -> None:
    read = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal read
        while True:
            read += 100
            yield JPEG[:10] * 10

    with pytest.raises(EvidenceTooLargeError, match="1000 bytes"):
        await intake.take(endless(), largest_bytes=1000)
    assert read <= 1100


async def test_nothing_is_no_evidence(intake: EvidenceIntake) -> None:
    with pytest.raises(EvidenceEmptyError):
        await intake.take(pieces(b""), largest_bytes=1000)


@pytest.mark.parametrize(
    ("body", "filters"),
    [
        (b"\x02q Q\x80", ("/RunLengthDecode",)),
        (zlib.compress(b"q Q"), ("/FlateDecode",)),
        (b"71205120>", ("/ASCIIHexDecode",)),
        (base64.a85encode(zlib.compress(b"q Q")) + b"~>", ("/ASCII85Decode", "/FlateDecode")),
        (JPEG, ("/DCTDecode",)),
        (zlib.compress(JPEG), ("/FlateDecode", "/DCTDecode")),
        (base64.a85encode(JPEG) + b"~>", ("/ASCII85Decode", "/DCTDecode")),
        (b"", ()),
    ],
)
def test_a_document_is_taken_however_honest_programs_pack_it(body: bytes, filters: tuple[str, ...]) -> None:
    assert clean_document(with_stream(body, *filters), "application/pdf", Bounds()).findings.pages == 1


@pytest.mark.parametrize("media_type", [each for each in ACCEPTED if each != "application/pdf"])
def test_no_picture_and_no_frame_has_more_pixels_than_allowed(media_type: str) -> None:
    opening = clean_video if media_type.startswith("video/") else clean_picture
    with pytest.raises(EvidenceBoundError, match="of 64 x 48 pixels, more than"):
        opening(ACCEPTED[media_type], media_type, Bounds(pixels=64 * 48 - 1))
    assert opening(ACCEPTED[media_type], media_type, Bounds(pixels=64 * 48)).findings.width == 64


async def test_a_bound_is_told_with_what_came_and_what_is_allowed(intake: EvidenceIntake) -> None:
    with pytest.raises(EvidenceBoundError, match=r"a document of 300 pages, more than 200; send a smaller"):
        await intake.take(pieces(saved(document(300))), largest_bytes=10**6)
    assert (await intake.take(pieces(PDF), largest_bytes=10**6)).findings.pages == 1
