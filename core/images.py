"""Bytes from anywhere to a picture: the only caller of Pillow's opener."""

import io
import struct
import warnings
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from core.errors import ImageRejected, Reject

__all__ = [
    "FORMATS",
    "MAX_ANIMATION_PIXELS",
    "MAX_PIXELS",
    "MIN_SIDE_PX",
    "Header",
    "decode",
    "decode_grey",
    "later_frames",
    "read_header",
    "thumbnail",
    "upright",
]

# Pillow opens an MPO, a JPEG with a second photo behind it, as JPEG.
FORMATS: Final = ("JPEG", "PNG", "WEBP", "GIF", "AVIF", "BMP")
# The tallest of 12,621 real memes had about 12 megapixels; 50 decode to 150 MB of RGB.
MAX_PIXELS: Final = 50_000_000
# Each frame is decoded on top of those before it: about a second for this much.
MAX_ANIMATION_PIXELS: Final = 200_000_000
# Sites embed 1x1 tracking pixels; the smallest real meme side seen was 83.
MIN_SIDE_PX: Final = 8

_THREAD: Final = 3  # height over width, beyond which a thumbnail shows the top alone
_THUMBNAIL_QUALITY: Final = 80

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
            return _header(image)
        except _DECODER_ERRORS as error:
            raise _corrupt(error) from error


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
            return upright(image)
        except _DECODER_ERRORS as error:
            raise _corrupt(error) from error


def upright(image: Image.Image) -> Image.Image:
    """A loaded image as `decode` gives it: turned as its EXIF says, opaque, RGB."""
    return _opaque(ImageOps.exif_transpose(image))


def thumbnail(data: bytes, side_px: int, *, whole: bool = False) -> bytes:
    """A picture made small: a JPEG of at most so many pixels a side, upright and opaque.

    Of an animation, the first frame. Of a picture taller than three times its width, the top, as
    wide as it can be: a comic as a thread shows nothing. Or the whole of it all the same.

    Raises:
        ImageRejected: not such an image, or out of bounds.
    """
    image = decode(data, at_least_px=side_px)
    if not whole and image.height > _THREAD * image.width:
        image = image.crop((0, 0, image.width, image.width))
    image.thumbnail((side_px, side_px))
    out = io.BytesIO()
    image.save(out, "JPEG", quality=_THUMBNAIL_QUALITY)
    return out.getvalue()


def decode_grey(data: bytes, at_least_px: int) -> tuple[Header, Image.Image]:
    """The header and the upright picture in grey (mode L), as `decode` would give it.

    A JPEG is decoded straight to grey and no larger than it needs to be: six times as fast.

    Args:
        data: the file's bytes.
        at_least_px: how many pixels a side the reader needs; of a picture that is not square, the
            shorter side may have fewer where the longer has more.

    Raises:
        ImageRejected: not such an image, or out of bounds.
    """
    with _open(data) as image:
        try:
            header = _header(image)
            shrink = _shrink(image.size, at_least_px)
            image.draft("L", (image.width // shrink, image.height // shrink))
            image.load()
            upright = ImageOps.exif_transpose(image)
            return header, upright if upright.mode == "L" else _opaque(upright).convert("L")
        except _DECODER_ERRORS as error:
            raise _corrupt(error) from error


def later_frames(data: bytes, shares: Sequence[float]) -> Iterator[Image.Image]:
    """Frames of an animation in grey (mode L), at these shares of its length, in rising order.

    Of a very long or large animation, the frames lie in its first MAX_ANIMATION_PIXELS.

    Raises:
        ImageRejected: it is damaged before the frame that was asked for.
    """
    with _open(data) as image:
        try:
            header = _header(image)
            n_pixels = max(1, header.width * header.height)
            n_frames = min(header.frames, max(2, MAX_ANIMATION_PIXELS // n_pixels))
            for share in shares:
                image.seek(min(n_frames - 1, int(n_frames * share)))
                yield _opaque(image).convert("L")
        except _DECODER_ERRORS as error:
            raise _corrupt(error) from error


def _shrink(size: tuple[int, int], at_least_px: int) -> int:
    """How many times smaller a JPEG may be decoded: an eighth, a quarter, a half or not at all."""
    for times in (8, 4, 2):
        width, height = (side // times for side in size)
        # A quarter of the pixels less blurs letters by as little as the JPEG did.
        if 4 * width * height >= 3 * at_least_px**2 and 2 * min(width, height) >= at_least_px:
            return times
    return 1


def _header(image: Image.Image) -> Header:
    frames = getattr(image, "n_frames", 1)
    frames = 1 if image.format == "MPO" else frames  # what people see is the first photo
    return Header(str(image.format), *image.size, frames)


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
