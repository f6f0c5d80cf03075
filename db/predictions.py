"""What models say of memes: which are still to be asked about, and what was said."""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Exists, delete, func, insert, select
from sqlalchemy.orm import Session

from core.batched import batched
from core.genres import GENRES
from db.columns import ASKED_AT_ONCE
from db.models import Meme, MemeStatus, Prediction

__all__ = [
    "Opinion",
    "Said",
    "Unpredicted",
    "entropy",
    "families_of",
    "keep_predictions",
    "n_unpredicted",
    "opinions_of",
    "unpredicted",
]


@dataclass(frozen=True, slots=True)
class Unpredicted:
    """A meme that a model has said nothing of."""

    meme_id: int
    template_id: int
    sha256: str
    format: str


@dataclass(frozen=True, slots=True)
class Said:
    """What a model says of one meme."""

    scores: Mapping[str, float]  # probability by genre
    # Years: as likely earlier as later; one in ten is earlier, one in ten is later.
    year: int
    year_low: int
    year_high: int
    embedding: bytes  # `db.embeddings.packed_embedding`


@dataclass(frozen=True, slots=True)
class Opinion:
    """Which genre one model takes a meme for."""

    scores: Mapping[str, float]  # probability by genre
    held_out: bool  # whether it had never learned from this meme, nor from its family


def entropy(scores: Mapping[str, float]) -> float:
    """How undecided scores are: 0 for one genre alone, 1 for all eight alike.

    Shannon's entropy as a share of the greatest possible, whichever genres the model knows.
    """
    bits = -sum(score * math.log(score) for score in scores.values() if score > 0)
    return max(0.0, min(1.0, bits / math.log(len(GENRES))))


def unpredicted(
    session: Session, model_version: str, *, after: int, limit: int
) -> list[Unpredicted]:
    """Memes of which a model version has said nothing yet, in the order of their ids.

    Args:
        session: reads.
        model_version: of the model.
        after: only memes with greater ids.
        limit: at most so many.
    """
    query = (
        select(Meme.id, Meme.template_id, Meme.sha256, Meme.format)
        .where(Meme.status == MemeStatus.ACTIVE, Meme.id > after, ~_said(model_version))
        .order_by(Meme.id)
        .limit(limit)
    )
    return [Unpredicted(*row) for row in session.execute(query)]


def n_unpredicted(session: Session, model_version: str) -> int:
    """Of how many memes a model version has said nothing yet."""
    query = select(func.count(Meme.id)).where(
        Meme.status == MemeStatus.ACTIVE, ~_said(model_version)
    )
    return session.scalar(query) or 0


def families_of(session: Session, meme_ids: Sequence[int]) -> set[int]:
    """The template families of these memes."""
    found: set[int] = set()
    for some in batched(meme_ids, ASKED_AT_ONCE):
        found.update(session.scalars(select(Meme.template_id).where(Meme.id.in_(some))))
    return found


def opinions_of(session: Session, model_version: str) -> dict[int, Opinion]:
    """What a model version has said of the genre of each meme, by the meme's id."""
    query = select(Prediction.meme_id, Prediction.scores, Prediction.held_out).where(
        Prediction.model_version == model_version
    )
    return {row.meme_id: Opinion(row.scores, row.held_out) for row in session.execute(query)}


def keep_predictions(
    session: Session,
    model_version: str,
    said: Mapping[int, Said],
    learned: Collection[int],
) -> None:
    """Keep what a model says of some memes.

    Args:
        session: writes.
        model_version: of the model.
        said: by meme.
        learned: those of the memes that the model learned from, or whose families it did.
    """
    before = (Prediction.model_version == model_version, Prediction.meme_id.in_(said))
    session.execute(delete(Prediction).where(*before, Prediction.embedding.is_(None)))
    wanted = set(session.scalars(select(Meme.id).where(Meme.id.in_(said))))
    # Another process was faster.
    wanted -= set(session.scalars(select(Prediction.meme_id).where(*before)))
    rows = [
        {
            "meme_id": meme_id,
            "model_version": model_version,
            "genre": max(one.scores, key=one.scores.__getitem__),
            "scores": dict(one.scores),
            "entropy": entropy(one.scores),
            "year": one.year,
            "year_low": one.year_low,
            "year_high": one.year_high,
            "held_out": meme_id not in learned,
            "predicted_at": datetime.now(UTC),
            "embedding": one.embedding,
        }
        for meme_id, one in said.items()
        if meme_id in wanted
    ]
    if rows:
        session.execute(insert(Prediction), rows)


def _said(model_version: str) -> Exists:
    return (
        select(Prediction.id)
        .where(
            Prediction.meme_id == Meme.id,
            Prediction.model_version == model_version,
            Prediction.embedding.is_not(None),
        )
        .exists()
    )
