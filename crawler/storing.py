"""Decodes and stores what was fetched, in processes of their own.

Python runs one thread at a time, and each of fetching, decoding and storing would wait for the
others. Transactions still follow one another: each is under the collection's lock.
"""

import multiprocessing
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from core.cpus import n_cpus
from core.errors import ImageRejected, MemeEraError, Reject
from core.fingerprint import Fingerprint, fingerprint
from core.processes import live_with_parent
from core.settings import Settings
from crawler.items import Failed, Fetched, Item, SeenAgain
from db.frontier import Medium, Tries, reject, settle, try_later
from db.memes import BARRED, Adder, Barred, Collection, Known, Reposted
from db.recognition import Looked
from db.runs import save_counts

__all__ = ["N_PROCESSES", "Became", "Outcome", "store", "storing_processes"]

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
class _Examined:
    """A medium that is a picture, and what was found out about it."""

    medium: Medium
    data: bytes
    picture: Fingerprint
    looked: Looked


_Job = _Examined | SeenAgain | Failed


class Storekeeper:
    """Takes media into a collection, those of one call in one transaction."""

    def __init__(self, settings: Settings, run_id: int) -> None:
        self._collection = Collection.open(settings)
        self._run_id = run_id
        self._tries = Tries(first_rest_s=settings.retry_delay_s)

    def store(self, items: Sequence[Item], counts: dict[str, Any]) -> list[Outcome]:
        """Store each, or record why not; and how far the run has come."""
        return self._stored([self._examined(item) for item in items], counts)

    def _examined(self, item: Item) -> _Job:
        if not isinstance(item, Fetched):
            return item
        try:
            picture = fingerprint(item.data)
        except ImageRejected as error:
            return Failed(item.medium, error.reason, error.detail)
        looked = self._collection.look(item.data, picture)
        if looked.decision is not None:  # it will be kept; here, no transaction waits for that
            with suppress(MemeEraError):  # who adds it tries again, and tells
                self._collection.media.put(picture.sha256, picture.header.format, item.data)
        return _Examined(item.medium, item.data, picture, looked)

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
                return [Outcome(Became.UNSTORED, detail=str(error) or type(error).__name__)]
        return [one for job in jobs for one in self._stored([job], counts)]

    def _taken_in(self, adder: Adder, job: _Job) -> Outcome:
        match job:
            case _Examined(medium, data, picture, looked):
                added = adder.add(data, picture, medium.seen, looked)
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


_keeper: Storekeeper | None = None  # of this process


def storing_processes(settings: Settings, run_id: int) -> ProcessPoolExecutor:
    """Processes that `store` runs in; they end with this one, however this one ends."""
    return ProcessPoolExecutor(
        N_PROCESSES,
        multiprocessing.get_context("spawn"),
        initializer=_open,
        initargs=(settings, run_id),
    )


def store(items: Sequence[Item], counts: dict[str, Any]) -> list[Outcome]:
    """What `Storekeeper.store` does, in one of `storing_processes`."""
    assert _keeper is not None
    return _keeper.store(items, counts)


def _open(settings: Settings, run_id: int) -> None:
    global _keeper  # a pool's process has nothing else to keep it in
    live_with_parent()
    _keeper = Storekeeper(settings, run_id)
