"""The first bytes of files of each accepted kind, as cameras and programs write them."""

from collections.abc import AsyncIterator


def _boxed(brand: bytes, *compatible: bytes) -> bytes:
    box = b"ftyp" + brand + b"\0\0\0\0" + b"".join(compatible)
    return (len(box) + 4).to_bytes(4, "big") + box + b"\0" * 64


JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01" + b"\0" * 64
PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + b"\0" * 64
WEBP = b"RIFF\x40\x00\x00\x00WEBPVP8 " + b"\0" * 64
HEIC = _boxed(b"heic", b"mif1", b"heic")
MP4 = _boxed(b"isom", b"isom", b"mp42")
MOV = _boxed(b"qt  ", b"qt  ")
PDF = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n" + b"1 0 obj" * 10

ACCEPTED = {
    "image/jpeg": JPEG,
    "image/png": PNG,
    "image/webp": WEBP,
    "image/heic": HEIC,
    "video/mp4": MP4,
    "video/quicktime": MOV,
    "application/pdf": PDF,
}
REFUSED = {
    "page": b"<!doctype html><script>alert(1)</script>",
    "drawing with a script": b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
    "program": b"\x7fELF\x02\x01\x01" + b"\0" * 64,
    "archive": b"PK\x03\x04" + b"\0" * 64,
    "moving picture of another kind": b"GIF89a" + b"\0" * 64,
    "text": b"please pay me back",
}


async def pieces(content: bytes, size: int = 16) -> AsyncIterator[bytes]:
    for start in range(0, len(content), size):
        yield content[start : start + size]
