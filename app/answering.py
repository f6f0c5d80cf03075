"""What a process that answers does with one picture."""

import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Final, TypeVar

import numpy as np
from PIL import Image

from app import messages
from app.correcting import Correction, Taken, correct, take_back
from app.stored import Stored
from core.errors import BadInput, ImageRejected, MemeEraError
from core.fingerprint import fingerprint, hash_bytes
from core.images import decode, thumbnail
from core.settings import Settings
from core.words import Line
from db.embeddings import EmbeddingIndex
from db.known import KnownMeme, known, known_memes
from db.memes import Collection
from db.showing import picture_row
from db.sightings import kept
from training.classifier import Classifier, Prediction
from training.heat import heat, on_picture
from training.registry import CARD, LITERT_MODEL, Registry

__all__ = [
    "Part",
    "Question",
    "Refused",
    "Serving",
    "answer",
    "prepare",
    "small_picture",
    "take_in",
    "take_out",
    "told",
]

_T = TypeVar("_T")

_N_SIMILAR: Final = 8
_THUMBNAIL_PX: Final = 320  # twice as wide as it is shown, for screens with small pixels
_MAP_PX: Final = 32  # of the longer side: more cells than the network has


class Part(StrEnum):
    """What can be asked for besides genre, year and words."""

    YEARS = "years"
    LINES = "lines"
    MAP = "map"
    KNOWN = "known"
    SIMILAR = "similar"


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


def answer(question: Question) -> messages.Classification | Refused:
    """What the model says of a picture, with the parts that were asked for.

    Raises:
        MemeEraError: the model cannot be loaded, or the database does not answer.
    """
    started = time.perf_counter()
    classifier = _loaded(question.settings, question.serving)
    stored = _stored(question.settings)
    collection = _opened(stored) if question.parts & {Part.KNOWN, Part.SIMILAR} else None
    try:
        lines = None
        if question.words and classifier.reads_words:
            lines = stored.words(question.data)
        said = classifier.classify(question.data, read=question.words, lines=lines)
        parts = _parts(question, classifier, said, collection)
    except ImageRejected as error:
        return Refused(error.reason, error.detail)
    return messages.Classification(
        model=said.model,
        genre=[messages.Labelled(label=one.label, score=one.score) for one in said.genre],
        year=messages.Year(value=said.year.value, low=said.year.low, high=said.year.high),
        words=None if said.words is None else [line.text for line in said.words],
        abstain=said.abstain,
        ms=round((time.perf_counter() - started) * 1000, 1),
        **parts,
    )


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


def small_picture(settings: Settings, sha256: str) -> bytes | Refused:
    """A meme's picture made small, as a JPEG.

    Raises:
        MemeEraError: the database or the store does not answer.
    """
    nothing = Refused("not_found", "there is no such picture")
    collection = _opened(_stored(settings))
    if collection is None:
        return nothing
    with collection.database.reading() as session:
        row = picture_row(session, sha256)
    if row is None:
        return nothing
    try:
        return thumbnail(collection.media.get(row.sha256, row.format), _THUMBNAIL_PX)
    except ImageRejected as error:
        return Refused("not_found", f"the picture is damaged: {error.detail}")


def _opened(stored: Stored, *, make: bool = False) -> Collection | None:
    """The collection, if there is one.

    Raises:
        MemeEraError: it cannot be opened; not BadInput, for no caller can mend that.
    """
    try:
        return stored.opened if make else stored.collection
    except BadInput as error:
        raise MemeEraError(str(error)) from error


def _parts(
    question: Question,
    classifier: Classifier,
    said: Prediction,
    collection: Collection | None,
) -> dict[str, object]:
    wanted = question.parts
    parts: dict[str, object] = {}
    if Part.YEARS in wanted:
        scores = [round(score, 5) for score in said.answer.years.tolist()]
        parts["years"] = messages.Years(first=classifier.first_year, scores=scores)
    if Part.LINES in wanted and said.words is not None:
        parts["lines"] = [_line(line) for line in said.words]
    if Part.MAP in wanted:
        parts["map"] = _map(classifier, said, decode(question.data, at_least_px=_MAP_PX).size)
    if collection is None:
        return parts
    if Part.KNOWN in wanted:
        found = known(collection, question.data, fingerprint(question.data))
        parts["known"] = messages.KnownPicture(
            relation=found.relation,
            meme=None if found.meme is None else _meme(found.meme),
            n_of_template=found.n_of_template,
        )
    if Part.SIMILAR in wanted:
        parts["similar"] = _similar(question.data, said, collection)
    return parts


def _map(classifier: Classifier, said: Prediction, size: tuple[int, int]) -> messages.Heat:
    label = said.genre[0].label
    hot = heat(said.answer.map, classifier.classes.index(label))
    laid = on_picture(hot, _MAP_PX, *size)
    return messages.Heat(
        label=label,
        rows=laid.shape[0],
        columns=laid.shape[1],
        values=np.round(laid, 3).ravel().astype(float).round(3).tolist(),
    )


def _similar(data: bytes, said: Prediction, collection: Collection) -> list[messages.Similar]:
    index = _index(collection, said.model)
    with collection.database.reading() as session:
        index.follow(session)
        itself = kept(session, hash_bytes(data))
        but = None if itself is None else itself.meme_id
        near = index.nearest(session, said.answer.embedding, _N_SIMILAR, but=but)
        memes = {meme.meme_id: meme for meme in known_memes(session, [n.meme_id for n in near])}
    return [
        messages.Similar(cosine=one.cosine, meme=_meme(memes[one.meme_id]))
        for one in near
        if one.meme_id in memes
    ]


def _line(line: Line) -> messages.ReadLine:
    left, top, right, bottom = (round(min(max(side, 0.0), 1.0), 4) for side in line.box)
    return messages.ReadLine(
        text=line.text, box=(left, top, right, bottom), confidence=round(line.confidence, 4)
    )


def _meme(one: KnownMeme) -> messages.Meme:
    place = one.first_seen
    return messages.Meme(
        id=one.meme_id,
        sha256=one.sha256,
        label=one.genre,
        nsfw=one.nsfw,
        n_seen=one.n_seen,
        source=place and place.source,
        community=place and place.community,
        title=place and place.title,
        permalink=place and place.permalink,
        posted_at=place and place.posted_at,
    )


# What a process keeps from one question to the next: of models the champion, and the one before it
# or after.
@lru_cache(maxsize=2)
def _loaded(settings: Settings, serving: Serving) -> Classifier:
    return Classifier.load(settings, serving.version)


@lru_cache(maxsize=2)
def _index(_collection: Collection, version: str) -> EmbeddingIndex:
    return EmbeddingIndex(version)


@lru_cache(maxsize=1)
def _stored(settings: Settings) -> Stored:
    return Stored(settings)


def _written_ns(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0
