"""Finds memes that a model sees alike: its embeddings in memory, searched exactly."""

from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any, Final

import faiss
import numpy as np
import numpy.typing as npt
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db.columns import ASKED_AT_ONCE
from db.models import Meme, MemeStatus, Prediction

__all__ = ["EmbeddingIndex", "Similar", "packed_embedding"]

_KEPT_AS: Final = np.dtype("<f2")  # half the bytes; what is near stays near
_N_LOADED: Final = 5_000  # rows held at a time
# Of those found, some may be gone, or the asker's own: so many more are looked at.
_N_MORE: Final = 32


@dataclass(frozen=True, slots=True)
class Similar:
    """A meme that a model sees as like another."""

    meme_id: int
    cosine: float  # of the angle between the two, -1 to 1


def packed_embedding(embedding: npt.ArrayLike) -> bytes:
    """An embedding, (n,), as a row keeps it: 16-bit floats, the least byte first."""
    return np.asarray(embedding).astype(_KEPT_AS).tobytes()


class EmbeddingIndex:
    """What one model version makes of the memes there are; it follows what is predicted anew.

    Args:
        model_version: of the model.
    """

    def __init__(self, model_version: str) -> None:
        self._model_version = model_version
        self._index: Any = None  # made with the first: rows tell how long they are
        self._last_id = 0  # of the predictions taken in
        self._lock = Lock()

    def __len__(self) -> int:
        return 0 if self._index is None else int(self._index.ntotal)

    def follow(self, session: Session) -> None:
        """Take in what was predicted since; from the start where anything else has changed."""
        with self._lock:
            there = session.execute(self._there()).one()
            if (there.n, there.last_id) == (len(self), self._last_id or None):
                return
            self._take_in(session)
            # Rows went, or such came that others were faster than: their ids are not the last.
            if len(self) != there.n:
                self._index, self._last_id = None, 0
                self._take_in(session)

    def _take_in(self, session: Session) -> None:
        while rows := session.execute(self._since()).all():
            vectors = np.frombuffer(b"".join(row.embedding for row in rows), _KEPT_AS)
            vectors = vectors.reshape(len(rows), -1).astype(np.float32)
            if self._index is None:
                kept = faiss.IndexScalarQuantizer(
                    vectors.shape[1],
                    faiss.ScalarQuantizer.QT_fp16,
                    faiss.METRIC_INNER_PRODUCT,
                )
                self._index = faiss.IndexIDMap(kept)
            self._index.add_with_ids(vectors, np.array([row.meme_id for row in rows]))
            self._last_id = rows[-1].id

    def nearest(
        self, session: Session, embedding: npt.NDArray[np.float32], k: int, *, but: int | None
    ) -> list[Similar]:
        """The memes most alike, the most alike first; none that was removed.

        Args:
            session: reads.
            embedding: (n,) float32 of length 1, by the same model version.
            k: how many.
            but: a meme that is left out.
        """
        if not len(self):
            return []
        with self._lock:
            # A single query gains nothing by more threads, and on a busy machine waits for them.
            faiss.omp_set_num_threads(1)
            n = min(k + _N_MORE, len(self), ASKED_AT_ONCE)
            cosines, memes = self._index.search(embedding[np.newaxis], n)  # (1, n) each
        active = _active(session, memes[0].tolist()) - {but}
        found: dict[int, Similar] = {}
        for meme, cosine in zip(memes[0].tolist(), cosines[0].tolist(), strict=True):
            if meme in active:
                found.setdefault(meme, Similar(meme, round(cosine, 4)))
        return list(found.values())[:k]

    def _there(self) -> Any:
        return select(
            func.count(Prediction.id).label("n"), func.max(Prediction.id).label("last_id")
        ).where(Prediction.model_version == self._model_version, Prediction.embedding.is_not(None))

    def _since(self) -> Any:
        return (
            select(Prediction.id, Prediction.meme_id, Prediction.embedding)
            .where(
                Prediction.model_version == self._model_version,
                Prediction.embedding.is_not(None),
                Prediction.id > self._last_id,
            )
            .order_by(Prediction.id)
            .limit(_N_LOADED)
        )


def _active(session: Session, memes: Sequence[int]) -> set[int | None]:
    query = select(Meme.id).where(Meme.id.in_(memes), Meme.status == MemeStatus.ACTIVE)
    return set(session.scalars(query))
