"""AVIF: the size of its lists, and the file without the EXIF block that Pillow would read."""

import re
import struct
from collections.abc import Iterator
from typing import Final

from core.formats.essence import MAX_PARTS, Essence, within_budget

__all__ = ["essence"]

# An entry of the list of items: its version, flags, number (of two bytes or four) and protection,
# and then what it is.
_EXIF_ITEM: Final = re.compile(rb"(infe(?:\x02.{3}.{2}|\x03.{3}.{4}).{2})Exif", re.DOTALL)


# What is listed in a file, each item of which libavif looks up among all others: .2 s for so many
# bytes, minutes for 20 MB. A picture has 300, 1,000 frames have 5,000.
_LISTS: Final = (b"meta", b"moov")
_MAX_LIST_BYTES: Final = 2**18


def essence(data: bytes) -> Essence:
    """All of an AVIF, with its EXIF block called something that no decoder knows.

    How it is turned, AVIF says itself; what an EXIF block in it says is not to count.

    Raises:
        ImageRejected: too many boxes, or too long lists in them.
    """
    listed = sum(n_bytes for kind, n_bytes in _boxes(data) if kind in _LISTS)
    within_budget(listed, _MAX_LIST_BYTES, "bytes of lists")
    return Essence(_EXIF_ITEM.sub(rb"\1none", data))


def _boxes(data: bytes) -> Iterator[tuple[bytes, int]]:
    """Kind and size of each box that is in no other."""
    at, n = 0, 0
    while at + 8 <= len(data):
        n += 1
        within_budget(n, MAX_PARTS, "boxes")
        n_bytes, kind = struct.unpack_from(">I4s", data, at)
        if n_bytes == 1 and at + 16 <= len(data):
            (n_bytes,) = struct.unpack_from(">Q", data, at + 8)
        elif n_bytes < 8:  # 0: to the end
            n_bytes = len(data) - at
        yield kind, min(n_bytes, len(data) - at)
        at += n_bytes
