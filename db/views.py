"""The ways to look at a picture: whole, inside its frame, as another lies, as a crop of a wider."""

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from PIL import Image

from core.fingerprint import CROPPED, phash, prepared
from core.signature import SIGNATURE_PX, Signature
from db.registration import ROUGH_PX, Grey, Matrix, after, inverse, reduced

__all__ = ["View", "inside", "straightened", "whole", "widened"]


@dataclass(frozen=True)  # not slots: cached_property needs a __dict__
class View:
    """A picture in one of the ways to look at it."""

    name: str
    grey: Grey  # (S, S)
    to_whole: Matrix  # from the view's pixels to those of the whole picture's signature
    framed: bool = False  # what is outside is a screen, not the picture's own

    @cached_property
    def rough(self) -> Grey:
        """The view at ROUGH_PX."""
        return reduced(self.grey, ROUGH_PX)

    @cached_property
    def phash256(self) -> str:
        """Its pHash of 256 bits, to search with."""
        return phash(prepared(Image.fromarray(self.grey)), 16)

    @cached_property
    def phash64(self) -> str:
        """Its pHash of 64 bits, to search with."""
        return phash(prepared(Image.fromarray(self.grey)), 8)


def whole(signature: Signature) -> View:
    """The picture as it is."""
    return View("whole", signature.whole, np.eye(2, 3))


def inside(signature: Signature) -> View:
    """The picture that a screenshot frames; it must frame one."""
    assert signature.inner is not None
    assert signature.inner_box is not None
    left, top, right, bottom = signature.inner_box
    across, down = (right - left) / SIGNATURE_PX, (bottom - top) / SIGNATURE_PX
    to_whole = np.array([[across, 0, left], [0, down, top]], dtype=np.float64)
    return View("inside", signature.inner, to_whole, framed=True)


def straightened(picture: View, to_other: Matrix, other: int) -> View:
    """The picture as another meme of its family lies; where it ends, its rim is drawn on.

    On a popular template, a crop or a bar moves the hash further than another caption does. With
    that taken back, the nearest hash is the right one again.

    Args:
        picture: the whole of it.
        to_other: from its pixels to those of the other meme.
        other: which meme that is.
    """
    size = (SIGNATURE_PX, SIGNATURE_PX)
    turned = cv2.warpAffine(
        picture.grey, to_other, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return View(f"as {other}", np.asarray(turned, dtype=np.uint8), inverse(to_other))


def widened(picture: View) -> View:
    """The picture as if it were a crop of a wider one; its rim is drawn on."""
    rim = round(CROPPED * SIGNATURE_PX)
    wider = cv2.copyMakeBorder(picture.grey, rim, rim, rim, rim, cv2.BORDER_REPLICATE)
    scale = len(wider) / SIGNATURE_PX
    to_whole = np.array([[scale, 0, -rim], [0, scale, -rim]], dtype=np.float64)
    grey = cv2.resize(wider, (SIGNATURE_PX, SIGNATURE_PX), interpolation=cv2.INTER_LINEAR)
    return View("widened", np.asarray(grey, dtype=np.uint8), after(picture.to_whole, to_whole))
