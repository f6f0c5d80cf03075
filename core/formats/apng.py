"""APNG: the frames of an animation that are whole."""

import struct
from collections.abc import Sequence
from typing import Final

from core.formats.essence import MAX_FRAMES
from core.formats.png_chunk import Chunk

__all__ = ["whole_frames"]

_PARTS: Final = (b"acTL", b"fcTL", b"fdAT")
_FRAME: Final = struct.Struct(">5I")  # its number; width, height, left, top


def whole_frames(chunks: Sequence[Chunk]) -> list[Chunk]:
    """The chunks without those of the first frame that is not whole, and of all after it.

    A decoder refuses all of a file for one frame out of order, and believes whatever number of
    frames it claims. Without a whole frame, it is no animation.
    """
    n_frames, end = _whole(chunks)
    control = next((c for c in chunks if c.kind == b"acTL"), None)
    if control is None or not control.is_right or len(control.content) < 8:
        n_frames = 0
    if control is None or n_frames == 0:
        return [chunk for chunk in chunks if chunk.kind not in _PARTS]
    said = Chunk.of(b"acTL", struct.pack(">I", n_frames) + control.content[4:8])
    return [
        said if chunk is control else chunk
        for i, chunk in enumerate(chunks)
        if chunk is control or chunk.kind not in _PARTS or (i < end and chunk.kind != b"acTL")
    ]


def _whole(chunks: Sequence[Chunk]) -> tuple[int, int]:
    """How many frames are whole, and where among the chunks the last of them ends."""
    n_frames, end, number = 0, 0, 0
    has_begun = has_pixels = False
    for i, chunk in enumerate(chunks):
        if chunk.kind == b"fcTL" and has_pixels:
            n_frames, end, has_pixels = n_frames + 1, i, False
        if chunk.kind in (b"fcTL", b"fdAT"):
            if not chunk.is_right or chunk.content[:4] != struct.pack(">I", number):
                return n_frames, end
            number += 1
        if chunk.kind == b"fcTL":
            if not _lies_within(chunks[0], chunk) or n_frames == MAX_FRAMES:
                return n_frames, end
            has_begun = True
        elif chunk.kind in (b"IDAT", b"fdAT"):
            has_pixels = has_begun
    return (n_frames + 1, len(chunks)) if has_pixels else (n_frames, end)


def _lies_within(header: Chunk, frame: Chunk) -> bool:
    if len(header.content) < 8 or len(frame.content) < 26:
        return False
    canvas = struct.unpack_from(">II", header.content)
    _, width, height, left, top = _FRAME.unpack_from(frame.content)
    return bool(0 < width <= canvas[0] - left and 0 < height <= canvas[1] - top)
