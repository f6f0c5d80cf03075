"""Which memes' words are still to be read."""

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db.models import Meme, MemeStatus

__all__ = ["Unread", "n_unread", "unread"]

_IS_UNREAD = (Meme.status == MemeStatus.ACTIVE, Meme.words.is_(None))


@dataclass(frozen=True, slots=True)
class Unread:
    """A meme whose words nobody has read yet."""

    meme_id: int
    sha256: str
    format: str


def unread(session: Session, *, after: int, limit: int) -> list[Unread]:
    """Memes whose words are still to be read, in the order of their ids.

    Args:
        session: reads.
        after: only memes with greater ids.
        limit: at most so many.
    """
    query = (
        select(Meme.id, Meme.sha256, Meme.format)
        .where(*_IS_UNREAD, Meme.id > after)
        .order_by(Meme.id)
        .limit(limit)
    )
    return [Unread(*row) for row in session.execute(query)]


def n_unread(session: Session) -> int:
    """How many memes' words are still to be read."""
    return session.scalar(select(func.count(Meme.id)).where(*_IS_UNREAD)) or 0
