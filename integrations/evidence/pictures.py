"""Photographs made anew: the pixels and nothing else. Runs in a decoder's process only."""

from __future__ import annotations

from io import BytesIO
from typing import Final

from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError
from pillow_heif import register_heif_opener

from activities.pieces import Findings
from integrations.evidence.bounds import PIXELS_OF_A_MEGAPIXEL, Bounds
from integrations.evidence.errors import EvidenceBoundError, EvidenceBrokenError
from integrations.evidence.findings import Cleaned
from integrations.evidence.likeness import grey_of, perceptual_hash, sharpness

THUMBNAIL_SIDE: Final = 320
_QUALITY: Final = 90
_FORMATS: Final = {"image/jpeg": "JPEG", "image/png": "PNG", "image/webp": "WEBP", "image/heic": "HEIF"}
_WRITTEN_AS: Final = {"image/heic": "image/jpeg"}
"""Browsers do not show HEIC, so a telephone's photograph is kept as JPEG; the others stay what they are."""

_MODES: Final = {"image/jpeg": ("RGB", "L"), "image/png": ("RGB", "RGBA", "L"), "image/webp": ("RGB", "RGBA")}
_LARGEST_PROFILE: Final = 100_000

# Our own bound, with our own sentence, comes first.
Image.MAX_IMAGE_PIXELS = None
register_heif_opener(thumbnails=False)


def clean_picture(content: bytes, media_type: str, bounds: Bounds) -> Cleaned:
    """The first frame, upright, in sRGB, without EXIF, XMP, profile, comments and whatever follows the picture.

    Raises EvidenceBoundError from the header alone, EvidenceBrokenError.
    """
    picture = _upright(_opened(content, media_type, bounds))
    written_as = _WRITTEN_AS.get(media_type, media_type)
    picture = _in_one_of(picture, _MODES[written_as])
    return Cleaned(_written(picture, written_as), written_as, findings_of(picture), thumbnail_of(picture))


def look_at_picture(content: bytes, media_type: str, bounds: Bounds) -> Cleaned:
    """The findings and the thumbnail of a picture that is kept already."""
    picture = _in_one_of(_upright(_opened(content, media_type, bounds)), _MODES[media_type])
    return Cleaned(b"", media_type, findings_of(picture), thumbnail_of(picture))


def findings_of(picture: Image.Image) -> Findings:
    grey = grey_of(picture)
    return Findings(
        width=picture.width,
        height=picture.height,
        sharpness=round(sharpness(grey), 1),
        brightness=round(float(grey.mean()), 1),
        likeness=perceptual_hash(picture),
    )


def thumbnail_of(picture: Image.Image) -> bytes:
    """A JPEG of at most 320 pixels on its longest side."""
    small = _in_one_of(picture, ("RGB", "L"))
    small.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE))
    return _written(small, "image/jpeg")


def _opened(content: bytes, media_type: str, bounds: Bounds) -> Image.Image:
    """Its header is read; not one pixel is decoded."""
    try:
        picture = Image.open(BytesIO(content), formats=[_FORMATS[media_type]])
    except UnidentifiedImageError as why:
        raise EvidenceBrokenError from why
    if picture.width * picture.height > bounds.pixels:
        allowed = bounds.pixels // PIXELS_OF_A_MEGAPIXEL
        raise EvidenceBoundError(
            f"is a picture of {picture.width} x {picture.height} pixels, more than {allowed} megapixels"
        )
    return picture


def _upright(picture: Image.Image) -> Image.Image:
    profile = picture.info.get("icc_profile")
    turned = ImageOps.exif_transpose(picture)  # decodes
    return _as_seen(turned, profile) if isinstance(profile, bytes) else turned


def _as_seen(picture: Image.Image, profile: bytes) -> Image.Image:
    """In sRGB, since the profile goes: else red goods photographed by a telephone would look less red."""
    if len(profile) > _LARGEST_PROFILE or picture.mode not in ("RGB", "RGBA"):
        return picture
    try:
        seen = ImageCms.profileToProfile(picture, BytesIO(profile), ImageCms.createProfile("sRGB"))
    except (ImageCms.PyCMSError, OSError):
        return picture  # a profile that nobody can read changes no colour in any viewer
    return seen or picture


def _in_one_of(picture: Image.Image, modes: tuple[str, ...]) -> Image.Image:
    """A copy in a mode that can be written: with transparency where it has some and the kind can keep it."""
    transparent = picture.has_transparency_data
    if picture.mode in modes:
        return picture.copy()
    return picture.convert("RGBA" if transparent and "RGBA" in modes else "RGB")


def _written(picture: Image.Image, media_type: str) -> bytes:
    """By a new picture of the pixels alone: what Pillow remembers of the file must not be written again."""
    bare = Image.new(picture.mode, picture.size)
    bare.paste(picture)
    file = BytesIO()
    bare.save(file, _FORMATS[media_type], **_OPTIONS[media_type])
    return file.getvalue()


_OPTIONS: Final[dict[str, dict[str, int]]] = {
    "image/jpeg": {"quality": _QUALITY},
    "image/webp": {"quality": _QUALITY, "method": 2},
    "image/png": {"compress_level": 6},
}
