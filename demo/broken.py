"""Files that are no memes, such as every crawl meets."""

import struct
import zlib

BOMB_SIDE_PX = 30_000


def broken_files(a_jpeg: bytes) -> list[tuple[str, bytes]]:
    """File extension and content of each kind of broken file.

    Args:
        a_jpeg: A sound picture, to be cut short.
    """
    page = b"<!DOCTYPE html><html><body><h1>429 Too Many Requests</h1></body></html>\n"
    return [
        ("jpg", b""),
        ("jpg", a_jpeg[: len(a_jpeg) // 2]),
        ("jpg", page),
        ("png", b"The picture you are looking for has been moved.\n"),
        ("png", bomb()),
    ]


def bomb() -> bytes:
    """A PNG of some sixty bytes whose header declares 30,000 x 30,000 pixels.

    Decoding it would take 2.7 GB, so it has to be refused from the header alone.
    """
    eight_bit_rgb = struct.pack(">IIBBBBB", BOMB_SIDE_PX, BOMB_SIDE_PX, 8, 2, 0, 0, 0)
    pixels = zlib.compress(bytes(16))
    chunks = ((b"IHDR", eight_bit_rgb), (b"IDAT", pixels), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, body) for kind, body in chunks)


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
