"""What is put before a person, and the answers there are to it."""

import uuid
from dataclasses import dataclass, field
from typing import Final, Self

from core.genres import GENRES
from db.models import Meme, Verdict

__all__ = ["GENRE_ANSWERS", "OTHER_ANSWERS", "SKIP", "UNDO_KEY", "Answer", "Showing"]

UNDO_KEY: Final = "Backspace"


@dataclass(frozen=True, slots=True)
class Answer:
    """One thing to say of a meme, and the key that says it."""

    name: str
    definition: str
    key: str  # on the keyboard, as Streamlit names it
    verdict: Verdict
    genre: str | None = None


GENRE_ANSWERS: Final = tuple(
    Answer(genre.name, genre.definition, str(genre.digit), Verdict.GENRE, genre.key)
    for genre in GENRES
)
SKIP: Final = Answer("Skip", "Leave it to somebody else.", "S", Verdict.SKIP)
OTHER_ANSWERS: Final = (
    Answer("Unsure", "It is a meme, but nobody could say which.", "U", Verdict.UNSURE),
    Answer("Not a meme", "An advertisement, a logo, a plain photo.", "X", Verdict.NOT_A_MEME),
    SKIP,
)


@dataclass(frozen=True, slots=True)
class Showing:
    """One meme put before one person once.

    An answer names the showing it is meant for. Of a double click, or of keys that come faster than
    pages, the first answers; the others name a showing that is over.
    """

    meme_id: int
    sha256: str
    format: str
    is_animation: bool
    is_tall: bool
    title: str | None
    community: str | None
    token: str = field(default_factory=lambda: uuid.uuid4().hex)

    @classmethod
    def of(cls, meme: Meme) -> Self:
        """A new showing of a meme, with what its first sighting says."""
        first = meme.sightings[0] if meme.sightings else None
        return cls(
            meme_id=meme.id,
            sha256=meme.sha256,
            format=meme.format,
            is_animation=meme.frames > 1,
            is_tall=meme.height > 2 * meme.width,
            title=first.title if first else None,
            community=first.community if first else None,
        )
