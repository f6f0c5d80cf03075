"""Moves files between memes: a meme becomes a copy, a copy another meme's, or a meme of its own.

What was seen and said of a file goes where it goes, and so do the copies that a person joined to
it. The caller records the decision, and works under `Database.writing_alone`.
"""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import case, delete, func, select, update
from sqlalchemy.orm import Session

from db.decisions import standing_id
from db.models import (
    Copy,
    DecidedBy,
    DecisionRecord,
    Meme,
    MemeStatus,
    Outcome,
    Sighting,
    Template,
    Vote,
)
from db.pictures import moved
from db.templates import tidy_template
from db.years import posted_at_believed

__all__ = ["merge_meme", "move_copy", "split_copy", "swap_with_copy"]


def merge_meme(session: Session, meme: Meme, into: int) -> None:
    """Make a meme, and its copies, copies of another meme; its row is no more."""
    meme_id, template_id = meme.id, meme.template_id
    copy = Copy(meme_id=into, added_at=meme.added_at, **moved(meme))
    session.add(copy)
    session.flush()
    for table in (Sighting, Vote):
        own = table.copy_id.is_(None)
        _set(session, table, {"copy_id": copy.id}, table.meme_id == meme_id, own)
    for moving in (Copy, Sighting, Vote):
        _set(session, moving, {"meme_id": into}, moving.meme_id == meme_id)
    _set(session, Template, {"representative_id": None}, Template.representative_id == meme_id)
    session.expunge(meme)
    session.execute(delete(Meme).where(Meme.id == meme_id))
    tidy_template(session, template_id)
    _recount(session, into)


def move_copy(session: Session, copy: Copy, into: int) -> None:
    """Make a copy of one meme a copy of another."""
    left = copy.meme_id
    copy.meme_id = into
    session.flush()
    for table in (Sighting, Vote):
        _set(session, table, {"meme_id": into}, table.copy_id == copy.id)
    _recount(session, left)
    _recount(session, into)
    _take_along(session, copy.sha256, left, into)


def split_copy(session: Session, copy: Copy, template_id: int) -> int:
    """Make a copy a meme of its own, in that family; gives its id."""
    left = session.get_one(Meme, copy.meme_id)
    meme = Meme(
        template_id=template_id,
        status=MemeStatus.REMOVED if copy.removed_at else MemeStatus.ACTIVE,
        nsfw=left.nsfw,
        added_at=datetime.now(UTC),
        **moved(copy),
    )
    session.add(meme)
    session.flush()
    for table in (Sighting, Vote):
        _set(session, table, {"meme_id": meme.id, "copy_id": None}, table.copy_id == copy.id)
    session.delete(copy)
    tidy_template(session, template_id)
    _recount(session, left.id)
    _recount(session, meme.id)
    _take_along(session, meme.sha256, left.id, meme.id)
    return meme.id


def swap_with_copy(session: Session, meme: Meme, copy: Copy) -> None:
    """Let a copy's file be the meme's own, and the meme's that of the copy."""
    own, other = moved(meme), moved(copy)
    for row, columns in ((meme, other), (copy, own)):
        for name, value in columns.items():
            setattr(row, name, value)
    session.flush()
    for table in (Sighting, Vote):
        of_either = table.copy_id.is_(None) | (table.copy_id == copy.id)
        swapped = case((table.copy_id.is_(None), copy.id), else_=None)
        _set(session, table, {"copy_id": swapped}, table.meme_id == meme.id, of_either)


def _take_along(session: Session, sha256: str, left: int, to: int) -> None:
    """Let the copies that a person joined to a file go where it went, and those joined to them."""
    been = select(DecisionRecord.gone_id).where(  # the memes that the file was, before
        DecisionRecord.sha256 == sha256, DecisionRecord.gone_id.is_not(None)
    )
    joined = session.scalars(
        select(Copy)
        .join(DecisionRecord, DecisionRecord.id == standing_id(Copy.sha256))
        .where(
            Copy.meme_id == left,
            DecisionRecord.outcome == Outcome.REPOST,
            DecisionRecord.by == DecidedBy.PERSON,
            DecisionRecord.nearest_id.in_(been),
        )
    ).all()
    for copy in joined:
        if copy.meme_id == left:  # not taken along already
            move_copy(session, copy, to)


def _set(session: Session, table: Any, values: dict[str, Any], *where: Any) -> None:
    """Change rows in the database; those that this session holds are read again when asked."""
    session.execute(
        update(table).where(*where).values(values), execution_options={"synchronize_session": False}
    )
    session.expire_all()


def _recount(session: Session, meme_id: int) -> None:
    """Let a meme be as old as its earliest sighting, and as safe for work as all of them."""
    meme = session.get_one(Meme, meme_id)
    of_it = Sighting.meme_id == meme_id
    meme.posted_at = session.scalar(select(func.min(posted_at_believed())).where(of_it))
    unsafe = select(Sighting.id).where(of_it, Sighting.nsfw).limit(1)
    meme.nsfw = session.scalar(unsafe) is not None
    session.flush()
