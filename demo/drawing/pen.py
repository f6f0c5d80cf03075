"""A hand that shakes: curves through a few points, drawn with ink."""

import math
import random
from collections.abc import Sequence

from PIL import ImageDraw

from demo.drawing.paint import BLACK, Colour, Point


def line(
    draw: ImageDraw.ImageDraw,
    points: Sequence[Point],
    rng: random.Random,
    width_px: int,
    fill: Colour = BLACK,
    shake_px: float = 1.0,
) -> None:
    """Draw one open stroke."""
    curve = _through(_shaken(points, rng, shake_px))
    draw.line(curve, fill=fill, width=width_px, joint="curve")


def shape(
    draw: ImageDraw.ImageDraw,
    points: Sequence[Point],
    rng: random.Random,
    width_px: int,
    fill: Colour,
    outline: Colour = BLACK,
    shake_px: float = 1.0,
) -> None:
    """Draw one closed, filled stroke."""
    corners = _shaken(points, rng, shake_px)
    curve = _through([corners[-1], *corners, corners[0], corners[1]])[_STEPS:-_STEPS]
    draw.polygon(curve, fill=fill)
    draw.line([*curve, curve[0]], fill=outline, width=width_px, joint="curve")


def ring(cx: float, cy: float, rx: float, ry: float, n_points: int = 12) -> list[Point]:
    """Points around an ellipse."""
    turns = (2 * math.pi * i / n_points for i in range(n_points))
    return [(cx + rx * math.cos(t), cy + ry * math.sin(t)) for t in turns]


_STEPS = 6  # pieces of curve between two given points


def _shaken(points: Sequence[Point], rng: random.Random, shake_px: float) -> list[Point]:
    return [(x + rng.gauss(0, shake_px), y + rng.gauss(0, shake_px)) for x, y in points]


def _through(points: Sequence[Point]) -> list[Point]:
    """A Catmull-Rom curve through the points, ends included."""
    padded = [points[0], *points, points[-1]]
    curve: list[Point] = []
    for i in range(len(points) - 1):
        a, b, c, d = padded[i : i + 4]
        curve += [_between(a, b, c, d, step / _STEPS) for step in range(_STEPS)]
    return [*curve, points[-1]]


def _between(a: Point, b: Point, c: Point, d: Point, t: float) -> Point:
    return _spline(a[0], b[0], c[0], d[0], t), _spline(a[1], b[1], c[1], d[1], t)


def _spline(a: float, b: float, c: float, d: float, t: float) -> float:
    return 0.5 * (
        2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3
    )
