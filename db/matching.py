"""Is this picture a meme we have, another meme on a template we have, or neither?"""

from dataclasses import dataclass
from typing import Final

import faiss
import numpy as np
import numpy.typing as npt
from sqlalchemy import select
from sqlalchemy.orm import Session

from core.fingerprint import Fingerprint
from db.models import Meme

__all__ = ["Decision", "Matcher", "New", "Repost", "SameTemplate"]

# Of 256 bits. A first rule: stricter than the usual 31, which loses 215 of 1,200 memes that differ
# in their captions alone.
_REPOST_BITS: Final = 16
# Of 64 bits: captions barely move the short hash, so it finds the template. It drops nothing.
_TEMPLATE_BITS: Final = 10
# How many neighbours are looked at, however popular the template.
_N_NEAREST: Final = 8


@dataclass(frozen=True, slots=True)
class Repost:
    """The same meme again."""

    of: int  # meme id
    distance: int  # bits of 256


@dataclass(frozen=True, slots=True)
class SameTemplate:
    """Another meme on a base picture that we have."""

    template: int  # template id
    distance: int  # bits of 64


@dataclass(frozen=True, slots=True)
class New:
    """Neither."""


Decision = Repost | SameTemplate | New


class Matcher:
    """All memes' hashes in memory, searched exactly with FAISS."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Start over: for after a rollback, which takes back rows that were followed."""
        self._by_256 = faiss.IndexBinaryFlat(256)
        self._by_64 = faiss.IndexBinaryFlat(64)
        self._rows: list[tuple[int, int, int]] = []  # meme id, template id, frames; by position
        self._last_id = 0

    def follow(self, session: Session) -> None:
        """Take in the memes added since, by this process or another."""
        rows = session.execute(
            select(Meme.id, Meme.template_id, Meme.frames, Meme.phash64, Meme.phash256)
            .where(Meme.id > self._last_id)
            .order_by(Meme.id)
        ).all()
        if not rows:
            return
        self._by_64.add(_bits([row.phash64 for row in rows]))
        self._by_256.add(_bits([row.phash256 for row in rows]))
        self._rows.extend((row.id, row.template_id, row.frames) for row in rows)
        self._last_id = rows[-1].id

    def decide(self, picture: Fingerprint) -> Decision:
        """What this picture is to the memes followed so far."""
        if not self._rows:
            return New()
        distances, positions = _nearest(self._by_256, picture.phash256, _N_NEAREST)
        for distance, position in zip(distances[0], positions[0], strict=True):
            if position < 0 or distance > _REPOST_BITS:
                break
            meme_id, _, frames = self._rows[position]
            # The hashes see the first frame alone: a still is not the animation it was taken from.
            if frames == picture.header.frames:
                return Repost(of=meme_id, distance=int(distance))
        distances, positions = _nearest(self._by_64, picture.phash64, 1)
        if distances[0, 0] <= _TEMPLATE_BITS:
            _, template_id, _ = self._rows[positions[0, 0]]
            return SameTemplate(template=template_id, distance=int(distances[0, 0]))
        return New()


def _nearest(
    index: faiss.IndexBinaryFlat, phash: str, k: int
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int64]]:
    """The k nearest, nearest first: distances and positions, (1, k) each; position -1: no more."""
    # A single query gains nothing by more threads, and on a busy machine waits for them: 10 ms
    # instead of 10 us. The setting holds for the calling thread alone.
    faiss.omp_set_num_threads(1)
    distances, positions = index.search(_bits([phash]), k)
    return distances, positions


def _bits(hashes: list[str]) -> npt.NDArray[np.uint8]:
    """Hex hashes as FAISS wants them: (N, bits / 8) uint8."""
    return np.frombuffer(bytes.fromhex("".join(hashes)), dtype=np.uint8).reshape(len(hashes), -1)
