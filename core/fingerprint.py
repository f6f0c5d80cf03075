"""What identifies a picture: the hash of its bytes and two perceptual hashes."""

import hashlib
from dataclasses import dataclass
from typing import Final

import imagehash

from core.images import Header, decode, read_header

__all__ = ["Fingerprint", "fingerprint", "hash_bytes"]

# pHash looks at a 64 x 64 reduction at most; from 256 px on, decoding finer changes under one bit.
_DECODED_PX: Final = 256


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """One file's identity."""

    sha256: str  # hex, 64 characters
    phash64: str  # hex, 16 characters
    phash256: str  # hex, 64 characters
    header: Header
    n_bytes: int


def hash_bytes(data: bytes) -> str:
    """SHA-256 in hex: the name under which the file is kept."""
    return hashlib.sha256(data).hexdigest()


def fingerprint(data: bytes) -> Fingerprint:
    """The fingerprint of one image file.

    The hashes are `imagehash.phash` (hash_size 8 and 16) of the picture that `core.images.decode`
    gives at 256 px: upright, transparency over white, first frame. imagehash's own default reads
    the file unrotated with transparency dropped, so the two differ on such files.

    Raises:
        ImageRejected: not an image that is taken.
    """
    header = read_header(data)
    grey = decode(data, at_least_px=_DECODED_PX).convert("L")
    return Fingerprint(
        sha256=hash_bytes(data),
        phash64=str(imagehash.phash(grey, hash_size=8)),
        phash256=str(imagehash.phash(grey, hash_size=16)),
        header=header,
        n_bytes=len(data),
    )
