"""Things lying about: an egg, a chair, bread, a cone."""

import random
from collections.abc import Callable, Mapping

from PIL import ImageDraw

from demo.drawing.paint import Colour, Point, any_colour, mix

_Drawer = Callable[[ImageDraw.ImageDraw, Point, float, Colour], None]


def thing(draw: ImageDraw.ImageDraw, centre: Point, r: float, rng: random.Random) -> str:
    """Draw some object about a point; returns its name."""
    name = rng.choice(tuple(_THINGS))
    _THINGS[name](draw, centre, r, any_colour(rng, (0.25, 0.9), (0.4, 0.95)))
    return name


def _egg(draw: ImageDraw.ImageDraw, at: Point, r: float, colour: Colour) -> None:
    x, y = at
    shell = mix(colour, (250, 240, 225), 0.85)
    draw.ellipse((x - r * 0.8, y + r * 0.75, x + r * 0.8, y + r * 1.05), fill=(60, 60, 60))
    draw.ellipse(
        (x - r * 0.7, y - r * 0.9, x + r * 0.7, y + r * 0.95), fill=mix(shell, (90, 70, 50), 0.3)
    )
    draw.ellipse((x - r * 0.68, y - r * 0.9, x + r * 0.55, y + r * 0.8), fill=shell)


def _chair(draw: ImageDraw.ImageDraw, at: Point, r: float, colour: Colour) -> None:
    x, y = at
    dark = mix(colour, (0, 0, 0), 0.4)
    for dx in (-0.55, 0.45):
        draw.rectangle((x + dx * r, y, x + (dx + 0.12) * r, y + r), fill=dark)
    draw.rectangle((x - r * 0.6, y - r, x - r * 0.42, y + r * 0.2), fill=dark)
    draw.polygon(
        [
            (x - r * 0.6, y),
            (x + r * 0.45, y),
            (x + r * 0.7, y + r * 0.25),
            (x - r * 0.4, y + r * 0.25),
        ],
        colour,
    )
    draw.rectangle((x - r * 0.6, y - r, x - r * 0.3, y - r * 0.35), fill=colour)


def _bread(draw: ImageDraw.ImageDraw, at: Point, r: float, colour: Colour) -> None:
    x, y = at
    crust = mix((150, 90, 40), colour, 0.15)
    for grow, fill in ((1.0, crust), (0.86, (235, 205, 150))):
        draw.rounded_rectangle(
            (x - r * 0.8 * grow, y - r * 0.5 * grow, x + r * 0.8 * grow, y + r * 0.8 * grow),
            r * 0.1,
            fill,
        )
        draw.ellipse(
            (x - r * 0.95 * grow, y - r * 0.85 * grow, x + r * 0.95 * grow, y + r * 0.1 * grow),
            fill=fill,
        )


def _mug(draw: ImageDraw.ImageDraw, at: Point, r: float, colour: Colour) -> None:
    x, y = at
    draw.arc(
        (x + r * 0.3, y - r * 0.4, x + r * 1.1, y + r * 0.5), 0, 360, colour, round(r * 0.16) + 1
    )
    draw.rectangle((x - r * 0.6, y - r * 0.7, x + r * 0.6, y + r * 0.8), fill=colour)
    draw.ellipse((x - r * 0.6, y + r * 0.62, x + r * 0.6, y + r * 0.98), fill=colour)
    draw.ellipse(
        (x - r * 0.6, y - r * 0.88, x + r * 0.6, y - r * 0.52),
        fill=mix(colour, (255, 255, 255), 0.4),
    )
    draw.ellipse((x - r * 0.5, y - r * 0.82, x + r * 0.5, y - r * 0.56), fill=(70, 40, 25))


def _cone(draw: ImageDraw.ImageDraw, at: Point, r: float, colour: Colour) -> None:
    x, y = at
    draw.rounded_rectangle(
        (x - r * 0.85, y + r * 0.75, x + r * 0.85, y + r), r * 0.06, mix((200, 75, 20), colour, 0.2)
    )
    draw.polygon(
        [
            (x - r * 0.55, y + r * 0.78),
            (x + r * 0.55, y + r * 0.78),
            (x + r * 0.1, y - r),
            (x - r * 0.1, y - r),
        ],
        (240, 100, 30),
    )
    draw.polygon(
        [
            (x - r * 0.38, y + r * 0.2),
            (x + r * 0.38, y + r * 0.2),
            (x + r * 0.26, y - r * 0.3),
            (x - r * 0.26, y - r * 0.3),
        ],
        (245, 245, 245),
    )


def _plant(draw: ImageDraw.ImageDraw, at: Point, r: float, colour: Colour) -> None:
    x, y = at
    for i in range(7):
        dx, top = (i - 3) * 0.28 * r, y - r * (0.9 - 0.12 * abs(i - 3))
        green = mix((50, 140, 60), colour, 0.1 * (i % 3))
        draw.polygon(
            [
                (x - r * 0.1, y + r * 0.3),
                (x + r * 0.1, y + r * 0.3),
                (x + dx * 1.4, top),
                (x + dx * 0.7, y - r * 0.3),
            ],
            green,
        )
    draw.polygon(
        [
            (x - r * 0.5, y + r * 0.25),
            (x + r * 0.5, y + r * 0.25),
            (x + r * 0.36, y + r),
            (x - r * 0.36, y + r),
        ],
        (180, 95, 60),
    )


def _fish(draw: ImageDraw.ImageDraw, at: Point, r: float, colour: Colour) -> None:
    x, y = at
    draw.polygon(
        [(x + r * 0.5, y), (x + r * 1.1, y - r * 0.45), (x + r * 1.1, y + r * 0.45)],
        mix(colour, (0, 0, 0), 0.25),
    )
    draw.ellipse((x - r, y - r * 0.5, x + r * 0.75, y + r * 0.5), fill=colour)
    draw.chord(
        (x - r, y - r * 0.5, x + r * 0.75, y + r * 0.5), 0, 180, mix(colour, (255, 255, 255), 0.5)
    )
    draw.ellipse((x - r * 0.75, y - r * 0.25, x - r * 0.5, y), fill=(255, 255, 255))
    draw.ellipse((x - r * 0.68, y - r * 0.18, x - r * 0.58, y - r * 0.08), fill=(0, 0, 0))


def _oven(draw: ImageDraw.ImageDraw, at: Point, r: float, colour: Colour) -> None:
    x, y = at
    draw.rounded_rectangle(
        (x - r, y - r * 0.65, x + r, y + r * 0.65), r * 0.08, mix(colour, (215, 215, 215), 0.8)
    )
    draw.rectangle((x - r * 0.88, y - r * 0.5, x + r * 0.42, y + r * 0.5), fill=(35, 40, 45))
    for i in range(3):
        draw.ellipse(
            (x + r * 0.58, y + r * (i * 0.35 - 0.4), x + r * 0.82, y + r * (i * 0.35 - 0.16)),
            fill=(80, 80, 85),
        )


_THINGS: Mapping[str, _Drawer] = {
    "egg": _egg,
    "chair": _chair,
    "slice of bread": _bread,
    "mug": _mug,
    "traffic cone": _cone,
    "plant": _plant,
    "fish": _fish,
    "microwave": _oven,
}
