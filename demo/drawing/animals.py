"""Animal heads, put together from ears, fur, eyes and a snout."""

import random

from PIL import ImageDraw

from demo.drawing.paint import Colour, Point, any_colour, mix

_FURS = ((120, 85, 55), (200, 165, 110), (95, 95, 100), (235, 230, 220), (60, 50, 45),
         (220, 130, 60), (90, 130, 80), (150, 170, 190))  # fmt: skip


def animal(draw: ImageDraw.ImageDraw, centre: Point, r: float, rng: random.Random) -> None:
    """Draw the head of some animal; the radius is that of the skull."""
    fur = rng.choice(_FURS) if rng.random() < 0.8 else any_colour(rng)
    dark, light = mix(fur, (0, 0, 0), 0.45), mix(fur, (255, 255, 255), 0.5)
    x, y = centre
    if rng.random() < 0.6:  # a body in the corner, or only the head
        draw.ellipse((x - r * 1.5, y + r * 0.7, x + r * 1.5, y + r * 4), fill=mix(fur, dark, 0.3))
    rng.choice((_pointed_ears, _round_ears, _long_ears, _no_ears))(draw, centre, r, fur, dark)
    wide = rng.uniform(0.9, 1.15)
    draw.ellipse((x - r * wide, y - r, x + r * wide, y + r), fill=fur)
    if rng.random() < 0.4:
        draw.ellipse((x - r * 0.3, y - r, x + r * 0.3, y + r * 0.3), fill=light)
    _eyes(draw, centre, r, dark, rng)
    rng.choice((_snout, _snout, _beak, _wide_mouth))(draw, centre, r, light, dark)


def _pointed_ears(draw: ImageDraw.ImageDraw, at: Point, r: float, fur: Colour, in_: Colour) -> None:
    x, y = at
    for side in (-1, 1):
        for size, fill in ((1.0, fur), (0.6, in_)):
            tip = (x + side * r * 0.85, y - r * (0.9 + 0.65 * size))
            foot = [(x + side * r * (0.65 - 0.4 * size), y - r * 0.7), (x + side * r, y - r * 0.3)]
            draw.polygon([tip, *foot], fill)


def _round_ears(draw: ImageDraw.ImageDraw, at: Point, r: float, fur: Colour, in_: Colour) -> None:
    for side in (-1, 1):
        x, y = at[0] + side * r * 0.75, at[1] - r * 0.75
        draw.ellipse((x - r * 0.42, y - r * 0.42, x + r * 0.42, y + r * 0.42), fill=fur)
        draw.ellipse((x - r * 0.24, y - r * 0.24, x + r * 0.24, y + r * 0.24), fill=in_)


def _long_ears(draw: ImageDraw.ImageDraw, at: Point, r: float, fur: Colour, in_: Colour) -> None:
    for side in (-1, 1):
        x, y = at[0] + side * r * 0.45, at[1] - r * 1.4
        draw.ellipse((x - r * 0.24, y - r * 0.8, x + r * 0.24, y + r * 0.8), fill=fur)
        draw.ellipse((x - r * 0.12, y - r * 0.6, x + r * 0.12, y + r * 0.6), fill=in_)


def _no_ears(draw: ImageDraw.ImageDraw, at: Point, r: float, fur: Colour, in_: Colour) -> None:
    x, y = at  # a crest instead
    draw.polygon([(x - r * 0.3, y - r * 0.8), (x, y - r * 1.55), (x + r * 0.35, y - r * 0.8)], fur)
    draw.polygon([(x - r * 0.2, y - r * 0.8), (x, y - r * 1.4), (x + r * 0.25, y - r * 0.8)], in_)


def _eyes(draw: ImageDraw.ImageDraw, at: Point, r: float, dark: Colour, rng: random.Random) -> None:
    size, pupil = rng.uniform(0.14, 0.3), rng.uniform(0.05, 0.11)
    glance, lid = rng.uniform(-0.08, 0.08), rng.uniform(-0.15, 0.2)
    iris = rng.choice(((250, 250, 250), (240, 210, 90), (250, 250, 250), (170, 220, 170)))
    for side in (-1, 1):
        x, y = at[0] + side * r * 0.42, at[1] - r * 0.2
        draw.ellipse((x - r * size, y - r * size, x + r * size, y + r * size), fill=iris)
        px = x + glance * r
        draw.ellipse((px - r * pupil, y - r * pupil, px + r * pupil, y + r * pupil), fill=(0, 0, 0))
        brow = [
            (x - side * r * 0.25, y - r * (size - lid)),
            (x + side * r * 0.3, y - r * size * 1.2),
        ]
        draw.line(brow, fill=dark, width=round(r * 0.1) + 1)


def _snout(draw: ImageDraw.ImageDraw, at: Point, r: float, light: Colour, dark: Colour) -> None:
    x, y = at[0], at[1] + r * 0.45
    draw.ellipse((x - r * 0.5, y - r * 0.36, x + r * 0.5, y + r * 0.46), fill=light)
    draw.ellipse((x - r * 0.2, y - r * 0.3, x + r * 0.2, y - r * 0.02), fill=(25, 20, 20))
    draw.arc(
        (x - r * 0.3, y - r * 0.1, x + r * 0.3, y + r * 0.32), 20, 160, dark, round(r * 0.06) + 1
    )


def _beak(draw: ImageDraw.ImageDraw, at: Point, r: float, light: Colour, dark: Colour) -> None:
    x, y = at[0], at[1] + r * 0.3
    draw.ellipse((x - r * 0.5, y - r * 0.3, x + r * 0.5, y + r * 0.45), fill=light)
    draw.polygon(
        [(x - r * 0.4, y - r * 0.1), (x + r * 0.4, y - r * 0.1), (x, y + r * 0.6)], (240, 165, 40)
    )
    draw.line(
        [(x - r * 0.3, y + r * 0.08), (x + r * 0.3, y + r * 0.08)],
        fill=dark,
        width=round(r * 0.05) + 1,
    )


def _wide_mouth(
    draw: ImageDraw.ImageDraw, at: Point, r: float, light: Colour, dark: Colour
) -> None:
    x, y = at[0], at[1] + r * 0.35
    draw.chord(
        (x - r * 0.65, y - r * 0.4, x + r * 0.65, y + r * 0.45),
        0,
        180,
        (120, 30, 40),
        dark,
        round(r * 0.06) + 1,
    )
    for i in range(4):
        tooth = x - r * 0.42 + i * r * 0.22
        draw.polygon(
            [
                (tooth, y + r * 0.02),
                (tooth + r * 0.18, y + r * 0.02),
                (tooth + r * 0.09, y + r * 0.18),
            ],
            light,
        )
