"""The part of a picture file that its pixels need, and what is known of the rest."""

from dataclasses import dataclass
from typing import Final

from core.errors import ImageRejected, Reject

__all__ = ["MAX_FRAMES", "MAX_PARTS", "MAX_PIXELS", "Essence", "within_budget"]

# The tallest of 12,621 real memes had about 12 megapixels; 50 decode to 150 MB of RGB.
MAX_PIXELS: Final = 50_000_000
# Decoders spend 2 to 10 us on a part (a segment, chunk or box), however empty: .5 s for so many. A
# PNG of 32 MiB has 4,100 chunks, as libpng writes them; none of 7,255 real JPEGs had 30 segments.
MAX_PARTS: Final = 50_000
# Later ones are passed over: three minutes of a video.
MAX_FRAMES: Final = 5_000


@dataclass(frozen=True, slots=True)
class Essence:
    """What a decoder is given of a file, and what it need not be asked."""

    data: bytes
    orientation: int | None = None  # of EXIF, 1 to 8; None: it is for the decoder to say
    n_frames: int | None = None  # whole ones, from the first; None: the decoder counts right
    format: str | None = None  # None: as the decoder calls it
    has_end: bool = True  # the mark that nothing is missing; without it, nobody knows yet


def within_budget(n: int, bound: int, what: str) -> None:
    """See that there are no more of something than decoding can be spent on.

    Raises:
        ImageRejected: there are.
    """
    if n > bound:
        raise ImageRejected(Reject.TOO_COSTLY, f"more than {bound:,} {what}")
