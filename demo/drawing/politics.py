"""The props of politics in a country that does not exist: parties, flags, a hall, a podium."""

import math
import random
from dataclasses import dataclass

from PIL import Image, ImageDraw

from demo.drawing.paint import BLACK, WHITE, Colour, Size, any_colour, mix, vertical_gradient


@dataclass(frozen=True, slots=True)
class Party:
    """A party by its name and its colour."""

    name: str
    colour: Colour


PARTIES = (
    Party("Turnip Party", (178, 34, 52)), Party("Harbour Union", (20, 60, 150)),
    Party("Lantern League", (235, 175, 20)), Party("Moss Front", (40, 130, 60)),
    Party("Plum Alliance", (110, 40, 120)),
)  # fmt: skip


def flag(size: Size, rng: random.Random) -> Image.Image:
    """The flag of a country that does not exist."""
    w, h = size
    inks = [
        rng.choice(PARTIES).colour,
        rng.choice((WHITE, (245, 240, 220))),
        any_colour(rng, (0.7, 1), (0.3, 0.8)),
    ]
    image = Image.new("RGB", size, inks[0])
    pen = ImageDraw.Draw(image)
    n = rng.choice((3, 3, 5, 9))
    if rng.random() < 0.6:
        for i in range(n):
            pen.rectangle((0, h * i / n, w, h * (i + 1) / n), fill=inks[i % 3 if n == 3 else i % 2])
    else:
        for i in range(3):
            pen.rectangle((w * i / 3, 0, w * (i + 1) / 3, h), fill=inks[i])
    mark = rng.choice(("none", "canton", "cross", "disc", "star"))
    if mark == "canton":
        pen.rectangle((0, 0, w * 0.4, h * 0.5), fill=inks[2])
        for i in range(6):
            _star(pen, (w * (0.08 + 0.12 * (i % 3)), h * (0.15 + 0.2 * (i // 3))), h * 0.06, WHITE)
    elif mark == "cross":
        pen.rectangle((w * 0.3, 0, w * 0.42, h), fill=inks[2])
        pen.rectangle((0, h * 0.42, w, h * 0.58), fill=inks[2])
    elif mark == "disc":
        pen.ellipse((w / 2 - h * 0.25, h * 0.25, w / 2 + h * 0.25, h * 0.75), fill=inks[2])
    elif mark == "star":
        _star(pen, (w / 2, h / 2), h * 0.28, (250, 210, 40))
    return image


def _star(pen: ImageDraw.ImageDraw, at: tuple[float, float], r: float, fill: Colour) -> None:
    turns = [math.pi * i / 5 - math.pi / 2 for i in range(10)]
    radii = [r, r * 0.4] * 5
    pen.polygon(
        [
            (at[0] + q * math.cos(t), at[1] + q * math.sin(t))
            for q, t in zip(radii, turns, strict=True)
        ],
        fill,
    )


def hall(size: Size, party: Party, rng: random.Random) -> Image.Image:
    """A curtain or a wall in the party's colour, with flags at the sides."""
    w, h = size
    ground = rng.choice((mix(party.colour, BLACK, 0.45), (40, 50, 80), (120, 95, 70)))
    image = vertical_gradient(size, ground, mix(ground, BLACK, 0.4))
    pen = ImageDraw.Draw(image)
    for i in range(0, w, max(8, w // 24)):
        pen.line([(i, 0), (i, h)], fill=mix(ground, BLACK, 0.25), width=max(2, w // 120))
    banner = flag((w // 5, h // 2), rng)
    for x in (0.04, 0.76):
        image.paste(banner, (round(w * x), round(h * 0.1)))
        pen.line([(w * x, h * 0.05), (w * x, h)], fill=(200, 170, 80), width=max(4, w // 100))
    return image


def podium(pen: ImageDraw.ImageDraw, size: Size, party: Party) -> None:
    """Draw the podium with its two microphones, over the foot of the picture."""
    w, h = size
    wood = mix((110, 75, 45), party.colour, 0.25)
    pen.polygon([(w * 0.3, h * 0.66), (w * 0.7, h * 0.66), (w * 0.66, h), (w * 0.34, h)], wood)
    pen.rectangle((w * 0.28, h * 0.63, w * 0.72, h * 0.68), fill=mix(wood, WHITE, 0.25))
    pen.ellipse(
        (w * 0.44, h * 0.72, w * 0.56, h * 0.72 + w * 0.12),
        fill=party.colour,
        outline=(230, 200, 90),
        width=6,
    )
    for dx in (-0.04, 0.04):
        pen.line(
            [(w * (0.5 + dx), h * 0.63), (w * (0.5 + dx / 2), h * 0.56)],
            fill=(20, 20, 20),
            width=w // 90,
        )
