"""Damage done on purpose: what deep-frying does to a picture."""

import random
from io import BytesIO

import numpy as np
from PIL import Image, ImageEnhance, ImageOps

from demo.drawing.paint import Colour, Point, grain


def deep_fried(image: Image.Image, rng: random.Random) -> Image.Image:
    """Glowing colours, hard edges, noise and the blocks of many savings."""
    image = ImageEnhance.Color(image).enhance(rng.uniform(2.0, 5.0))
    image = ImageEnhance.Contrast(image).enhance(rng.uniform(1.3, 2.6))
    if rng.random() < 0.7:
        image = tinted(
            image,
            rng.choice(((255, 120, 20), (255, 60, 60), (255, 220, 60))),
            rng.uniform(0.1, 0.35),
        )
    if rng.random() < 0.5:
        image = ImageOps.posterize(image, rng.choice((2, 3)))
    image = grain(image, rng, rng.randint(20, 70))
    if rng.random() < 0.6:
        image = ImageEnhance.Sharpness(image).enhance(rng.uniform(4, 12))
    return resaved(image, rng.randint(3, 12))


def tinted(image: Image.Image, colour: Colour, strength: float) -> Image.Image:
    """The picture under a layer of coloured glass."""
    return Image.blend(image, Image.new("RGB", image.size, colour), strength)


def resaved(image: Image.Image, quality: int) -> Image.Image:
    """What a JPEG of that quality keeps."""
    buffer = BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return Image.open(buffer).convert("RGB")


def bulged(image: Image.Image, centre: Point, radius: float, strength: float) -> Image.Image:
    """The picture swollen around a point, or pinched where the strength is negative.

    Args:
        image: To bend.
        centre: As shares of width and height.
        radius: As a share of the shorter side.
        strength: Up to 1 for a fish-eye, down to -1 for a drain.
    """
    pixels = np.asarray(image)  # (H, W, 3)
    height, width = pixels.shape[:2]
    reach = radius * min(width, height)
    x = np.arange(width, dtype=np.float32)[None, :] - centre[0] * width
    y = np.arange(height, dtype=np.float32)[:, None] - centre[1] * height
    inward = np.clip(1 - (x * x + y * y) / (reach * reach), 0, 1)  # (H, W), 1 at the centre
    scale = 1 - strength * 0.85 * inward
    columns = np.clip(x * scale + centre[0] * width, 0, width - 1).astype(np.int32)
    rows = np.clip(y * scale + centre[1] * height, 0, height - 1).astype(np.int32)
    return Image.fromarray(pixels[rows, columns])


def flared(image: Image.Image, centre: Point, colour: Colour, reach: float) -> Image.Image:
    """A lens flare added over a point: a core, a glow and a flat streak."""
    width, height = image.size
    x = np.abs(np.arange(width, dtype=np.float32)[None, :] / width - centre[0])
    y = np.abs(np.arange(height, dtype=np.float32)[:, None] / height - centre[1]) * (height / width)
    glow = np.exp(-(x * x + y * y) / (reach * reach))
    streak = np.exp(-x / (reach * 2.5)) * np.exp(-(y * y) / (reach * reach * 0.02))
    light = np.clip(glow + streak, 0, 1.3)[:, :, None]  # (H, W, 1)
    lit = np.asarray(image) + light * np.asarray(colour, dtype=np.float32)
    return Image.fromarray(np.clip(lit, 0, 255).astype(np.uint8))


def waved(image: Image.Image, rng: random.Random) -> Image.Image:
    """Rows shifted to and fro."""
    pixels = np.asarray(image)
    height, width = pixels.shape[:2]
    shift = (
        width * rng.uniform(0.02, 0.07) * np.sin(np.arange(height) / height * rng.uniform(10, 40))
    )
    columns = (np.arange(width)[None, :] + shift[:, None].astype(np.int32)) % width
    return Image.fromarray(pixels[np.arange(height)[:, None], columns])


def channel_split(image: Image.Image, rng: random.Random) -> Image.Image:
    """Red and blue slid apart, as on a broken screen."""
    pixels = np.array(image)
    step = max(2, round(image.width * rng.uniform(0.01, 0.04)))
    pixels[:, :, 0] = np.roll(pixels[:, :, 0], step, axis=1)
    pixels[:, :, 2] = np.roll(pixels[:, :, 2], -step, axis=1)
    return Image.fromarray(pixels)
