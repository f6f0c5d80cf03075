"""Bytes from anywhere to a picture: the only caller of Pillow's opener."""

import hashlib
import io
import mmap
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from PIL import Image, UnidentifiedImageError

from core.errors import ImageRejected, Reject
from core.formats import Essence, essence, exif
from core.formats.essence import MAX_PIXELS
from core.upright import flat, turned, upright

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
# Each frame is decoded on top of those before it: about a second for this much.
MAX_ANIMATION_PIXELS: Final = 200_000_000
# Sites embed 1x1 tracking pixels; the smallest real meme side seen was 83.
MIN_SIDE_PX: Final = 8

# Pillow holds a WebP four times over: 34 bytes can claim 50 million pixels, and took 1.2 GB.
_MAX_PIXELS_OF: Final = {"WEBP": 40_000_000}
_THREAD: Final = 3  # height over width, beyond which a thumbnail shows the top alone
_THUMBNAIL_QUALITY: Final = 80
# What may follow the pixels of a JPEG that has no end: where they are all there, it changes none.
_FOLLOWING: Final = (bytes(64), bytes(range(1, 128, 2)))
_END: Final = b"\xff\xd9"
# What a decoder takes, at most and at least.
_PIXEL_BYTES: Final = 16
_LEAST_BYTES: Final = 2**26

# The pixel bound is ours, and what is odd in a file is no reason to warn. Set once, not around each
# call: `warnings.catch_warnings` is not safe in the threads that decode.
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)
warnings.filterwarnings("ignore", category=UserWarning, module="PIL")


@dataclass(frozen=True, slots=True)
class Header:
    """What a file says of itself: its format, size as stored (before EXIF rotation) and frames."""

    format: str
    width: int  # px
    height: int  # px
    frames: int


@dataclass(frozen=True, slots=True)
class _Opened:
    """A file whose pixels are not decoded yet."""

    image: Image.Image
    header: Header
    orientation: int


def read_header(data: bytes) -> Header:
    """What the bytes are, read without decoding pixels; the file's name plays no part.

    Raises:
        ImageRejected: not such an image, or out of bounds.
        MemoryError: the machine has too little now; the picture may be whole.
    """
    with _opened(data, pixels=False) as opened:
        return opened.header


def decode(data: bytes, at_least_px: int | None = None) -> Image.Image:
    """Decode one image, upright and opaque, to RGB.

    Transparency is laid over white, as the sites that host memes show it. Of an animation, the
    first frame is kept. All of its pixels are read, so that a truncated one is found.

    Args:
        data: the file's bytes.
        at_least_px: where the reader needs no more than this many pixels a side, a JPEG may be
            decoded at a half, a quarter or an eighth of its size (three times as fast).

    Raises:
        ImageRejected: not such an image, or out of bounds.
        MemoryError: as of `read_header`.
    """
    with _opened(data) as opened, _decoding(opened.header):
        image = opened.image
        if at_least_px is not None:
            image.draft("RGB", (at_least_px, at_least_px))
        image.load()
        return turned(flat(image, "RGB"), opened.orientation)


def thumbnail(data: bytes, side_px: int, *, whole: bool = False) -> bytes:
    """A picture made small: a JPEG of at most so many pixels a side, upright and opaque.

    Of an animation, the first frame. Of a picture taller than three times its width, the top, as
    wide as it can be: a comic as a thread shows nothing. Or the whole of it all the same.

    Raises:
        ImageRejected: not such an image, or out of bounds.
        MemoryError: as of `read_header`.
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
        MemoryError: as of `read_header`.
    """
    with _opened(data) as opened, _decoding(opened.header):
        image = opened.image
        shrink = _shrink(image.size, at_least_px)
        image.draft("L", (image.width // shrink, image.height // shrink))
        image.load()
        return opened.header, turned(flat(image, "L"), opened.orientation)


def later_frames(data: bytes, shares: Sequence[float]) -> Iterator[Image.Image]:
    """Frames of an animation in grey (mode L), at these shares of its length, in rising order.

    Of a very long or large animation, the frames lie in its first MAX_ANIMATION_PIXELS.

    Raises:
        ImageRejected: it is damaged before the frame that was asked for.
        MemoryError: as of `read_header`.
    """
    with _opened(data) as opened:
        header = opened.header
        n_pixels = max(1, header.width * header.height)
        n_frames = min(header.frames, max(2, MAX_ANIMATION_PIXELS // n_pixels))
        for share in shares:
            with _decoding(header):
                opened.image.seek(min(n_frames - 1, int(n_frames * share)))
                frame = flat(opened.image, "L")
            yield frame


def _shrink(size: tuple[int, int], at_least_px: int) -> int:
    """How many times smaller a JPEG may be decoded: an eighth, a quarter, a half or not at all."""
    for times in (8, 4, 2):
        width, height = (side // times for side in size)
        # A quarter of the pixels less blurs letters by as little as the JPEG did.
        if 4 * width * height >= 3 * at_least_px**2 and 2 * min(width, height) >= at_least_px:
            return times
    return 1


@contextmanager
def _opened(data: bytes, *, pixels: bool = True) -> Iterator[_Opened]:
    if not data:
        raise ImageRejected(Reject.EMPTY, "the file is empty")
    needed = essence(data)
    with _pillow(_with_end(needed) if pixels else needed.data) as image:
        with _decoding():
            header = _header(image, needed)
            # AVIF has its own way of saying it, which Pillow gives as EXIF.
            said = exif.orientation(image.info.get("exif", b""))
        yield _Opened(image, header, said if needed.orientation is None else needed.orientation)


def _pillow(data: bytes) -> Image.Image:
    with _decoding():
        image = Image.open(io.BytesIO(data), formats=FORMATS)
    width, height = image.size
    max_pixels = _MAX_PIXELS_OF.get(str(image.format), MAX_PIXELS)
    if width * height > max_pixels:
        raise ImageRejected(
            Reject.TOO_MANY_PIXELS, f"{width} x {height} px is more than {max_pixels} pixels"
        )
    if min(width, height) < MIN_SIDE_PX:
        raise ImageRejected(
            Reject.TOO_SMALL, f"{width} x {height} px: a side is under {MIN_SIDE_PX} px"
        )
    return image


def _header(image: Image.Image, needed: Essence) -> Header:
    n_frames = getattr(image, "n_frames", 1) if needed.n_frames is None else needed.n_frames
    return Header(needed.format or str(image.format), *image.size, n_frames)


def _with_end(needed: Essence) -> bytes:
    """A JPEG that lacks its end marker with one, where it lacks nothing else.

    Raises:
        ImageRejected: it lacks pixels.
    """
    if needed.has_end:
        return needed.data
    pixels = needed.data.removesuffix(b"\xff")
    ended = [pixels + following + _END for following in _FOLLOWING]
    if len({_digest(file) for file in ended}) > 1:
        raise ImageRejected(Reject.CORRUPT, "cut short: pixels are missing at its end")
    return ended[0]


def _digest(data: bytes) -> bytes:
    with _pillow(data) as image, _decoding():
        return hashlib.sha256(image.tobytes()).digest()


@contextmanager
def _decoding(header: Header | None = None) -> Iterator[None]:
    """Around what Pillow does with a file's bytes: whatever it raises, the file is refused.

    Raises:
        ImageRejected: for what the bytes are.
        MemoryError: for what the machine has not.
    """
    try:
        yield
    except (ImageRejected, MemoryError):
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ImageRejected(Reject.TOO_MANY_PIXELS, f"too many pixels: {error}") from error
    except UnidentifiedImageError as error:
        raise ImageRejected(
            Reject.NOT_AN_IMAGE, f"not an image of the formats {', '.join(FORMATS)}"
        ) from error
    except Exception as error:  # parsers in Python and C, on what strangers made
        raise _corrupt(error, header) from error


def _corrupt(error: Exception, header: Header | None) -> Exception:
    """What a decoder's complaint comes to: many say the same of damage and of too little memory."""
    n_bytes = _LEAST_BYTES if header is None else _PIXEL_BYTES * header.width * header.height
    try:
        mmap.mmap(-1, max(_LEAST_BYTES, n_bytes)).close()
    except OSError:
        return MemoryError(f"there are no {n_bytes:,} bytes of memory to decode it")
    return ImageRejected(Reject.CORRUPT, f"damaged or cut short: {str(error) or type(error)}")
