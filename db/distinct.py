"""Which pictures a person told apart, so that no machine joins them again."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, CompoundSelect, delete, literal, select, union, union_all
from sqlalchemy.orm import Session

from db.models import Copy, DistinctPair, Meme

__all__ = ["barred_from", "set_apart", "set_together"]


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


def set_together(session: Session, meme_id: int, other_id: int) -> None:
    """Forget that any file of the one meme was told apart from any of the other."""

    def either_way(one: int, other: int) -> ColumnElement[bool]:
        return DistinctPair.sha256_a.in_(_files(one)) & DistinctPair.sha256_b.in_(_files(other))

    session.execute(
        delete(DistinctPair).where(either_way(meme_id, other_id) | either_way(other_id, meme_id)),
        execution_options={"synchronize_session": False},
    )


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


def _files(meme_id: int) -> CompoundSelect[Any]:
    """The SHA-256 of a meme's own file and of its copies."""
    return union_all(
        select(Meme.sha256).where(Meme.id == meme_id),
        select(Copy.sha256).where(Copy.meme_id == meme_id),
    )
