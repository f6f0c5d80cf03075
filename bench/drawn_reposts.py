"""Passes a drawn meme on as people do: the usual changes, and the hard ones."""

import io
import math
import random
from collections.abc import Callable, Mapping
from typing import Final

from PIL import Image, ImageDraw, ImageEnhance, ImageOps

from demo.drawing.fonts import Face, font

__all__ = ["EASY", "HARD", "Change", "jpeg"]

Change = Callable[[Image.Image, random.Random], Image.Image]


def jpeg(image: Image.Image, quality: int) -> bytes:
    """The picture as a JPEG file."""
    out = io.BytesIO()
    image.convert("RGB").save(out, "JPEG", quality=quality)
    return out.getvalue()


def _again(image: Image.Image, quality: int) -> Image.Image:
    return Image.open(io.BytesIO(jpeg(image, quality))).convert("RGB")


def _compressed(image: Image.Image, rng: random.Random) -> Image.Image:
    return _again(image, rng.randint(40, 80))


def _resized(image: Image.Image, rng: random.Random) -> Image.Image:
    return _scaled(image, rng.uniform(0.35, 0.9))


def _scaled(image: Image.Image, share: float, across: float = 1) -> Image.Image:
    size = (max(16, int(image.width * share * across)), max(16, int(image.height * share)))
    return image.resize(size, Image.Resampling.BICUBIC)


def _cropped_by(most: float, least: float = 0) -> Change:
    def cropped(image: Image.Image, rng: random.Random) -> Image.Image:
        left, top, right, bottom = (rng.uniform(least, most) for _ in range(4))
        w, h = image.size
        return image.crop((int(left * w), int(top * h), int(w - right * w), int(h - bottom * h)))

    return cropped


def _watermarked(image: Image.Image, rng: random.Random) -> Image.Image:
    height = max(12, int(image.height * rng.uniform(0.03, 0.06)))
    ground, ink = rng.choice([("black", "white"), ("white", "black"), ("#333", "#ddd")])
    whole = Image.new("RGB", (image.width, image.height + height), ground)
    whole.paste(image, (0, 0))
    text = rng.choice(["memebase.example", "made on quickmeme", "9FUN.example", "@daily.memes"])
    face = font(Face.SANS, int(height * 0.7))
    x = rng.choice([4, image.width - int(face.getlength(text)) - 4])
    ImageDraw.Draw(whole).text((x, image.height + height * 0.1), text, ink, face)
    return whole


def _brighter(image: Image.Image, rng: random.Random) -> Image.Image:
    return ImageEnhance.Brightness(image).enhance(rng.choice([0.8, 1.2]))


def _contrasted(image: Image.Image, rng: random.Random) -> Image.Image:
    return ImageEnhance.Contrast(image).enhance(rng.choice([0.8, 1.2]))


def _bordered(image: Image.Image, rng: random.Random) -> Image.Image:
    return ImageOps.expand(image, rng.randint(3, 12), rng.choice(["white", "black", "#888"]))


def _deep_fried(image: Image.Image, rng: random.Random) -> Image.Image:
    for _ in range(4):
        image = _again(_scaled(image, rng.uniform(0.8, 0.98)), rng.randint(15, 35))
    return image


EASY: Final[Mapping[str, Change]] = {
    "jpeg": _compressed,
    "resize": _resized,
    "crop_3": _cropped_by(0.03),
    "watermark": _watermarked,
    "brightness": _brighter,
    "contrast": _contrasted,
    "border": _bordered,
    "deep_jpeg": _deep_fried,
}


def _two_at_once(image: Image.Image, rng: random.Random) -> Image.Image:
    for name in rng.sample(list(EASY), 2):
        image = EASY[name](image, rng)
    return image


def _screenshot(image: Image.Image, rng: random.Random) -> Image.Image:
    """A phone's screen: status bar, a post's name and text, the meme, buttons, a comment."""
    width = 720
    height = int(width * rng.uniform(1.9, 2.2))
    dark = rng.random() < 0.5
    ground, ink, faint = ("#0f1115", "#eee", "#888") if dark else ("#ffffff", "#111", "#777")
    screen = Image.new("RGB", (width, height), ground)
    draw = ImageDraw.Draw(screen)
    margin = rng.choice([0, 0, 24])
    small, plain = font(Face.SANS, 22), font(Face.SANS, 28)
    draw.text((24, 10), f"{rng.randint(0, 23)}:{rng.randint(10, 59)}", ink, small)
    draw.rectangle((width - 70, 14, width - 30, 32), outline=ink, width=2)
    y = 60
    draw.ellipse((24, y, 84, y + 60), fill=rng.choice(["#c33", "#37a", "#484", "#a70"]))
    draw.text((100, y), rng.choice(["Dave", "meme.page", "Sunny Ann", "f_lobster"]), ink, plain)
    draw.text((100, y + 34), f"{rng.randint(2, 23)} h", faint, small)
    y += 80
    says = ["so true", "this is me every single day", "tag a friend", "I can't breathe", "mood"]
    draw.text((24, y), rng.choice(says), ink, plain)
    y += 60
    inner = width - 2 * margin
    meme = image.resize((inner, int(inner * image.height / image.width)), Image.Resampling.BICUBIC)
    if y + meme.height > height - 150:  # a tall meme fills the screen's height
        share = (height - 150 - y) / meme.height
        meme = meme.resize((int(meme.width * share), int(meme.height * share)))
    screen.paste(meme, ((width - meme.width) // 2, y))
    y += meme.height + 14
    for i, word in enumerate(["Like", "Comment", "Share"]):
        draw.text((40 + i * 230, y), word, faint, plain)
    y += 60
    if y < height - 120:
        draw.text((24, y), f"{rng.randint(3, 900)} comments", ink, small)
    draw.rectangle((0, height - 50, width, height), fill="#000" if dark else "#eee")
    draw.rectangle((width // 2 - 80, height - 28, width // 2 + 80, height - 20), fill=faint)
    return screen


def _stickered(image: Image.Image, rng: random.Random) -> Image.Image:
    """One or two round faces or hearts over the picture, anywhere."""
    image = image.copy()
    for _ in range(rng.choice([1, 1, 2])):
        size = int(min(image.size) * rng.uniform(0.12, 0.24))
        sticker = Image.new("RGBA", (size * 4, size * 4), (0, 0, 0, 0))
        draw = ImageDraw.Draw(sticker)
        s = size * 4
        if rng.random() < 0.3:
            draw.ellipse((0.05 * s, 0.1 * s, 0.52 * s, 0.55 * s), fill="#e0245e")
            draw.ellipse((0.48 * s, 0.1 * s, 0.95 * s, 0.55 * s), fill="#e0245e")
            draw.polygon(((0.08 * s, 0.44 * s), (0.92 * s, 0.44 * s), (s / 2, 0.95 * s)), "#e0245e")
        else:
            draw.ellipse((0, 0, s - 1, s - 1), fill="#ffcc22", outline="#b8860b", width=s // 40)
            for x in (0.33, 0.67):
                draw.ellipse((x * s - s / 14, 0.3 * s, x * s + s / 14, 0.46 * s), fill="#4a2c00")
            draw.arc((0.22 * s, 0.3 * s, 0.78 * s, 0.8 * s), 15, 165, fill="#4a2c00", width=s // 18)
        sticker = sticker.resize((size, size)).rotate(
            rng.uniform(-25, 25), Image.Resampling.BICUBIC
        )
        x, y = (rng.randint(0, side - size) for side in image.size)
        image.paste(sticker, (x, y), sticker)
    return image


def _rotated(image: Image.Image, rng: random.Random) -> Image.Image:
    """Turned by two degrees; the corners are filled, or cut off."""
    turned = image.rotate(
        rng.choice([-2, 2]), Image.Resampling.BICUBIC, fillcolor=rng.choice(["white", "black"])
    )
    if rng.random() < 0.5:
        x, y = (
            int(side * math.sin(math.radians(2)) * 0.6) for side in (turned.height, turned.width)
        )
        turned = turned.crop((x, y, turned.width - x, turned.height - y))
    return turned


def _squashed(image: Image.Image, rng: random.Random) -> Image.Image:
    return _scaled(image, rng.uniform(0.7, 1), across=rng.choice([0.92, 1.08]))


def _greyed(image: Image.Image, _rng: random.Random) -> Image.Image:
    return ImageOps.grayscale(image).convert("RGB")


def _tinted(image: Image.Image, rng: random.Random) -> Image.Image:
    tint = rng.choice(["#ffb060", "#60a0ff", "#b0ffb0", "#ff80c0"])
    return Image.blend(image, Image.new("RGB", image.size, tint), rng.uniform(0.15, 0.35))


HARD: Final[Mapping[str, Change]] = {
    "two_at_once": _two_at_once,
    "crop_8": _cropped_by(0.08, 0.03),
    "screenshot": _screenshot,
    "sticker": _stickered,
    "rotation": _rotated,
    "squashed": _squashed,
    "grey": _greyed,
    "tinted": _tinted,
}
