"""Bytes from anywhere to a picture: the only caller of Pillow's opener."""

import io
import struct
import warnings
import zlib
from dataclasses import dataclass
from typing import Final

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from core.errors import ImageRejected, Reject

__all__ = ["FORMATS", "MAX_PIXELS", "MIN_SIDE_PX", "Header", "decode", "read_header"]

# Pillow opens an MPO, a JPEG with a second photo behind it, as JPEG.
FORMATS: Final = ("JPEG", "PNG", "WEBP", "GIF", "AVIF", "BMP")
# The tallest of 12,621 real memes had about 12 megapixels; 50 decode to 150 MB of RGB.
MAX_PIXELS: Final = 50_000_000
# Sites embed 1x1 tracking pixels; the smallest real meme side seen was 83.
MIN_SIDE_PX: Final = 8

# What Pillow's decoders raise on damaged files of the allowed formats.
_DECODER_ERRORS: Final = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    IndexError,
    KeyError,
    TypeError,
    OverflowError,
    MemoryError,
    RuntimeError,  # libavif, for most of what it finds wrong
    ZeroDivisionError,  # AVIF whose timescale is 0
    struct.error,
    zlib.error,
)

# The pixel bound is ours, and a damaged EXIF block is no reason to refuse or to warn. Set once, not
# around each call: `warnings.catch_warnings` is not safe in the threads that decode.
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)
warnings.filterwarnings("ignore", category=UserWarning, module="PIL")


@dataclass(frozen=True, slots=True)
class Header:
    """What a file says of itself: its format, size as stored (before EXIF rotation) and frames."""

    format: str
    width: int  # px
    height: int  # px
    frames: int


def read_header(data: bytes) -> Header:
    """What the bytes are, read without decoding pixels; the file's name plays no part.

    Raises:
        ImageRejected: not such an image, or out of bounds.
    """
    with _open(data) as image:
        try:
            frames = getattr(image, "n_frames", 1)
        except _DECODER_ERRORS as error:
            raise _corrupt(error) from error
        frames = 1 if image.format == "MPO" else frames  # what people see is the first photo
        return Header(str(image.format), *image.size, frames)


def decode(data: bytes, at_least_px: int | None = None) -> Image.Image:
    """Decode one image, upright and opaque, to RGB.

    Transparency is laid over white, as the sites that host memes show it. Of an animation, the
    first frame is kept. The whole file is read, so that a truncated one is found.

    Args:
        data: the file's bytes.
        at_least_px: where the reader needs no more than this many pixels a side, a JPEG may be
            decoded at a half, a quarter or an eighth of its size (three times as fast).

    Raises:
        ImageRejected: not such an image, or out of bounds.
    """
    with _open(data) as image:
        try:
            if at_least_px is not None:
                image.draft("RGB", (at_least_px, at_least_px))
            image.load()
            return _opaque(ImageOps.exif_transpose(image))
        except _DECODER_ERRORS as error:
            raise _corrupt(error) from error


def _open(data: bytes) -> Image.Image:
    if not data:
        raise ImageRejected(Reject.EMPTY, "the file is empty")
    try:
        image = Image.open(io.BytesIO(data), formats=FORMATS)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ImageRejected(Reject.TOO_MANY_PIXELS, "more pixels than are taken") from error
    except UnidentifiedImageError as error:
        raise ImageRejected(
            Reject.NOT_AN_IMAGE, f"not an image of the formats {', '.join(FORMATS)}"
        ) from error
    except _DECODER_ERRORS as error:
        raise _corrupt(error) from error
    width, height = image.size
    if width * height > MAX_PIXELS:
        raise ImageRejected(
            Reject.TOO_MANY_PIXELS, f"{width} x {height} px is more than {MAX_PIXELS} pixels"
        )
    if min(width, height) < MIN_SIDE_PX:
        raise ImageRejected(
            Reject.TOO_SMALL, f"{width} x {height} px: a side is under {MIN_SIDE_PX} px"
        )
    return image


def _opaque(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I") or image.mode == "F":
        # Pillow clips 16-bit greys at 255 instead of scaling them: almost all white.
        grey = np.asarray(image, dtype=np.float32)  # (H, W)
        top = 65_535.0 if image.mode.startswith("I;16") else max(float(grey.max()), 255.0)
        return Image.fromarray((grey.clip(0, top) * (255 / top)).astype(np.uint8)).convert("RGB")
    if image.has_transparency_data:
        image = image.convert("RGBA")
        ground = Image.new("RGBA", image.size, "white")
        ground.alpha_composite(image)
        return ground.convert("RGB")
    return image.convert("RGB")


def _corrupt(error: BaseException) -> ImageRejected:
    return ImageRejected(Reject.CORRUPT, f"damaged or cut short: {str(error) or type(error)}")
