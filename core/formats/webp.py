"""WebP: the chunks that its pixels need, in a container whose length is right."""

import struct
from collections.abc import Iterator
from typing import Final

from core.formats import exif
from core.formats.essence import MAX_FRAMES, MAX_PARTS, Essence, within_budget

__all__ = ["essence"]

_HEADER_BYTES: Final = 12
_PICTURE: Final = (b"VP8 ", b"VP8L")
_KEPT: Final = (*_PICTURE, b"ALPH", b"ANIM", b"ANMF")
_SIZE: Final = struct.Struct("<4sI")
# Of the extended header: that there is a profile, EXIF, XMP.
_BESIDE: Final = 0x20 | 0x08 | 0x04


def essence(data: bytes) -> Essence:
    """The picture of a WebP, or its frames as far as they are whole.

    Raises:
        ImageRejected: too many chunks.
    """
    kept: list[bytes] = []
    canvas = (0, 0)
    turned = exif.UPRIGHT
    n_frames = 0
    for kind, content, whole in _chunks(data):
        if kind == b"EXIF":
            turned = exif.orientation(content)
        elif kind == b"VP8X" and len(content) >= 10:
            canvas = _number(content[4:7]) + 1, _number(content[7:10]) + 1
            kept.append(whole[:8] + bytes([content[0] & ~_BESIDE]) + content[1:])
        elif kind in _KEPT:
            if kind == b"ANMF":
                if n_frames == MAX_FRAMES or (n_frames and not _is_whole(whole, canvas)):
                    break
                n_frames += 1
            kept.append(whole)
    body = b"WEBP" + b"".join(kept)
    return Essence(_SIZE.pack(b"RIFF", len(body)) + body, orientation=turned)


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes, bytes]]:
    """Kind, content and all of each chunk, whatever length the file claims for itself."""
    at, n = _HEADER_BYTES, 0
    while at + _SIZE.size <= len(data):
        n += 1
        within_budget(n, MAX_PARTS, "chunks")
        kind, length = _SIZE.unpack_from(data, at)
        begin, end = at + 8, at + 8 + length
        odd = length % 2
        # Of the last one, the byte that fills it up to an even length may be missing.
        fill = b"\0" if odd and end == len(data) else b""
        yield kind, data[begin:end], data[at : end + odd] + fill
        at = end + odd


def _is_whole(frame: bytes, canvas: tuple[int, int]) -> bool:
    """Whether a later frame is all there, and lies on the canvas, without which none is read."""
    kind, length = _SIZE.unpack_from(frame)
    if len(frame) != 8 + length + length % 2 or length < 24:
        return False
    left, top, width, height = (_number(frame[at : at + 3]) for at in range(8, 20, 3))
    if 2 * left + width + 1 > canvas[0] or 2 * top + height + 1 > canvas[1]:
        return False
    kinds = []
    at = 24
    while at + 8 <= len(frame):
        kind, length = _SIZE.unpack_from(frame, at)
        kinds.append(kind)
        at += 8 + length + length % 2
    return at <= len(frame) and any(kind in _PICTURE for kind in kinds)


def _number(three_bytes: bytes) -> int:
    return int.from_bytes(three_bytes, "little")
