"""BMP: whether it is compressed, for which Pillow has a decoder in Python alone."""

import struct
from typing import Final

from core.formats.essence import Essence, within_budget

__all__ = ["essence"]

_RLE: Final = (1, 2)
# .4 us a run and .1 us a pixel: 2 s.
_MAX_RLE_BYTES: Final = 4_000_000
_MAX_RLE_PIXELS: Final = 10_000_000


def essence(data: bytes) -> Essence:
    """All of a BMP.

    Raises:
        ImageRejected: it is compressed, and large.
    """
    if len(data) >= 34:
        width, height, _, _, compression = struct.unpack_from("<iiHHI", data, 18)
        if compression in _RLE:
            within_budget(len(data), _MAX_RLE_BYTES, "bytes of a compressed BMP")
            within_budget(abs(width * height), _MAX_RLE_PIXELS, "pixels of a compressed BMP")
    return Essence(data)
