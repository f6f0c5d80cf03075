"""Bytes to the square a network sees: the same in training and in answering."""

import math
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image

from core.images import decode

__all__ = ["GROUND", "fit", "fit_square", "laid_out", "picture_of"]

GROUND: Final = 128
"""The grey, 0 to 255, on which a picture lies that is no square."""

# Rage comics are up to 35 times as tall as wide. Squeezed into a square they would be a thread, so
# what is taller (or wider) than this is cut into parts of one height that lie side by side, as the
# columns of a newspaper.
_MAX_ASPECT: Final = 2.5
_MAX_PARTS: Final = 8  # of 160:1; of what is taller still, the rest is left out


def picture_of(data: bytes, side_px: int) -> npt.NDArray[np.uint8]:
    """One file as the network sees it: (side_px, side_px, 3) uint8.

    Raises:
        ImageRejected: not an image that is taken.
    """
    return np.asarray(fit_square(decode(data, at_least_px=2 * side_px), side_px))


def fit_square(image: Image.Image, side_px: int) -> Image.Image:
    """The picture in its proportions, centred on a grey square of side_px."""
    small = fit(image, side_px)
    square = Image.new("RGB", (side_px, side_px), (GROUND,) * 3)
    square.paste(small, ((side_px - small.width) // 2, (side_px - small.height) // 2))
    return square


def fit(image: Image.Image, side_px: int) -> Image.Image:
    """The picture in its proportions, its longer side side_px; a strip in columns (or rows)."""
    if image.width > image.height * _MAX_ASPECT:
        turned = fit(image.transpose(Image.Transpose.TRANSPOSE), side_px)
        return turned.transpose(Image.Transpose.TRANSPOSE)
    n_parts, part_height, width, height = _columns(image.width, image.height, side_px)
    folded = Image.new("RGB", (width * n_parts, height))
    for i in range(n_parts):
        box = (0, i * part_height, image.width, (i + 1) * part_height)
        part = image.resize((width, height), Image.Resampling.BILINEAR, box=box, reducing_gap=2.0)
        folded.paste(part, (i * width, 0))
    return folded


def laid_out(square: Image.Image, width: float, height: float) -> Image.Image:
    """What lies on a square where `fit_square` puts a picture of this size, in its proportions.

    A strip's columns (or rows) are joined again; what the square leaves out is black.
    """
    if width > height * _MAX_ASPECT:
        turned = laid_out(square.transpose(Image.Transpose.TRANSPOSE), height, width)
        return turned.transpose(Image.Transpose.TRANSPOSE)
    side_px = square.width
    n_parts, part_height, column, rows = _columns(width, height, side_px)
    left, top = (side_px - column * n_parts) // 2, (side_px - rows) // 2
    strip = Image.new(square.mode, (column, rows * n_parts))
    for i in range(n_parts):
        x = left + i * column
        strip.paste(square.crop((x, top, x + column, top + rows)), (0, i * rows))
    seen = min(1.0, n_parts * part_height / height)  # share of the picture
    size = (column, round(rows * n_parts / seen))
    laid = strip.crop((0, 0, *size)) if seen < 1 else strip
    laid.thumbnail((side_px, side_px))
    return laid


def _columns(width: float, height: float, side_px: int) -> tuple[int, float, int, int]:
    """How a picture no wider than _MAX_ASPECT lies on a square.

    In how many columns, how much of its height is in each, and how wide and high each is in px.
    """
    n_parts = _n_parts(height / width)
    part_height = min(height / n_parts, width * n_parts * _MAX_ASPECT)
    scale = side_px / max(width * n_parts, part_height)
    # Half up, as TensorFlow's twin of it rounds; columns are of whole pixels.
    column = max(1, min(side_px // n_parts, int(width * scale + 0.5)))
    return n_parts, part_height, column, max(1, int(part_height * scale + 0.5))


def _n_parts(aspect: float) -> int:
    """Into how many columns a picture of this height over width is cut: n² = aspect is a square."""
    return 1 if aspect <= _MAX_ASPECT else min(_MAX_PARTS, round(math.sqrt(aspect)))
