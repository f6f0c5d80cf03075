"""Stills and thumbnails of videos: wide, worn by compression, with the player's marks on them."""

import random
from io import BytesIO

from PIL import Image, ImageDraw, ImageFilter

from demo.drawing.animals import animal
from demo.drawing.fonts import Face, font
from demo.drawing.lettering import Capitals, outlined
from demo.drawing.objects import thing
from demo.drawing.paint import BLACK, WHITE, Colour, Size, grain
from demo.drawing.people import Mood, any_look, bust
from demo.drawing.scenery import place
from demo.drawing.wording import say

_TITLES = (
    "gone wrong?!", "{number} hours", "i {done}", "not clickbait", "{who}!?", "part {number}",
    "vs {thing}", "insane ending", "we found {thing}", "last to leave wins", "wait for it",
)  # fmt: skip
_CHANNELS = ("VidHeap", "ClipTown", "ViewTube", "Loopster", "StreamBarn")
_RED = (230, 20, 20)
_LOUD = ((255, 225, 30), WHITE, (255, 60, 50), (80, 255, 90))
_SIZES = ((426, 240), (480, 270), (540, 304), (640, 360), (640, 360))


def draw(rng: random.Random) -> Image.Image:
    """A thumbnail made to be clicked, or a still of a video that somebody filmed."""
    size = rng.choice(_SIZES)
    image = _thumbnail(size, rng) if rng.random() < 0.5 else _still(size, rng)
    image = _worn(image, rng)
    rng.choice((_big_button, _big_button, _progress_bar, _progress_bar, _both, _length))(image, rng)
    if rng.random() < 0.4:
        _watermark(image, rng)
    return image


def _thumbnail(size: Size, rng: random.Random) -> Image.Image:
    canvas = place((size[0] * 2, size[1] * 2), rng).filter(ImageFilter.BoxBlur(5))
    pen = ImageDraw.Draw(canvas)
    width, height = canvas.size
    left = rng.random() < 0.5
    at = (width * (0.22 if left else 0.78), height * 0.45)
    target = (width * (0.7 if left else 0.3), height * rng.uniform(0.45, 0.65))
    rng.choice((thing, animal))(pen, target, height * 0.18, rng)
    if rng.random() < 0.5:
        r = height * 0.3
        pen.ellipse(
            (target[0] - r, target[1] - r, target[0] + r, target[1] + r), outline=_RED, width=14
        )
    bust(
        pen,
        any_look(rng),
        rng.choice((Mood.SHOCKED, Mood.SHOCKED, Mood.SMILING)),
        at,
        height * 0.27,
    )
    _arrow(
        pen,
        (width * 0.5, height * rng.uniform(0.2, 0.8)),
        target,
        rng.choice((_RED, (255, 220, 0))),
    )
    image = canvas.reduce(2)
    if rng.random() < 0.7:
        style = Capitals(
            squeeze=rng.uniform(0.75, 0.95), height=rng.uniform(0.14, 0.22), fill=rng.choice(_LOUD)
        )
        outlined(image, say(_TITLES, rng), rng.choice((0.0, 0.9)), style)
    return image


def _arrow(
    pen: ImageDraw.ImageDraw, tail: tuple[float, float], head: tuple[float, float], fill: Colour
) -> None:
    """A thick arrow that stops halfway to what it points at."""
    dx, dy = head[0] - tail[0], head[1] - tail[1]
    length = max(1.0, (dx**2 + dy**2) ** 0.5)
    ux, uy = dx / length, dy / length
    tip = (tail[0] + dx * 0.75, tail[1] + dy * 0.75)
    neck = (tip[0] - ux * 60, tip[1] - uy * 60)
    for grow, colour in ((8, WHITE), (0, fill)):
        pen.line([tail, neck], fill=colour, width=34 + 2 * grow)
        wing = 50 + grow * 2
        pen.polygon(
            [
                (tip[0] + ux * grow, tip[1] + uy * grow),
                (neck[0] - uy * wing, neck[1] + ux * wing),
                (neck[0] + uy * wing, neck[1] - ux * wing),
            ],
            colour,
        )


def _still(size: Size, rng: random.Random) -> Image.Image:
    canvas = place((size[0] * 2, size[1] * 2), rng)
    pen = ImageDraw.Draw(canvas)
    width, height = canvas.size
    for _ in range(rng.randint(1, 2)):
        at = (width * rng.uniform(0.25, 0.75), height * rng.uniform(0.45, 0.6))
        if rng.random() < 0.6:
            bust(pen, any_look(rng), rng.choice(tuple(Mood)), at, height * rng.uniform(0.14, 0.26))
        else:
            animal(pen, at, height * rng.uniform(0.14, 0.26), rng)
    image = canvas.reduce(2)
    if rng.random() < 0.35:  # an upright or an old, narrow recording between black bars
        bar = round(size[0] * rng.choice((0.125, 0.125, 0.34)))
        image.paste(BLACK, (0, 0, bar, size[1]))
        image.paste(BLACK, (size[0] - bar, 0, *size))
    if rng.random() < 0.2:
        stamp = f"REC  {rng.randint(0, 23):02}:{rng.randint(0, 59):02}"
        mono = font(Face.MONO, size[1] // 14)
        ImageDraw.Draw(image).text((size[0] * 0.05, size[1] * 0.06), stamp, font=mono, fill=_RED)
    return image


def _worn(image: Image.Image, rng: random.Random) -> Image.Image:
    """What a low bit rate leaves of a picture."""
    small = (
        round(image.width / rng.uniform(1.2, 2.6)),
        round(image.height / rng.uniform(1.2, 2.6)),
    )
    coarse = image.resize(small, Image.Resampling.BILINEAR).resize(
        image.size, Image.Resampling.BILINEAR
    )
    buffer = BytesIO()
    grain(coarse, rng, rng.randint(2, 12)).save(buffer, "JPEG", quality=rng.randint(12, 40))
    return Image.open(buffer).convert("RGB")


def _big_button(image: Image.Image, rng: random.Random) -> None:
    pen = ImageDraw.Draw(image, "RGBA")
    x, y, r = image.width / 2, image.height / 2, image.height * rng.uniform(0.1, 0.16)
    if rng.random() < 0.6:
        fill = (*rng.choice((_RED, (30, 30, 30), (204, 24, 30))), rng.randint(200, 255))
        pen.rounded_rectangle((x - r * 1.45, y - r, x + r * 1.45, y + r), r * 0.45, fill=fill)
    else:
        pen.ellipse(
            (x - r * 1.2, y - r * 1.2, x + r * 1.2, y + r * 1.2),
            fill=(0, 0, 0, 150),
            outline=WHITE,
            width=3,
        )
    if rng.random() < 0.85:
        pen.polygon(
            [(x - r * 0.38, y - r * 0.55), (x - r * 0.38, y + r * 0.55), (x + r * 0.6, y)], WHITE
        )
    else:
        for dx in (-0.45, 0.15):
            pen.rectangle((x + dx * r, y - r * 0.5, x + (dx + 0.3) * r, y + r * 0.5), fill=WHITE)


def _progress_bar(image: Image.Image, rng: random.Random) -> None:
    pen = ImageDraw.Draw(image, "RGBA")
    width, height = image.size
    bar = height * 0.11
    opaque = rng.random() < 0.3
    pen.rectangle((0, height - bar, width, height), fill=(20, 20, 20, 255 if opaque else 140))
    y, left, right = height - bar * 1.02, width * 0.02, width * 0.98
    seen = left + (right - left) * rng.random()
    pen.line([(left, y), (right, y)], fill=(200, 200, 200, 160), width=max(3, height // 80))
    pen.line(
        [(left, y), (seen, y)],
        fill=(*rng.choice((_RED, _RED, (0, 160, 230))), 255),
        width=max(3, height // 80),
    )
    dot = height * 0.018
    pen.ellipse((seen - dot, y - dot, seen + dot, y + dot), fill=_RED)
    small = font(Face.SANS, max(9, round(bar * 0.45)))
    total_s = rng.randint(8, 900)
    now_s = round(total_s * (seen - left) / (right - left))
    pen.text(
        (left + bar, height - bar * 0.72),
        f"{_clock(now_s)} / {_clock(total_s)}",
        font=small,
        fill=WHITE,
    )
    x, middle = left + bar * 0.2, height - bar * 0.45
    pen.polygon(
        [(x, middle - bar * 0.25), (x, middle + bar * 0.25), (x + bar * 0.4, middle)], WHITE
    )
    pen.rectangle(
        (right - bar * 0.5, middle - bar * 0.2, right - bar * 0.05, middle + bar * 0.2),
        outline=WHITE,
        width=2,
    )


def _both(image: Image.Image, rng: random.Random) -> None:
    _progress_bar(image, rng)
    _big_button(image, rng)


def _length(image: Image.Image, rng: random.Random) -> None:
    pen = ImageDraw.Draw(image)
    face = font(Face.SANS_BOLD, max(10, image.height // 16))
    text = _clock(rng.randint(8, 900))
    w = face.getlength(text)
    x, y = image.width * 0.98 - w, image.height * 0.9
    pen.rectangle((x - 5, y - 3, x + w + 5, y + face.size + 4), fill=(15, 15, 15))
    pen.text((x, y), text, font=face, fill=WHITE)


def _clock(seconds: int) -> str:
    return f"{seconds // 60}:{seconds % 60:02}"


def _watermark(image: Image.Image, rng: random.Random) -> None:
    pen = ImageDraw.Draw(image, "RGBA")
    face = font(Face.SANS_BOLD, max(11, image.height // 15))
    name = rng.choice(_CHANNELS)
    x, y = rng.choice((0.03, 0.97)) * image.width, image.height * rng.choice((0.04, 0.76))
    x = min(x, image.width * 0.97 - face.getlength(name) - face.size)
    pen.rounded_rectangle((x, y, x + face.size * 0.8, y + face.size), 4, fill=(*_RED, 220))
    pen.text(
        (x + face.size, y - 2),
        name,
        font=face,
        fill=(255, 255, 255, 210),
        stroke_width=1,
        stroke_fill=(0, 0, 0, 120),
    )
