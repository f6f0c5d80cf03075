"""What a process that answers does with one picture."""

import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

from PIL import Image

from app import messages
from app.correcting import Correction, Taken, correct, take_back
from app.parts import Part, parts_of
from app.stored import Stored
from core.errors import BadInput, ImageRejected, MemeEraError
from core.fingerprint import fingerprint
from core.processes import bound_memory
from core.settings import Settings
from db.known import Relation, known
from db.memes import Collection
from db.showing import small_picture
from training.classifier import Classifier
from training.registry import CARD, LITERT_MODEL, Registry
from training.years import within

__all__ = [
    "Question",
    "Refused",
    "Serving",
    "answer",
    "answer_within_bounds",
    "picture",
    "prepare",
    "take_in",
    "take_out",
    "told",
]

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Serving:
    """A model version as its files are now."""

    version: str
    stamp: tuple[int, ...]  # when its files were last written, in ns

    @classmethod
    def of(cls, settings: Settings, version: str) -> "Serving":
        """As the files are now.

        Raises:
            BadInput: there is no such version.
        """
        folder = Registry(settings.models_dir).path(version)
        return cls(version, tuple(_written_ns(folder / name) for name in (CARD, LITERT_MODEL)))


@dataclass(frozen=True, slots=True)
class Question:
    """One picture, and what is asked of it."""

    settings: Settings
    serving: Serving
    data: bytes
    words: bool = True  # whether they are to be read
    parts: frozenset[Part] = frozenset()


@dataclass(frozen=True, slots=True)
class Refused:
    """Bytes that are no picture that is taken."""

    code: str
    message: str


def prepare(settings: Settings, serving: Serving) -> None:
    """Load what takes long, before the first question comes.

    Raises:
        MemeEraError: the model cannot be loaded.
    """
    classifier = _loaded(settings, serving)
    blank = Image.new("RGB", (64, 64), "white")
    classifier.classify(blank, read=True)


def told(work: Callable[..., _T], *arguments: object) -> _T:
    """Do some work in a process of its own; what goes wrong can be read where it is asked for.

    Raises:
        MemeEraError: as the work does; in place of a TimeoutError, which there has another meaning.
    """
    try:
        return work(*arguments)
    except TimeoutError as error:
        raise MemeEraError(f"what it needed did not answer in time: {error}") from error
    except Exception as error:
        error.add_note(traceback.format_exc())  # tracebacks do not travel, notes do
        raise


def answer_within_bounds(question: Question) -> messages.Classification | Refused:
    """As `answer`, in a process that from now on takes no more memory than a picture may.

    Raises:
        MemeEraError: as `answer`.
        MemoryError: the picture would take more.
    """
    _ready_for(question)  # what is held of models and memes is on no picture's account
    bound_memory(question.settings.picture_memory_mb * 2**20)
    return answer(question)


def answer(question: Question) -> messages.Classification | Refused:
    """What the model says of a picture, with the parts that were asked for.

    Raises:
        MemeEraError: the model cannot be loaded, or the database does not answer.
    """
    started = time.perf_counter()
    classifier, stored, collection = _ready_for(question)
    try:
        lines = None
        if question.words and classifier.reads_words:
            lines = stored.words(question.data)
        said = classifier.classify(question.data, read=question.words, lines=lines)
        said = within(said, classifier.first_year, *stored.years(question.data))
        found = None
        if collection is not None and Part.KNOWN in question.parts:
            found = known(collection, question.data, fingerprint(question.data))
            if found.meme is not None and found.relation is not Relation.SAME_TEMPLATE:
                said = within(said, classifier.first_year, *found.meme.years)
        parts = parts_of(question.parts, question.data, classifier, said, collection, found)
    except ImageRejected as error:
        return Refused(error.reason, error.detail)
    return messages.Classification(
        model=said.model,
        genre=[messages.Labelled(label=one.label, score=one.score) for one in said.genre],
        year=messages.Year(**said.year.as_dict()),
        words=None if said.words is None else [line.text for line in said.words],
        abstain=said.abstain,
        ms=round((time.perf_counter() - started) * 1000, 1),
        **parts,
    )


def _ready_for(question: Question) -> tuple[Classifier, Stored, Collection | None]:
    """What it takes to answer; loaded the first time."""
    stored = _stored(question.settings)
    collection = _opened(stored) if question.parts & {Part.KNOWN, Part.SIMILAR} else None
    return _loaded(question.settings, question.serving), stored, collection


def take_in(settings: Settings, said: Correction) -> Taken | Refused:
    """Keep a correction; the collection is made where there is none.

    Raises:
        MemeEraError: the database does not answer.
    """
    collection = _opened(_stored(settings), make=True)
    assert collection is not None
    try:
        return correct(collection, said)
    except ImageRejected as error:
        return Refused(error.reason, error.detail)
    except BadInput as error:
        return Refused("not_taken", str(error))


def take_out(settings: Settings, visitor: str, key: str) -> bool:
    """Take a correction back; says whether there was one.

    Raises:
        MemeEraError: the database does not answer.
    """
    collection = _opened(_stored(settings))
    return collection is not None and take_back(collection, visitor, key)


def picture(settings: Settings, sha256: str) -> bytes | None:
    """A meme's picture made small, as a JPEG; None: there is none, or it is damaged.

    Raises:
        MemeEraError: the database or the store does not answer.
    """
    collection = _opened(_stored(settings))
    if collection is None:
        return None
    return small_picture(collection.database, collection.media, sha256)


def _opened(stored: Stored, *, make: bool = False) -> Collection | None:
    """The collection, if there is one.

    Raises:
        MemeEraError: it cannot be opened; not BadInput, for no caller can mend that.
    """
    try:
        return stored.opened if make else stored.collection
    except BadInput as error:
        raise MemeEraError(str(error)) from error


# What a process keeps from one question to the next: of models the champion, and the one before it
# or after.
@lru_cache(maxsize=2)
def _loaded(settings: Settings, serving: Serving) -> Classifier:
    return Classifier.load(settings, serving.version)


@lru_cache(maxsize=1)
def _stored(settings: Settings) -> Stored:
    return Stored(settings)


def _written_ns(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0
