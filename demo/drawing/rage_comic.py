"""Rage comics: white panels, black line faces, typed captions."""

import random

from PIL import Image, ImageDraw

from demo.drawing import pen
from demo.drawing.fonts import Face, font
from demo.drawing.lettering import paragraph
from demo.drawing.paint import BLACK, WHITE, any_colour, mix
from demo.drawing.rage_faces import FACES, face
from demo.drawing.wording import say

_NARRATION = (
    "Be me {place}", "So I {done}...", "Suddenly, {who} {does}", "Just sitting {place}",
    "*{number} minutes later*", "{who} {does}", "I think I am {feeling}", "Then I {done}",
    "Today I {done}", "Go back {place}", "Realise I {done}", "Everyone is {feeling} now",
)  # fmt: skip
_OUTBURSTS = (
    "FFFFUUUUUU", "Me gusta mucho.", "Problem?", "So alone...", "Y U NO {thing}?!", "Oh okay.",
    "Challenge accepted", "Y U SO {feeling}", "NOOOOO", "lolwut", "U mad?", "I regret nothing",
)  # fmt: skip
_LAYOUTS = ((1, 2), (1, 3), (1, 4), (1, 4), (2, 2), (2, 2), (2, 3), (2, 4), (3, 2))  # columns, rows


def draw(rng: random.Random) -> Image.Image:
    """A grid of panels, or one strip up to four times as tall as wide."""
    columns, rows = rng.choice(_LAYOUTS)
    width = {1: rng.randint(240, 330), 2: rng.randint(170, 260), 3: rng.randint(150, 210)}[columns]
    height = min(round(width * rng.uniform(0.72, 1.02)), 980 // rows)
    # drawn twice as large and halved, because the pen has no soft edges
    sheet = Image.new("RGB", (2 * width * columns, 2 * height * rows), _paper(rng))
    face_set = rng.choice((Face.SANS, Face.SANS, Face.SERIF, Face.MONO, Face.TIMES))
    n_panels = columns * rows
    for i in range(n_panels):
        panel = _panel((2 * width, 2 * height), i == n_panels - 1, face_set, sheet, rng)
        sheet.paste(panel, (i % columns * 2 * width, i // columns * 2 * height))
    return _ruled(sheet, columns, rows, rng).reduce(2)


def _paper(rng: random.Random) -> tuple[int, int, int]:
    grey = rng.choice((255, 255, 255, 250, 243))
    return grey, grey, grey


def _panel(
    size: tuple[int, int], last: bool, lettering: Face, sheet: Image.Image, rng: random.Random
) -> Image.Image:
    panel = Image.new("RGB", size, _ground(sheet, last, rng))
    draw = ImageDraw.Draw(panel)
    width, height = size
    typed = font(lettering, max(20, round(min(size) * rng.uniform(0.075, 0.1))))
    text = say(_OUTBURSTS if last or rng.random() < 0.2 else _NARRATION, rng)
    text_end = paragraph(draw, (width * 0.05, height * 0.04), text, typed, width * 0.9)
    free = height - text_end
    if last or rng.random() < 0.35:
        radius = min(free * 0.46, width * 0.38)
        middle = (width * rng.uniform(0.42, 0.58), text_end + free * 0.5)
        face(draw, rng.choice(tuple(FACES.values())), middle, radius, rng)
    else:
        _standing(draw, (width, height), text_end, rng)
    return panel


def _ground(sheet: Image.Image, last: bool, rng: random.Random) -> tuple[int, int, int]:
    paper = sheet.getpixel((0, 0))
    assert isinstance(paper, tuple)
    plain = (int(paper[0]), int(paper[1]), int(paper[2]))
    if last and rng.random() < 0.25:  # the outburst sometimes gets a colour of its own
        return mix(WHITE, any_colour(rng, (0.5, 1.0), (0.8, 1.0)), rng.uniform(0.3, 0.9))
    return plain


def _standing(
    draw: ImageDraw.ImageDraw, size: tuple[int, int], top: float, rng: random.Random
) -> None:
    """One or two stick figures with stock faces, on a line for the floor."""
    width, height = size
    n = rng.choice((1, 1, 2))
    ink_px = max(3, round(width / 110))
    radius = min((height - top) * 0.24, width * 0.16)
    if rng.random() < 0.5:
        floor = height * 0.93
        pen.line(draw, [(0, floor), (width / 2, floor), (width, floor)], rng, ink_px)
    for i in range(n):
        x = width * (0.5 if n == 1 else (0.28, 0.72)[i]) + rng.uniform(-0.05, 0.05) * width
        neck = top + radius * 2.1
        _body(draw, x, neck, height, radius, ink_px, rng)
        face(draw, rng.choice(tuple(FACES.values())), (x, top + radius * 1.1), radius, rng)


def _body(
    draw: ImageDraw.ImageDraw,
    x: float,
    neck: float,
    floor: float,
    radius: float,
    ink_px: int,
    rng: random.Random,
) -> None:
    hip = neck + (floor - neck) * 0.6
    pen.line(draw, [(x, neck), (x + rng.uniform(-4, 4), hip)], rng, ink_px)
    for side in (-1, 1):
        hand = (x + side * radius * rng.uniform(0.7, 1.3), neck + radius * rng.uniform(-0.3, 0.9))
        pen.line(draw, [(x, neck + radius * 0.25), hand], rng, ink_px)
        pen.line(draw, [(x, hip), (x + side * radius * 0.5, floor)], rng, ink_px)


def _ruled(sheet: Image.Image, columns: int, rows: int, rng: random.Random) -> Image.Image:
    draw = ImageDraw.Draw(sheet)
    ink_px = rng.choice((3, 4, 6))
    for column in range(columns + 1):
        x = column * (sheet.width - 1) / columns
        draw.line([(x, 0), (x, sheet.height)], fill=BLACK, width=ink_px)
    for row in range(rows + 1):
        y = row * (sheet.height - 1) / rows
        draw.line([(0, y), (sheet.width, y)], fill=BLACK, width=ink_px)
    return sheet
