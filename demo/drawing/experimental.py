"""The else branch: photos, drawings, patterns, objects. Any image may be a meme one day."""

import math
import random

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from demo.drawing import pen as hand
from demo.drawing.animals import animal
from demo.drawing.objects import thing
from demo.drawing.paint import (
    BLACK,
    WHITE,
    Point,
    Size,
    any_colour,
    grain,
    mix,
    plasma,
    radial_gradient,
)
from demo.drawing.people import Mood, any_look, bust
from demo.drawing.scenery import landscape, place


def draw(rng: random.Random) -> Image.Image:
    """A picture of any kind, without a caption."""
    kind = rng.choice(
        (
            _view,
            _view,
            _portrait,
            _collection,
            _blocks,
            _circles,
            _scribble,
            _woven,
            _waves,
            _clouds,
        )
    )
    size = (rng.randint(260, 560), rng.randint(260, 560))
    return kind(size, rng)


def _view(size: Size, rng: random.Random) -> Image.Image:
    """A landscape, as if photographed: soft, grainy, darker in the corners."""
    image = landscape(size, rng).filter(ImageFilter.BoxBlur(rng.choice((0, 1, 2))))
    shade = radial_gradient(size, (0.5, 0.5), WHITE, (70, 70, 70)).convert("L")
    dark = Image.blend(image, Image.new("RGB", size, BLACK), 0.6)
    return grain(Image.composite(image, dark, shade), rng, rng.randint(4, 20))


def _portrait(size: Size, rng: random.Random) -> Image.Image:
    """A thing, an animal or a person on its own, in soft light."""
    canvas = place((size[0] * 2, size[1] * 2), rng).filter(ImageFilter.BoxBlur(6))
    pen, r = ImageDraw.Draw(canvas), min(size) * rng.uniform(0.4, 0.65)
    at = (size[0] * rng.uniform(0.8, 1.2), size[1] * rng.uniform(1.0, 1.2))
    kind = rng.random()
    if kind < 0.5:
        thing(pen, at, r, rng)
    elif kind < 0.8:
        animal(pen, at, r, rng)
    else:
        bust(pen, any_look(rng), Mood.CALM, (at[0], size[1] * 0.8), r * 0.8)
    return grain(canvas.reduce(2), rng, rng.randint(2, 16))


def _collection(size: Size, rng: random.Random) -> Image.Image:
    """Many of the same kind, set out in rows."""
    canvas = Image.new("RGB", (size[0] * 2, size[1] * 2), any_colour(rng, (0.05, 0.5), (0.6, 1.0)))
    pen, n = ImageDraw.Draw(canvas), rng.randint(2, 4)
    step = (canvas.width / n, canvas.height / n)
    for i in range(n * n):
        at = (step[0] * (i % n + 0.5), step[1] * (i // n + 0.5))
        thing(pen, at, min(step) * rng.uniform(0.3, 0.4), rng)
    return canvas.reduce(2)


def _blocks(size: Size, rng: random.Random) -> Image.Image:
    """Rectangles within rectangles, in few colours."""
    inks = [any_colour(rng, (0.3, 1.0), (0.3, 1.0)) for _ in range(4)] + [WHITE, (240, 235, 220)]
    image = Image.new("RGB", size, WHITE)
    pen, line_px = ImageDraw.Draw(image), rng.choice((0, 3, 7))
    boxes = [(0.0, 0.0, float(size[0]), float(size[1]))]
    for _ in range(rng.randint(6, 20)):
        x0, y0, x1, y1 = boxes.pop(rng.randrange(len(boxes)))
        cut = rng.uniform(0.25, 0.75)
        if x1 - x0 > y1 - y0:
            middle = x0 + (x1 - x0) * cut
            boxes += [(x0, y0, middle, y1), (middle, y0, x1, y1)]
        else:
            middle = y0 + (y1 - y0) * cut
            boxes += [(x0, y0, x1, middle), (x0, middle, x1, y1)]
    for box in boxes:
        pen.rectangle(box, fill=rng.choice(inks), outline=BLACK, width=line_px)
    return image


def _circles(size: Size, rng: random.Random) -> Image.Image:
    """Discs and rings that overlap."""
    canvas = Image.new("RGB", (size[0] * 2, size[1] * 2), any_colour(rng, (0, 0.4), (0.1, 1.0)))
    pen = ImageDraw.Draw(canvas, "RGBA")
    for _ in range(rng.randint(8, 40)):
        x, y = rng.random() * canvas.width, rng.random() * canvas.height
        r = rng.uniform(0.02, 0.22) * canvas.width
        ink = (*any_colour(rng), rng.randint(90, 255))
        if rng.random() < 0.7:
            pen.ellipse((x - r, y - r, x + r, y + r), fill=ink)
        else:
            pen.ellipse((x - r, y - r, x + r, y + r), outline=ink, width=round(r / 6) + 2)
    return canvas.reduce(2)


def _scribble(size: Size, rng: random.Random) -> Image.Image:
    """A child's drawing in coloured pencil: a house, a sun, someone, flowers."""
    w, h = size[0] * 2, size[1] * 2
    canvas = Image.new("RGB", (w, h), rng.choice((WHITE, (248, 244, 230), (225, 235, 245))))
    pen = ImageDraw.Draw(canvas)

    def pencil() -> tuple[int, int, int]:
        return any_colour(rng, (0.6, 1.0), (0.4, 0.9))

    for i in range(12):
        x = w * i / 12
        hand.line(pen, [(x, h * 0.85), (x + w / 30, h * 0.98)], rng, 7, (70, 160, 60), 6)
    x, y, side = w * rng.uniform(0.1, 0.45), h * 0.5, w * 0.3
    walls = [(x, y), (x + side, y), (x + side, y + h * 0.35), (x, y + h * 0.35)]
    pen.line([*walls, walls[0]], fill=pencil(), width=9)
    pen.line([walls[0], (x + side / 2, y - h * 0.2), walls[1]], fill=pencil(), width=9)
    sun = (w * rng.uniform(0.7, 0.9), h * 0.15)
    hand.shape(pen, hand.ring(*sun, w * 0.07, w * 0.07), rng, 6, (255, 215, 50), (240, 170, 20), 4)
    for i in range(9):
        t = 2 * math.pi * i / 9
        ray = [(sun[0] + q * w * math.cos(t), sun[1] + q * w * math.sin(t)) for q in (0.09, 0.14)]
        hand.line(pen, ray, rng, 6, (240, 170, 20), 3)
    for _ in range(rng.randint(1, 3)):
        _pencil_person(pen, (w * rng.uniform(0.55, 0.9), h * 0.6), h * 0.07, pencil(), rng)
    return canvas.reduce(2)


def _pencil_person(
    pen: ImageDraw.ImageDraw, at: Point, r: float, ink: tuple[int, int, int], rng: random.Random
) -> None:
    x, y = at
    hand.shape(pen, hand.ring(x, y, r, r), rng, 6, (255, 235, 215), ink, 3)
    hand.line(pen, [(x, y + r), (x, y + r * 3)], rng, 6, ink, 3)
    for side in (-1, 1):
        hand.line(pen, [(x, y + r * 1.5), (x + side * r * 1.3, y + r)], rng, 6, ink, 3)
        hand.line(pen, [(x, y + r * 3), (x + side * r, y + r * 4.5)], rng, 6, ink, 3)
        pen.ellipse((x + side * r * 0.4 - 5, y - 10, x + side * r * 0.4 + 5, y), fill=BLACK)
    hand.line(
        pen,
        [(x - r * 0.4, y + r * 0.3), (x, y + r * 0.55), (x + r * 0.4, y + r * 0.3)],
        rng,
        5,
        ink,
        1,
    )


def _woven(size: Size, rng: random.Random) -> Image.Image:
    """Bands under and over one another."""
    image = Image.new("RGB", size, any_colour(rng))
    pen, step = ImageDraw.Draw(image, "RGBA"), rng.randint(14, 60)
    a, b = any_colour(rng), any_colour(rng)
    for i in range(-size[1], size[0] + size[1], step):
        pen.line([(i, 0), (i + size[1], size[1])], fill=(*a, 170), width=step // 3)
        pen.line([(i, 0), (i - size[1], size[1])], fill=(*b, 170), width=step // 4)
    return image


def _waves(size: Size, rng: random.Random) -> Image.Image:
    """Interference of a few waves, in two colours."""
    x, y = np.meshgrid(np.linspace(-1, 1, size[0]), np.linspace(-1, 1, size[1]))
    field = np.zeros_like(x)
    for _ in range(rng.randint(2, 4)):
        cx, cy = rng.uniform(-1, 1), rng.uniform(-1, 1)
        field += np.sin(np.hypot(x - cx, y - cy) * rng.uniform(6, 30))
    share = np.clip((field - field.min()) / np.ptp(field), 0, 1)[:, :, None]  # (H, W, 1)
    a, b = any_colour(rng), mix(any_colour(rng), BLACK, 0.5)
    return Image.fromarray((np.asarray(a) * share + np.asarray(b) * (1 - share)).astype(np.uint8))


def _clouds(size: Size, rng: random.Random) -> Image.Image:
    """Colour without a shape, or with a lone thing in it."""
    canvas = plasma((size[0] * 2, size[1] * 2), rng)
    if rng.random() < 0.5:
        thing(ImageDraw.Draw(canvas), (size[0], size[1]), min(size) * rng.uniform(0.2, 0.6), rng)
    return grain(canvas.reduce(2), rng, rng.randint(0, 14))
