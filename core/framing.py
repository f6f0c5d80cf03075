"""Finds the picture that a screenshot frames."""

from typing import Final

import numpy as np
import numpy.typing as npt

__all__ = ["Rectangle", "framed_part"]

Rectangle = tuple[int, int, int, int]  # left, top, right, bottom, px; right and bottom excluded

_SAME_GREY: Final = 12  # levels: JPEG noise around letters on plain ground stays within
_GROUND: Final = 0.1  # share of all pixels that the ground has, where there is one
# A row of the picture is mostly not ground; a row with letters or buttons is.
_PICTURE: Final = 0.35
_GAP: Final = 1 / 80  # of the side: rows in the midst of a picture that happen to look like ground
_LEAST_HEIGHT: Final = 0.12
_LEAST_WIDTH: Final = 0.3
# A screen has something above and below. White above alone is a caption, and belongs to the meme.
_LEAST_RIM: Final = 0.03
_LEAST_FRAME: Final = (
    0.15  # share of the area; a thinner frame is a border, which registration fits
)
_PLAIN: Final = 0.7  # share of the frame that is ground


def framed_part(grey: npt.NDArray[np.uint8]) -> Rectangle | None:
    """The picture in the middle of plain ground with letters above and below it, if it is one.

    Args:
        grey: (H, W) uint8.
    """
    height, width = grey.shape
    levels = np.bincount(grey.ravel(), minlength=256)
    around = np.convolve(levels, np.ones(7, dtype=np.int64), "same")
    ground = int(around.argmax())
    if around[ground] < _GROUND * grey.size:
        return None
    rims = np.concatenate([grey[:1], grey[-1:]]).astype(np.int16)  # (2, W)
    if (np.abs(rims - ground) > _SAME_GREY).mean(axis=1).min() > _PICTURE:
        return None  # as most do, and soon: every picture is asked
    picture = np.abs(grey.astype(np.int16) - ground) > _SAME_GREY  # (H, W)
    top, bottom = _longest_run(picture.mean(axis=1) > _PICTURE, height)
    if bottom - top < _LEAST_HEIGHT * height:
        return None
    left, right = _longest_run(picture[top:bottom].mean(axis=0) > _PICTURE, width)
    if right - left < _LEAST_WIDTH * width:
        return None
    # Of a narrow picture, rows that are all its own may hold little of the whole width.
    start, end = _longest_run(picture[top:bottom, left:right].mean(axis=1) > _PICTURE, height)
    top, bottom = top + start, top + end
    if top < _LEAST_RIM * height or height - bottom < _LEAST_RIM * height:
        return None
    inside = (bottom - top) * (right - left)
    frame = grey.size - inside
    n_letters = int(picture.sum()) - int(picture[top:bottom, left:right].sum())
    if frame < _LEAST_FRAME * grey.size or n_letters > (1 - _PLAIN) * frame:
        return None
    return left, top, right, bottom


def _longest_run(claims: npt.NDArray[np.bool_], side: int) -> tuple[int, int]:
    """Start and end of the longest run of true, over gaps of _GAP of the side."""
    places = np.flatnonzero(claims)
    if not len(places):
        return 0, 0
    breaks = np.flatnonzero(np.diff(places) > max(1, int(side * _GAP)) + 1)
    starts = places[np.concatenate([[0], breaks + 1])]
    ends = places[np.concatenate([breaks, [len(places) - 1]])] + 1
    longest = int((ends - starts).argmax())
    return int(starts[longest]), int(ends[longest])
