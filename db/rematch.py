"""Decides the whole collection anew, after thresholds changed: memes in turn, then copies.

Each meme is decided against those before it, as it was when it came. Each step is a transaction of
its own that moves the mark of how far it came, so that it can be killed at any moment, and others
may add memes in between.
"""

import sys
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session
from tqdm import tqdm

from core.cli import warn
from core.cpus import n_cpus
from db.matching import Matcher
from db.media import MediaStore
from db.models import Copy, DistinctPair, Meme, Rematch
from db.redeciding import Ahead, Redecider, Tally
from db.session import Database

__all__ = ["Rematcher", "Tally"]

# Of one step: a vote or a crawl waits for it.
_STEP_FILES: Final = 32
_STEP_S: Final = 0.5
_MAX_THREADS: Final = 8  # each has a connection
# A copy that becomes a meme, or goes to another, may change what is nearest to those before it.
_MAX_PASSES: Final = 5


@dataclass(frozen=True, slots=True)
class _Step:
    """The files that come next, in turn, with what was found out about them."""

    table: type[Meme] | type[Copy]
    after: tuple[int, int]  # the marks: last meme, last copy
    files: Mapping[int, Ahead]  # by id; none: the table is done


class Rematcher:
    """One rematch of a collection: a new one, or the one that was not finished."""

    def __init__(self, database: Database, media: MediaStore) -> None:
        self._database = database
        self._matcher = Matcher(media)  # of the memes before the one that is decided
        with database.writing_alone() as session:
            row = session.scalar(select(Rematch).where(Rematch.finished_at.is_(None)))
            self.resumed = row is not None
            if row is None:
                row = _begin(session)
            self._id = row.id
            self.tally = Tally(**row.counts)
            left = [
                select(func.count(Meme.id)).where(Meme.id > row.last_meme_id),
                select(func.count(Copy.id)).where(Copy.id > row.last_copy_id),
            ]
            self._n_left = sum(session.scalar(query) or 0 for query in left)
        self._redecider = Redecider(self._matcher, media, self.tally, warn)

    def run(self) -> Tally:
        """Go on to the end; gives what became of all files, before an interruption as well."""
        n_threads = min(n_cpus(), _MAX_THREADS)
        with (
            ThreadPoolExecutor(n_threads) as pool,
            tqdm(
                total=self.tally.n_seen + self._n_left,
                initial=self.tally.n_seen,
                unit=" files",
                disable=None,
                file=sys.stderr,
            ) as bar,
        ):
            while self._take(self._prepare(pool)):
                bar.update(self.tally.n_seen - bar.n)
        return self.tally

    def _prepare(self, pool: ThreadPoolExecutor) -> _Step:
        """Look at the next files while nobody has to wait for it."""
        with self._database.reading() as session:
            row = session.get_one(Rematch, self._id)
            table: type[Meme] | type[Copy] = Meme
            if not (ids := _next(session, Meme, row.last_meme_id)):
                table = Copy
                ids = _next(session, Copy, row.last_copy_id)
            self._follow(session, row, table)
            after = (row.last_meme_id, row.last_copy_id)
        looked = pool.map(lambda file_id: self._look(table, file_id), ids)
        return _Step(table, after, dict(zip(ids, looked, strict=True)))

    def _look(self, table: type[Meme] | type[Copy], file_id: int) -> Ahead:
        with self._database.reading() as session:
            return self._redecider.look(session, table, file_id)

    def _take(self, step: _Step) -> bool:
        """Decide files in one transaction; says whether there is more to do."""
        try:
            with self._database.writing_alone() as session:
                row = session.get_one(Rematch, self._id)
                self.tally = self._redecider.tally = Tally(**row.counts)
                if row.finished_at is not None:
                    return False  # by another process
                if (row.last_meme_id, row.last_copy_id) != step.after:
                    return True  # another process took this step
                self._decide(session, row, step)
                if not step.files and step.table is Copy:
                    self._end_pass(session, row)
                row.counts = asdict(self.tally)
                return row.finished_at is None
        except BaseException:
            self._matcher.forget()  # it followed rows that are no more
            raise

    def _decide(self, session: Session, row: Rematch, step: _Step) -> None:
        until = time.monotonic() + _STEP_S
        for file_id, ahead in step.files.items():
            self._follow(session, row, step.table)
            if step.table is Meme:
                self._redecider.decide_meme(session, file_id, ahead)
                row.last_meme_id = file_id
            else:
                self._redecider.decide_copy(session, file_id, ahead)
                row.last_copy_id = file_id
            session.flush()
            if time.monotonic() > until:
                return

    def _follow(self, session: Session, row: Rematch, table: type[Meme] | type[Copy]) -> None:
        """Know the memes before the next one; for copies, all of them."""
        if table is Copy:
            self._matcher.follow(session)
            return
        if self._matcher.knows_beyond(row.last_meme_id):
            self._matcher.forget()
        self._matcher.follow(session, up_to=row.last_meme_id)

    def _end_pass(self, session: Session, row: Rematch) -> None:
        """All copies are decided: done, unless that changed what they were decided against."""
        if not self.tally.changed or self.tally.passes == _MAX_PASSES:
            row.finished_at = datetime.now(UTC)
            return
        self.tally.passes += 1
        self.tally.changed = 0
        row.last_copy_id = 0
        # A meme may have been kept from another by a copy of it that has left.
        if session.scalar(select(DistinctPair.id).limit(1)) is not None:
            row.last_meme_id = 0


def _begin(session: Session) -> Rematch:
    row = Rematch(
        started_at=datetime.now(UTC), last_meme_id=0, last_copy_id=0, counts=asdict(Tally())
    )
    session.add(row)
    session.flush()
    return row


def _next(session: Session, table: type[Meme] | type[Copy], after: int) -> list[int]:
    query = select(table.id).where(table.id > after).order_by(table.id).limit(_STEP_FILES)
    return list(session.scalars(query))
