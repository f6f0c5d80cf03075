"""Irony about memes: another meme taken and broken, or a void in which nothing connects."""

import math
import random
from itertools import pairwise

from PIL import Image, ImageDraw, ImageOps

from demo.drawing import political, rage_comic, text_post, top_bottom_text, viral_video
from demo.drawing.distortion import bulged, channel_split, deep_fried, flared, resaved, waved
from demo.drawing.fonts import Face, font
from demo.drawing.lettering import Capitals, outlined
from demo.drawing.objects import thing
from demo.drawing.paint import BLACK, WHITE, Point, any_colour, grain, mix, plasma, radial_gradient
from demo.drawing.people import Mood, any_look, bust
from demo.drawing.scenery import place
from demo.drawing.wording import SLOTS, say

# a macro is what gets fried most often
_VICTIMS = (
    top_bottom_text.draw, top_bottom_text.draw, top_bottom_text.draw, viral_video.draw,
    political.draw, text_post.draw, rage_comic.draw,
)  # fmt: skip
_BANNERS = (
    "{word} DECLARES WAR ON {word}", "LOCAL {word} BECOMES {word}", "EXPERTS: {word}",
    "{number} {word}S MISSING, {word} BLAMED", "IT IS {word} O'CLOCK",
)  # fmt: skip
_GLOWS = ((255, 40, 20), (255, 240, 120), (90, 160, 255), (255, 60, 240))
_LONGEST_SIDE = 520  # px; distorting costs by the pixel


def draw(rng: random.Random) -> Image.Image:
    """A fried meme, or a surreal scene."""
    return rng.choice((_fried, _fried, _fried, _surreal, _surreal))(rng)


def _fried(rng: random.Random) -> Image.Image:
    image = rng.choice(_VICTIMS)(rng)
    image.thumbnail((_LONGEST_SIDE, _LONGEST_SIDE * 1.3))
    image = _widened(image)
    for _ in range(rng.randint(0, 2)):
        middle = (rng.uniform(0.3, 0.7), rng.uniform(0.3, 0.7))
        image = bulged(image, middle, rng.uniform(0.35, 0.75), rng.choice((0.9, 0.7, -0.8)))
    if rng.random() < 0.3:
        image = rng.choice((waved, channel_split))(image, rng)
    if rng.random() < 0.6:
        _shout(image, rng)
    image = deep_fried(image, rng)
    return _lit(image, rng) if rng.random() < 0.6 else image


def _surreal(rng: random.Random) -> Image.Image:
    """A head without a reason over an endless floor."""
    side = rng.randint(340, 520)
    size = (side * 2, round(side * 2 * rng.uniform(0.75, 1.15)))
    canvas = _void(size, rng)
    pen = ImageDraw.Draw(canvas)
    for _ in range(rng.randint(1, 3)):
        at = (size[0] * rng.uniform(0.15, 0.85), size[1] * rng.uniform(0.2, 0.8))
        rng.choice((_solid, _solid, _orb))(pen, at, side * rng.uniform(0.1, 0.3), rng)
        if rng.random() < 0.4:
            thing(pen, (size[0] - at[0], at[1]), side * rng.uniform(0.15, 0.3), rng)
    _mannequin(pen, (size[0] * rng.uniform(0.35, 0.65), size[1] * 0.5), side * 0.42, rng)
    image = canvas.reduce(2)
    if rng.random() < 0.6:
        image = bulged(
            image, (rng.uniform(0.35, 0.65), 0.5), rng.uniform(0.4, 0.7), rng.choice((0.8, -0.7))
        )
    if rng.random() < 0.5:
        image = waved(image, rng)
    if rng.random() < 0.7:
        image = _lit(image, rng)
    _shout(image, rng)
    return resaved(grain(image, rng, rng.randint(5, 35)), rng.randint(8, 40))


def _widened(image: Image.Image) -> Image.Image:
    """At least 240 px a side, if need be by stretching: nobody minds proportions here."""
    return image.resize((max(240, image.width), max(240, image.height)))


def _lit(image: Image.Image, rng: random.Random) -> Image.Image:
    glow, y = rng.choice(_GLOWS), rng.uniform(0.3, 0.55)
    x, gap = rng.uniform(0.35, 0.55), rng.uniform(0.08, 0.2)
    for at in ((x, y), (x + gap, y))[: rng.randint(1, 2)]:
        image = flared(image, at, glow, rng.uniform(0.04, 0.1))
    return image


def _shout(image: Image.Image, rng: random.Random) -> None:
    """Words that do not connect: capitals, scattered letters, or a news banner."""
    kind = rng.choice(("capitals", "scattered", "banner"))
    if kind == "capitals":
        style = Capitals(
            rng.uniform(0.7, 1.2), rng.uniform(0.14, 0.25), fill=rng.choice((WHITE, *_GLOWS))
        )
        outlined(image, rng.choice(SLOTS["word"]), rng.choice((0.05, 0.5, 0.95)), style)
    elif kind == "scattered":
        pen = ImageDraw.Draw(image)
        for _ in range(rng.randint(2, 4)):
            face = font(rng.choice(tuple(Face)), round(image.width * rng.uniform(0.06, 0.14)))
            word = rng.choice(SLOTS["word"]).lower()
            at = (image.width * rng.uniform(0, 0.7), image.height * rng.uniform(0.05, 0.85))
            pen.text(
                at,
                word,
                font=face,
                fill=any_colour(rng, (0.6, 1), (0.7, 1)),
                stroke_width=2,
                stroke_fill=BLACK,
            )
    else:
        _banner(image, rng)


def _banner(image: Image.Image, rng: random.Random) -> None:
    pen = ImageDraw.Draw(image)
    top, unit = image.height * rng.uniform(0.72, 0.82), image.width / 22
    pen.rectangle((0, top, image.width, top + unit * 1.5), fill=(200, 15, 20))
    pen.text(
        (unit * 0.5, top + unit * 0.1),
        "BREAKING",
        font=font(Face.SANS_BOLD, round(unit * 1.1)),
        fill=WHITE,
    )
    pen.rectangle((0, top + unit * 1.5, image.width, top + unit * 3.4), fill=WHITE)
    line = font(Face.SANS_BOLD, round(unit * 0.95))
    pen.text((unit * 0.5, top + unit * 1.8), say(_BANNERS, rng), font=line, fill=BLACK)


def _void(size: tuple[int, int], rng: random.Random) -> Image.Image:
    kind = rng.choice(("space", "floor", "plasma", "place"))
    if kind == "plasma":
        return plasma(size, rng)
    if kind == "place":
        return ImageOps.invert(place(size, rng))
    inner = any_colour(rng, (0.5, 1.0), (0.3, 0.8))
    image = radial_gradient(size, (0.5, 0.45), inner, mix(inner, BLACK, 0.95))
    pen = ImageDraw.Draw(image)
    if kind == "space":
        for _ in range(90):
            x, y, r = rng.random() * size[0], rng.random() * size[1], rng.uniform(1, 4)
            pen.ellipse((x - r, y - r, x + r, y + r), fill=(230, 230, 255))
    else:
        _checkered_floor(pen, size, any_colour(rng), rng)
    return image


def _checkered_floor(
    pen: ImageDraw.ImageDraw, size: tuple[int, int], tile: tuple[int, int, int], rng: random.Random
) -> None:
    """Tiles that run to a vanishing point."""
    w, h = size
    horizon, n = h * rng.uniform(0.5, 0.65), 8
    depths = [horizon + (h - horizon) / (1 + 0.55 * i) for i in range(9)]
    for row, (near, far) in enumerate(pairwise(depths)):
        for i in range(-n, n):
            if (i + row) % 2 == 0:
                spread = [(y - horizon) / (h - horizon) * w / 5 for y in (near, near, far, far)]
                steps = (i, i + 1, i + 1, i)
                xs = [w / 2 + s * k for s, k in zip(spread, steps, strict=True)]
                pen.polygon(list(zip(xs, (near, near, far, far), strict=True)), tile)


def _solid(pen: ImageDraw.ImageDraw, at: Point, r: float, rng: random.Random) -> None:
    """A floating pyramid."""
    colour = any_colour(rng, (0.5, 1.0), (0.6, 1.0))
    foot = at[1] + r
    pen.polygon([(at[0], at[1] - r), (at[0] - r, foot), (at[0] + r * 0.2, foot + r * 0.3)], colour)
    pen.polygon(
        [(at[0], at[1] - r), (at[0] + r, foot), (at[0] + r * 0.2, foot + r * 0.3)],
        mix(colour, BLACK, 0.5),
    )


def _orb(pen: ImageDraw.ImageDraw, at: Point, r: float, rng: random.Random) -> None:
    colour = any_colour(rng, (0.5, 1.0), (0.5, 0.9))
    for i in range(8):
        shrink = r * (1 - i / 9)
        x, y = at[0] - r * i / 25, at[1] - r * i / 25
        pen.ellipse(
            (x - shrink, y - shrink, x + shrink, y + shrink), fill=mix(colour, WHITE, i / 9)
        )


def _mannequin(pen: ImageDraw.ImageDraw, at: Point, r: float, rng: random.Random) -> None:
    """A smooth grey head that has seen it, or somebody quite ordinary."""
    if rng.random() < 0.4:
        bust(pen, any_look(rng), rng.choice(tuple(Mood)), at, r * 0.8)
        return
    skin = rng.choice(((170, 165, 160), (205, 180, 160), (120, 140, 175)))
    for i in range(10):
        tone, k = mix(mix(skin, BLACK, 0.5), mix(skin, WHITE, 0.35), i / 9), 1 - i * 0.085
        x = at[0] - r * 0.03 * i
        pen.ellipse((x - r * 0.72 * k, at[1] - r * k, x + r * 0.72 * k, at[1] + r * k), fill=tone)
    for side in (-1, 1):
        x, y = at[0] + side * r * 0.26, at[1] - r * 0.12
        pen.ellipse((x - r * 0.14, y - r * 0.09, x + r * 0.14, y + r * 0.09), fill=(225, 225, 225))
        pen.ellipse((x - r * 0.05, y - r * 0.05, x + r * 0.05, y + r * 0.05), fill=BLACK)
    turns = [math.pi * i / 8 for i in range(1, 8)]
    lips = [
        (at[0] + r * 0.3 * math.cos(t), at[1] + r * (0.42 + 0.04 * math.sin(3 * t))) for t in turns
    ]
    pen.line(lips, fill=(70, 50, 50), width=round(r * 0.05) + 2)
