"""All that was ever said of one meme: by people, by models, and of which meme its files are."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, load_only

from db.models import Copy, DecisionRecord, Meme, Prediction, Sighting, Vote

__all__ = ["History", "history", "what_became"]


@dataclass(frozen=True, slots=True)
class History:
    """One meme and what was said of it, oldest first; what was taken back is there as well."""

    meme: Meme
    sightings: Sequence[Sighting]
    votes: Sequence[Vote]
    decisions: Sequence[DecisionRecord]
    predictions: Sequence[Prediction]


def history(session: Session, meme_id: int) -> History | None:
    """That of one meme; None: there is none of this id, and `what_became` may say why."""
    facts = (Meme.sha256, Meme.format, Meme.status, Meme.template_id)
    meme = session.get(Meme, meme_id, options=[load_only(*facts)])
    if meme is None:
        return None
    files = [meme.sha256, *session.scalars(select(Copy.sha256).where(Copy.meme_id == meme_id))]

    def rows(table: Any, *where: Any) -> Sequence[Any]:
        return session.scalars(select(table).where(*where).order_by(table.id)).all()

    return History(
        meme,
        rows(Sighting, Sighting.meme_id == meme_id),
        rows(Vote, Vote.meme_id == meme_id),
        rows(DecisionRecord, DecisionRecord.sha256.in_(files)),
        rows(Prediction, Prediction.meme_id == meme_id),
    )


def what_became(session: Session, meme_id: int) -> int | None:
    """The meme that one that is no more was made a copy of; None: there never was such a one."""
    went = select(DecisionRecord.meme_id).where(DecisionRecord.gone_id == meme_id)
    return session.scalar(went.order_by(DecisionRecord.id.desc()).limit(1))
