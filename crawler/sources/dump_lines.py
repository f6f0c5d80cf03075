"""The lines of a dump, whole ones some at a time, in memory that no dump can make grow."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from backports import zstd

from core.errors import BadInput
from crawler.sources import SourceFailed

__all__ = [
    "MAX_LINE_BYTES",
    "Block",
    "blocks",
    "end_of_line",
    "first_lines",
    "size_of",
    "spans",
    "unpacking",
]

MAX_LINE_BYTES: Final = 2**22
"""Of a longer line nothing is kept. The longest of the real posts that we have seen is a gallery of
27 kB; 40,000 letters of text, the most that Reddit takes, are 480 kB where each is two escapes, and
twice that with the post that a crosspost holds."""

_MAX_PIECE: Final = 2**20  # bytes of text that are unpacked at a time: 32 kB may hold a gigabyte
_HEAD_BYTES: Final = 2**20  # of text, in which a dump shows that it is one
# As dumps are made: --long=31
_ZSTD: Final[Mapping[int, int]] = {int(zstd.DecompressionParameter.window_log_max): 31}
_MAGIC: Final = b"\x28\xb5\x2f\xfd"
_SKIPPABLE: Final = b"\x2a\x4d\x18"  # of a frame that holds no text, behind one of the next
_SKIPPABLE_FIRST: Final = bytes(range(0x50, 0x60))
_PACKED: Final = {b"\x1f\x8b": "gunzip", b"BZh": "bunzip2", b"\xfd7zXZ": "unxz", b"PK": "unzip"}


@dataclass(frozen=True, slots=True)
class Block:
    """Some whole lines of a text.

    Before the place where one starts there is nothing in it, so that going there is a work of
    steps; nor is there within and behind a line that is too long.
    """

    at: int  # where it begins in the text, in bytes
    lines: bytes
    has_skipped: bool = False  # a line that ended before it, which was too long

    @property
    def end(self) -> int:
        """Where it ends in the text."""
        return self.at + len(self.lines)


def blocks(path: Path, start: int, read_bytes: int) -> Iterator[Block]:
    """The text of a file from a place on, as whole lines.

    Args:
        path: of text, or of text packed by zstd; the bytes tell.
        start: where to begin in the text.
        read_bytes: read from the file at a time.

    Raises:
        SourceFailed: it cannot be read, or not to its end.
    """
    at = 0  # where a piece begins
    rest = bytearray()  # the beginning of a line that ends in a later piece
    is_skipping = False  # to the end of a line that is too long
    for text in _text(path, read_bytes):
        begin = min(max(0, start - at), len(text))
        if is_skipping and (end := text.find(b"\n", begin) + 1):
            yield Block(at + end, b"", has_skipped=True)
            is_skipping, begin = False, end
        end = text.rfind(b"\n", begin) + 1
        if end and not is_skipping:
            lines = b"".join((rest, memoryview(text)[begin:end]))  # copies once, unlike +
            yield Block(at + end - len(lines), lines)
            rest, begin = bytearray(), end
        elif at < start or is_skipping:
            yield Block(at, b"")
        if not is_skipping:
            rest += text[begin:]
        at += len(text)
        if len(rest) > MAX_LINE_BYTES:
            rest, is_skipping = bytearray(), True
    yield Block(at - len(rest), bytes(rest), has_skipped=is_skipping)


def spans(lines: bytes) -> Iterator[tuple[int, int]]:
    """Where the lines begin and end, without those that are blank."""
    end = 0
    while (begin := end) < len(lines):
        end = end_of_line(lines, begin)
        if lines[begin:end].strip():
            yield begin, end


def end_of_line(lines: bytes, at: int) -> int:
    """Where the line ends that holds a position, with its line feed."""
    return lines.find(b"\n", at) + 1 or len(lines)


def size_of(path: Path) -> int:
    """The bytes of a file.

    Raises:
        BadInput: there is no such file, or it is empty.
    """
    try:
        n_bytes = path.stat().st_size
    except (OSError, ValueError) as error:  # ValueError: a name with NUL
        what = error.strerror if isinstance(error, OSError) else error
        raise BadInput(f"{path}: {what}; name a dump such as RS_2024-01.zst") from error
    if n_bytes == 0:
        raise BadInput(f"{path}: is empty; download it again")
    return n_bytes


def first_lines(path: Path, read_bytes: int) -> list[bytes]:
    """The whole lines in the first megabyte of a file's text, without those that are blank.

    Raises:
        BadInput: there is no such file, it is empty, or nothing of it can be read.
    """
    size_of(path)
    lines = list[bytes]()
    try:
        for block in blocks(path, 0, read_bytes):
            lines += (block.lines[begin:end] for begin, end in spans(block.lines))
            if block.end >= _HEAD_BYTES:
                break
    except SourceFailed as error:  # what comes before the damage is told by the listing
        if not lines:
            raise BadInput(str(error)) from error
    return lines


def unpacking(path: Path) -> str:
    """The program that unpacks a file which is packed in another way than by zstd; else nothing."""
    with path.open("rb") as file:
        head = file.read(max(map(len, _PACKED)))
    return next((program for magic, program in _PACKED.items() if head.startswith(magic)), "")


def _text(path: Path, read_bytes: int) -> Iterator[bytes]:
    """The text of a file, piece by piece.

    Raises:
        SourceFailed: it cannot be read, or not to its end.
    """
    try:
        with path.open("rb") as file:
            is_zstd = _is_zstd(file.read(len(_MAGIC)))
            file.seek(0)
            pieces = iter(lambda: file.read(read_bytes), b"")
            yield from _unpacked(pieces) if is_zstd else pieces
    except OSError as error:
        raise SourceFailed(f"{path}: cannot be read: {error.strerror}") from error
    except (zstd.ZstdError, EOFError) as error:
        raise SourceFailed(f"{path}: {error}; download it again") from error


def _is_zstd(head: bytes) -> bool:
    return head == _MAGIC or (head[:1] in _SKIPPABLE_FIRST and head[1:] == _SKIPPABLE)


def _unpacked(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """The text of one zstd frame after another.

    Raises:
        ZstdError: damaged, or not zstd.
        EOFError: the last frame is cut.
    """
    frame = zstd.ZstdDecompressor(options=_ZSTD)
    is_cut = False
    for piece in pieces:
        while piece or not frame.needs_input:
            text = frame.decompress(piece, _MAX_PIECE)
            is_cut, piece = not frame.eof, frame.unused_data
            if text:
                yield text
            if frame.eof:
                frame = zstd.ZstdDecompressor(options=_ZSTD)
    if is_cut:
        raise EOFError("it ends too early")
