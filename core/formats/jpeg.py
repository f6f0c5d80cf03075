"""JPEG: its segments, and how often a decoder has to go over all of the picture."""

import re
from dataclasses import dataclass, field
from typing import Final

from core.formats import exif
from core.formats.essence import MAX_PARTS, Essence, within_budget

__all__ = ["essence"]

# A byte FF in the pixels is followed by 00 or a restart; FF before FF fills up.
_MARKER: Final = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
# As many as one likes are allowed, and Pillow starts over with each 64 KB of them: 8 s for 32 MB.
_FILLING: Final = re.compile(rb"\xff{2,}")
_MANY: Final = b"\xff" * 64
_SOI, _EOI, _SOS = 0xD8, 0xD9, 0xDA
_APPS: Final = range(0xE0, 0xF0)
# JFIF and Adobe's say how colours are stored. The others, EXIF and profiles among them, are read
# here or not at all.
_APPS_KEPT: Final = (0xE0, 0xEE)
_FRAMES: Final = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
_N_IMAGES: Final = 0xB001  # of the index of an MPO

# A scan goes over all pixels even where it says nothing, at 1 ns each. Of 7,255 real files none had
# more than 10, which is what encoders write.
_MAX_SCANS: Final = 100
_MAX_SCANNED_PIXELS: Final = 1_000_000_000


@dataclass(slots=True)
class _Seen:
    """What was found on the way."""

    kept: list[bytes] = field(default_factory=lambda: [b"\xff\xd8"])
    exif: bytes = b""
    is_mpo: bool = False
    n_pixels: int = 0
    n_scans: int = 0
    scans_at: int | None = None  # where the pixels begin


def essence(data: bytes) -> Essence:
    """What the first picture of a JPEG or MPO needs.

    Raises:
        ImageRejected: too many segments or scans.
    """
    seen = _Seen()
    at, n_parts, has_end = 2, 0, False
    while marker := _MARKER.search(data, at):
        n_parts += 1
        within_budget(n_parts, MAX_PARTS, "segments")
        at = marker.end()
        kind = data[at - 1]
        if kind == _EOI:
            has_end = True
            break
        if kind >= 0xC0 and kind != _SOI:
            at += max(2, int.from_bytes(data[at : at + 2], "big"))
        _see(seen, kind, data[marker.start() : at], marker.start())
    end = at if has_end else len(data)
    if seen.scans_at is not None:
        scans = data[seen.scans_at : end]
        seen.kept.append(_FILLING.sub(b"\xff", scans) if _MANY in scans else scans)
    elif not has_end:
        seen.kept.append(data[at:end])
    return Essence(
        b"".join(seen.kept),
        orientation=exif.orientation(seen.exif),
        n_frames=1,  # what people see of an MPO is the first photo
        format="MPO" if seen.is_mpo else "JPEG",
        has_end=has_end,
    )


def _see(seen: _Seen, kind: int, segment: bytes, at: int) -> None:
    content = segment[4:]
    if kind == _SOS:
        seen.n_scans += 1
        if seen.scans_at is None:
            seen.scans_at = at
        within_budget(seen.n_scans, _MAX_SCANS, "scans")
        within_budget(seen.n_scans * seen.n_pixels, _MAX_SCANNED_PIXELS, "pixels over all scans")
    elif kind in _FRAMES:
        height, width = (int.from_bytes(content[i : i + 2], "big") for i in (1, 3))
        seen.n_pixels = max(seen.n_pixels, width * height)
    elif kind == 0xE1 and content.startswith(b"Exif\0\0"):
        seen.exif = seen.exif or content
    elif kind == 0xE2 and content.startswith(b"MPF\0"):
        seen.is_mpo = seen.is_mpo or exif.whole_number(content[4:], _N_IMAGES) > 1
    if seen.scans_at is None and (kind not in _APPS or kind in _APPS_KEPT):
        seen.kept.append(segment)
