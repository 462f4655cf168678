"""Documents made anew: pages only, nothing that acts, opens, sends or hides. Runs in a decoder's process only."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from io import BytesIO
from typing import Final

import pikepdf

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
        width, height = int(stream.get("/Width", 0)), int(stream.get("/Height", 0))
        if width * height > bounds.pixels:
            allowed = bounds.pixels // PIXELS_OF_A_MEGAPIXEL
            raise EvidenceBoundError(f"has a picture of {width} x {height} pixels, more than {allowed} megapixels")
        left -= _inflated_bytes(stream, left)
        if left <= 0:
            raise EvidenceBoundError(f"holds more than {bounds.inflated_bytes} bytes when it is unpacked")


def _streams(document: pikepdf.Pdf) -> Iterator[pikepdf.Stream]:
    for found in document.objects:
        if isinstance(found, pikepdf.Stream):
            yield found


def _inflated_bytes(stream: pikepdf.Stream, most: int) -> int:
    """How large it is unpacked; counted piece by piece, and no further than `most`."""
    told = stream.get("/Filter")
    filters = [] if told is None else [str(each) for each in told] if isinstance(told, pikepdf.Array) else [str(told)]
    if len(filters) > _MOST_FILTERS or filters.count("/FlateDecode") > 1:
        raise EvidenceBrokenError  # packed several times over: only bombs are
    raw = bytes(stream.read_raw_bytes())
    match filters:
        case ["/FlateDecode", *_]:
            return _counted(raw, most)
        case [_, "/FlateDecode"] | ["/LZWDecode", *_] | ["/RunLengthDecode", *_]:
            return len(stream.read_bytes())  # in memory, of which this process has little
        case _:
            return len(raw)


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
    _drop(document.Root, _OF_THE_DOCUMENT)
    for page in document.pages:
        _drop(page.obj, ("/Annots", "/B"))
    if "/Info" in document.trailer:
        del document.trailer["/Info"]


def _drop(found: pikepdf.Object, keys: tuple[str, ...]) -> None:
    for key in keys:
        if key in found:
            del found[key]
