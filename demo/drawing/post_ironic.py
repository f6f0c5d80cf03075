"""Past irony: an earnest sentence above an odd picture that nobody took trouble over."""

import random

from PIL import Image, ImageDraw

from demo.drawing.animals import animal
from demo.drawing.fonts import Face, font
from demo.drawing.lettering import paragraph, wrap
from demo.drawing.objects import thing
from demo.drawing.paint import BLACK, WHITE, Colour, Size, any_colour
from demo.drawing.people import Mood, any_look, bust
from demo.drawing.scenery import place
from demo.drawing.wording import fill, say

_CAPTIONS = (
    "this is {thing}. i hope you have a nice day", "me when i am {feeling} {place} and it is ok",
    "i {done} today and honestly i am proud of myself",
    "thank you to {who} for always being there {place}",
    "when {who} {does} and you realise that life is beautiful",
    "i just think {thing} is neat. that's all",
    "POV: you are {thing} and someone finally says they are grateful for you",
    "no joke here. i {done} and wanted to tell somebody",
    "he is {feeling}. you can be {feeling} too", "reminder to text {who}. they miss you",
    "the average {place} experience (i enjoyed it)", "real friends remember that you {done}",
    "i have decided to love {thing} again",
    "say what you want about {who} but they tried their best",
    "me and who (sincere question, i am {feeling})",
)  # fmt: skip
_LABELS = ("me", "{thing}", "{who}", "being kind", "my problems", "a good day", "the void", "hope")
_REFUSED = ("being mean {place}", "irony", "pretending i never {done}", "hating {thing}")
_PREFERRED = ("saying thank you", "{thing}", "crying {place}", "telling {who} i {done}")


def draw(rng: random.Random) -> Image.Image:
    """A captioned picture, or one of the current formats filled in sincerely."""
    form = rng.choice((_captioned, _captioned, _captioned, _captioned, _labelled, _choice, _framed))
    return form(rng.randint(300, 560), rng)


def _captioned(width: int, rng: random.Random) -> Image.Image:
    """A white bar with a sentence, and the picture under it."""
    words = say(_CAPTIONS, rng)
    face = font(
        rng.choice((Face.SANS, Face.SANS, Face.SANS_BOLD, Face.TIMES)),
        round(width * rng.uniform(0.045, 0.075)),
    )
    pad = round(width * 0.035)
    bar = round(len(wrap(words, face, width - 2 * pad)) * face.size * 1.28 + 2 * pad)
    picture = _odd_picture((width, round(width * rng.uniform(0.55, 0.95))), rng)
    image = Image.new("RGB", (width, bar + picture.height), WHITE)
    paragraph(
        ImageDraw.Draw(image), (pad, pad), words, face, width - 2 * pad, centred=rng.random() < 0.5
    )
    image.paste(picture, (0, bar))
    return image


def _framed(width: int, rng: random.Random) -> Image.Image:
    """A black frame with a solemn title under the picture, as for a poster about virtue."""
    picture = _odd_picture((round(width * 0.84), round(width * 0.6)), rng)
    image = Image.new("RGB", (width, round(width * 0.98)), BLACK)
    at = round(width * 0.08)
    image.paste(WHITE, (at - 4, at - 4, at + picture.width + 4, at + picture.height + 4))
    image.paste(picture, (at, at))
    pen = ImageDraw.Draw(image)
    title = rng.choice(("GRATITUDE", "SANDWICH", "FRIENDSHIP", "BEING OK", "BREAD", "PATIENCE"))
    y = paragraph(
        pen,
        (0, width * 0.72),
        title,
        font(Face.TIMES, round(width * 0.09)),
        width,
        WHITE,
        centred=True,
    )
    small = font(Face.TIMES, round(width * 0.045))
    paragraph(pen, (at, y), say(_CAPTIONS, rng), small, width - 2 * at, WHITE, centred=True)
    return image


def _labelled(width: int, rng: random.Random) -> Image.Image:
    """Things in a picture, each with a plain word written on it."""
    size = (width, round(width * rng.uniform(0.7, 1.0)))
    canvas = place((size[0] * 2, size[1] * 2), rng)
    pen = ImageDraw.Draw(canvas)
    face = font(Face.SANS_BOLD, round(width * 0.11))
    for i, label in enumerate(rng.sample(_LABELS, rng.randint(2, 3))):
        at = (canvas.width * (0.22 + 0.28 * i), canvas.height * rng.uniform(0.35, 0.65))
        _cut_out(pen, at, canvas.height * rng.uniform(0.1, 0.16), rng)
        words = fill(label, rng)
        spot = (
            max(8.0, at[0] - face.getlength(words) / 2),
            at[1] + canvas.height * rng.uniform(0.0, 0.15),
        )
        pen.text(spot, words, font=face, fill=WHITE, stroke_width=4, stroke_fill=BLACK)
    return canvas.reduce(2)


def _choice(width: int, rng: random.Random) -> Image.Image:
    """Two rows: somebody refuses this, and prefers that."""
    row = round(width * rng.uniform(0.38, 0.48))
    look, image = any_look(rng), Image.new("RGB", (width, row * 2), WHITE)
    pen, face = ImageDraw.Draw(image), font(Face.SANS, round(width * 0.058))
    ground = any_colour(rng, (0.4, 0.8), (0.7, 0.95))
    rows = ((Mood.GRIM, _REFUSED), (Mood.SMILING, _PREFERRED))
    for i, (mood, patterns) in enumerate(rows):
        half = Image.new("RGB", (width, row * 2), ground)
        bust(ImageDraw.Draw(half), look, mood, (width * 0.5, row * 0.9), row * 0.45)
        image.paste(half.reduce(2), (0, row * i))
        paragraph(
            pen,
            (width * 0.53, row * (i + 0.25)),
            say(patterns, rng),
            face,
            width * 0.44,
            centred=True,
        )
    pen.line([(0, row), (width, row)], fill=BLACK, width=3)
    pen.line([(width / 2, 0), (width / 2, row * 2)], fill=BLACK, width=3)
    return image


def _odd_picture(size: Size, rng: random.Random) -> Image.Image:
    """Something placed badly, or seen through far too few pixels."""
    canvas = place((size[0] * 2, size[1] * 2), rng) if rng.random() < 0.6 else _plain(size, rng)
    pen = ImageDraw.Draw(canvas)
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        at = (canvas.width * rng.uniform(0.15, 0.85), canvas.height * rng.uniform(0.35, 0.75))
        _cut_out(pen, at, min(canvas.size) * rng.uniform(0.12, 0.32), rng)
    image = canvas.reduce(2)
    if rng.random() < 0.4:
        few = (max(24, size[0] // rng.randint(4, 8)), max(24, size[1] // rng.randint(4, 8)))
        image = image.resize(few).resize(size, Image.Resampling.NEAREST)
    return image


def _plain(size: Size, rng: random.Random) -> Image.Image:
    ground: Colour = rng.choice((WHITE, (235, 235, 235), any_colour(rng, (0.1, 0.5), (0.6, 0.95))))
    return Image.new("RGB", (size[0] * 2, size[1] * 2), ground)


def _cut_out(
    pen: ImageDraw.ImageDraw, at: tuple[float, float], r: float, rng: random.Random
) -> None:
    kind = rng.random()
    if kind < 0.55:
        thing(pen, at, r, rng)
    elif kind < 0.8:
        animal(pen, at, r * 0.8, rng)
    else:
        bust(pen, any_look(rng), rng.choice((Mood.CALM, Mood.SMILING)), at, r * 0.7)
