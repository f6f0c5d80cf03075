"""What came in with a visitor's correction goes when it is taken back, if nothing else holds it."""

from typing import Any

from sqlalchemy import ColumnElement, delete, select, update
from sqlalchemy.orm import Session

from db.decisions import record_removal
from db.labels import standing_vote, undo
from db.media import MediaStore
from db.memes import Collection
from db.models import Channel, Copy, DecidedBy, Meme, MemeStatus, Sighting, Template, Vote
from db.regrouping import swap_with_copy
from db.templates import tidy_template

__all__ = ["take_back_correction"]


def take_back_correction(collection: Collection, annotator: str, key: str, *, source: str) -> bool:
    """Let a correction be as if it was never sent; says whether there was one until now.

    The place it came from goes with the last correction of the same file, and the file where it was
    seen nowhere else and nobody who labels ever judged it; a meme goes with its last file. Other
    than what is gone at its source, the same file may come again.

    Args:
        collection: where it is.
        annotator: the visitor's name there.
        key: the correction's.
        source: that of the sighting which came with it.

    Raises:
        MemeEraError: the database does not answer, or the file cannot be deleted.
    """
    with collection.database.writing_alone() as session:
        vote = standing_vote(session, annotator, key)
        if vote is None or not undo(session, annotator, key):
            return False
        session.flush()
        _unsee(session, collection.media, vote, source)
        return True


def _unsee(session: Session, media: MediaStore, vote: Vote, source: str) -> None:
    meme = session.get_one(Meme, vote.meme_id)
    file = meme if vote.copy_id is None else session.get_one(Copy, vote.copy_id)
    is_correction = Vote.channel == Channel.CORRECTION
    held_by = select(Vote.id).where(*_of_file(Vote, vote)).limit(1)
    if session.scalar(held_by.where(is_correction, Vote.undone_at.is_(None))) is not None:
        return
    session.execute(
        delete(Sighting).where(
            *_of_file(Sighting, vote), Sighting.source == source, Sighting.post_id == file.sha256
        )
    )
    seen = session.scalar(select(Sighting.id).where(*_of_file(Sighting, vote)).limit(1))
    is_held = seen is not None or session.scalar(held_by.where(~is_correction)) is not None
    if not is_held and file.removed_at is None:
        _remove(session, media, meme, file)


def _of_file(table: Any, vote: Vote) -> tuple[ColumnElement[bool], ...]:
    """The rows about the file that a vote is about."""
    return table.meme_id == vote.meme_id, table.copy_id.is_not_distinct_from(vote.copy_id)


def _remove(session: Session, media: MediaStore, meme: Meme, file: Meme | Copy) -> None:
    """Delete a file before its row: killed in between, the correction still stands."""
    media.delete(file.sha256, file.format)
    meme_id, sha256 = meme.id, file.sha256
    if file is meme:
        copies = session.scalars(select(Copy).where(Copy.meme_id == meme.id)).all()
        if not copies:
            _delete_meme(session, meme)
            record_removal(session, sha256, meme_id, DecidedBy.PERSON)
            return
        # One whose file is gone at its source may take the meme's place too: it keeps that out.
        file = max(copies, key=lambda copy: (copy.removed_at is None, copy.width * copy.height))
        swap_with_copy(session, meme, file)  # which has the file that is gone now
        if meme.removed_at is not None:
            meme.status = MemeStatus.REMOVED
    session.execute(delete(Vote).where(Vote.copy_id == file.id))
    session.delete(file)
    session.flush()
    record_removal(session, sha256, meme_id, DecidedBy.PERSON)


def _delete_meme(session: Session, meme: Meme) -> None:
    meme_id, template_id = meme.id, meme.template_id
    session.execute(delete(Vote).where(Vote.meme_id == meme_id))
    session.execute(
        update(Template).where(Template.representative_id == meme_id).values(representative_id=None)
    )
    session.expire_all()
    session.delete(meme)  # its leases and predictions with it
    tidy_template(session, template_id)
