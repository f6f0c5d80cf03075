"""Colours, gradients and grain: the grounds that pictures are painted on."""

import colorsys
import random
from typing import TypeAlias

import numpy as np
from PIL import Image

Colour: TypeAlias = tuple[int, int, int]
Size: TypeAlias = tuple[int, int]  # width, height in pixels
Point: TypeAlias = tuple[float, float]

BLACK: Colour = (0, 0, 0)
WHITE: Colour = (255, 255, 255)


def any_colour(
    rng: random.Random,
    saturation: tuple[float, float] = (0.3, 0.9),
    value: tuple[float, float] = (0.4, 0.95),
) -> Colour:
    """A colour of any hue, as strong and as light as the two ranges (0 to 1) allow."""
    red, green, blue = colorsys.hsv_to_rgb(
        rng.random(), rng.uniform(*saturation), rng.uniform(*value)
    )
    return round(red * 255), round(green * 255), round(blue * 255)


def mix(a: Colour, b: Colour, share_of_b: float) -> Colour:
    """The colour between two, 0 being the first."""
    red, green, blue = (round(x + (y - x) * share_of_b) for x, y in zip(a, b, strict=True))
    return red, green, blue


def vertical_gradient(size: Size, top: Colour, bottom: Colour) -> Image.Image:
    """A ground that runs from one colour above to another below."""
    width, height = size
    column = np.linspace(top, bottom, height)[:, None, :]  # (H, 1, 3) float
    return Image.fromarray(column.astype(np.uint8)).resize(
        (width, height), Image.Resampling.NEAREST
    )


def radial_gradient(size: Size, centre: Point, inner: Colour, outer: Colour) -> Image.Image:
    """A ground that is brightest, or darkest, around a point.

    Args:
        size: Of the picture.
        centre: As shares of the width and the height.
        inner: Colour at the centre.
        outer: Colour in the far corner.
    """
    # a quarter of each side is enough for something this smooth, and sixteen times cheaper
    width, height = size[0] // 4 + 1, size[1] // 4 + 1
    x = np.linspace(0, 1, width)[None, :] - centre[0]
    y = np.linspace(0, 1, height)[:, None] - centre[1]
    distance = np.clip(np.hypot(x, y), 0, 1)[:, :, None]  # (H, W, 1) float
    ground = np.asarray(inner) * (1 - distance) + np.asarray(outer) * distance
    return Image.fromarray(ground.astype(np.uint8)).resize(size, Image.Resampling.BILINEAR)


def grain(image: Image.Image, rng: random.Random, strength: int) -> Image.Image:
    """The picture with the noise of a cheap camera, up to `strength` of 255 either way."""
    dice = np.random.default_rng(rng.getrandbits(64))
    pixels = np.asarray(image.convert("RGB"), dtype=np.int16)  # (H, W, 3)
    noise = dice.integers(-strength, strength + 1, size=(*pixels.shape[:2], 1), dtype=np.int16)
    return Image.fromarray(np.clip(pixels + noise, 0, 255).astype(np.uint8))


def plasma(size: Size, rng: random.Random) -> Image.Image:
    """Soft clouds of colour: a few random pixels, enlarged smoothly."""
    dice = np.random.default_rng(rng.getrandbits(64))
    cells = (rng.randint(2, 7), rng.randint(2, 7))
    seeds = dice.integers(0, 256, size=(cells[1], cells[0], 3), dtype=np.uint8)
    return Image.fromarray(seeds).resize(size, Image.Resampling.BICUBIC)
