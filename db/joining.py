"""What a person says against the machine: two memes are one, a meme is not of its family.

All of it is written under `Database.writing_alone`, holds over a rematch, and can be taken back.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from core.errors import BadInput
from db.belonging import forget_apart, name_another, record_joined, template_of, told
from db.decisions import record_again, record_word, standing
from db.distinct import set_together
from db.history import what_became
from db.models import Copy, DecidedBy, DecisionRecord, Meme, MemeStatus, Outcome, Template
from db.regrouping import merge_meme
from db.templates import lead, new_template, tidy_template

__all__ = ["Joined", "Left", "Merged", "join_families", "merge", "split_family", "take_back"]


@dataclass(frozen=True, slots=True)
class Merged:
    """What a merge did: one meme is a copy of another."""

    decision_id: int  # what `db.duplicates.undo` takes
    gone_id: int  # the meme that is no more
    meme_id: int  # what it is a copy of


@dataclass(frozen=True, slots=True)
class Left:
    """A meme that was taken out of its family, and is alone in one of its own."""

    decision_id: int  # what `take_back` takes
    meme_id: int
    template_id: int  # its own
    left_id: int  # the family that it was in


@dataclass(frozen=True, slots=True)
class Joined:
    """Two families that are one."""

    decision_id: int  # what `take_back` takes
    template_id: int
    gone_id: int  # the family that is no more


def merge(session: Session, meme_id: int, into_id: int, annotator: str) -> Merged:
    """Make a meme, with its copies, copies of another, because a person says that they are one.

    That any of their files were told apart is forgotten.

    Raises:
        BadInput: they are one already, or one of them is removed, or gone meanwhile.
    """
    if meme_id == into_id:
        raise BadInput(f"meme {meme_id} is itself; name two memes")
    meme, into = _active(session, meme_id), _active(session, into_id)
    sha256 = meme.sha256
    along = session.scalars(
        select(Copy.sha256).where(Copy.meme_id == meme_id, Copy.removed_at.is_(None))
    ).all()
    set_together(session, meme_id, into.id)
    merge_meme(session, meme, into.id)
    decision_id = record_word(
        session, sha256, into_id, Outcome.REPOST, annotator, nearest=into_id, gone_id=meme_id
    )
    for copy in along:  # or a rematch, which finds them unlike the other meme, would split them
        record_word(session, copy, into_id, Outcome.REPOST, annotator, nearest=meme_id)
    return Merged(decision_id, meme_id, into_id)


def split_family(session: Session, meme_id: int, annotator: str) -> Left:
    """Take a meme out of its family for good, into one of its own.

    Raises:
        BadInput: it is alone there, or removed, or gone meanwhile.
    """
    meme = _active(session, meme_id)
    left = meme.template_id
    others = select(func.min(Meme.id)).where(Meme.template_id == left, Meme.id != meme_id)
    if (oldest := session.scalar(others)) is None:
        raise BadInput(f"meme {meme_id} is alone in its family; there is nothing to take it out of")
    meme.template_id = new_template(session)
    lead(session, meme.template_id, meme_id)
    tidy_template(session, left)
    decision_id = record_word(
        session, meme.sha256, meme_id, Outcome.LEFT_FAMILY, annotator, nearest=oldest
    )
    name_another(session, meme_id, oldest, left)
    return Left(decision_id, meme_id, meme.template_id, left)


def join_families(session: Session, template_id: int, into_id: int, annotator: str) -> Joined:
    """Make one family of two, for good: all memes of both belong where the oldest of them is.

    Raises:
        BadInput: they are one already, or one of them is no more.
    """
    if template_id == into_id:
        raise BadInput(f"family {template_id} is itself; name two families")
    for one in (template_id, into_id):
        if session.get(Template, one) is None:
            raise BadInput(f"there is no family {one}; it may be one with another by now")
    both = Meme.template_id.in_([template_id, into_id])
    oldest = session.scalars(select(Meme).where(both).order_by(Meme.id).limit(1)).one()
    joining = session.execute(
        select(Meme.sha256, Meme.id).where(both, Meme.template_id != oldest.template_id)
    ).all()
    forget_apart(session, template_id, into_id)
    session.execute(update(Meme).where(Meme.template_id == template_id).values(template_id=into_id))
    session.execute(delete(Template).where(Template.id == template_id))
    lead(session, into_id, oldest.id)
    decision_id = record_joined(
        session, [(sha256, meme) for sha256, meme in joining], oldest.id, annotator
    )
    return Joined(decision_id, into_id, template_id)


def take_back(session: Session, decision_id: int, annotator: str) -> None:
    """Let a person's split of a repost, or word about a family, be as if it was never said.

    Raises:
        BadInput: no decision of that id, or none of the kind, or it no longer stands.
    """
    row = session.get(DecisionRecord, decision_id)
    if row is None:
        raise BadInput(f"there is no decision {decision_id}")
    if row.undone_at is not None:
        raise BadInput(f"decision {decision_id} was undone already, at {row.undone_at:%F %T} UTC")
    match row.outcome:
        case Outcome.SPLIT:
            _join_again(session, row, annotator)
        case Outcome.LEFT_FAMILY:
            _return(session, row)
        case Outcome.JOINED_FAMILY:
            _part(session, row)
        case _:
            raise BadInput(
                f"decision {decision_id} says {row.outcome}: only a split and a person's word "
                "about a family are taken back so"
            )


def _join_again(session: Session, row: DecisionRecord, annotator: str) -> None:
    """A file that was split becomes a copy again, and the decision of before stands again."""
    last = standing(session, row.sha256)
    meme = session.get(Meme, row.meme_id)
    assert row.nearest_id is not None  # what it was split from
    into = _active(session, row.nearest_id)
    before = session.scalar(
        select(DecisionRecord)
        .where(DecisionRecord.sha256 == row.sha256, DecisionRecord.id < row.id)
        .where(DecisionRecord.outcome == Outcome.REPOST, DecisionRecord.undone_at.is_not(None))
        .order_by(DecisionRecord.id.desc())
        .limit(1)
    )
    if last is None or last.id != row.id or meme is None or before is None:
        raise BadInput(f"decision {row.id} no longer stands; more became of its file since")
    row.undone_at = datetime.now(UTC)
    if before.by == DecidedBy.PERSON:
        merge(session, meme.id, into.id, annotator)
        return
    set_together(session, meme.id, into.id)
    merge_meme(session, meme, into.id)
    record_again(session, before, meme_id=into.id, gone_id=row.meme_id)


def _return(session: Session, row: DecisionRecord) -> None:
    """A meme that was taken out of a family goes back into it."""
    meme = session.get(Meme, row.meme_id)
    assert row.nearest_id is not None  # a meme of that family
    home = template_of(session, row.nearest_id)
    if meme is None or home is None or told(session, meme.sha256)[-1].decision_id != row.id:
        raise BadInput(f"decision {row.id} no longer stands; more became of its meme since")
    row.undone_at = datetime.now(UTC)
    was = meme.template_id
    meme.template_id = home
    session.flush()
    template = session.get_one(Template, home)
    if template.representative_id is None or template.representative_id > meme.id:
        template.representative_id = meme.id  # as it was before
    tidy_template(session, was)


def _part(session: Session, row: DecisionRecord) -> None:
    """Two families that were made one are two again."""
    said = (
        DecisionRecord.id >= row.id,
        DecisionRecord.outcome == row.outcome,
        DecisionRecord.decided_at == row.decided_at,
        DecisionRecord.undone_at.is_(None),
    )
    assert row.nearest_id is not None  # a meme of the other family
    was = template_of(session, row.nearest_id)
    joined = (
        Meme.sha256.in_(select(DecisionRecord.sha256).where(*said)),
        Meme.template_id == was,
    )
    if was is None or session.scalar(select(Meme.id).where(*joined).limit(1)) is None:
        raise BadInput(f"decision {row.id} no longer stands; more became of the family since")
    home = new_template(session)
    for change in (
        update(Meme).where(*joined).values(template_id=home),
        update(DecisionRecord).where(*said).values(undone_at=datetime.now(UTC)),
    ):
        session.execute(change, execution_options={"synchronize_session": False})
    session.expire_all()
    tidy_template(session, was)
    tidy_template(session, home)


def _active(session: Session, meme_id: int) -> Meme:
    """A meme that may be shown.

    Raises:
        BadInput: there is none.
    """
    meme = session.get(Meme, meme_id)
    if meme is None:
        into = what_became(session, meme_id)
        why = "there is none" if into is None else f"it was made a copy of meme {into} meanwhile"
        raise BadInput(f"meme {meme_id} is not here: {why}")
    if meme.status != MemeStatus.ACTIVE:
        raise BadInput(f"meme {meme_id} was removed, because it is gone where it was seen")
    return meme
