"""Takes a folder of pictures into the collection."""

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from tqdm import tqdm

from core.cli import warn
from core.errors import ImageRejected, Reject
from core.fingerprint import Fingerprint, fingerprint, hash_bytes
from core.settings import Settings
from crawler.sources.folder import Label
from db.labels import Prior, cast_of_place, set_priors
from db.memes import BARRED, Adder, Barred, Collection, Seen
from db.recognition import Looked
from db.runs import Counts, save_counts, start_run
from db.sightings import kept_files

__all__ = ["SOURCE", "import_files"]

SOURCE: Final = "folder"
# One transaction each: a vote cast meanwhile waits a fraction of a second, not an import.
_BATCH_FILES: Final = 64
_BATCH_BYTES: Final = 64 * 2**20


Examined = tuple[Fingerprint, Looked]


@dataclass(frozen=True, slots=True)
class File:
    """One file as it was read."""

    path: Path
    data: bytes
    sha256: str

    @property
    def post_id(self) -> str:
        """The path, with the content: another picture saved under the same name is another post."""
        return f"{self.path}#{self.sha256[:16]}"


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

    It can be stopped at any moment; the same call goes on from there.
    """
    counts = Counts()
    with _opened(settings) as collection:
        with collection.database.writing_alone() as session:
            set_priors(session, priors)
            run_id = start_run(session, SOURCE, str(folder))
        with (
            ThreadPoolExecutor(max_workers=_n_processors()) as pool,
            tqdm(total=len(files), unit=" files", disable=None, file=sys.stderr) as bar,
        ):
            for batch in _batches(files, settings.max_bytes, counts):
                pictures = _examine(pool, collection, batch, counts)
                with collection.adding() as adder:
                    for file, examined in pictures.items():
                        said = labels.get(file.path, ())
                        _store(adder, file, examined, said, community, annotator, counts)
                    save_counts(adder.session, run_id, counts.as_dict())
                bar.update(counts.listed - bar.n)
        with collection.database.writing() as session:
            save_counts(session, run_id, counts.as_dict(), finished=True)
    return counts


@contextmanager
def _opened(settings: Settings) -> Iterator[Collection]:
    collection = Collection.open(settings)
    try:
        yield collection
    finally:
        collection.database.engine.dispose()


def _n_processors() -> int | None:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()


def _batches(files: Sequence[Path], max_bytes: int, counts: Counts) -> Iterator[list[File]]:
    """The files that can be read, some at a time; those that cannot are counted."""
    batch: list[File] = []
    for path in files:
        counts.listed += 1
        try:
            if path.stat().st_size > max_bytes:
                raise ImageRejected(Reject.TOO_MANY_BYTES, f"more than {max_bytes} bytes")
            data = path.read_bytes()
        except ImageRejected as error:
            _reject(counts, path, error)
            continue
        except OSError as error:
            _reject(counts, path, ImageRejected(Reject.UNREADABLE, str(error.strerror)))
            continue
        batch.append(File(path, data, hash_bytes(data)))
        if len(batch) == _BATCH_FILES or sum(len(f.data) for f in batch) > _BATCH_BYTES:
            yield batch
            batch = []
    yield batch


def _examine(
    pool: ThreadPoolExecutor, collection: Collection, batch: Sequence[File], counts: Counts
) -> dict[File, Examined | None]:
    """What was found out about each file of a batch; None where its very bytes are kept already."""
    with collection.database.reading() as session:
        kept = kept_files(session, [file.sha256 for file in batch])
    fresh = [file for file in batch if file.sha256 not in kept]
    looks = pool.map(partial(_look, collection), fresh)
    found = dict(zip(fresh, looks, strict=True))
    examined: dict[File, Examined | None] = {}
    for file in batch:
        what = found.get(file)
        if isinstance(what, ImageRejected):
            _reject(counts, file.path, what)
        else:
            examined[file] = what
    return examined


def _look(collection: Collection, file: File) -> Examined | ImageRejected:
    try:
        picture = fingerprint(file.data)
        return picture, collection.look(file.data, picture)
    except ImageRejected as error:
        return error


def _store(
    adder: Adder,
    file: File,
    examined: Examined | None,
    said: Sequence[Label],
    community: str | None,
    annotator: str,
    counts: Counts,
) -> None:
    label = said[0] if said else None  # they differ in who says which genre, and in nothing else
    seen = Seen(
        source=SOURCE,
        post_id=file.post_id,
        image_url=str(file.path),
        community=community or (label.source if label else None),
        year_low=label.year_low if label else None,
        year_high=label.year_high if label else None,
        source_group=label.group if label else None,
        fold=label.fold if label else None,
    )
    if examined is None:
        outcome = adder.see_again(file.sha256, seen, file.data)
    else:
        picture, looked = examined
        outcome = adder.add(file.data, picture, seen, looked)
    if isinstance(outcome, Barred):
        _reject(counts, file.path, ImageRejected(Reject.REMOVED, BARRED))
        return
    counts.record(outcome)
    for word in said:
        if word.genre is None or not word.by_people:
            continue
        cast_of_place(
            adder.session,
            outcome.meme_id,
            f"{annotator}:{word.annotator}" if word.annotator else annotator,
            place=file.post_id,
            genre=word.genre,
            trust=word.trust,
            copy_id=outcome.copy_id,
        )


def _reject(counts: Counts, path: Path, error: ImageRejected) -> None:
    counts.rejected[error.reason] += 1
    warn(f"{path}: {error}")
