"""Which pictures a person told apart, so that no machine joins them again."""

from datetime import UTC, datetime

from sqlalchemy import literal, select, union, union_all
from sqlalchemy.orm import Session

from db.models import Copy, DistinctPair, Meme

__all__ = ["barred_from", "set_apart"]


def set_apart(session: Session, one: str, other: str, annotator: str) -> None:
    """Record that a person said of two files, by SHA-256, that they are different memes."""
    first, second = sorted((one, other))
    told = select(DistinctPair.id).where(
        DistinctPair.sha256_a == first, DistinctPair.sha256_b == second
    )
    if session.scalar(told) is None:
        session.add(
            DistinctPair(
                sha256_a=first,
                sha256_b=second,
                annotator=annotator,
                created_at=datetime.now(UTC),
            )
        )
        session.flush()


def barred_from(session: Session, sha256: str) -> set[int]:
    """The memes that a file may never join: those any of whose files was told apart from it.

    A meme's own file takes the meme's copies with it where it goes, so theirs count as well.
    """
    files = union_all(
        select(literal(sha256)),
        select(Copy.sha256).join(Meme, Meme.id == Copy.meme_id).where(Meme.sha256 == sha256),
    )
    apart = union_all(
        select(DistinctPair.sha256_b).where(DistinctPair.sha256_a.in_(files)),
        select(DistinctPair.sha256_a).where(DistinctPair.sha256_b.in_(files)),
    )
    memes = union(
        select(Meme.id).where(Meme.sha256.in_(apart)),
        select(Copy.meme_id).where(Copy.sha256.in_(apart)),
    )
    return set(session.scalars(memes))
