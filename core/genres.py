"""The genres a meme can have; the only place that lists them."""

from dataclasses import dataclass
from typing import Final

from core.errors import BadInput

__all__ = ["GENRES", "Genre", "genre", "named"]


@dataclass(frozen=True, slots=True)
class Genre:
    """One genre: its key in files and databases, what people read, and its digit key."""

    key: str
    name: str
    definition: str
    digit: int


GENRES: Final = (
    Genre("rage_comic", "Rage comic", "Hand-drawn panels with stock faces and typed captions.", 1),
    Genre(
        "top_bottom_text",
        "Top text / bottom text",
        "A character or photo, set-up above, punch line below, in Impact.",
        2,
    ),
    Genre(
        "text_post",
        "Text post",
        "A screenshot of a funny post: Twitter, Tumblr, Facebook, a chat.",
        3,
    ),
    Genre(
        "ironic",
        "Ironic / surrealist",
        "Irony about memes: distorted, deep-fried, detached, without logic.",
        4,
    ),
    Genre(
        "post_ironic",
        "Post-ironic",
        "Beyond irony: earnest, or so mixed that nobody can tell.",
        5,
    ),
    Genre(
        "viral_video",
        "Viral video",
        "A still or thumbnail: play button, logo, low quality.",
        6,
    ),
    Genre(
        "political",
        "Political",
        "About political events, politicians or institutions, whatever the form.",
        7,
    ),
    Genre(
        "experimental",
        "Experimental",
        "Anything else: any image may be a meme that is not popular yet.",
        8,
    ),
)


def genre(key: str) -> Genre:
    """The genre with this key.

    Raises:
        BadInput: there is none; the message lists those there are.
    """
    for known in GENRES:
        if known.key == key:
            return known
    raise BadInput(f"no genre {key!r}; the genres are {', '.join(g.key for g in GENRES)}")


def named(text: str) -> Genre:
    """The genre that somebody calls so: by its key or its name, whatever the case and the signs.

    Raises:
        BadInput: there is none.
    """
    for known in GENRES:
        if _letters(text) in {_letters(known.key), _letters(known.name)}:
            return known
    raise BadInput(f"no genre {text!r}; the genres are {', '.join(g.name for g in GENRES)}")


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, text.casefold()))
