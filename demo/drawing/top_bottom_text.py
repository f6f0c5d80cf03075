"""Image macros: one character or picture, a set-up above, a punch line below."""

import random

from PIL import Image, ImageDraw

from demo.drawing.animals import animal
from demo.drawing.lettering import Capitals, outlined
from demo.drawing.objects import thing
from demo.drawing.paint import Size, grain
from demo.drawing.people import Mood, any_look, bust
from demo.drawing.scenery import burst, place
from demo.drawing.wording import fill

_CAPTIONS = (
    ("{done}", "blames {who}"), ("when {who} {does}", "and you are {feeling}"),
    ("i don't always hug {who}", "but when i do, {place}"), ("finally {done}", "feels {feeling}"),
    ("one does not simply", "sit {place}"), ("what if {who}", "is {who}"),
    ("not sure if {feeling}", "or just {feeling}"), ("said hello", "{who} {does}"),
    ("brace yourselves", "{who} {does}"), ("if {who} {does}", "you are going to have a bad time"),
    ("shut up", "and take {thing}"), ("y u no", "give back {thing}"),
    ("{number} problems", "all of them {thing}"),
    ("wakes up {feeling}", "{done}"), ("asks for help", "{who} {does}"), ("", "{who} {does}"),
    ("buys {thing}", "is still {feeling}"), ("first day {place}", "{done}"),
    ("i should buy", "{thing}"), ("so you {done}", "tell me more"),
)  # fmt: skip


def draw(rng: random.Random) -> Image.Image:
    """A picture of its own with a caption of its own."""
    return draw_captioned(rng.getrandbits(48), caption(rng), rng)


def draw_captioned(template_seed: int, words: tuple[str, str], rng: random.Random) -> Image.Image:
    """The picture that a seed stands for, with words above and below.

    Args:
        template_seed: The same number gives the same picture, to the last pixel.
        words: What is said above and below; either may be empty.
        rng: Decides only how the letters look.
    """
    image = template(template_seed)
    style = Capitals(squeeze=rng.uniform(0.64, 0.85), height=rng.uniform(0.1, 0.145))
    above, below = words
    outlined(image, above, 0, style)
    outlined(image, below, 1, style)
    return image


def caption(rng: random.Random) -> tuple[str, str]:
    """A set-up and a punch line."""
    above, below = rng.choice(_CAPTIONS)
    return fill(above, rng), fill(below, rng)


def template(seed: int) -> Image.Image:
    """The bare picture that a seed stands for."""
    rng = random.Random(seed)
    width = rng.randint(320, 560)
    size = (width, round(width * rng.choice((1.0, 1.0, 1.25, 0.75, 0.66))))
    return rng.choice((_advice_animal, _advice_animal, _scene, _scene, _still_life))(size, rng)


def _advice_animal(size: Size, rng: random.Random) -> Image.Image:
    canvas = burst((size[0] * 2, size[1] * 2), rng)
    pen = ImageDraw.Draw(canvas)
    r = min(canvas.size) * rng.uniform(0.2, 0.27)
    centre = (canvas.width * rng.uniform(0.45, 0.55), canvas.height * 0.52)
    if rng.random() < 0.7:
        animal(pen, centre, r, rng)
    else:
        bust(pen, any_look(rng), rng.choice(tuple(Mood)), centre, r * 0.85)
    return canvas.reduce(2)


def _scene(size: Size, rng: random.Random) -> Image.Image:
    canvas = place((size[0] * 2, size[1] * 2), rng)
    pen = ImageDraw.Draw(canvas)
    r = min(canvas.size) * rng.uniform(0.14, 0.24)
    centre = (canvas.width * rng.uniform(0.3, 0.7), canvas.height * rng.uniform(0.45, 0.58))
    if rng.random() < 0.6:
        bust(pen, any_look(rng), rng.choice(tuple(Mood)), centre, r)
    else:
        animal(pen, centre, r, rng)
    return grain(canvas.reduce(2), rng, rng.randint(4, 18))


def _still_life(size: Size, rng: random.Random) -> Image.Image:
    canvas = place((size[0] * 2, size[1] * 2), rng)
    r = min(canvas.size) * rng.uniform(0.2, 0.3)
    thing(
        ImageDraw.Draw(canvas),
        (canvas.width * rng.uniform(0.35, 0.65), canvas.height * 0.55),
        r,
        rng,
    )
    return grain(canvas.reduce(2), rng, rng.randint(4, 18))
