"""The words in a meme as numbers a network sees: what they say, and how they lie."""

import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from core.words import Line

__all__ = ["GRAMS", "LAYOUT", "N_GRAMS", "Written", "written"]

N_GRAMS: Final = 8192
"""Into how many n-grams of characters are hashed: few enough to learn, with few collisions."""

_LENGTHS: Final = (1, 2, 3, 4, 5)  # characters of an n-gram; a word's ends count as one each
GRAMS: Final = {"lengths": list(_LENGTHS), "places": N_GRAMS}
"""How words become numbers, for a model's card: another memeEra may count otherwise."""

_N_BANDS: Final = 5  # into which the picture's height is divided
_LINE_LENGTH: Final = 30  # characters: a usual line

LAYOUT: Final = (
    "log_aspect",
    "has_words",
    "log_lines",
    "area",
    "height_mean",
    "height_max",
    "height_min",
    "height_spread",
    "log_characters",
    "log_words",
    "line_length",
    "capitals",
    "digits",
    "punctuation",
    "beyond_ascii",
    "left_spread",
    "centre_spread",
    "leftmost",
    "rightmost",
    "topmost",
    "bottommost",
    "width_mean",
    "confidence",
    "middle",
    "middle_third",
    *(f"band_{i}" for i in range(_N_BANDS)),
)
"""What is told of how the words lie. Sizes are shares of the picture's sides, heights of lines
shares of its width: absolute sizes would betray the source, and with it the genre."""


@dataclass(frozen=True, slots=True)
class Written:
    """What is written in one picture.

    Attributes:
        ids: Which n-grams occur, (n,) uint16, ascending.
        counts: How often each does, (n,) uint8, at most 255.
        layout: The numbers that LAYOUT names, (30,) float32.
    """

    ids: npt.NDArray[np.uint16]
    counts: npt.NDArray[np.uint8]
    layout: npt.NDArray[np.float32]

    def grams(self) -> npt.NDArray[np.float32]:
        """How often each n-gram occurs, as 1 + ln(count), or 0. (N_GRAMS,)"""
        dense = np.zeros(N_GRAMS, np.float32)
        dense[self.ids] = 1 + np.log(self.counts.astype(np.float32))
        return dense


def written(lines: Sequence[Line], aspect: float) -> Written:
    """The numbers of some lines.

    Args:
        lines: as `core.words.read_words` gives them; none, where nothing is written.
        aspect: the picture's height over its width.
    """
    counts = Counter(
        zlib.crc32(gram.encode()) % N_GRAMS for line in lines for gram in _grams(line.text.lower())
    )
    ids = sorted(counts)
    return Written(
        ids=np.array(ids, np.uint16),
        counts=np.array([min(counts[i], 255) for i in ids], np.uint8),
        layout=_layout(lines, aspect),
    )


def _grams(text: str) -> Iterator[str]:
    for word in text.split():
        bounded = f" {word} "
        for n in _LENGTHS:
            for start in range(len(bounded) - n + 1):
                yield bounded[start : start + n]


def _layout(lines: Sequence[Line], aspect: float) -> npt.NDArray[np.float32]:
    told = dict.fromkeys(LAYOUT, 0.0) | {"log_aspect": float(np.log(aspect))}
    if lines:
        told |= {"has_words": 1.0} | _of_text(lines) | _of_boxes(lines, aspect)
    return np.array([told[name] for name in LAYOUT], np.float32)


def _of_text(lines: Sequence[Line]) -> dict[str, float]:
    text = " ".join(line.text for line in lines)
    letters = [c for c in text if c.isalpha()]
    return {
        "log_lines": float(np.log1p(len(lines))),
        "log_characters": float(np.log1p(len(text))),
        "log_words": float(np.log1p(len(text.split()))),
        "line_length": sum(len(line.text) for line in lines) / len(lines) / _LINE_LENGTH,
        "capitals": sum(c.isupper() for c in letters) / max(1, len(letters)),
        "digits": sum(c.isdigit() for c in text) / len(text),
        "punctuation": sum(not (c.isalnum() or c.isspace()) for c in text) / len(text),
        "beyond_ascii": sum(not c.isascii() for c in text) / len(text),
        "confidence": sum(line.confidence for line in lines) / len(lines),
    }


def _of_boxes(lines: Sequence[Line], aspect: float) -> dict[str, float]:
    left, top, right, bottom = np.array([line.box for line in lines]).T  # (n,) each
    height = (bottom - top) * aspect
    area = (right - left) * (bottom - top)
    middle = (top + bottom) / 2
    band = np.minimum((middle * _N_BANDS).astype(int), _N_BANDS - 1)
    told = {
        "area": area.sum(),
        "height_mean": height.mean(),
        "height_max": height.max(),
        "height_min": height.min(),
        "height_spread": height.std() / max(height.mean(), 1e-6),
        "left_spread": left.std(),
        "centre_spread": ((left + right) / 2).std(),
        "leftmost": left.min(),
        "rightmost": right.max(),
        "topmost": top.min(),
        "bottommost": bottom.max(),
        "width_mean": (right - left).mean(),
        "middle": (area * middle).sum() / max(area.sum(), 1e-6),
        "middle_third": ((middle > 1 / 3) & (middle <= 2 / 3)).mean(),
    }
    told |= {f"band_{i}": area[band == i].sum() for i in range(_N_BANDS)}
    return {name: float(value) for name, value in told.items()}
