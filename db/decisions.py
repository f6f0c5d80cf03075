"""The record of what was decided about each file, which is also the feed that matchers follow.

Whatever changes which files are memes writes a row here in the same transaction, under
`Database.writing_alone`: then ids come in the order of commits, and who has seen one has seen all
before it.
"""

from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.columns import insert_row
from db.matching import Decision, New, Repost, SameTemplate
from db.models import DecidedBy, DecisionRecord, Outcome

__all__ = ["record", "record_removal", "record_split", "repeats", "standing"]


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


def record_split(session: Session, sha256: str, meme_id: int, *, apart_from: int) -> int:
    """Keep that a person made a file a meme of its own; gives the decision's id."""
    return insert_row(
        session,
        DecisionRecord,
        sha256=sha256,
        outcome=Outcome.SPLIT,
        meme_id=meme_id,
        nearest_id=apart_from,
        by=DecidedBy.PERSON,
        decided_at=datetime.now(UTC),
    )


def record_removal(session: Session, sha256: str, meme_id: int) -> int:
    """Keep that a file of a meme was deleted; gives the decision's id."""
    return insert_row(
        session,
        DecisionRecord,
        sha256=sha256,
        outcome=Outcome.REMOVED,
        meme_id=meme_id,
        by=DecidedBy.SOURCE,
        decided_at=datetime.now(UTC),
    )


def standing(session: Session, sha256: str) -> DecisionRecord | None:
    """The last decision about a file that was not undone; None: it was never decided about."""
    return session.scalar(
        select(DecisionRecord)
        .where(DecisionRecord.sha256 == sha256, DecisionRecord.undone_at.is_(None))
        .order_by(DecisionRecord.id.desc())
        .limit(1)
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
