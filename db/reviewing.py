"""What people said and what models made of it, to be compared."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db.labels import ANSWERS
from db.labels import last_words as last_votes
from db.models import Meme, MemeStatus, Prediction, Vote

__all__ = ["LastWord", "held_out_scores", "last_words", "state"]


@dataclass(frozen=True, slots=True)
class LastWord:
    """The last that one person said of one meme; a skip says nothing."""

    meme_id: int
    annotator: str
    what: str  # a genre's key, or the verdict
    settles: bool


def state(session: Session) -> tuple[int, ...]:
    """Another one whenever something was said, taken back, or predicted."""
    votes = session.execute(select(func.max(Vote.id), func.count(Vote.undone_at))).one()
    return votes[0] or 0, votes[1], session.scalar(select(func.max(Prediction.id))) or 0


def last_words(session: Session) -> list[LastWord]:
    """Of every person on every meme that may be shown, in the order they were said."""
    last = last_votes().c
    query = (
        select(last.meme_id, last.annotator, func.coalesce(last.genre, last.verdict), last.settles)
        .join(Meme, Meme.id == last.meme_id)
        .where(Meme.status == MemeStatus.ACTIVE)
        .order_by(last.id)
    )
    return [LastWord(*row) for row in session.connection().execute(query)]


def held_out_scores(session: Session) -> dict[int, dict[str, Any]]:
    """By meme the probability of each genre, of the newest model that had not learned from it."""
    newest = (
        select(func.max(Prediction.id))
        .join(Vote, Vote.meme_id == Prediction.meme_id)
        .where(Prediction.held_out, *ANSWERS)
        .group_by(Prediction.meme_id)
    )
    query = select(Prediction.meme_id, Prediction.scores).where(Prediction.id.in_(newest))
    return {row.meme_id: row.scores for row in session.execute(query)}
