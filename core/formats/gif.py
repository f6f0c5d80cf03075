"""GIF: its frames, without what is written between them."""

import re
import struct
from dataclasses import dataclass
from typing import Final

from core.formats.essence import MAX_FRAMES, MAX_PIXELS, Essence, within_budget

__all__ = ["essence"]

_SCREEN_BYTES: Final = 13
_EXTENSION, _FRAME, _END = b"!,;"
_BLOCK: Final = re.compile(rb"[!,;]")
_GRAPHIC_CONTROL: Final = b"\xf9"  # which colour is transparent, and what becomes of the frame
# Of at most 255 bytes each, which encoders fill: a file of 32 MiB has 132,000. Pillow takes 1 us
# for each, three times.
_MAX_BLOCKS: Final = 400_000


class _Reader:
    """Goes through a file, and counts its steps."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0
        self._n = 0

    def take(self, n_bytes: int) -> bytes:
        """The next bytes; fewer where the file ends."""
        self.at += n_bytes
        return self.data[self.at - n_bytes : self.at]

    def take_colours(self, flags: int) -> bytes:
        """A table of colours, where the flags say that there is one."""
        return self.take(3 << (flags & 7) + 1 if flags & 0x80 else 0)

    def take_blocks(self) -> bytes:
        """Blocks of data with the empty one that ends them; without it where the file ends."""
        begin, data, n_bytes = self.at, self.data, len(self.data)
        at, n = begin, 0
        while at < n_bytes and data[at]:
            at += data[at] + 1
            n += 1
            if n > _MAX_BLOCKS:
                break
        self.count(n)
        self.at = at + 1
        return data[begin : self.at]

    def count(self, n_blocks: int = 1) -> None:
        """Know that there are so many more.

        Raises:
            ImageRejected: too many.
        """
        self._n += n_blocks
        within_budget(self._n, _MAX_BLOCKS, "blocks")

    @property
    def is_cut(self) -> bool:
        """Whether the file ended within what was taken last."""
        return self.at > len(self.data)


def essence(data: bytes) -> Essence:
    """The first frame of a GIF, and those after it that are whole and not too far outside.

    Raises:
        ImageRejected: too many blocks.
    """
    reader = _Reader(data)
    screen = reader.take(_SCREEN_BYTES)
    kept = [screen, reader.take_colours(screen[10] if len(screen) == _SCREEN_BYTES else 0)]
    size = _Size(*struct.unpack_from("<HH", screen.ljust(_SCREEN_BYTES, b"\0"), 6))
    n_frames = 0
    while n_frames < MAX_FRAMES and (kind := _next(reader)) in (_EXTENSION, _FRAME):
        if kind == _EXTENSION:
            label = reader.take(1)
            blocks = reader.take_blocks()
            if label == _GRAPHIC_CONTROL:
                kept.append(b"!" + label + blocks)
            continue
        frame = _frame(reader)
        if n_frames > 0 and (reader.is_cut or not size.takes_in(frame)):
            break
        size.takes_in(frame)
        kept.append(frame)
        n_frames += 1
    return Essence(b"".join(kept) + b";", n_frames=max(1, n_frames))


def _next(reader: _Reader) -> int:
    """What comes next, over bytes that mean nothing."""
    found = _BLOCK.search(reader.data, reader.at)
    if found is None:
        return _END
    reader.count()
    reader.at = found.end()
    return reader.data[found.start()]


def _frame(reader: _Reader) -> bytes:
    place = reader.take(9)
    colours = reader.take_colours(place[8] if len(place) == 9 else 0)
    return b"," + place + colours + reader.take(1) + reader.take_blocks()


@dataclass(slots=True)
class _Size:
    """How large a decoder makes the picture, for all frames to lie in it."""

    width: int
    height: int

    def takes_in(self, frame: bytes) -> bool:
        """Grow so that a frame has room; says whether that is a size that is taken."""
        left, top, width, height = struct.unpack_from("<4H", frame.ljust(9, b"\0"), 1)
        grown = max(self.width, left + width), max(self.height, top + height)
        if grown[0] * grown[1] > MAX_PIXELS:
            return False
        self.width, self.height = grown
        return True
