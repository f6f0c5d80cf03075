"""What screenshots of posts are put together from: a ground, an avatar, a picture, a cut."""

import random

from PIL import Image, ImageDraw

from demo.drawing.paint import Colour, Point, any_colour
from demo.drawing.people import Mood, any_look, bust
from demo.drawing.scenery import place

TALLEST = 1400  # px; every layout ends well above this


def sheet(width: int, ground: Colour) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    """An empty ground, taller than any post, and the pen for it."""
    image = Image.new("RGB", (width, TALLEST), ground)
    return image, ImageDraw.Draw(image)


def cut(image: Image.Image, bottom: float) -> Image.Image:
    """The sheet down to where the post ends, at least 240 px."""
    return image.crop((0, 0, image.width, max(240, min(round(bottom), image.height))))


def avatar(
    image: Image.Image, at: tuple[int, int], side_px: int, ground: Colour, rng: random.Random
) -> None:
    """Paste a small round or square portrait with its upper left corner at a point."""
    side = side_px * 2
    canvas = Image.new("RGB", (side, side), any_colour(rng))
    if rng.random() < 0.8:
        bust(
            ImageDraw.Draw(canvas), any_look(rng), Mood.SMILING, (side / 2, side * 0.5), side * 0.28
        )
    mask = Image.new("L", (side, side), 0)
    radius = rng.choice((side / 2, side / 2, side / 12))
    ImageDraw.Draw(mask).rounded_rectangle((0, 0, side - 1, side - 1), radius, fill=255)
    image.paste(ground, (*at, at[0] + side_px, at[1] + side_px))
    image.paste(canvas.reduce(2), at, mask.reduce(2))


def picture(image: Image.Image, at: Point, width_px: float, rng: random.Random) -> float:
    """Paste a picture that goes with a post; returns the y below it."""
    size = (round(width_px), round(width_px * rng.uniform(0.4, 0.7)))
    image.paste(place(size, rng), (round(at[0]), round(at[1])))
    return at[1] + size[1]
