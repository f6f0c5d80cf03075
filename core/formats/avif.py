"""AVIF: the file without the EXIF block that Pillow would read."""

import re
from typing import Final

from core.formats.essence import Essence

__all__ = ["essence"]

# An entry of the list of items: its version, flags, number (of two bytes or four) and protection,
# and then what it is.
_EXIF_ITEM: Final = re.compile(rb"(infe(?:\x02.{3}.{2}|\x03.{3}.{4}).{2})Exif", re.DOTALL)


def essence(data: bytes) -> Essence:
    """All of an AVIF, with its EXIF block called something that no decoder knows.

    How it is turned, AVIF says itself; what an EXIF block in it says is not to count.
    """
    return Essence(_EXIF_ITEM.sub(rb"\1none", data))
