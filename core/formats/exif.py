"""How a picture is to be turned, from its EXIF block.

Read here, for Pillow refuses a picture for a field of the wrong kind anywhere in the block, and
reads them all. A damaged block says nothing, as in browsers.
"""

import struct
from typing import Final

__all__ = ["UPRIGHT", "orientation", "whole_number"]

UPRIGHT: Final = 1

_ORIENTATION: Final = 0x0112
_FORMATS: Final = {3: "H", 4: "I"}  # of the field types that hold whole numbers
_BYTE_ORDERS: Final = {b"II*\0": "<", b"MM\0*": ">"}


def orientation(exif: bytes) -> int:
    """The orientation, 1 to 8, that a block says, with or without "Exif" before it; or UPRIGHT."""
    said = whole_number(exif.removeprefix(b"Exif\0\0"), _ORIENTATION)
    return said if said in range(1, 9) else UPRIGHT


def whole_number(tiff: bytes, tag: int) -> int:
    """The one number that the first directory of a TIFF structure has for a tag; or 0."""
    order = _BYTE_ORDERS.get(tiff[:4])
    if order is None:
        return 0
    try:
        (at,) = struct.unpack_from(f"{order}I", tiff, 4)
        (n_entries,) = struct.unpack_from(f"{order}H", tiff, at)
        for entry in range(at + 2, at + 2 + 12 * n_entries, 12):
            found, kind, count = struct.unpack_from(f"{order}HHI", tiff, entry)
            if found == tag:
                is_number = kind in _FORMATS and count == 1
                return _number(tiff, order + _FORMATS[kind], entry + 8) if is_number else 0
    except struct.error:  # it ends before that
        pass
    return 0


def _number(tiff: bytes, layout: str, at: int) -> int:
    (number,) = struct.unpack_from(layout, tiff, at)
    return int(number)
