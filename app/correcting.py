"""Takes a meme with the genre that somebody says it has into the collection, as one vote."""

from dataclasses import dataclass
from typing import Final

from core.errors import BadInput
from core.fingerprint import fingerprint
from db.labels import cast, undo
from db.memes import BARRED, Barred, Collection, Seen

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
    is_new: bool  # whether the vote was not there before


def correct(collection: Collection, said: Correction) -> Taken:
    """Keep the picture, and the vote; it is for the labeling tool to weigh against others.

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
            saw_suggestion=True,
            idempotency_key=said.key,
            copy_id=added.copy_id,
        )
    return Taken(added.meme_id, is_new)


def take_back(collection: Collection, visitor: str, key: str) -> bool:
    """Let a correction count no more; says whether it did until now. The picture stays."""
    with collection.database.writing() as session:
        return undo(session, annotator(visitor), key)


def annotator(visitor: str) -> str:
    """Under which name a visitor's votes are kept, apart from those of people who label."""
    return f"visitor {visitor}"
