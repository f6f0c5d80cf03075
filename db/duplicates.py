"""The reposts that were found, and how a person takes a wrong one back."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from core.errors import BadInput
from db.decisions import record_split, standing, standing_id
from db.distinct import set_apart
from db.models import Copy, DecidedBy, DecisionRecord, Meme, Outcome, Sighting
from db.regrouping import split_copy

__all__ = ["ANY", "Duplicate", "Split", "Which", "duplicates", "n_duplicates", "undo"]


@dataclass(frozen=True, slots=True)
class Duplicate:
    """One repost: a file that was found to be a meme again."""

    decision_id: int | None  # what `undo` takes
    score: float | None
    by: str | None
    decided_at: datetime | None
    meme_id: int
    meme_sha256: str
    meme_url: str | None  # where the meme's own file was seen
    sha256: str
    image_url: str | None  # where this file was seen
    n_sightings: int  # of this file


@dataclass(frozen=True, slots=True)
class Which:
    """Which reposts are wanted; None: any."""

    by: DecidedBy | None = None
    score_low: float | None = None  # both included; those without a score are left out
    score_high: float | None = None

    def where(self) -> list[ColumnElement[bool]]:
        """As conditions on a copy and the decision that stands about it."""
        wanted: list[ColumnElement[bool]] = [Copy.removed_at.is_(None)]
        if self.by is not None:
            wanted.append(DecisionRecord.by == self.by)
        if self.score_low is not None:
            wanted.append(DecisionRecord.score >= self.score_low)
        if self.score_high is not None:
            wanted.append(DecisionRecord.score <= self.score_high)
        return wanted


ANY: Final = Which()


@dataclass(frozen=True, slots=True)
class Split:
    """What an undo did: this file is a meme of its own."""

    decision_id: int  # that says so
    sha256: str
    meme_id: int  # the new one
    apart_from: int  # the meme it was a copy of


def duplicates(
    session: Session,
    *,
    limit: int | None = None,
    offset: int = 0,
    meme_id: int | None = None,
    which: Which = ANY,
) -> Iterator[Duplicate]:
    """The reposts, the least sure first: what stands of them, and where they were seen."""
    n_sightings = (
        select(func.count(Sighting.id)).where(Sighting.copy_id == Copy.id).scalar_subquery()
    )
    query = (
        select(
            DecisionRecord.id,
            DecisionRecord.score,
            DecisionRecord.by,
            DecisionRecord.decided_at,
            Meme.id,
            Meme.sha256,
            _url((Sighting.meme_id == Meme.id) & Sighting.copy_id.is_(None)),
            Copy.sha256,
            _url(Sighting.copy_id == Copy.id),
            n_sightings,
        )
        .select_from(Copy)
        .join(Meme, Meme.id == Copy.meme_id)
        .outerjoin(DecisionRecord, DecisionRecord.id == standing_id(Copy.sha256))
        .where(*which.where())
        .order_by(DecisionRecord.score.desc().nulls_last(), Copy.id)
        .limit(limit)
        .offset(offset)
        .execution_options(yield_per=1000)
    )
    if meme_id is not None:
        query = query.where(Copy.meme_id == meme_id)
    for row in session.execute(query):
        yield Duplicate(*row)


def n_duplicates(session: Session, which: Which = ANY) -> int:
    """How many reposts there are."""
    query = (
        select(func.count())
        .select_from(Copy)
        .outerjoin(DecisionRecord, DecisionRecord.id == standing_id(Copy.sha256))
        .where(*which.where())
    )
    return session.scalar(query) or 0


def undo(session: Session, decision_id: int, annotator: str) -> Split:
    """Make the file of a wrong repost a meme of its own, for good; under `writing_alone`.

    It stays in its meme's family. What was seen and said of it goes with it, and the two files are
    told apart, so that no machine joins them again. The copies that came with a meme when a person
    merged it go with it as well.

    Raises:
        BadInput: no decision of that id, or none that can be taken back.
    """
    row = session.get(DecisionRecord, decision_id)
    if row is None:
        raise BadInput(f"there is no decision {decision_id}; python -m db duplicates lists them")
    if row.outcome != Outcome.REPOST:
        raise BadInput(
            f"decision {decision_id} says {row.outcome}, not repost: only reposts can be split"
        )
    if row.undone_at is not None:
        raise BadInput(f"decision {decision_id} was undone already, at {row.undone_at:%F %T} UTC")
    copy = session.scalar(select(Copy).where(Copy.sha256 == row.sha256))
    newer = standing(session, row.sha256)
    if copy is None or newer is None or newer.id != decision_id:
        raise BadInput(
            f"decision {decision_id} no longer stands; "
            f"decision {newer.id if newer else '-'} is the last about its file"
        )
    left = session.get_one(Meme, copy.meme_id)
    sha256, apart_from, other = copy.sha256, left.id, left.sha256
    row.undone_at = datetime.now(UTC)
    meme_id = split_copy(session, copy, left.template_id)
    _forget_along(session, row, meme_id)
    set_apart(session, sha256, other, annotator)
    split_id = record_split(session, sha256, meme_id, annotator, apart_from=apart_from)
    return Split(split_id, sha256, meme_id, apart_from)


def _forget_along(session: Session, merge: DecisionRecord, meme_id: int) -> None:
    """Take back what a merge said of the copies that came along with it (`db.joining.merge`)."""
    if merge.by != DecidedBy.PERSON:
        return
    of_it = select(Copy.sha256).where(Copy.meme_id == meme_id)
    came_along = (
        DecisionRecord.sha256.in_(of_it),
        DecisionRecord.id > merge.id,
        DecisionRecord.outcome == Outcome.REPOST,
        DecisionRecord.by == DecidedBy.PERSON,
        DecisionRecord.nearest_id == merge.gone_id,
        DecisionRecord.undone_at.is_(None),
    )
    for row in session.scalars(select(DecisionRecord).where(*came_along)):
        row.undone_at = datetime.now(UTC)


def _url(where: ColumnElement[bool]) -> ColumnElement[Any]:
    """Where a file was seen first."""
    first = select(Sighting.image_url).where(where).order_by(Sighting.id).limit(1)
    return first.scalar_subquery()
