"""What an answer tells besides genre, year and words, where it is asked for."""

from enum import StrEnum
from functools import lru_cache
from typing import Any, Final

from app import messages
from core.fingerprint import hash_bytes
from core.images import decode
from core.words import Line
from db.embeddings import EmbeddingIndex
from db.known import Known, KnownMeme, known_memes
from db.memes import Collection
from db.sightings import kept
from training.classifier import Classifier, Prediction
from training.heat import heat, on_picture

__all__ = ["Part", "parts_of"]

_N_SIMILAR: Final = 8
_MAP_PX: Final = 32  # of the longer side: more cells than the network has


class Part(StrEnum):
    """What can be asked for besides genre, year and words."""

    YEARS = "years"
    LINES = "lines"
    MAP = "map"
    KNOWN = "known"
    SIMILAR = "similar"


def parts_of(
    wanted: frozenset[Part],
    data: bytes,
    classifier: Classifier,
    said: Prediction,
    collection: Collection | None,
    found: Known | None,
) -> dict[str, Any]:
    """Those parts of an answer that are wanted and can be told, by their fields.

    Args:
        wanted: which.
        data: the picture's bytes.
        classifier: that answered.
        said: what it said.
        collection: None: there is none, and nothing is told of it.
        found: what the picture is to it, where that is wanted.

    Raises:
        MemeEraError: the database does not answer.
    """
    parts: dict[str, Any] = {}
    if Part.YEARS in wanted:
        scores = [round(score, 5) for score in said.answer.years.tolist()]
        parts["years"] = messages.Years(first=classifier.first_year, scores=scores)
    if Part.LINES in wanted and said.words is not None:
        parts["lines"] = [_line(line) for line in said.words]
    if Part.MAP in wanted:
        parts["map"] = _map(classifier, said, decode(data, at_least_px=_MAP_PX).size)
    if collection is None:
        return parts
    if found is not None:
        parts["known"] = messages.KnownPicture(
            relation=found.relation,
            meme=None if found.meme is None else _meme(found.meme),
            n_of_template=found.n_of_template,
        )
    if Part.SIMILAR in wanted:
        parts["similar"] = _similar(data, said, collection)
    return parts


def _map(classifier: Classifier, said: Prediction, size: tuple[int, int]) -> messages.Heat:
    label = said.genre[0].label
    hot = heat(said.answer.map, classifier.classes.index(label))
    laid = on_picture(hot, _MAP_PX, *size)
    return messages.Heat(
        label=label,
        rows=laid.shape[0],
        columns=laid.shape[1],
        values=[round(float(value), 3) for value in laid.ravel()],
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


# Kept from one question to the next, of the champion and the one before it or after.
@lru_cache(maxsize=2)
def _index(_collection: Collection, version: str) -> EmbeddingIndex:
    return EmbeddingIndex(version)
