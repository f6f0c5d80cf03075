"""Files as a stranger would damage them: anywhere, and where formats keep sizes and frames."""

import io
import random
import struct
import zlib
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Final

from PIL import Image

from tests.pictures import draw

__all__ = ["Mutant", "animations", "mutants", "seeds_of"]

Mutant = tuple[str, bytes]
"""What makes it again (a seed file and a number), and the bytes."""

_MAX_SEED_BYTES: Final = 2_000_000
_EXTREMES: Final = (b"\0\0\0\0", b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\x80\0\0\0")
_PNG: Final = b"\x89PNG\r\n\x1a\n"


def seeds_of(folder: Path) -> dict[str, bytes]:
    """The files of a folder, and animations drawn here: all that mutants are made of."""
    files = {
        path.name: path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.stat().st_size <= _MAX_SEED_BYTES
    }
    return files | animations()


def animations() -> dict[str, bytes]:
    """One of each format that moves."""
    drawn = {}
    for format_name in ("GIF", "WEBP", "PNG", "AVIF"):
        out = io.BytesIO()
        first, *others = (draw(number).resize((64, 64)) for number in range(5))
        first.save(out, format_name, save_all=True, append_images=others, duration=50)
        drawn[f"animation.{format_name.lower()}"] = out.getvalue()
    return drawn


def mutants(seeds: dict[str, bytes], n: int, seed: int) -> Iterator[Mutant]:
    """So many, the same for the same seed; every third is of an animation."""
    still = sorted(seeds)
    moving = [name for name in still if _moves(seeds[name])]
    for i in range(n):
        rng = random.Random(f"{seed} {i}")
        name = moving[i // 3 % len(moving)] if i % 3 == 0 else still[i % len(still)]
        yield f"{name} #{i}", _mutated(seeds[name], rng)


def _moves(data: bytes) -> bool:
    try:
        with Image.open(io.BytesIO(data)) as image:
            return bool(getattr(image, "is_animated", False))
    except Exception:  # noqa: BLE001  # a seed may be damaged in any way
        return False


def _mutated(data: bytes, rng: random.Random) -> bytes:
    if rng.random() < 0.5:
        parts = _parts(data)
        if len(parts) > 1:
            return _joined(_changed_parts(parts, rng), data, rng)
    if rng.random() < 0.2:
        return _with_odd_exif(data, rng)
    return _changed_bytes(data, rng)


def _changed_bytes(data: bytes, rng: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 4, 16))):
        if not changed:
            break
        # Headers are where sizes and counts are.
        end = len(changed) if rng.random() < 0.5 else min(len(changed), 512)
        at = rng.randrange(end)
        match rng.randrange(6):
            case 0:
                del changed[at:]
            case 1:
                changed[at] ^= 1 << rng.randrange(8)
            case 2:
                changed[at : at + 4] = rng.choice(_EXTREMES)
            case 3:
                del changed[at : at + rng.randrange(1, 64)]
            case 4:
                changed[at:at] = changed[at : at + rng.randrange(1, 256)]
            case 5:
                changed[at : at + 16] = rng.randbytes(16)
    return bytes(changed)


def _changed_parts(parts: list[bytes], rng: random.Random) -> list[bytes]:
    parts = list(parts)
    for _ in range(rng.choice((1, 1, 2, 4))):
        at = rng.randrange(len(parts))
        match rng.randrange(5):
            case 0 if len(parts) > 1:
                del parts[at]
            case 1:
                parts[at:at] = [parts[at]] * rng.choice((1, 2, 50))
            case 2:
                other = rng.randrange(len(parts))
                parts[at], parts[other] = parts[other], parts[at]
            case _:
                parts[at] = _changed_bytes(parts[at], rng)
    return parts


def _parts(data: bytes) -> list[bytes]:
    """The chunks, segments, frames or boxes that a file is made of; together, the file."""
    kinds: tuple[tuple[bool, Callable[[bytes], Iterator[int]]], ...] = (
        (data.startswith(_PNG), _png_cuts),
        (data.startswith(b"\xff\xd8"), _jpeg_cuts),
        (data[:4] == b"RIFF", _riff_cuts),
        (data[:3] == b"GIF", _gif_cuts),
        (data[4:8] == b"ftyp", _box_cuts),
    )
    cuts = [0, *next((list(cut(data)) for is_one, cut in kinds if is_one), []), len(data)]
    return [data[a:b] for a, b in pairwise(cuts) if a < b]


def _png_cuts(data: bytes) -> Iterator[int]:
    at = len(_PNG)
    while at + 8 <= len(data):
        yield at
        at += 12 + int.from_bytes(data[at : at + 4])


def _jpeg_cuts(data: bytes) -> Iterator[int]:
    at = 2
    while at + 4 <= len(data) and data[at] == 0xFF:
        yield at
        at += 2 + int.from_bytes(data[at + 2 : at + 4])
        if data[at : at + 1] != b"\xff":  # behind the head of a scan
            scan = data.find(b"\xff", at)
            while scan >= 0 and data[scan + 1 : scan + 2] in (b"\0", *_RESTARTS):
                scan = data.find(b"\xff", scan + 2)
            if scan < 0:
                return
            at = scan


_RESTARTS: Final = tuple(bytes([0xD0 + i]) for i in range(8))


def _riff_cuts(data: bytes) -> Iterator[int]:
    at = 12
    while at + 8 <= len(data):
        yield at
        size = int.from_bytes(data[at + 4 : at + 8], "little")
        at += 8 + size + size % 2


def _gif_cuts(data: bytes) -> Iterator[int]:
    """Before each image and each block about one: found by their first bytes, near enough."""
    for at in range(13, len(data) - 10):
        if data[at : at + 3] == b"\x21\xf9\x04" or (data[at - 1 : at + 1] == b"\0\x2c"):
            yield at


def _box_cuts(data: bytes) -> Iterator[int]:
    at = 0
    while at + 8 <= len(data):
        if at:
            yield at
        at += max(8, int.from_bytes(data[at : at + 4]))


def _joined(parts: list[bytes], original: bytes, rng: random.Random) -> bytes:
    """A file of the parts; half of them with right sums and sizes, so that readers go on."""
    if rng.random() < 0.5:
        if original.startswith(_PNG):
            parts = [_with_sum(part) if i else part for i, part in enumerate(parts)]
        elif original[:4] == b"RIFF" and len(parts[0]) >= 12:
            size = sum(map(len, parts)) - 8
            parts[0] = parts[0][:4] + struct.pack("<I", size) + parts[0][8:]
    return b"".join(parts)


def _with_sum(chunk: bytes) -> bytes:
    kind, data = chunk[4:8], chunk[8:-4]
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _with_odd_exif(data: bytes, rng: random.Random) -> bytes:
    """The file with an EXIF block whose tags have any type, count and value."""
    n = rng.randrange(1, 8)
    tags = (0x0100, 0x010E, 0x0112, 0x0131, 0x8769, 0x8825, 0x927C, 0x9286, 0xA002)
    entries = b"".join(
        struct.pack(
            ">HHI", rng.choice(tags), rng.randrange(14), rng.choice((0, 1, 2, 9, 2**31, 2**32 - 1))
        )
        + rng.choice((struct.pack(">I", rng.randrange(9)), rng.randbytes(4), *_EXTREMES))
        for _ in range(n)
    )
    exif = b"MM\0*\0\0\0\x08" + struct.pack(">H", n) + entries + rng.choice(_EXTREMES)
    if data.startswith(b"\xff\xd8"):
        body = b"Exif\0\0" + exif
        return data[:2] + b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body + data[2:]
    if data.startswith(_PNG):
        chunk = _with_sum(b"\0\0\0\0eXIf" + exif + b"\0\0\0\0")
        return data[:33] + chunk + data[33:]
    if data[:4] == b"RIFF":
        chunk = b"EXIF" + struct.pack("<I", len(exif)) + exif + b"\0" * (len(exif) % 2)
        return data[:4] + struct.pack("<I", len(data) + len(chunk) - 8) + data[8:] + chunk
    return _changed_bytes(data, rng)
