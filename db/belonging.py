"""What people said of template families, which no machine overrides.

Each word is a decision about one meme's file, as against a meme of the other family: families come
and go, and have no name of their own that would last.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from db.decisions import FAMILY_WORDS, record_word
from db.matching import newest_decision
from db.models import DecidedBy, DecisionRecord, Meme, Outcome
from db.sightings import kept

__all__ = [
    "Word",
    "are_apart",
    "families_left",
    "forget_apart",
    "home_by_word",
    "name_another",
    "one_family",
    "record_joined",
    "template_of",
    "told",
]


@dataclass(frozen=True, slots=True)
class Word:
    """One thing that a person said of a meme's family."""

    decision_id: int
    outcome: str  # LEFT_FAMILY or JOINED_FAMILY
    nearest_id: int  # a meme of the other family


def told(session: Session, sha256: str) -> list[Word]:
    """What people said of the family of a file, and took not back, oldest first."""
    rows = session.execute(
        select(DecisionRecord.id, DecisionRecord.outcome, DecisionRecord.nearest_id)
        .where(
            DecisionRecord.sha256 == sha256,
            DecisionRecord.outcome.in_(FAMILY_WORDS),
            DecisionRecord.undone_at.is_(None),
        )
        .order_by(DecisionRecord.id)
    )
    return [Word(row, outcome, nearest) for row, outcome, nearest in rows if nearest is not None]


def template_of(session: Session, meme_id: int) -> int | None:
    """The family of a meme, or of what its file is a copy of by now; None: nobody knows."""
    of_meme = select(Meme.template_id).where(Meme.id == meme_id)
    if (template_id := session.scalar(of_meme)) is not None:
        return template_id
    was = select(DecisionRecord.sha256).where(DecisionRecord.gone_id == meme_id)
    sha256 = session.scalar(was.order_by(DecisionRecord.id.desc()).limit(1))
    file = None if sha256 is None else kept(session, sha256)
    return None if file is None else session.get_one(Meme, file.meme_id).template_id


def home_by_word(session: Session, meme: Meme) -> int | None:
    """The family where a meme belongs because a person said so; None: nobody did.

    What was taken out of a family stays where it is; what was joined to another's goes with that.
    """
    words = told(session, meme.sha256)
    if not words:
        return None
    if words[-1].outcome == Outcome.LEFT_FAMILY:
        return meme.template_id
    home = template_of(session, words[-1].nearest_id)
    return meme.template_id if home is None else home


def families_left(session: Session, sha256: str) -> set[int]:
    """The families that a person took a file out of, as they are now."""
    return {
        template_id
        for word in told(session, sha256)
        if word.outcome == Outcome.LEFT_FAMILY
        and (template_id := template_of(session, word.nearest_id)) is not None
    }


def are_apart(session: Session, one: int, other: int) -> bool:
    """Whether a person took a meme of the one family out of the other."""
    return one != other and frozenset((one, other)) in _apart(session, (one, other))


def one_family(session: Session, template_id: int, also: Collection[int]) -> list[int]:
    """Those of some families that may be one with the first, which no person told apart."""
    if not also:  # mostly
        return [template_id]
    apart = _apart(session, (template_id, *also))
    one = [template_id]
    for other in sorted(also):
        if not any(frozenset((other, joined)) in apart for joined in one):
            one.append(other)
    return one


def record_joined(
    session: Session, memes: Sequence[tuple[str, int]], nearest: int, annotator: str
) -> int:
    """Keep that memes, by SHA-256 and id, are of one family with another; gives the first decision.

    All have the same time, by which they are taken back together.
    """
    before = newest_decision(session)
    now = datetime.now(UTC)
    rows = [
        {
            "sha256": sha256,
            "outcome": Outcome.JOINED_FAMILY,
            "meme_id": meme_id,
            "nearest_id": nearest,
            "by": DecidedBy.PERSON,
            "annotator": annotator,
            "decided_at": now,
        }
        for sha256, meme_id in memes
    ]
    session.execute(insert(DecisionRecord), rows)
    first = select(DecisionRecord.id).where(DecisionRecord.id > before)
    return session.scalars(first.order_by(DecisionRecord.id).limit(1)).one()


def forget_apart(session: Session, one: int, other: int) -> None:
    """Take back that memes of the one family were taken out of the other, either way."""
    words = session.scalars(
        select(DecisionRecord)
        .join(Meme, Meme.sha256 == DecisionRecord.sha256)
        .where(
            Meme.template_id.in_([one, other]),
            DecisionRecord.outcome == Outcome.LEFT_FAMILY,
            DecisionRecord.undone_at.is_(None),
        )
    )
    for word in words.all():
        if word.nearest_id is not None and template_of(session, word.nearest_id) in (one, other):
            word.undone_at = datetime.now(UTC)
    session.flush()


def name_another(session: Session, meme_id: int, other_id: int, template_id: int) -> None:
    """Let what was said of a family by way of a meme that left it be said by way of another.

    Args:
        session: where it is written.
        meme_id: the meme that left.
        other_id: the oldest that stayed.
        template_id: the family.
    """
    words = session.execute(
        select(DecisionRecord, Meme)
        .join(Meme, Meme.sha256 == DecisionRecord.sha256)
        .where(
            DecisionRecord.nearest_id == meme_id,
            DecisionRecord.outcome.in_(FAMILY_WORDS),
            DecisionRecord.undone_at.is_(None),
        )
        .order_by(DecisionRecord.id)
    ).all()
    for word, meme in words:
        stays = meme.template_id == template_id
        joined = word.outcome == Outcome.JOINED_FAMILY
        if joined:  # not with the meme that left
            word.undone_at = datetime.now(UTC)
        if stays == joined and meme.id != other_id:
            record_word(
                session,
                meme.sha256,
                meme.id,
                Outcome(word.outcome),
                word.annotator,
                nearest=other_id,
            )
    session.flush()


def _apart(session: Session, templates: Collection[int]) -> set[frozenset[int]]:
    """The pairs that were told apart, of which one is among these families."""
    words = session.execute(
        select(Meme.template_id, DecisionRecord.nearest_id)
        .join(DecisionRecord, DecisionRecord.sha256 == Meme.sha256)
        .where(
            Meme.template_id.in_(templates),
            DecisionRecord.outcome == Outcome.LEFT_FAMILY,
            DecisionRecord.undone_at.is_(None),
        )
        .distinct()
    ).all()
    return {
        frozenset((template_id, other))
        for template_id, nearest in words
        if nearest is not None and (other := template_of(session, nearest)) is not None
    }
