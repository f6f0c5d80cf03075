"""Decides by the words of two pictures what their pixels leave open.

A meme is its template and its words. Where two pictures on one template differ in a small place, it
is a word in that place (another meme), or something laid over it (the same meme). Only words at
places that the pixels do not vouch for are compared: elsewhere a reader's slip would count as
another word.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Final

import numpy as np
import numpy.typing as npt

from core.words import Line
from db.registration import Matrix, Rectangle, box_under

__all__ = ["Placed", "centre_in", "placed", "same_words"]

# One character that differs may be a slip of the reader's, unless it is sure of both lines and the
# pixels differ clearly.
_SLIP: Final = 1
_SURE: Final = 0.9
# A sticker hides some letters in a row, and this share of all at most.
_LEAST_HIDDEN: Final = 3
_MOST_HIDDEN: Final = 0.3
# What covers letters reaches beyond them: by this share of the line at most.
_WIDER: Final = 0.35
# A line's box is drawn a little wide; by more than this, it lies outside. In pixels of a signature.
_BEYOND_PX: Final = 6
# Readers take these for one another, above all in capitals.
_LOOK_ALIKE: Final = str.maketrans("01l|58", "oiiisb")


@dataclass(frozen=True, slots=True)
class Placed:
    """A line of words in the frame in which two pictures are compared."""

    letters: str  # lower case, nothing but letters and digits, look-alikes made one
    box: Rectangle
    confidence: float


def placed(lines: Sequence[Line], side: int, matrix: Matrix) -> list[Placed]:
    """Lines read in a picture, in another frame.

    Args:
        lines: with boxes as shares of their picture.
        side: of the square that their picture is reduced to, px.
        matrix: from that square to the frame.
    """
    found = []
    for line in lines:
        letters = "".join(c for c in line.text.lower().translate(_LOOK_ALIKE) if c.isalnum())
        left, top, right, bottom = (side * share for share in line.box)
        if letters:
            box = box_under(matrix, (left, top, right, bottom))
            found.append(Placed(letters, box, line.confidence))
    return found


def same_words(
    said: Sequence[Placed],
    known: Sequence[Placed],
    doubted: npt.NDArray[np.bool_],
    frame: Rectangle,
    *,
    captioned: bool,
    faint: bool,
) -> bool:
    """Whether a picture says what a known meme says, as far as it can be seen.

    Args:
        said: the lines of the picture.
        known: the lines of the meme, in the picture's frame.
        doubted: (S, S), where the two differ by their pixels.
        frame: the meme's sides in the picture's frame.
        captioned: lines outside the meme's sides are a caption, not a watermark or a screen's.
        faint: the pixels differ no more than compression makes them.
    """
    n_hidden = 0
    matched: set[int] = set()
    for line in known:
        row = [i for i, other in enumerate(said) if _in_row(other.box, line.box)]
        matched.update(row)
        if not _touches(line.box, doubted):
            continue
        others = sorted((said[i] for i in row), key=lambda other: other.box[0])
        hidden, other_letters = _differences(line.letters, "".join(o.letters for o in others))
        sure = min([line.confidence, *(o.confidence for o in others)]) >= _SURE
        if faint:  # no sticker is there to hide any
            other_letters += hidden
        if other_letters > (0 if sure and not faint else _SLIP):
            return False
        if hidden and _share_touched(line.box, doubted) > hidden / len(line.letters) + _WIDER:
            return False  # the line is set anew around a word that is not there
        n_hidden += hidden
    for i, line in enumerate(said):
        if i in matched or len(line.letters) <= _SLIP + 1:
            continue
        if not centre_in(line.box, frame):
            if captioned:
                return False
        elif _touches(line.box, doubted):
            return False  # words where the meme has none
    n_known = sum(len(line.letters) for line in known)
    if n_known == 0:
        # No words to tell a sticker from a caption in letters that nobody here reads. Where the
        # pixels hardly differ, it is neither, but compression.
        return faint
    return n_hidden <= _MOST_HIDDEN * n_known


def _differences(known: str, said: str) -> tuple[int, int]:
    """Letters of the known line that are hidden, and letters that are others."""
    changes = SequenceMatcher(None, known, said, autojunk=False).get_opcodes()
    n_gaps = sum(what == "delete" for what, *_ in changes)
    hidden = other = 0
    for what, i1, i2, j1, j2 in changes:
        n_known, n_said = i2 - i1, j2 - j1
        match what:
            case "delete" if n_gaps > 1 and n_known < _LEAST_HIDDEN:
                # A sticker makes one gap; letters missing here and there are another word.
                other += n_known
            case "delete":
                hidden += n_known
            case "insert" | "replace":
                other += n_said
                hidden += max(0, n_known - n_said)
    return hidden, other


def _in_row(box: Rectangle, of: Rectangle) -> bool:
    """Whether two lines share half of the lower one's height, and some of their width."""
    height = min(box[3], of[3]) - max(box[1], of[1])
    lower = min(box[3] - box[1], of[3] - of[1])
    return height > lower / 2 and min(box[2], of[2]) > max(box[0], of[0])


def _touches(box: Rectangle, where: npt.NDArray[np.bool_]) -> bool:
    left, top, right, bottom = box
    side = len(where)
    if min(left, top) < -_BEYOND_PX or max(right, bottom) > side + _BEYOND_PX:
        return True  # beyond the picture nothing vouches for it
    rows, columns = (
        slice(max(0, round(a)), max(0, round(b)) + 1) for a, b in ((top, bottom), (left, right))
    )
    return bool(where[rows, columns].any())


def _share_touched(box: Rectangle, where: npt.NDArray[np.bool_]) -> float:
    """The share of a line's width where something differs."""
    left, top, right, bottom = (max(0, round(side)) for side in box)
    inside = where[top : bottom + 1, left : right + 1]
    return float(inside.any(axis=0).mean()) if inside.size else 1.0


def centre_in(box: Rectangle, frame: Rectangle) -> bool:
    """Whether the middle of a line lies in a frame."""
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    return frame[0] <= x <= frame[2] and frame[1] <= y <= frame[3]
