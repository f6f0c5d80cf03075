"""What models say of memes: which are still to be asked about, and what was said."""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Exists, delete, func, select, union_all
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from core.batched import batched
from core.genres import GENRES
from db.columns import ASKED_AT_ONCE
from db.models import Copy, Meme, MemeStatus, Prediction

__all__ = [
    "Opinion",
    "Said",
    "Unpredicted",
    "entropy",
    "families_by_file",
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


def families_by_file(session: Session, sha256s: Sequence[str]) -> dict[str, int]:
    """The template family of the meme that each of these files is of now; gone ones are left out.

    By file, not by meme: what was one meme when a model learned it may be another's repost by now.
    """
    found: dict[str, int] = {}
    for some in batched(sha256s, ASKED_AT_ONCE):
        of_copies = select(Copy.sha256, Meme.template_id).join(Meme, Meme.id == Copy.meme_id)
        query = union_all(
            select(Meme.sha256, Meme.template_id).where(Meme.sha256.in_(some)),
            of_copies.where(Copy.sha256.in_(some)),
        )
        found |= {sha256: family for sha256, family in session.execute(query)}  # noqa: C416
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
    of_an_older_memeera = Prediction.embedding.is_(None)
    session.execute(
        delete(Prediction).where(
            Prediction.model_version == model_version,
            Prediction.meme_id.in_(said),
            of_an_older_memeera,
        )
    )
    # Held until the end, so that none is deleted meanwhile (PostgreSQL).
    there = select(Meme.id).where(Meme.id.in_(said)).with_for_update(read=True, key_share=True)
    wanted = set(session.scalars(there))
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
        for meme_id, one in sorted(said.items())
        if meme_id in wanted
    ]
    if rows:
        dialect = {"sqlite": sqlite, "postgresql": postgresql}[session.get_bind().dialect.name]
        # Another process may have been faster, and said the same.
        session.execute(dialect.insert(Prediction).on_conflict_do_nothing(), rows)


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
