"""PNG: the chunks that its pixels need."""

import struct
from collections.abc import Iterator, Sequence
from typing import Final

from core.formats import exif
from core.formats.apng import whole_frames
from core.formats.essence import MAX_PARTS, Essence, within_budget
from core.formats.png_chunk import Chunk

__all__ = ["essence"]

_SIGNATURE_BYTES: Final = 8
_LAYOUT: Final = struct.Struct(">I4s")  # how long the content is, and of what kind
_ANIMATION: Final = (b"acTL", b"fcTL", b"fdAT")
# Of a grey or a coloured picture, by its type, the colour that is transparent.
_COLOUR_BYTES: Final = {0: 2, 2: 6}


def essence(data: bytes) -> Essence:
    """What the picture of a PNG needs, and those frames after it that are whole.

    Texts, profiles and what else lies beside the pixels is left out, unread. So is
    transparency that is damaged.

    Raises:
        ImageRejected: too many chunks.
    """
    turned = exif.UPRIGHT
    kept: list[Chunk] = []
    for chunk in _chunks(data):
        if chunk.kind == b"eXIf":
            turned = exif.orientation(bytes(chunk.content))
        elif (
            not chunk.is_ancillary
            or chunk.kind in _ANIMATION
            or (chunk.kind == b"tRNS" and _is_transparency(chunk, kept))
        ):
            kept.append(chunk)
    parts = [data[:_SIGNATURE_BYTES], *(chunk.whole for chunk in whole_frames(kept))]
    return Essence(b"".join(parts), orientation=turned)


def _chunks(data: bytes) -> Iterator[Chunk]:
    """The chunks to the end that the file names, or that it has."""
    view = memoryview(data)
    at, n = _SIGNATURE_BYTES, 0
    while at + _LAYOUT.size <= len(data):
        n += 1
        within_budget(n, MAX_PARTS, "chunks")
        length, kind = _LAYOUT.unpack_from(data, at)
        begin, at = at + 8, at + 12 + length
        yield Chunk(kind, view[begin : begin + length], view[begin - 8 : at])
        if kind == b"IEND":
            return


def _is_transparency(chunk: Chunk, before: Sequence[Chunk]) -> bool:
    """Whether a chunk says what is transparent; as in browsers, a wrong one says nothing."""
    header = before[0].content if before else b""
    needed = _COLOUR_BYTES.get(header[9], 1) if len(header) > 9 else 1
    return chunk.is_right and len(chunk.content) >= needed
