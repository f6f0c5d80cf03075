"""A chunk of a PNG."""

import struct
import zlib
from dataclasses import dataclass

__all__ = ["Chunk"]


@dataclass(frozen=True, slots=True)
class Chunk:
    """One part of the file."""

    kind: bytes
    content: memoryview
    whole: memoryview | bytes  # from its length to its checksum

    @classmethod
    def of(cls, kind: bytes, content: bytes) -> "Chunk":
        """A new one."""
        checksum = struct.pack(">I", zlib.crc32(kind + content))
        whole = struct.pack(">I", len(content)) + kind + content + checksum
        return cls(kind, memoryview(content), whole)

    @property
    def is_right(self) -> bool:
        """Whether all of it is there, with the checksum of its content."""
        checksum = zlib.crc32(self.content, zlib.crc32(self.kind))
        return self.whole[len(self.content) + 8 :] == struct.pack(">I", checksum)

    @property
    def is_ancillary(self) -> bool:
        """Whether there is a picture without it."""
        return bool(self.kind[0] & 0x20)
