"""A decoded picture as people see it: upright, and opaque."""

from collections.abc import Callable
from typing import Final

import numpy as np
from PIL import ExifTags, Image

__all__ = ["flat", "turned", "upright"]

_TURNS: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
# At a time: each takes up to 16 bytes on the way, and 50 million at once would be 800 MB.
_BAND_PIXELS: Final = 4_000_000


def upright(image: Image.Image) -> Image.Image:
    """An image as `core.images.decode` gives it: turned as its EXIF says, opaque, RGB."""
    try:
        said = image.getexif().get(ExifTags.Base.Orientation)
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001  # Pillow's parser, of what a damaged block holds: no turn
        said = None
    return flat(turned(image, said), "RGB")


def turned(image: Image.Image, orientation: object) -> Image.Image:
    """The picture turned, or itself where the orientation says nothing."""
    turn = _TURNS.get(orientation) if isinstance(orientation, int) else None
    return image if turn is None else image.transpose(turn)


def flat(image: Image.Image, mode: str) -> Image.Image:
    """The picture over white, as RGB or as L."""
    if not image.has_transparency_data and image.mode in ("L", "RGB"):
        return image.convert(mode)
    if image.mode.startswith("I") or image.mode == "F":
        return _in_bands(image, mode, _scaled(image))
    return _in_bands(image, mode, _over_white if image.has_transparency_data else _plain)


def _in_bands(
    image: Image.Image, mode: str, change: Callable[[Image.Image], Image.Image]
) -> Image.Image:
    """The picture changed to RGB, some rows after others, which differs in memory alone."""
    n_rows = max(1, _BAND_PIXELS // image.width)
    if n_rows >= image.height:
        return change(image).convert(mode)
    whole = Image.new(mode, image.size)
    for top in range(0, image.height, n_rows):
        band = image.crop((0, top, image.width, min(top + n_rows, image.height)))
        whole.paste(change(band).convert(mode), (0, top))
    return whole


def _plain(image: Image.Image) -> Image.Image:
    return image.convert("RGB")


def _over_white(image: Image.Image) -> Image.Image:
    image = image.convert("RGBA")
    ground = Image.new("RGBA", image.size, "white")
    ground.alpha_composite(image)
    return ground.convert("RGB")


def _scaled(image: Image.Image) -> Callable[[Image.Image], Image.Image]:
    """What makes a grey of 16 or 32 bits one of 8: Pillow clips at 255, so almost all is white."""
    brightest = 65_535 if image.mode.startswith("I;16") else np.max(image.getextrema())
    top = max(float(brightest), 255.0)

    def scaled(part: Image.Image) -> Image.Image:
        grey = np.asarray(part, dtype=np.float32)  # (H, W)
        return Image.fromarray((grey.clip(0, top) * (255 / top)).astype(np.uint8))

    return scaled
