"""What people said and what models made of it, to be compared."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from db.models import Meme, MemeStatus, Prediction, Verdict, Vote

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
    newest = (
        select(func.max(Vote.id))
        .where(Vote.undone_at.is_(None), Vote.verdict != Verdict.SKIP)
        .group_by(Vote.meme_id, Vote.annotator)
    )
    what = case((Vote.genre.is_not(None), Vote.genre), else_=Vote.verdict)
    query = (
        select(Vote.meme_id, Vote.annotator, what, Vote.settles)
        .join(Meme, Meme.id == Vote.meme_id)
        .where(Vote.id.in_(newest), Meme.status == MemeStatus.ACTIVE)
        .order_by(Vote.id)
    )
    return [LastWord(*row) for row in session.connection().execute(query)]


def held_out_scores(session: Session) -> dict[int, dict[str, Any]]:
    """By meme the probability of each genre, of the newest model that had not learned from it."""
    newest = (
        select(func.max(Prediction.id))
        .join(Vote, Vote.meme_id == Prediction.meme_id)
        .where(Prediction.held_out, Vote.undone_at.is_(None), Vote.verdict != Verdict.SKIP)
        .group_by(Prediction.meme_id)
    )
    query = select(Prediction.meme_id, Prediction.scores).where(Prediction.id.in_(newest))
    return {row.meme_id: row.scores for row in session.execute(query)}
