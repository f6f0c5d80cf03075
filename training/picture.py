"""Bytes to the square a network sees: the same in training and in answering."""

from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image

from core.images import decode

__all__ = ["fit_square", "picture_of"]

# Rage comics are up to 35 times as tall as wide. Beyond this, what is below (or right) is cut: a
# strip squeezed thinner shows the network nothing.
_MAX_ASPECT: Final = 2.5
_GROUND: Final = (128, 128, 128)


def picture_of(data: bytes, side_px: int) -> npt.NDArray[np.uint8]:
    """One file as the network sees it: (side_px, side_px, 3) uint8.

    Raises:
        ImageRejected: not an image that is taken.
    """
    return np.asarray(fit_square(decode(data, at_least_px=2 * side_px), side_px))


def fit_square(image: Image.Image, side_px: int) -> Image.Image:
    """The picture in its proportions, centred on a grey square of side_px."""
    width, height = image.size
    width = min(width, round(height * _MAX_ASPECT))
    height = min(height, round(width * _MAX_ASPECT))
    scale = side_px / max(width, height)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = image.resize(
        size, Image.Resampling.BILINEAR, box=(0, 0, width, height), reducing_gap=2.0
    )
    square = Image.new("RGB", (side_px, side_px), _GROUND)
    square.paste(small, ((side_px - size[0]) // 2, (side_px - size[1]) // 2))
    return square
