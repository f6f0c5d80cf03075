"""Takes a meme with the genre that somebody says it has into the collection, as a question.

It does not count as a label: it brings the meme before those who label, first of all, and what they
say counts. Taken back, it is gone, and with it what came into the collection for it alone.
"""

from dataclasses import dataclass
from typing import Final

from core.errors import BadInput
from core.fingerprint import fingerprint
from db.labels import cast
from db.memes import BARRED, Barred, Collection, Seen
from db.models import Channel
from db.taking_back import take_back_correction

__all__ = ["SOURCE", "Correction", "Taken", "correct", "take_back"]

SOURCE: Final = "window"
"""Where a meme was seen that came so."""


@dataclass(frozen=True, slots=True)
class Correction:
    """What somebody says of a picture."""

    data: bytes
    genre: str
    visitor: str  # a name that a browser makes up for itself
    key: str  # of this very correction: sent again, it counts once


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of it."""

    meme_id: int
    is_new: bool  # whether the correction was not there before


def correct(collection: Collection, said: Correction) -> Taken:
    """Keep the picture, and what was said of it; those who label are asked.

    Raises:
        ImageRejected: it is no picture that is taken.
        BadInput: there is no such genre, or the picture was removed because it is gone where it
            was seen.
        MemeEraError: the database does not answer.
    """
    picture = fingerprint(said.data)
    looked = collection.look(said.data, picture)
    seen = Seen(SOURCE, picture.sha256, f"{SOURCE}:{picture.sha256}")
    with collection.adding() as adder:
        added = adder.add(said.data, picture, seen, looked)
        if isinstance(added, Barred):
            raise BadInput(BARRED)
        is_new = cast(
            adder.session,
            added.meme_id,
            annotator(said.visitor),
            genre=said.genre,
            channel=Channel.CORRECTION,
            saw_suggestion=True,
            idempotency_key=said.key,
            copy_id=added.copy_id,
        )
    return Taken(added.meme_id, is_new)


def take_back(collection: Collection, visitor: str, key: str) -> bool:
    """Let a correction be as if it was never sent; says whether there was one until now."""
    return take_back_correction(collection, annotator(visitor), key, source=SOURCE)


def annotator(visitor: str) -> str:
    """Under which name a visitor's corrections are kept, apart from those of people who label."""
    return f"visitor {visitor}"
