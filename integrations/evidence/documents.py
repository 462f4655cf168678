"""Documents made anew: pages only, nothing that acts, opens, sends or hides. Runs in a decoder's process only."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from io import BytesIO
from typing import Final

import pikepdf
from PIL import Image

from activities.pieces import Findings
from integrations.evidence.bounds import PIXELS_OF_A_MEGAPIXEL, Bounds
from integrations.evidence.errors import EvidenceBoundError, EvidenceBrokenError, EvidenceLockedError
from integrations.evidence.findings import Cleaned

_ACTING: Final = (
    "/JS",
    "/JavaScript",
    "/AA",
    "/OpenAction",
    "/EmbeddedFiles",
    "/EF",
    "/AF",
    "/XFA",
    "/RichMediaContent",
    "/Metadata",
    "/PieceInfo",
    "/Collection",
    "/URI",
)
"""Keys of any dictionary that start programs, carry files or tell who made it."""

_OF_THE_DOCUMENT: Final = ("/AcroForm", "/Names", "/Perms", "/DSS", "/Threads", "/Outlines")
_ELSEWHERE: Final = ("/F", "/FFilter", "/FDecodeParms", "/Ref", "/OPI")
"""Keys of a stream whose content lies in another file, which a viewer would fetch."""

_TEXT: Final = frozenset({"/ASCII85Decode", "/ASCIIHexDecode"})  # a few times as large when it is unpacked
_PACKING: Final = _TEXT | {"/FlateDecode", "/LZWDecode", "/RunLengthDecode"}
_READ_BY: Final = {"/DCTDecode": "JPEG", "/JPXDecode": "JPEG2000"}
_PICTURES: Final = frozenset({*_READ_BY, "/CCITTFaxDecode", "/JBIG2Decode"})
_MOST_FILTERS: Final = 2
_PIECE_BYTES: Final = 65536


def clean_document(content: bytes, media_type: str, bounds: Bounds) -> Cleaned:
    """Pages as they look, forms and notes printed into them. Raises EvidenceBoundError, EvidenceLockedError,
    EvidenceBrokenError."""
    with _opened(content) as document:
        pages = _bounded_pages(document, bounds)
        _refuse_bombs(document, bounds)
        _disarm(document)
        file = BytesIO()
        document.save(file, deterministic_id=True, object_stream_mode=pikepdf.ObjectStreamMode.generate)
    return Cleaned(file.getvalue(), media_type, Findings(pages=pages))


def look_at_document(content: bytes, media_type: str, bounds: Bounds) -> Cleaned:
    with _opened(content) as document:
        return Cleaned(b"", media_type, Findings(pages=_bounded_pages(document, bounds)))


def _opened(content: bytes) -> pikepdf.Pdf:
    try:
        document = pikepdf.open(BytesIO(content), suppress_warnings=True)
    except pikepdf.PasswordError as why:
        raise EvidenceLockedError from why
    if document.is_encrypted:  # it opens without a password, but forbids something to whoever reads it
        raise EvidenceLockedError
    return document


def _bounded_pages(document: pikepdf.Pdf, bounds: Bounds) -> int:
    pages = len(document.pages)
    if pages > bounds.pages:
        raise EvidenceBoundError(f"is a document of {pages} pages, more than {bounds.pages}")
    if not pages:
        raise EvidenceBrokenError
    return pages


def _refuse_bombs(document: pikepdf.Pdf, bounds: Bounds) -> None:
    """A few bytes that grow to gigabytes harm the agent's viewer, if not us."""
    left = bounds.inflated_bytes
    for stream in _streams(document):
        filters = _filters_of(stream)
        for width, height in _sizes_of(stream, filters):
            if abs(width * height) > bounds.pixels:
                allowed = bounds.pixels // PIXELS_OF_A_MEGAPIXEL
                raise EvidenceBoundError(f"has a picture of {width} x {height} pixels, more than {allowed} megapixels")
        left -= _inflated_bytes(stream, filters, left)
        if left <= 0:
            raise EvidenceBoundError(f"holds more than {bounds.inflated_bytes} bytes when it is unpacked")


def _streams(document: pikepdf.Pdf) -> Iterator[pikepdf.Stream]:
    for found in document.objects:
        if isinstance(found, pikepdf.Stream):
            yield found


def _filters_of(stream: pikepdf.Stream) -> tuple[str, ...]:
    """Raises EvidenceBrokenError for what a viewer may know, and we do not: short names, keys, and rarer ones."""
    told = stream.get("/Filter", pikepdf.Array())
    filters = tuple(map(str, told)) if isinstance(told, pikepdf.Array) else (str(told),)
    packed_twice = len(filters) > _MOST_FILTERS or filters.count("/FlateDecode") > 1  # only bombs are
    if packed_twice or not set(filters) <= _PACKING | _PICTURES or not set(filters[:-1]) <= _PACKING:
        raise EvidenceBrokenError
    return filters


def _sizes_of(stream: pikepdf.Stream, filters: tuple[str, ...]) -> Iterator[tuple[int, int]]:
    """Width and height as the document tells them, and as the picture itself does, where it stands there as it is."""
    yield int(stream.get("/Width", 0)), int(stream.get("/Height", 0))
    if len(filters) == 1 and filters[0] in _READ_BY:
        with Image.open(BytesIO(stream.read_raw_bytes()), formats=[_READ_BY[filters[0]]]) as picture:
            yield picture.size


def _inflated_bytes(stream: pikepdf.Stream, filters: tuple[str, ...], most: int) -> int:
    """How large it is unpacked, a picture's own packing apart; counted piece by piece, and no further than `most`."""
    if not filters or filters[0] in _PICTURES:
        return len(stream.read_raw_bytes())
    if filters[0] == "/FlateDecode" and set(filters[1:]) <= _PICTURES:
        return _counted(bytes(stream.read_raw_bytes()), most)
    if filters[-1] in _PICTURES:
        if filters[0] not in _TEXT:
            raise EvidenceBrokenError
        return len(stream.read_raw_bytes())
    # In memory, of which this process has little.
    return len(stream.read_bytes(pikepdf.StreamDecodeLevel.specialized))


def _counted(raw: bytes, most: int) -> int:
    unpacking, count = zlib.decompressobj(), 0
    while raw and count <= most and not unpacking.eof:
        try:
            count += len(unpacking.decompress(raw, _PIECE_BYTES))
        except zlib.error:
            break  # what follows no viewer shows
        raw = unpacking.unconsumed_tail
    return count


def _disarm(document: pikepdf.Pdf) -> None:
    if "/AcroForm" in document.Root:
        document.generate_appearance_streams()
    document.flatten_annotations("all")
    for found in document.objects:
        if isinstance(found, (pikepdf.Dictionary, pikepdf.Stream)):
            _drop(found, _ACTING)
        if isinstance(found, pikepdf.Stream):
            _drop(found, _ELSEWHERE)
    _drop(document.Root, _OF_THE_DOCUMENT)
    for page in document.pages:
        _drop(page.obj, ("/Annots", "/B"))
    if "/Info" in document.trailer:
        del document.trailer["/Info"]


def _drop(found: pikepdf.Object, keys: tuple[str, ...]) -> None:
    for key in keys:
        if key in found:
            del found[key]
