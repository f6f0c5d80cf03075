"""What of a picture file is given to a decoder, by what its structure says.

Decoders trust a file: they read all of its texts and profiles, refuse a whole picture for what lies
beside its pixels, and go on for minutes where it claims work without end. Here it is read first,
in time that grows with its bytes alone.
"""

from core.formats import avif, bmp, gif, jpeg, png, webp
from core.formats.essence import Essence

__all__ = ["Essence", "essence"]


def essence(data: bytes) -> Essence:
    """What a decoder needs of a file; all of it, where the format is none of those taken.

    Raises:
        ImageRejected: decoding it could take seconds or gigabytes.
    """
    if data.startswith(b"\xff\xd8\xff"):
        return jpeg.essence(data)
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return png.essence(data)
    if data.startswith(b"GIF8"):
        return gif.essence(data)
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return webp.essence(data)
    if data[4:8] == b"ftyp":
        return avif.essence(data)
    if data.startswith(b"BM"):
        return bmp.essence(data)
    return Essence(data)
