"""Places: what stands behind a meme, or is all of it."""

import math
import random

from PIL import Image, ImageDraw

from demo.drawing.paint import (
    Colour,
    Point,
    Size,
    any_colour,
    mix,
    plasma,
    radial_gradient,
    vertical_gradient,
)


def landscape(size: Size, rng: random.Random) -> Image.Image:
    """Sky, perhaps a sun, ranges of hills, sometimes trees or water."""
    dusk = rng.random() < 0.35
    horizon = any_colour(rng, (0.15, 0.7), (0.75, 1.0))
    zenith = any_colour(rng, (0.4, 0.9), (0.15, 0.5) if dusk else (0.6, 0.95))
    image = vertical_gradient(size, zenith, horizon)
    draw = ImageDraw.Draw(image)
    width, height = size
    if rng.random() < 0.6:
        radius, x, y = width * rng.uniform(0.03, 0.1), width * rng.random(), height * 0.3
        light = mix(horizon, (255, 250, 220), 0.8)
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=light)
    ground = any_colour(rng, (0.2, 0.7), (0.2, 0.55))
    n_ranges = rng.randint(2, 4)
    for i in range(n_ranges):
        level = height * (0.5 + 0.4 * i / n_ranges) + rng.uniform(-0.04, 0.04) * height
        _hills(draw, size, level, mix(horizon, ground, (i + 1) / n_ranges), rng)
    if rng.random() < 0.5:
        _trees(draw, size, mix(ground, (10, 25, 10), 0.5), rng)
    if rng.random() < 0.3:
        top = height * rng.uniform(0.75, 0.9)
        draw.rectangle((0, top, width, height), fill=mix(zenith, (20, 40, 80), 0.4))
    return image


def room(size: Size, rng: random.Random) -> Image.Image:
    """A wall and a floor, with a window, a picture or a shelf."""
    width, height = size
    wall = any_colour(rng, (0.05, 0.45), (0.5, 0.95))
    edge = round(height * rng.uniform(0.6, 0.82))
    image = vertical_gradient(size, mix(wall, (255, 255, 255), 0.15), mix(wall, (0, 0, 0), 0.2))
    image.paste(any_colour(rng, (0.2, 0.6), (0.25, 0.6)), (0, edge, width, height))
    draw = ImageDraw.Draw(image)
    draw.line([(0, edge), (width, edge)], fill=mix(wall, (0, 0, 0), 0.5), width=width // 90 + 1)
    for _ in range(rng.randint(0, 2)):
        w, h = width * rng.uniform(0.15, 0.32), height * rng.uniform(0.18, 0.34)
        x, y = rng.uniform(0, width - w), rng.uniform(0.04, 0.2) * height
        inside = any_colour(rng, (0.1, 0.6), (0.5, 1.0))
        frame = mix(inside, (60, 40, 20), 0.7)
        draw.rectangle((x, y, x + w, y + h), fill=inside, outline=frame, width=width // 70 + 1)
        draw.line([(x + w / 2, y), (x + w / 2, y + h)], fill=frame, width=width // 120 + 1)
    return image


def city(size: Size, rng: random.Random) -> Image.Image:
    """A street of houses with lit windows."""
    width, height = size
    sky = any_colour(rng, (0.1, 0.6), (0.2, 0.95))
    image = vertical_gradient(size, mix(sky, (0, 0, 0), 0.3), sky)
    draw = ImageDraw.Draw(image)
    x = 0.0
    while x < width:
        w, top = width * rng.uniform(0.08, 0.2), height * rng.uniform(0.15, 0.6)
        house = any_colour(rng, (0.05, 0.4), (0.15, 0.6))
        draw.rectangle((x, top, x + w, height), fill=house)
        _windows(draw, (x, top, x + w, height * 0.85), mix(house, (255, 230, 140), 0.7), rng)
        x += w
    draw.rectangle((0, height * 0.87, width, height), fill=any_colour(rng, (0, 0.15), (0.2, 0.4)))
    return image


def burst(size: Size, rng: random.Random) -> Image.Image:
    """Wedges of two colours around the middle: the ground of the advice animals."""
    a = any_colour(rng, (0.45, 1.0), (0.35, 0.95))
    b = rng.choice((mix(a, (255, 255, 255), 0.45), any_colour(rng), mix(a, (0, 0, 0), 0.35)))
    image = Image.new("RGB", size, a)
    draw = ImageDraw.Draw(image)
    n_wedges = rng.choice((6, 8, 10, 12))
    radius, turn = sum(size), rng.random()
    cx, cy = size[0] / 2, size[1] / 2
    for i in range(0, n_wedges, 2):
        rim = [
            (cx + radius * math.cos(t), cy + radius * math.sin(t))
            for t in (2 * math.pi * (i + j + turn) / n_wedges for j in (0, 0.5, 1))
        ]
        draw.polygon([(cx, cy), *rim], fill=b)
    return image


def backdrop(size: Size, rng: random.Random) -> Image.Image:
    """A blurred nowhere, as behind a portrait."""
    if rng.random() < 0.5:
        inner = any_colour(rng, (0.1, 0.6), (0.6, 1.0))
        return radial_gradient(size, (0.5, 0.4), inner, mix(inner, (0, 0, 0), 0.7))
    return Image.blend(plasma(size, rng), Image.new("RGB", size, any_colour(rng)), 0.55)


PLACES = (landscape, room, city, backdrop)


def place(size: Size, rng: random.Random) -> Image.Image:
    """Any place that a camera might have seen."""
    return rng.choice(PLACES)(size, rng)


def _hills(
    draw: ImageDraw.ImageDraw, size: Size, level: float, fill: Colour, rng: random.Random
) -> None:
    width, height = size
    waves = [
        (rng.uniform(0.5, 5), rng.uniform(0, 7), rng.uniform(0.01, 0.06) * height) for _ in range(3)
    ]
    ridge: list[Point] = []
    for i in range(41):
        share = i / 40
        bump = sum(tall * math.sin(n * math.pi * share + phase) for n, phase, tall in waves)
        ridge.append((share * width, level + bump))
    draw.polygon([*ridge, (width, height), (0, height)], fill=fill)


def _trees(draw: ImageDraw.ImageDraw, size: Size, fill: Colour, rng: random.Random) -> None:
    width, height = size
    pointed = rng.random() < 0.5
    for _ in range(rng.randint(3, 14)):
        x, foot = rng.uniform(0, width), height * rng.uniform(0.72, 0.98)
        h = height * rng.uniform(0.1, 0.3)
        w = h * rng.uniform(0.3, 0.5)
        draw.rectangle((x - w / 10, foot - h / 3, x + w / 10, foot), fill=(70, 50, 35))
        if pointed:
            draw.polygon(
                [(x - w / 2, foot - h / 5), (x + w / 2, foot - h / 5), (x, foot - h)], fill
            )
        else:
            draw.ellipse((x - w / 2, foot - h, x + w / 2, foot - h / 5), fill=fill)


def _windows(
    draw: ImageDraw.ImageDraw,
    wall: tuple[float, float, float, float],
    light: Colour,
    rng: random.Random,
) -> None:
    left, top, right, bottom = wall
    step = (right - left) / rng.randint(3, 5)
    y = top + step / 2
    while y < bottom:
        x = left + step / 4
        while x + step / 2 < right:
            if rng.random() < 0.6:
                draw.rectangle((x, y, x + step / 2, y + step * 0.6), fill=light)
            x += step
        y += step * 1.2
