"""Writes the memes that have a genre as a data set for others to learn from."""

import sys
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from pathlib import Path, PurePosixPath
from typing import Final

from sqlalchemy.orm import Session
from tqdm import tqdm

from core.batched import batched
from core.cli import warn
from core.errors import MemeEraError
from core.fingerprint import hash_bytes
from db.export_card import Contents, card
from db.export_choice import Choice, Chosen, choose
from db.export_examples import CLASSES, Example, describe
from db.export_formats import FORMATS, Picture
from db.media import MediaStore
from db.whole_folder import whole_folder

__all__ = ["export"]

_BATCH: Final = 500  # memes whose facts are asked for at once
_AHEAD: Final = 8  # files that are read while one is written: a bucket answers slowly


def export(
    session: Session, media: MediaStore, folder: Path, format_name: str, choice: Choice
) -> Contents:
    """Write the memes that are wanted into a new folder, with a data card; gives the counts.

    Args:
        session: sees one state of the database.
        media: where the picture files are.
        folder: new, or empty; it is there whole at the end, or not at all.
        format_name: one of FORMATS.
        choice: which memes, and how they are divided.

    Raises:
        BadInput: the folder is neither new nor empty.
        NotReady: no such meme has a genre.
        MemeEraError: the folder cannot be written, or no file of any meme is there.
    """
    with whole_folder(folder) as part:
        selection = choose(session, choice)
        contents = Contents(selection.n_annotators, selection.n_left_out)
        with closing(_pictures(session, media, selection.chosen, contents)) as pictures:
            FORMATS[format_name](part, pictures)
        if not contents.n_memes:
            raise MemeEraError(
                f"none of {len(contents.missing)} memes has its file: python -m db check says more"
            )
        (part / "classes.txt").write_text("\n".join(CLASSES) + "\n", encoding="utf-8")
        (part / "README.md").write_text(card(contents, choice, format_name), encoding="utf-8")
    return contents


def _pictures(
    session: Session, media: MediaStore, chosen: Sequence[Chosen], contents: Contents
) -> Generator[Picture, None, None]:
    """Each meme with its file; those whose file is missing or damaged are counted and told."""
    with (
        ThreadPoolExecutor(max_workers=_AHEAD) as pool,
        tqdm(total=len(chosen), unit=" memes", disable=None, file=sys.stderr) as bar,
    ):
        examples = _examples(session, media, chosen)
        for example, data in _read_ahead(pool, lambda one: _read(media, one), examples):
            if isinstance(data, MemeEraError):
                contents.missing.append(example.sha256)
                warn(f"left out: {data}")
            else:
                contents.count(example)
                yield example, data
            bar.update()


def _examples(session: Session, media: MediaStore, chosen: Sequence[Chosen]) -> Iterator[Example]:
    for batch in batched(chosen, _BATCH):
        paths = (media.path(one.meme.sha256, one.meme.format) for one in batch)
        yield from describe(session, batch, (PurePosixPath(path).name for path in paths))


def _read(media: MediaStore, example: Example) -> bytes | MemeEraError:
    try:
        data = media.get(example.sha256, example.format)
    except MemeEraError as error:
        return error
    if hash_bytes(data) != example.sha256:
        path = media.path(example.sha256, example.format)
        return MemeEraError(f"the picture {path} is damaged: its bytes are not those that came")
    return data


def _read_ahead(
    pool: ThreadPoolExecutor,
    read: Callable[[Example], bytes | MemeEraError],
    examples: Iterator[Example],
) -> Iterator[tuple[Example, bytes | MemeEraError]]:
    """Each example with what was read, in order; some are read before they are asked for."""
    waiting: deque[tuple[Example, Future[bytes | MemeEraError]]] = deque()
    for example in examples:
        waiting.append((example, pool.submit(read, example)))
        if len(waiting) == _AHEAD:
            first, reading = waiting.popleft()
            yield first, reading.result()
    for left, reading in waiting:
        yield left, reading.result()
