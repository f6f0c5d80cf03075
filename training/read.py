"""Reads the words of every meme that lacks them, in processes of its own."""

import multiprocessing
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict, dataclass
from itertools import islice
from typing import Any, Final

from core.cli import telling
from core.cpus import n_cpus
from core.errors import MemeEraError
from core.images import decode
from core.in_order import in_order
from core.pace import Pace
from core.processes import live_with_parent
from core.settings import Settings
from core.words import Line, read_words
from db.media import MediaStore
from db.pictures import keep_words
from db.reading import Unread, n_unread, unread
from db.session import Database

__all__ = ["Counts", "read_all"]

_N_LISTED: Final = 500  # memes of one question to the database
_N_KEPT: Final = 10  # memes of one transaction: what a kill may cost, some seconds of reading

_Read = tuple[Unread, tuple[Line, ...] | None]


@dataclass(slots=True)
class Counts:
    """What became of the memes."""

    read: int = 0
    wordless: int = 0  # those of the read in which nothing is written
    skipped: int = 0  # their files cannot be read

    def __str__(self) -> str:
        skipped = f", {self.skipped} skipped: python -m db check" if self.skipped else ""
        return f"{self.read} memes read, {self.wordless} of them without words{skipped}"

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


def read_all(settings: Settings, n_workers: int | None = None, limit: int | None = None) -> Counts:
    """Read and keep the words of every meme whose words are not known yet.

    Args:
        settings: of the collection.
        n_workers: processes that read; None: as many as there are cores for this one.
        limit: at most so many memes; None: all.

    Raises:
        MemeEraError: a process died, of too little memory as a rule.
    """
    counts = Counts()
    database = Database.open(settings)
    with database.reading() as session:
        n = n_unread(session)
    n = n if limit is None else min(n, limit)
    n_workers = min(n, n_workers or n_cpus())
    with telling(lambda: f"{counts}: kept"), Pace("reading memes", n) as pace:
        reading = _read(settings, database, n_workers, limit)
        while some := list(islice(reading, _N_KEPT)):
            _keep(database, some, counts)
            pace.update(len(some))
    database.engine.dispose()
    return counts


def _keep(database: Database, some: list[_Read], counts: Counts) -> None:
    with database.writing() as session:
        for meme, lines in some:
            if lines is None:
                counts.skipped += 1
            else:
                keep_words(session, meme.meme_id, lines)
                counts.read += 1
                counts.wordless += not lines


def _read(
    settings: Settings, database: Database, n_workers: int, limit: int | None
) -> Iterator[_Read]:
    if not n_workers:
        return
    with ProcessPoolExecutor(
        n_workers,
        # Not forked: the reader's threads would not survive it.
        mp_context=multiprocessing.get_context("spawn"),
        initializer=_begin,
        initargs=(settings,),
    ) as pool:
        try:
            yield from in_order(pool, n_workers, _read_one, islice(_listed(database), limit))
        except BrokenProcessPool as error:
            raise MemeEraError(
                "a process that read words died, of too little memory perhaps; what was read is "
                "kept: go on with python -m training read --workers 1"
            ) from error


def _listed(database: Database) -> Iterator[Unread]:
    after = 0
    while True:
        with database.reading() as session:
            memes = unread(session, after=after, limit=_N_LISTED)
        if not memes:
            return
        yield from memes
        after = memes[-1].meme_id


_media: MediaStore  # of a process that reads


def _begin(settings: Settings) -> None:
    global _media  # a pool hands its processes state in no other way
    live_with_parent()
    _media = MediaStore.open(settings)


def _read_one(meme: Unread) -> _Read:
    try:
        return meme, read_words(decode(_media.get(meme.sha256, meme.format)))
    except MemeEraError:  # ImageRejected too: `check` tells what is wrong
        return meme, None
