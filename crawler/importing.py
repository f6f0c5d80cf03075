"""Takes a folder of pictures into the collection: reads files, has other processes take them in."""

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final, TypeVar

from tqdm import tqdm

from core.cli import warn
from core.cpus import n_cpus
from core.errors import Reject
from core.isolated import Stopped, WorkerDied, Workers
from core.settings import Settings
from crawler.examining import Examined, Unusable
from crawler.intake import SOURCE, File, Intake, Taken
from crawler.sources.folder import Label
from db.labels import Prior, set_priors
from db.runs import Counts, save_counts, start_run
from db.session import Database
from db.sightings import kept_files

__all__ = ["import_files"]

# One transaction each: a vote cast meanwhile waits a fraction of a second, not an import.
_BATCH_FILES: Final = 64
_BATCH_BYTES: Final = 64 * 2**20
# A process takes a second to start, and a picture some 15 ms.
_FILES_A_PROCESS: Final = 50

_T = TypeVar("_T")


def import_files(
    settings: Settings,
    folder: Path,
    files: Sequence[Path],
    labels: Mapping[Path, Sequence[Label]],
    *,
    community: str | None = None,
    annotator: str = "import",
    priors: Sequence[Prior] = (),
) -> Counts:
    """Add the files as memes, the labels as votes of the annotator; gives the counts.

    Where a label names a person, the vote is that person's: "<annotator>:<person>".

    It can be stopped at any moment; the same call goes on from there. Whatever one file is, it ends
    no other: it is told in one line, and counted.

    Raises:
        MemeEraError: nothing can be written any more.
    """
    n_processes = min(n_cpus(), 1 + len(files) // _FILES_A_PROCESS)
    with Workers(n_processes, Intake, settings) as workers, _opened(settings) as database:
        with database.writing_alone() as session:
            set_priors(session, priors)
            run_id = start_run(session, SOURCE, str(folder))
        importing = _Importing(database, workers, run_id, settings.max_bytes)
        importing.all(
            files,
            lambda path, data: File.of(str(path), data, labels.get(path, ()), community, annotator),
        )
        with database.writing() as session:
            save_counts(session, run_id, importing.counts.as_dict(), finished=True)
    return importing.counts


@contextmanager
def _opened(settings: Settings) -> Iterator[Database]:
    database = Database.open(settings)
    try:
        yield database
    finally:
        database.engine.dispose()


class _Importing:
    """One run: what of it is done, and who does it."""

    def __init__(
        self, database: Database, workers: Workers[Intake], run_id: int, max_bytes: int
    ) -> None:
        self.counts = Counts()
        self._database = database
        self._workers = workers
        self._run_id = run_id
        self._max_bytes = max_bytes

    def all(self, paths: Sequence[Path], read: Callable[[Path, bytes], File]) -> None:
        """Take in all files that can be read, a batch at a time."""
        adding: list[File] = []
        added: Future[list[Taken]] | None = None
        with tqdm(total=len(paths), unit=" files", disable=None, file=sys.stderr) as bar:
            for batch in self._batches(paths, read):
                looks = self._look(batch)  # while those before are added
                if added is not None:
                    self._count_added(adding, added)
                bar.update(self.counts.listed - len(batch) - bar.n)
                adding = self._usable(batch, looks)
                added = self._add(adding)
            if added is not None:
                self._count_added(adding, added)
            bar.update(self.counts.listed - bar.n)

    def _batches(
        self, paths: Sequence[Path], read: Callable[[Path, bytes], File]
    ) -> Iterator[list[File]]:
        batch: list[File] = []
        for path in paths:
            self.counts.listed += 1
            try:
                if path.stat().st_size > self._max_bytes:
                    why = f"more than {self._max_bytes} bytes"
                    self._count(path, Unusable(Reject.TOO_MANY_BYTES, why, passes=False))
                    continue
                batch.append(read(path, path.read_bytes()))
            except OSError as error:
                self._count(path, Unusable(Reject.UNREADABLE, str(error.strerror), passes=False))
                continue
            if len(batch) == _BATCH_FILES or sum(len(f.data) for f in batch) > _BATCH_BYTES:
                yield batch
                batch = []
        yield batch

    def _look(self, batch: Sequence[File]) -> dict[str, Future[Examined | Unusable]]:
        """Have the files looked at whose very bytes are not kept already."""
        with self._database.reading() as session:
            kept = kept_files(session, [file.sha256 for file in batch])
        return {
            file.path: self._workers.submit(Intake.look, file.data)
            for file in batch
            if file.sha256 not in kept
        }

    def _usable(
        self, batch: Sequence[File], looks: Mapping[str, Future[Examined | Unusable]]
    ) -> list[File]:
        """Those that can be added, in their order; the others are counted."""
        usable = []
        for file in batch:
            if file.path not in looks:
                usable.append(file)
                continue
            found = _result(looks[file.path])
            if isinstance(found, Unusable):
                self._count(file.path, found)
            else:
                usable.append(replace(file, examined=found))
        return usable

    def _add(self, files: Sequence[File]) -> Future[list[Taken]]:
        counts = Counts.from_dict(self.counts.as_dict())  # as they are now: it is sent meanwhile
        return self._workers.submit(Intake.add, files, self._run_id, counts)

    def _count_added(self, files: Sequence[File], added: Future[list[Taken]]) -> None:
        """Count what became of each; where one ended its process, they are tried one by one."""
        taken = _result(added)
        if not isinstance(taken, Unusable):
            for file, one in zip(files, taken, strict=True):
                self._count(file.path, one)
        elif len(files) == 1:
            self._count(files[0].path, taken)
        else:
            for file in files:
                self._count_added([file], self._add([file]))

    def _count(self, path: Path | str, taken: Taken) -> None:
        if not isinstance(taken, Unusable):
            self.counts.record(taken)
            return
        if taken.passes:
            self.counts.failed += 1
        else:
            self.counts.rejected[taken.reason] += 1
        warn(f"{path}: {taken.detail} ({taken.reason})")


def _result(work: Future[_T]) -> _T | Unusable:
    """What it came to, or why it ended its process."""
    try:
        return work.result()
    except Stopped:
        raise
    except WorkerDied as death:
        return Unusable.deadly(death)
