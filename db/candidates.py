"""The memes that a picture is compared with, as far as they are needed."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from core.errors import MemeEraError
from core.fingerprint import fingerprint
from core.images import decode
from core.signature import Signature, unpack
from core.words import Line, from_json, read_words
from db.media import MediaStore
from db.models import Meme, MemeStatus
from db.registration import ROUGH_PX, Grey, reduced

__all__ = ["Candidate", "Candidates", "far_apart"]

# Of 256 bits: later frames of one animation differ by its compression and cropping.
_SAME_FRAME_BITS: Final = 48


@dataclass(frozen=True)  # not slots: cached_property needs a __dict__
class Candidate:
    """A meme of the collection, with what is kept to compare pictures with it."""

    meme_id: int
    template_id: int
    motion: str | None
    signature: Signature

    @cached_property
    def rough(self) -> Grey:
        """Its signature at ROUGH_PX."""
        return reduced(self.signature.whole, ROUGH_PX)

    @cached_property
    def rough_inner(self) -> Grey | None:
        """The signature of what it frames, at ROUGH_PX."""
        inner = self.signature.inner
        return None if inner is None else reduced(inner, ROUGH_PX)


class Candidates:
    """Memes by id, read once for one picture."""

    def __init__(self, session: Session, media: MediaStore) -> None:
        self._session = session
        self._media = media
        self._known: dict[int, Candidate] = {}

    def of(self, meme_ids: Sequence[int]) -> list[Candidate]:
        """Those of these memes that may be shown, in the order asked for."""
        missing = [meme_id for meme_id in meme_ids if meme_id not in self._known]
        if missing:
            rows = self._session.execute(
                select(
                    Meme.id, Meme.template_id, Meme.motion, Meme.signature, Meme.sha256, Meme.format
                ).where(Meme.id.in_(missing), Meme.status == MemeStatus.ACTIVE)
            )
            for row in rows:
                # Rows from before signatures were kept; `rematch` fills them in for good. Without
                # its file, which `check` tells, such a meme cannot be compared.
                with suppress(MemeEraError):
                    kept = row.signature
                    if kept is None:
                        kept = fingerprint(self._media.get(row.sha256, row.format)).signature
                    signature = unpack(kept)
                    self._known[row.id] = Candidate(row.id, row.template_id, row.motion, signature)
        return [self._known[meme_id] for meme_id in meme_ids if meme_id in self._known]

    def words(self, meme_id: int) -> tuple[Line, ...]:
        """The words in a meme's picture, read now where they never were.

        Raises:
            MemeEraError: its file is missing.
        """
        row = self._session.execute(
            select(Meme.words, Meme.sha256, Meme.format).where(Meme.id == meme_id)
        ).one()
        if row.words is not None:
            return from_json(row.words)
        return read_words(decode(self._media.get(row.sha256, row.format)))


def far_apart(motion: str | None, other: str | None) -> bool:
    """Whether one of two pictures stands still and one moves, or their later frames differ."""
    if motion is None or other is None:
        return motion is not other
    frames = (np.frombuffer(bytes.fromhex(m), np.uint8).reshape(-1, 32) for m in (motion, other))
    one, two = frames
    if one.shape != two.shape:
        return True
    bits = np.unpackbits(one ^ two, axis=1).sum(axis=1)  # (frames,)
    return bool((bits > _SAME_FRAME_BITS).any())
