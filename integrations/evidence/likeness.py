"""What a picture looks like, as numbers: how sharp, how bright, and a hash that nearly equal pictures share.

Greys are float arrays of height x width, 0 black, 255 white.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

LONG_SIDE: Final = 512
"""Sharpness is measured on a picture scaled down to this long side: the same scene gives about the same number from
a telephone of any year, and noise of single pixels does not pass for detail."""

_HASHED_SIDE: Final = 32
_LOW_FREQUENCIES: Final = 8
_LEAST_CONTRAST: Final = 2.0
"""Standard deviation, in greys: below it there is nothing to compare, and all empty pictures would be alike."""

Grey = NDArray[np.float64]


def grey_of(picture: Image.Image) -> Grey:
    """The picture in greys, scaled down to `LONG_SIDE`, never up."""
    small = picture.convert("L")
    small.thumbnail((LONG_SIDE, LONG_SIDE), Image.Resampling.BOX, reducing_gap=None)
    return np.asarray(small, dtype=np.float64)


def sharpness(grey: Grey) -> float:
    """Variance of the 5-point Laplacian, in squared greys: edges in focus make it large (P2.2)."""
    if min(grey.shape) < 3:  # noqa: PLR2004 - the five points need a neighbour on each side
        return 0.0
    inner = grey[1:-1, 1:-1]
    laplacian = grey[:-2, 1:-1] + grey[2:, 1:-1] + grey[1:-1, :-2] + grey[1:-1, 2:] - 4 * inner
    return float(laplacian.var())


def perceptual_hash(picture: Image.Image) -> int | None:
    """64 bits: which of the lowest 8 x 8 frequencies are above their median. None of a picture without any contrast.

    Scaled, recompressed, brightened copies differ in few bits; mirrored, turned and cropped ones in about half.
    """
    scaled = picture.convert("L").resize((_HASHED_SIDE, _HASHED_SIDE), Image.Resampling.BOX)
    grey = np.asarray(scaled, dtype=np.float64)
    if grey.std() < _LEAST_CONTRAST:
        return None
    low = (_COSINES @ grey @ _COSINES.T).ravel()
    above = low > np.median(low[1:])  # the first is the mean brightness, and would drag the median along
    return int.from_bytes(np.packbits(above).tobytes(), "big")


def _cosines() -> NDArray[np.float64]:
    """The lowest rows of the discrete cosine transform (DCT-II) of 32 points."""
    place = np.arange(_HASHED_SIDE)
    frequency = np.arange(_LOW_FREQUENCIES)[:, None]
    found: NDArray[np.float64] = np.cos(np.pi * frequency * (2 * place + 1) / (2 * _HASHED_SIDE))
    return found


_COSINES: Final = _cosines()
