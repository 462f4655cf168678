"""Small files of each accepted kind, real ones, and some of others."""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import cache
from io import BytesIO

import av
import numpy as np
import pikepdf
from PIL import Image
from pillow_heif import register_heif_opener

register_heif_opener()


@cache
def scene(seed: int = 1, width: int = 64, height: int = 48) -> Image.Image:
    """Blocks of colour, another arrangement for each seed: edges everywhere, and frequencies low enough to compare."""
    blocks = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    return Image.fromarray(blocks).resize((width, height), Image.Resampling.NEAREST)


def written(picture: Image.Image, kind: str, **options: object) -> bytes:
    file = BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def movie(
    kind: str = "mp4", *, seconds: int = 1, side: tuple[int, int] = (64, 48), metadata: dict[str, str] | None = None
) -> bytes:
    """Eight frames a second, from dark to light."""
    file = BytesIO()
    with av.open(file, "w", format=kind) as container:
        container.metadata.update(metadata or {})
        stream = container.add_stream("h264", rate=8, options={"preset": "ultrafast"})
        stream.width, stream.height = side
        stream.pix_fmt = "yuv420p"
        for n in range(8 * seconds):
            grey = np.full((side[1], side[0], 3), n * 31 % 256, dtype=np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(grey, format="rgb24")))
        container.mux(stream.encode())
    return file.getvalue()


def document(pages: int = 1) -> pikepdf.Pdf:
    made = pikepdf.new()
    for _ in range(pages):
        made.add_blank_page(page_size=(100, 100))
    return made


def saved(made: pikepdf.Pdf, **options: object) -> bytes:
    file = BytesIO()
    made.save(file, static_id="encryption" not in options, **options)  # type: ignore[arg-type]
    return file.getvalue()


JPEG = written(scene(), "JPEG")
PNG = written(scene(2), "PNG")
WEBP = written(scene(3), "WEBP")
HEIC = written(scene(4), "HEIF")
MP4 = movie("mp4")
MOV = movie("mov")
PDF = saved(document())

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


async def pieces(content: bytes, size: int = 4096) -> AsyncIterator[bytes]:
    for start in range(0, len(content), size):
        yield content[start : start + size]
