"""Sharpness, darkness and likeness of pictures, on scenes that differ as customers' photographs do."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pytest
from PIL import Image, ImageEnhance, ImageFilter, ImageOps

from activities.pieces import Findings, WarningCode
from aftersales.contract.values import Language
from integrations.evidence import Decoders, EvidenceSettings, warnings_about
from integrations.evidence.likeness import grey_of, perceptual_hash, sharpness
from integrations.evidence.pictures import findings_of
from storage.rows.evidence import MOST_BITS
from tests.integrations.evidence.samples import scene, written

THRESHOLD = EvidenceSettings().evidence_sharpness


def photograph(seed: int = 1) -> Image.Image:
    """Shapes of all sizes with soft shades, as in a room: neither flat nor noise."""
    rng = np.random.default_rng(seed)
    picture = np.zeros((480, 640))
    for cells in (2, 4, 8, 16, 64):
        layer = Image.fromarray(rng.uniform(0, 255, (cells, cells)).astype(np.uint8))
        picture += np.asarray(layer.resize((640, 480), Image.Resampling.BICUBIC), dtype=float) / cells**0.5
    return Image.fromarray((picture / picture.max() * 255).astype(np.uint8)).convert("RGB")


def codes(picture: Image.Image) -> list[WarningCode]:
    return [warning.code for warning in warnings_about(findings_of(picture), THRESHOLD)]


def bits_between(one: Image.Image, other: Image.Image) -> int:
    first, second = perceptual_hash(one), perceptual_hash(other)
    assert first is not None
    assert second is not None
    return (first ^ second).bit_count()


def recompressed(picture: Image.Image) -> Image.Image:
    return Image.open(BytesIO(written(picture, "JPEG", quality=30)))


def test_sharpness_is_the_variance_of_the_five_point_laplacian() -> None:
    grey = np.zeros((5, 5))
    grey[2, 2] = 1.0
    assert sharpness(grey) == pytest.approx(np.array([0, 1, 0, 1, -4, 1, 0, 1, 0]).var())
    assert sharpness(np.zeros((2, 9))) == 0


def test_the_same_scene_is_less_sharp_out_of_focus_whatever_its_size() -> None:
    sharp = scene(width=1600, height=1200)
    measured = [sharpness(grey_of(sharp.filter(ImageFilter.GaussianBlur(by)))) for by in (0, 2, 4, 12)]
    assert measured == sorted(measured, reverse=True)
    assert measured[0] > THRESHOLD > measured[-1]
    half = sharpness(grey_of(sharp.resize((800, 600), Image.Resampling.BOX)))
    assert half == pytest.approx(measured[0], rel=0.5)


@pytest.mark.parametrize(
    ("picture", "expected"),
    [
        (scene(width=640, height=480), []),
        (scene(width=640, height=480).filter(ImageFilter.GaussianBlur(25)), [WarningCode.BLURRED]),
        (ImageEnhance.Brightness(scene(width=640, height=480)).enhance(0.1), [WarningCode.DARK]),
        (scene(), [WarningCode.SMALL]),
    ],
)
def test_a_picture_that_could_be_better_gets_one_request(picture: Image.Image, expected: list[WarningCode]) -> None:
    assert codes(picture) == expected


def test_a_request_is_made_in_each_language_and_a_video_gets_none() -> None:
    (warning,) = warnings_about(findings_of(scene()), THRESHOLD)
    assert set(warning.sentence) == set(Language)
    assert warnings_about(Findings(width=10, height=10, duration_ms=5), THRESHOLD) == ()


@pytest.mark.parametrize("seed", range(5))
def test_copies_of_a_picture_are_alike(seed: int) -> None:
    original = photograph(seed)
    for copy in (
        recompressed(original),
        original.resize((200, 150)),
        ImageEnhance.Brightness(original).enhance(0.8),
        ImageEnhance.Contrast(original).enhance(1.2),
        original.filter(ImageFilter.GaussianBlur(2)),
    ):
        assert bits_between(original, copy) <= MOST_BITS


def test_other_pictures_are_not_alike_and_neither_are_mirrored_or_cropped_ones() -> None:
    """What escapes is said in docs/evidence.md."""
    pictures = [photograph(seed) for seed in range(12)]
    pairs = [bits_between(a, b) for n, a in enumerate(pictures) for b in pictures[:n]]
    assert min(pairs) > MOST_BITS
    assert bits_between(pictures[0], ImageOps.mirror(pictures[0])) > MOST_BITS
    assert bits_between(pictures[0], pictures[0].crop((160, 120, 640, 480))) > MOST_BITS


def test_a_picture_of_nothing_is_like_no_other() -> None:
    assert perceptual_hash(Image.new("RGB", (64, 64), "white")) is None


async def test_a_decoder_measures_as_we_do(decoders: Decoders) -> None:
    cleaned = await decoders.clean(written(photograph(), "PNG"), "image/png")
    assert cleaned.findings == findings_of(photograph())
