"""The words of memes: which are still to be read, and what was read."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.batched import batched
from core.words import Line, from_json
from db.columns import ASKED_AT_ONCE
from db.models import Meme, MemeStatus

__all__ = ["Unread", "active_files", "n_read", "n_unread", "unread", "words_in_order", "words_of"]

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


def words_of(session: Session, sha256s: Sequence[str]) -> dict[str, tuple[Line, ...]]:
    """What is written in the memes with these files, of those whose words were read."""
    read: dict[str, tuple[Line, ...]] = {}
    for some in batched(sha256s, ASKED_AT_ONCE):
        query = select(Meme.sha256, Meme.words).where(
            Meme.sha256.in_(some), Meme.words.is_not(None)
        )
        read |= {sha256: from_json(words or ()) for sha256, words in session.execute(query)}
    return read


def words_in_order(session: Session, sha256s: Sequence[str]) -> Iterator[tuple[Line, ...] | None]:
    """What is written in the memes with these files, one after the other; None: never read."""
    for some in batched(sha256s, ASKED_AT_ONCE):
        read = words_of(session, some)
        yield from (read.get(sha256) for sha256 in some)


def n_read(session: Session, sha256s: Sequence[str]) -> int:
    """How many of the memes with these files had their words read."""
    return sum(
        session.scalars(
            select(func.count(Meme.id)).where(Meme.sha256.in_(some), Meme.words.is_not(None))
        ).one()
        for some in batched(sha256s, ASKED_AT_ONCE)
    )


def active_files(session: Session) -> set[str]:
    """The SHA-256 of every meme that may be shown and learned from."""
    return set(session.scalars(select(Meme.sha256).where(Meme.status == MemeStatus.ACTIVE)))
