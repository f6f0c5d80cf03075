"""Pictures into files, as untidily as the web does it: formats, qualities, wrong extensions."""

import random
from dataclasses import dataclass
from io import BytesIO

from PIL import Image, ImageEnhance

_WRONG_EXTENSION_SHARE = 0.08  # of real meme files, 19 % have one; a demo needs only some
_EXTENSIONS = ("jpg", "png", "webp", "gif")


@dataclass(frozen=True, slots=True)
class Encoded:
    """A file without its name.

    Attributes:
        data: What is in it.
        extension: What its name ends in, which need not fit.
    """

    data: bytes
    extension: str


def encode(image: Image.Image, rng: random.Random) -> Encoded:
    """The picture as a JPEG, PNG, WebP or animated GIF, sometimes under a wrong extension."""
    extension = rng.choices(_EXTENSIONS, weights=(60, 20, 17, 3))[0]
    match extension:
        case "png":
            data = _saved(image, "PNG", compress_level=3)
        case "webp":
            data = _saved(image, "WEBP", quality=rng.randint(40, 90), method=2)
        case "gif":
            data = _animated(image, rng)
        case _:
            data = jpeg(image, rng.choice((35, 55, 70, 80, 90, 95)))
    if rng.random() < _WRONG_EXTENSION_SHARE:
        extension = rng.choice([other for other in _EXTENSIONS if other != extension])
    return Encoded(data, extension)


def jpeg(image: Image.Image, quality: int) -> bytes:
    """The picture as a JPEG file."""
    return _saved(image, "JPEG", quality=quality)


def re_encoded(data: bytes, rng: random.Random) -> Encoded:
    """The same picture as somebody else posts it: saved again, mostly smaller."""
    image = Image.open(BytesIO(data)).convert("RGB")
    if rng.random() < 0.6:
        share = rng.uniform(0.6, 0.9)
        image = image.resize((round(image.width * share), round(image.height * share)))
    return Encoded(jpeg(image, rng.randint(40, 80)), "jpg")


def _animated(image: Image.Image, rng: random.Random) -> bytes:
    """A short loop: the picture, then the picture flashing and shaking."""
    first = image.copy()
    first.thumbnail((320, 640))
    frames = [first]
    for _ in range(rng.randint(2, 4)):
        flash = ImageEnhance.Brightness(first).enhance(rng.uniform(0.6, 1.4))
        frames.append(flash.rotate(rng.uniform(-4, 4)))
    return _saved(first, "GIF", save_all=True, append_images=frames[1:], duration=120, loop=0)


def _saved(image: Image.Image, kind: str, **options: object) -> bytes:
    buffer = BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()
