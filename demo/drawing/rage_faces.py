"""Stock faces of the rage comics, in our own lines.

A face is a list of strokes in a square from -1 to 1, y downward; `mirrored` strokes are drawn
on both sides.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from PIL import ImageDraw

from demo.drawing import pen
from demo.drawing.paint import BLACK, WHITE, Colour, Point


class Ink(StrEnum):
    """How a stroke is drawn."""

    LINE = "line"
    SHAPE = "shape"
    BLACK = "black"
    TEAR = "tear"
    RED = "red"


@dataclass(frozen=True, slots=True)
class Stroke:
    """One stroke of a face."""

    ink: Ink
    points: Sequence[Point]
    mirrored: bool = False


_FILLS: Mapping[Ink, Colour] = {
    Ink.SHAPE: WHITE,
    Ink.BLACK: BLACK,
    Ink.TEAR: (150, 200, 240),
    Ink.RED: (215, 40, 35),
}


def _dot(x: float, y: float, r: float, ink: Ink = Ink.BLACK, mirrored: bool = True) -> Stroke:
    return Stroke(ink, pen.ring(x, y, r, r, 8), mirrored)


_POTATO = Stroke(
    Ink.SHAPE,
    [(-0.5, -0.9), (0.1, -1), (0.6, -0.85), (0.9, -0.3), (0.85, 0.2), (0.95, 0.6), (0.4, 0.95),
     (-0.3, 1), (-0.8, 0.7), (-0.85, 0.2), (-0.95, -0.3), (-0.75, -0.7)],
)  # fmt: skip
_JAW = Stroke(
    Ink.SHAPE,
    [(-0.6, -0.75), (0, -0.85), (0.6, -0.8), (0.95, -0.35), (0.95, 0.2), (0.6, 0.8), (0.1, 1),
     (-0.5, 0.85), (-0.9, 0.35), (-0.95, -0.3)],
)  # fmt: skip
_ROUND = Stroke(Ink.SHAPE, pen.ring(0, 0, 0.85, 0.95))

FACES: Mapping[str, Sequence[Stroke]] = {
    "grin": (
        _JAW,
        Stroke(Ink.SHAPE, [(-0.8, -0.02), (-0.35, 0.25), (0.15, 0.28), (0.82, -0.1), (0.72, 0.35),
                           (0.25, 0.68), (-0.25, 0.65), (-0.65, 0.38)]),
        Stroke(Ink.LINE, [(-0.75, 0.15), (-0.3, 0.44), (0.2, 0.47), (0.78, 0.13)]),
        *(Stroke(Ink.LINE, [(x, 0.12 + 0.13 * (1 - abs(x))), (x, 0.3 + 0.33 * (1 - abs(x)))])
          for x in (-0.5, -0.25, 0, 0.25, 0.5)),
        Stroke(Ink.LINE, [(-0.62, -0.3), (-0.4, -0.45), (-0.15, -0.32)], mirrored=True),
        Stroke(Ink.BLACK, pen.ring(-0.35, -0.3, 0.13, 0.07, 8), mirrored=True),
        Stroke(Ink.LINE, [(-0.65, -0.12), (-0.4, -0.1), (-0.2, -0.16)], mirrored=True),
        Stroke(Ink.LINE, [(-0.35, -0.65), (0, -0.7), (0.4, -0.66)]),
    ),
    "lonely": (
        _POTATO,
        _dot(-0.33, -0.3, 0.2, Ink.SHAPE),
        _dot(-0.3, -0.25, 0.07),
        Stroke(Ink.LINE, [(-0.6, -0.6), (-0.3, -0.72), (-0.1, -0.6)], mirrored=True),
        Stroke(Ink.SHAPE, [(-0.5, 0.3), (0, 0.25), (0.55, 0.28), (0.35, 0.6), (0, 0.7),
                           (-0.35, 0.58)]),
        Stroke(Ink.TEAR, [(-0.5, -0.05), (-0.6, 0.3), (-0.5, 0.4), (-0.42, 0.25)], mirrored=True),
        Stroke(Ink.LINE, [(-0.7, 0.2), (-0.6, 0.05), (-0.45, 0.1)], mirrored=True),
    ),
    "delight": (
        _POTATO,
        Stroke(Ink.LINE, [(-0.65, -0.35), (-0.4, -0.25), (-0.12, -0.38)], mirrored=True),
        Stroke(Ink.LINE, [(-0.62, -0.15), (-0.4, -0.2), (-0.15, -0.12)], mirrored=True),
        Stroke(Ink.LINE, [(-0.6, -0.55), (-0.35, -0.5), (-0.1, -0.6)], mirrored=True),
        Stroke(Ink.LINE, [(-0.4, -0.75), (0, -0.8), (0.4, -0.74)]),
        Stroke(Ink.LINE, [(-0.55, 0.4), (-0.2, 0.5), (0.25, 0.48), (0.6, 0.3)]),
        Stroke(Ink.LINE, [(-0.3, 0.64), (0, 0.7), (0.3, 0.62)]),
        Stroke(Ink.LINE, [(-0.1, 0.1), (0.02, 0.18), (0.14, 0.08)]),
    ),
    "fury": (
        _ROUND,
        Stroke(Ink.LINE, [(-0.7, -0.55), (-0.4, -0.45), (-0.1, -0.25)], mirrored=True),
        _dot(-0.38, -0.2, 0.14, Ink.SHAPE),
        _dot(-0.35, -0.18, 0.05),
        Stroke(Ink.RED, [(-0.55, 0.15), (0, 0.05), (0.55, 0.15), (0.6, 0.6), (0, 0.82),
                         (-0.6, 0.6)]),
        Stroke(Ink.SHAPE, [(-0.45, 0.17), (0, 0.1), (0.45, 0.17), (0, 0.28)]),
        Stroke(Ink.LINE, [(-0.2, -0.75), (-0.15, -0.55)], mirrored=True),
    ),
    "derp": (
        _ROUND,
        _dot(-0.38, -0.35, 0.24, Ink.SHAPE, mirrored=False),
        _dot(0.36, -0.25, 0.2, Ink.SHAPE, mirrored=False),
        _dot(-0.48, -0.45, 0.08, mirrored=False),
        _dot(0.46, -0.14, 0.08, mirrored=False),
        Stroke(Ink.LINE, [(-0.4, 0.35), (-0.1, 0.5), (0.2, 0.4), (0.5, 0.55)]),
        Stroke(Ink.TEAR, [(0.22, 0.48), (0.4, 0.52), (0.36, 0.8), (0.24, 0.74)]),
    ),
    "sad": (
        _POTATO,
        Stroke(Ink.LINE, [(-0.6, -0.35), (-0.35, -0.42), (-0.15, -0.3)], mirrored=True),
        _dot(-0.36, -0.28, 0.08),
        Stroke(Ink.LINE, [(-0.65, -0.5), (-0.4, -0.62), (-0.12, -0.64)], mirrored=True),
        Stroke(Ink.LINE, [(-0.35, 0.55), (-0.1, 0.42), (0.15, 0.43), (0.38, 0.58)]),
        Stroke(Ink.LINE, [(-0.08, 0.1), (0, 0.16), (0.1, 0.1)]),
    ),
    "blank": (
        _JAW,
        _dot(-0.35, -0.25, 0.07),
        Stroke(Ink.LINE, [(-0.55, -0.33), (-0.35, -0.38), (-0.15, -0.33)], mirrored=True),
        Stroke(Ink.LINE, [(-0.4, 0.45), (0, 0.46), (0.4, 0.45)]),
        Stroke(Ink.LINE, [(0, -0.1), (-0.1, 0.2), (0.08, 0.22)]),
    ),
    "shock": (
        _ROUND,
        _dot(-0.36, -0.3, 0.27, Ink.SHAPE),
        _dot(-0.34, -0.28, 0.05),
        Stroke(Ink.BLACK, pen.ring(0, 0.48, 0.2, 0.32, 10)),
        Stroke(Ink.LINE, [(-0.6, -0.7), (-0.35, -0.8), (-0.15, -0.7)], mirrored=True),
    ),
}  # fmt: skip


def face(
    draw: ImageDraw.ImageDraw,
    strokes: Sequence[Stroke],
    centre: Point,
    radius_px: float,
    rng: random.Random,
) -> None:
    """Draw one face, a little differently each time."""
    width_px = max(2, round(radius_px / 22))
    flip = rng.choice((-1, 1))
    tall = rng.uniform(0.9, 1.15)
    for stroke in strokes:
        for side in (1, -1) if stroke.mirrored else (1,):
            points = [
                (centre[0] + x * side * flip * radius_px, centre[1] + y * tall * radius_px)
                for x, y in stroke.points
            ]
            _ink(draw, stroke.ink, points, width_px, radius_px / 55, rng)


def _ink(
    draw: ImageDraw.ImageDraw,
    ink: Ink,
    points: Sequence[Point],
    width_px: int,
    shake_px: float,
    rng: random.Random,
) -> None:
    if ink is Ink.LINE:
        pen.line(draw, points, rng, width_px, shake_px=shake_px)
    else:
        pen.shape(draw, points, rng, width_px, _FILLS[ink], shake_px=shake_px)
