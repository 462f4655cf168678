"""Hostile files, built here, each with what must become of it: one clear error, or a file without its sting.

`Refused` names the error; `Cleaned` what the cleaned file must not hold any more.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from io import BytesIO
from typing import NamedTuple

import pikepdf
from PIL import Image, PngImagePlugin

from integrations.evidence import (
    EvidenceBoundError,
    EvidenceBrokenError,
    EvidenceEmptyError,
    EvidenceError,
    EvidenceLockedError,
    EvidenceNameError,
    EvidenceTypeError,
)
from tests.integrations.evidence.samples import (
    HEIC,
    JPEG,
    MOV,
    MP4,
    PDF,
    PNG,
    WEBP,
    document,
    movie,
    saved,
    scene,
    written,
)

PLACE = "+48.1372+011.5756/"
_PLAIN = pikepdf.ObjectStreamMode.disable


class Refused(NamedTuple):
    error: type[EvidenceError]


class Cleaned(NamedTuple):
    without: bytes


class Hostile(NamedTuple):
    content: Callable[[], bytes]
    fate: Refused | Cleaned
    name: str = ""


NO_KIND, BROKEN, BOUND = Refused(EvidenceTypeError), Refused(EvidenceBrokenError), Refused(EvidenceBoundError)


def chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png(width: int, height: int, *chunks: bytes, rows: bytes = b"\0\0") -> bytes:
    """A grey PNG whose header may promise what its rows do not keep."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(chunks) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def box(name: bytes, body: bytes, size: int | None = None) -> bytes:
    return struct.pack(">I", len(body) + 8 if size is None else size) + name + body


def with_exif(kind: str = "JPEG", **options: object) -> bytes:
    exif = Image.Exif()
    exif[0x010F] = "TellTaleCamera"
    exif.get_ifd(0x8825)[2] = (48.0, 8.0, 13.0)
    return written(scene(), kind, exif=exif.tobytes(), **options)


def apng() -> bytes:
    return written(scene(), "PNG", save_all=True, append_images=[scene(9)] * 5)


def many_framed_webp() -> bytes:
    return written(scene(), "WEBP", save_all=True, append_images=[scene(9)] * 5)


def described_png() -> bytes:
    words = PngImagePlugin.PngInfo()
    words.add_itxt("XML:com.adobe.xmp", f"<x>{PLACE}</x>")
    return written(scene(), "PNG", pnginfo=words)


def large_profile() -> bytes:
    return written(scene(), "JPEG", icc_profile=b"TellTaleProfile" * 100_000)


def with_broken_boxes() -> bytes:
    place = HEIC.index(b"iloc") - 4
    return HEIC[:place] + b"\x7f\xff\xff\xff" + HEIC[place + 4 :]


def referring_elsewhere() -> bytes:
    """The samples of the video are said to lie in another file."""
    place = MP4.index(b"url ") - 4
    told = MP4[:place] + MP4[place : place + 8] + b"\0\0\0\0" + MP4[place + 12 :]
    return told.replace(b"mdat", b"free", 1)


def locked() -> bytes:
    return saved(document(), encryption=pikepdf.Encryption(owner="o", user="u"))


def half_locked() -> bytes:
    return saved(document(), encryption=pikepdf.Encryption(owner="o", user=""))


def acting(action: str) -> bytes:
    made = document()
    act = {"/S": pikepdf.Name(action), "/JS": pikepdf.String("TellTaleAct"), "/F": pikepdf.String("TellTaleAct")}
    made.Root.OpenAction = made.make_indirect(pikepdf.Dictionary(act))
    made.pages[0].obj["/AA"] = pikepdf.Dictionary({"/O": pikepdf.Dictionary(act)})
    note = {"/Type": pikepdf.Name.Annot, "/Subtype": pikepdf.Name.Link, "/Rect": pikepdf.Array([0, 0, 9, 9])}
    note["/A"] = pikepdf.Dictionary(act)
    made.pages[0].obj["/Annots"] = pikepdf.Array([made.make_indirect(pikepdf.Dictionary(note))])
    return saved(made, compress_streams=False, object_stream_mode=pikepdf.ObjectStreamMode.disable)


def with_a_file_inside() -> bytes:
    made = document()
    made.attachments["TellTaleAct.exe"] = b"MZ TellTaleAct"
    return saved(made, compress_streams=False, object_stream_mode=pikepdf.ObjectStreamMode.disable)


def with_metadata() -> bytes:
    made = document()
    made.docinfo["/Author"] = "TellTaleAct"
    with made.open_metadata() as metadata:
        metadata["dc:creator"] = ["TellTaleAct"]
    return saved(made, compress_streams=False, object_stream_mode=pikepdf.ObjectStreamMode.disable)


def pdf_bomb(filters: int) -> bytes:
    made, body = document(), bytes(60_000_000 if filters == 1 else 1_000_000)
    for _ in range(filters):
        body = zlib.compress(body, 1)
    stream = pikepdf.Stream(made, b"")
    names = pikepdf.Array([pikepdf.Name.FlateDecode] * filters)
    stream.write(body, filter=names, decode_parms=None)
    made.pages[0].Contents = made.make_indirect(stream)
    return saved(made, compress_streams=False, stream_decode_level=pikepdf.StreamDecodeLevel.none)


def picture_bomb_in_pdf() -> bytes:
    made = document()
    stream = pikepdf.Stream(made, b"\0")
    stream.Width, stream.Height, stream.Subtype = 50_000, 50_000, pikepdf.Name.Image
    made.pages[0].obj["/Resources"] = pikepdf.Dictionary({"/XObject": pikepdf.Dictionary({"/I": stream})})
    return saved(made)


def with_stream(body: bytes, *filters: str, **facts: object) -> bytes:
    """A document whose page has this as its content, packed as told."""
    made = document()
    stream = pikepdf.Stream(made, b"")
    stream.write(body, filter=pikepdf.Array([pikepdf.Name(each) for each in filters]) if filters else None)
    for name, fact in facts.items():
        stream[f"/{name}"] = fact
    made.pages[0].Contents = made.make_indirect(stream)
    plain = {"stream_decode_level": pikepdf.StreamDecodeLevel.none, "object_stream_mode": _PLAIN}
    return saved(made, compress_streams=False, **plain)


def run_length_bomb() -> bytes:
    """Packed twice: 2 bytes become 128, after 1 became a thousand."""
    return with_stream(zlib.compress(b"\x81\0" * 1_000_000), "/FlateDecode", "/RunLengthDecode")


def looping_pdf() -> bytes:
    return (
        b"%PDF-1.5\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[2 0 R]/Count 1>>endobj\n"
        b"xref\n0 1\n0000000000 65535 f \ntrailer<</Root 1 0 R/Size 3/Prev 107>>\nstartxref\n107\n%%EOF"
    )


def sized(content: bytes, width: int, height: int) -> bytes:
    """A JPEG whose header lies about its size."""
    place = content.index(b"\xff\xc0") + 5
    return content[:place] + struct.pack(">HH", height, width) + content[place + 4 :]


CORPUS: dict[str, Hostile] = {
    # --- nothing, or next to it
    "empty": Hostile(lambda: b"", Refused(EvidenceEmptyError)),
    "empty under an accepted name": Hostile(lambda: b"", Refused(EvidenceEmptyError), "a.jpg"),
    "one byte": Hostile(lambda: b"\xff", NO_KIND),
    "zeros": Hostile(lambda: bytes(10_000), NO_KIND),
    "only a JPEG's first bytes": Hostile(lambda: JPEG[:20], BROKEN),
    "only a PNG's first bytes": Hostile(lambda: PNG[:40], BROKEN),
    "only a PDF's first line": Hostile(lambda: b"%PDF-1.7\n", BROKEN),
    # --- other kinds under an accepted name
    "a drawing with a script": Hostile(lambda: b'<svg onload="alert(1)"/>', NO_KIND, "a.png"),
    "a drawing behind a PNG's first bytes": Hostile(lambda: PNG[:8] + b'<svg onload="alert(1)"/>', BROKEN, "a.png"),
    "a playlist behind an MP4's first box": Hostile(
        lambda: box(b"ftyp", b"isom\0\0\0\0isom") + b"#EXTM3U\nfile:///etc/passwd\n", BROKEN
    ),
    "a page": Hostile(lambda: b"<!doctype html><script>alert(1)</script>", NO_KIND, "a.jpg"),
    "a GIF": Hostile(lambda: written(scene(), "GIF"), NO_KIND, "a.png"),
    "a TIFF": Hostile(lambda: written(scene(), "TIFF"), NO_KIND, "a.jpg"),
    "a bitmap": Hostile(lambda: written(scene(), "BMP"), NO_KIND, "a.jpg"),
    "an icon": Hostile(lambda: written(scene(), "ICO"), NO_KIND, "a.png"),
    "an archive": Hostile(lambda: b"PK\x03\x04" + bytes(99), NO_KIND, "a.pdf"),
    # --- accepted content under another name
    "a program by its name": Hostile(lambda: JPEG, Refused(EvidenceNameError), "photo.jpg.exe"),
    "a page by its name": Hostile(lambda: PNG, Refused(EvidenceNameError), "photo.html"),
    "a document named as a picture": Hostile(lambda: PDF, Refused(EvidenceNameError), "scan.jpg"),
    "a way out of the folder": Hostile(lambda: JPEG, Cleaned(b"passwd"), "../../etc/passwd.jpg"),
    "a name in no encoding": Hostile(lambda: JPEG, Cleaned(b"gpj"), "照片\u202egpj.\0\ud800.JPG"),
    # --- two kinds at once
    "JPEG and page": Hostile(lambda: JPEG + b"<script>alert(1)</script>", Cleaned(b"<script")),
    "JPEG and archive": Hostile(lambda: JPEG + b"PK\x03\x04" + bytes(50), Cleaned(b"PK\x03\x04")),
    "JPEG and PHP in a comment": Hostile(
        lambda: written(scene(), "JPEG", comment=b"<?php system($_GET[0]);?>"), Cleaned(b"<?php")
    ),
    "PNG and page": Hostile(lambda: PNG + b"<script>alert(1)</script>", Cleaned(b"<script")),
    "PDF and page": Hostile(lambda: PDF + b"<script>alert(1)</script>", Cleaned(b"<script")),
    "MP4 and page": Hostile(lambda: MP4 + box(b"free", b"<script>"), Cleaned(b"<script")),
    # --- pictures that are more than they seem
    "PNG of 50,000 x 50,000": Hostile(lambda: png(50_000, 50_000), BOUND),
    "PNG whose header promises too much": Hostile(lambda: png(3000, 3000), BROKEN),
    "PNG without any width": Hostile(lambda: png(0, 10), BROKEN),
    "JPEG of 65,000 x 65,000": Hostile(lambda: sized(JPEG, 65_000, 65_000), BOUND),
    "PNG with a text that grows to 300 MB": Hostile(
        lambda: png(1, 1, chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(300_000_000), 1))), BROKEN
    ),
    "PNG with a profile that grows": Hostile(
        lambda: png(1, 1, chunk(b"iCCP", b"a\0\0" + zlib.compress(bytes(200_000_000), 1))), BROKEN
    ),
    "PNG of many frames": Hostile(apng, NO_KIND),
    "WebP of many frames": Hostile(many_framed_webp, Cleaned(b"ANMF")),
    "JPEG cut off": Hostile(lambda: JPEG[: len(JPEG) // 2], BROKEN),
    "WebP cut off": Hostile(lambda: WEBP[: len(WEBP) // 2], BROKEN),
    "JPEG with place and device": Hostile(lambda: with_exif(comment=b"TellTaleCamera"), Cleaned(b"TellTaleCamera")),
    "PNG with a place": Hostile(described_png, Cleaned(PLACE.encode())),
    "JPEG with a profile of megabytes": Hostile(large_profile, Cleaned(b"TellTaleProfile")),
    "HEIC with a box larger than the file": Hostile(with_broken_boxes, BROKEN),
    "HEIC of 60,000 x 60,000": Hostile(
        lambda: HEIC.replace(HEIC[HEIC.index(b"ispe") :][:16], b"ispe" + struct.pack(">III", 0, 60_000, 60_000)),
        BROKEN,
    ),
    "HEIC with place and device": Hostile(lambda: with_exif("HEIF"), Cleaned(b"TellTaleCamera")),
    "WebP with place and device": Hostile(lambda: with_exif("WEBP"), Cleaned(b"TellTaleCamera")),
    "HEIC cut off": Hostile(lambda: HEIC[: len(HEIC) // 2], BROKEN),
    # --- videos
    "MP4 without an index": Hostile(lambda: MP4.replace(b"moov", b"mooo"), BROKEN),
    "MP4 cut off before its index": Hostile(lambda: MP4[: MP4.index(b"moov")], BROKEN),
    "MP4 whose samples lie elsewhere": Hostile(referring_elsewhere, Cleaned(b"url \0\0\0\0")),
    "MP4 of boxes in themselves": Hostile(lambda: MP4[:32] + box(b"moov", b"", 8) * 10_000, BROKEN),
    "MP4 with a box of endless size": Hostile(lambda: MP4[:32] + box(b"moov", bytes(8), 1), BROKEN),
    "MP4 that lasts too long": Hostile(lambda: movie("mp4", seconds=5), BOUND),
    "MOV with a place": Hostile(lambda: movie("mov", metadata={"location": PLACE}), Cleaned(PLACE.encode())),
    "MOV without any picture": Hostile(lambda: MOV.replace(b"vide", b"soun"), BROKEN),
    # --- documents
    "PDF with a password": Hostile(locked, Refused(EvidenceLockedError)),
    "PDF that forbids": Hostile(half_locked, Refused(EvidenceLockedError)),
    "PDF with a script": Hostile(lambda: acting("/JavaScript"), Cleaned(b"TellTaleAct")),
    "PDF that starts a program": Hostile(lambda: acting("/Launch"), Cleaned(b"TellTaleAct")),
    "PDF with a file inside": Hostile(with_a_file_inside, Cleaned(b"TellTaleAct")),
    "PDF with an author": Hostile(with_metadata, Cleaned(b"TellTaleAct")),
    "PDF that grows to 60 MB": Hostile(lambda: pdf_bomb(1), BOUND),
    "PDF packed over and over": Hostile(lambda: pdf_bomb(3), BROKEN),
    "PDF that grows to 128 MB at its second unpacking": Hostile(run_length_bomb, BOUND),
    "PDF that grows, by a filter's short name": Hostile(
        lambda: with_stream(zlib.compress(bytes(60_000_000), 1), "/Fl"), BROKEN
    ),
    "PDF with a filter that nobody knows": Hostile(lambda: with_stream(b"?", "/TellTale"), BROKEN),
    "PDF with a part that lies elsewhere": Hostile(
        lambda: with_stream(b"", F=pikepdf.String("http://TellTaleAct/x")), Cleaned(b"TellTaleAct")
    ),
    "PDF that shows a page of another": Hostile(
        lambda: with_stream(b"", Ref=pikepdf.Dictionary(F=pikepdf.String("TellTaleAct.pdf"), Page=0)),
        Cleaned(b"TellTaleAct"),
    ),
    "PDF with a picture of 50,000 x 50,000": Hostile(picture_bomb_in_pdf, BOUND),
    "PDF with a picture that is larger than it says": Hostile(
        lambda: with_stream(sized(JPEG, 65_000, 65_000), "/DCTDecode", Width=1, Height=1), BOUND
    ),
    "PDF with a picture of a size below nothing": Hostile(
        lambda: with_stream(b"\0", Width=-50_000, Height=50_000), BOUND
    ),
    "PDF whose parts name each other": Hostile(looping_pdf, BROKEN),
    "PDF of 1,000 pages": Hostile(lambda: saved(document(1000)), BOUND),
    "PDF without pages": Hostile(lambda: saved(document(0)), BROKEN),
    "PDF cut off": Hostile(lambda: PDF[:60], BROKEN),
}


def opened(content: bytes) -> Image.Image:
    return Image.open(BytesIO(content))
