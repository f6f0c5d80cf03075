"""Which places of a picture spoke for a genre."""

from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image

from training.picture import laid_out

__all__ = ["heat", "on_picture", "overlaid"]

Heat = npt.NDArray[np.float32]

_COLOUR: Final = np.array([235, 70, 20], np.float32)  # of what spoke for the genre, RGB
_MOST: Final = 0.65  # share of that colour where it spoke most


def heat(places: npt.NDArray[np.float32], genre: int) -> Heat:
    """How much each place of the square speaks for one genre more than for the others.

    Args:
        places: (h, w, n_genres), the logits of each place.
        genre: which of them.

    Returns:
        (h, w) float32, 0 to 1: 1 where most speaks for it, 0 where no more does than for others.
    """
    for_it = places[..., genre] - places.mean(axis=-1)
    return np.asarray(np.clip(for_it, 0, None) / max(float(for_it.max()), 1e-6))


def on_picture(heat: Heat, side_px: int, width: int, height: int) -> Heat:
    """What lies on the square of a network laid back onto the picture that fills it.

    Args:
        heat: (h, w), 0 to 1, over the whole square.
        side_px: of the square.
        width: of the picture, in any unit.
        height: in the same.

    Returns:
        (rows, columns) float32, 0 to 1, in the picture's proportions; its longer side is side_px
        at most.
    """
    square = Image.fromarray(heat).resize((side_px, side_px), Image.Resampling.BICUBIC)
    return np.clip(np.asarray(laid_out(square, width, height), np.float32), 0, 1)


def overlaid(picture: Image.Image, heat: Heat) -> Image.Image:
    """The picture in grey, coloured where the heat is; (h, w) of it, 0 to 1, cover it whole."""
    shares = Image.fromarray(heat).resize(picture.size, Image.Resampling.BICUBIC)
    share = np.clip(np.asarray(shares, np.float32), 0, 1)[..., np.newaxis] * _MOST  # (H, W, 1)
    grey = np.asarray(picture.convert("L").convert("RGB"), np.float32)
    return Image.fromarray((grey * (1 - share) + _COLOUR * share).astype(np.uint8))
