"""The record of what was decided about each file, which is also the feed that matchers follow.

Whatever changes which files are memes writes a row here in the same transaction, under
`Database.writing_alone`: then ids come in the order of commits, and who has seen one has seen all
before it.
"""

from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import ScalarSelect, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from db.columns import insert_row
from db.matching import Decision, New, Repost, SameTemplate
from db.models import DecidedBy, DecisionRecord, Outcome

__all__ = [
    "FAMILY_WORDS",
    "record",
    "record_again",
    "record_removal",
    "record_split",
    "record_word",
    "repeats",
    "standing",
    "standing_id",
]

FAMILY_WORDS: Final = (Outcome.LEFT_FAMILY, Outcome.JOINED_FAMILY)
"""What a person said of a meme's family (`db.belonging`), and not of what its file is."""


def record(
    session: Session, sha256: str, meme_id: int, decision: Decision, *, gone_id: int | None = None
) -> int:
    """Keep what was decided about a file, which belongs to that meme from now on; gives its id.

    `gone_id` is the meme that the file was until then, and that is no more.
    """
    return insert_row(
        session,
        DecisionRecord,
        sha256=sha256,
        meme_id=meme_id,
        gone_id=gone_id,
        decided_at=datetime.now(UTC),
        **_as_columns(decision),
    )


def record_split(
    session: Session, sha256: str, meme_id: int, annotator: str, *, apart_from: int
) -> int:
    """Keep that a person made a file a meme of its own; gives the decision's id."""
    return record_word(session, sha256, meme_id, Outcome.SPLIT, annotator, nearest=apart_from)


def record_word(
    session: Session,
    sha256: str,
    meme_id: int,
    outcome: Outcome,
    annotator: str | None,
    *,
    nearest: int,
    gone_id: int | None = None,
) -> int:
    """Keep what a person said of a file, as against another meme; gives the decision's id.

    Args:
        session: where it is written.
        sha256: the file.
        meme_id: the meme that it belongs to from then on.
        outcome: what was said.
        annotator: who said so; None: nobody knows any more.
        nearest: the other meme.
        gone_id: the meme that the file was, and is no more.
    """
    return insert_row(
        session,
        DecisionRecord,
        sha256=sha256,
        outcome=outcome,
        meme_id=meme_id,
        gone_id=gone_id,
        nearest_id=nearest,
        by=DecidedBy.PERSON,
        annotator=annotator,
        decided_at=datetime.now(UTC),
    )


def record_again(session: Session, row: DecisionRecord, *, meme_id: int, gone_id: int) -> int:
    """Keep that an older decision about a file stands again; gives the new one's id."""
    return insert_row(
        session,
        DecisionRecord,
        sha256=row.sha256,
        outcome=row.outcome,
        meme_id=meme_id,
        gone_id=gone_id,
        nearest_id=row.nearest_id,
        score=row.score,
        by=row.by,
        decided_at=datetime.now(UTC),
    )


def record_removal(
    session: Session, sha256: str, meme_id: int, by: DecidedBy = DecidedBy.SOURCE
) -> int:
    """Keep that a file of a meme was deleted; gives the decision's id."""
    return insert_row(
        session,
        DecisionRecord,
        sha256=sha256,
        outcome=Outcome.REMOVED,
        meme_id=meme_id,
        by=by,
        decided_at=datetime.now(UTC),
    )


def standing(session: Session, sha256: str) -> DecisionRecord | None:
    """The last decision about what a file is that was not undone; None: there never was one."""
    return session.scalar(
        select(DecisionRecord)
        .where(
            DecisionRecord.sha256 == sha256,
            DecisionRecord.undone_at.is_(None),
            DecisionRecord.outcome.not_in(FAMILY_WORDS),
        )
        .order_by(DecisionRecord.id.desc())
        .limit(1)
    )


def standing_id(sha256: InstrumentedAttribute[str]) -> ScalarSelect[Any]:
    """The id of what `standing` gives, within a query that has the file's SHA-256."""
    last = aliased(DecisionRecord)
    return (
        select(func.max(last.id))
        .where(last.sha256 == sha256, last.undone_at.is_(None), last.outcome.not_in(FAMILY_WORDS))
        .scalar_subquery()
    )


def repeats(row: DecisionRecord | None, meme_id: int, decision: Decision) -> bool:
    """Whether a decision says of a file just what that row says."""
    return row is not None and {"meme_id": meme_id, **_as_columns(decision)} == {
        "meme_id": row.meme_id,
        "outcome": row.outcome,
        "nearest_id": row.nearest_id,
        "score": row.score,
        "by": row.by,
    }


def _as_columns(decision: Decision) -> dict[str, object]:
    match decision:
        case Repost(of=nearest):
            outcome = Outcome.REPOST
        case SameTemplate(nearest=nearest):
            outcome = Outcome.SAME_TEMPLATE
        case New(nearest=nearest):
            outcome = Outcome.NEW
    return {
        "outcome": outcome,
        "nearest_id": nearest,
        "score": decision.score,
        "by": decision.by,
    }
