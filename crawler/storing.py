"""Decodes and stores what was fetched, in processes of their own.

Python runs one thread at a time, and each of fetching, decoding and storing would wait for the
others. Transactions still follow one another: each is under the collection's lock. And a picture
that ends its process, or is ended for what it takes, ends nothing else.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from core.cpus import n_cpus
from core.errors import Reject
from core.isolated import within
from core.settings import Settings
from crawler.examining import Examined, Unusable, examine, is_of_picture, open_bounded
from crawler.items import Failed, Fetched, Item, SeenAgain
from db.frontier import Medium, Tries, reject, settle, try_later
from db.memes import BARRED, Adder, Barred, Known, Reposted
from db.runs import save_counts

__all__ = ["N_PROCESSES", "Became", "Outcome", "Storekeeper"]

# A picture of 50 megapixels takes 800 MB while it is decoded, and each process 200 MB always.
N_PROCESSES: Final = min(n_cpus(), 4)
"""How many store at a time."""


class Became(StrEnum):
    """What a medium came to."""

    ADDED = "added"
    REPOST = "repost"
    KNOWN = "known"
    REFUSED = "refused"
    LATER = "later"  # it stays pending, and rests
    UNSTORED = "unstored"  # it stays as it was, because nothing could be written


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one medium."""

    became: Became
    reason: Reject | None = None  # where it came to nothing, or not yet
    detail: str = ""


@dataclass(frozen=True, slots=True)
class _Picture:
    """A medium that is a picture, and what was found out about it."""

    medium: Medium
    data: bytes
    examined: Examined


_Job = _Picture | SeenAgain | Failed


class Storekeeper:
    """Takes media into a collection, those of one call in one transaction."""

    def __init__(self, settings: Settings, run_id: int) -> None:
        self._collection = open_bounded(settings)
        self._timeout_s = settings.answer_timeout_s
        self._run_id = run_id
        self._tries = Tries(first_rest_s=settings.retry_delay_s)

    def store(self, items: Sequence[Item], counts: dict[str, Any]) -> list[Outcome]:
        """Store each, or record why not; and how far the run has come."""
        return self._stored([self._examined(item) for item in items], counts)

    def _examined(self, item: Item) -> _Job:
        if not isinstance(item, Fetched):
            return item
        found = examine(self._collection, item.data, self._timeout_s)
        if isinstance(found, Unusable):
            return Failed(item.medium, found.reason, found.detail, passes=found.passes)
        if found.looked.decision is not None:  # it will be kept; here, no transaction waits for it
            sha256, header = found.picture.sha256, found.picture.header
            with suppress(Exception):  # who adds it tries again, and tells
                self._collection.media.put(sha256, header.format, item.data)
        return _Picture(item.medium, item.data, found)

    def _stored(self, jobs: list[_Job], counts: dict[str, Any]) -> list[Outcome]:
        """In one transaction; where that fails, each in one of its own."""
        try:
            with self._collection.adding() as adder:
                outcomes = [self._taken_in(adder, job) for job in jobs]
                settle(adder.session, [j.medium.id for j in jobs if not isinstance(j, Failed)])
                save_counts(adder.session, self._run_id, counts)
            return outcomes
        except Exception as error:  # noqa: BLE001  # whatever it is, the medium stays pending
            if len(jobs) == 1:
                return [self._unstored(jobs[0], error, counts)]
        return [one for job in jobs for one in self._stored([job], counts)]

    def _unstored(self, job: _Job, error: Exception, counts: dict[str, Any]) -> Outcome:
        """What becomes of a medium that alone could not be stored."""
        detail = str(error) or type(error).__name__
        if isinstance(job, Failed) or not is_of_picture(error):
            return Outcome(Became.UNSTORED, detail=detail)
        again = Unusable.unforeseen(error)
        failed = Failed(job.medium, again.reason, again.detail, passes=again.passes)
        return self._stored([failed], counts)[0]

    def _taken_in(self, adder: Adder, job: _Job) -> Outcome:
        match job:
            case _Picture(medium, data, found):
                with within(self._timeout_s):
                    added = adder.add(data, found.picture, medium.seen, found.looked)
            case SeenAgain(medium, sha256):
                added = adder.see_again(sha256, medium.seen)
            case Failed():
                return self._failed(adder, job)
        match added:
            case Barred():
                return self._failed(adder, Failed(job.medium, Reject.REMOVED, BARRED))
            case Reposted():
                return Outcome(Became.REPOST)
            case Known():
                return Outcome(Became.KNOWN)
        return Outcome(Became.ADDED)

    def _failed(self, adder: Adder, job: Failed) -> Outcome:
        session, medium_id = adder.session, job.medium.id
        if not job.passes:
            reject(session, medium_id, job.reason, job.detail)
        elif try_later(
            session, medium_id, job.reason, job.detail, self._tries, not_before=job.not_before
        ):
            return Outcome(Became.LATER, job.reason, job.detail)
        return Outcome(Became.REFUSED, job.reason, job.detail)
