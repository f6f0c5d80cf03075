"""The genres a meme can have; the only place that lists them."""

from dataclasses import dataclass
from typing import Final

from core.errors import BadInput

__all__ = ["GENRES", "Genre", "genre", "named"]


@dataclass(frozen=True, slots=True)
class Genre:
    """One genre: its key in files and databases, what people read, and its digit key.

    `definition` is one line; `guideline` tells what the eye finds, and what to do when in doubt.
    """

    key: str
    name: str
    definition: str
    digit: int
    guideline: str


GENRES: Final = (
    Genre(
        "rage_comic",
        "Rage comic",
        "Hand-drawn panels with stock faces and typed captions.",
        1,
        "Among the first memes of the web: a strip of white panels with black line "
        "drawings of the same few faces (the troll, forever alone, me gusta), telling a "
        "small story of daily life; often tall. A single such face pasted onto a photo "
        "with Impact text above and below is top text / bottom text.",
    ),
    Genre(
        "top_bottom_text",
        "Top text / bottom text",
        "A character or photo, set-up above, punch line below, in Impact.",
        2,
        "The original form of a caption meme: one known character, animal or photo, in "
        "white Impact capitals with a black outline. The line above sets up, the line "
        "below is the punch line. Where its subject is politics it is political, and this "
        "may be its second genre.",
    ),
    Genre(
        "text_post",
        "Text post",
        "A screenshot of a funny post: Twitter, Tumblr, Facebook, a chat.",
        3,
        "A funny post, cropped and passed on: plain ground, an avatar, a name, a handle, "
        "counts of likes. A picture may go with it, but the text is the point. A "
        "politician's tweet is a text post too, unless the joke is about politics.",
    ),
    Genre(
        "ironic",
        "Ironic / surrealist",
        "Irony about memes: distorted, deep-fried, detached, without logic.",
        4,
        "Irony about memes themselves, and the surreal: the picture is distorted for its "
        "own sake (deep-fried colours, bulges, noise, lens flares), or the words do not "
        "connect, and there is no logic of set-up and punch line. Ask: is it broken on "
        "purpose, and is that the joke? Then it is ironic. What looks whole and means "
        "what it says is not, however low the effort: see post-ironic.",
    ),
    Genre(
        "post_ironic",
        "Post-ironic",
        "Beyond irony: earnest, or so mixed that nobody can tell.",
        5,
        "What came after irony: the caption-and-picture meme of today (2014 on). A "
        "caption above a reaction picture, labelled objects, 'me when ...', "
        "two-panel choices, wholesome memes. It describes something earnestly, or mixes "
        "sincerity and irony so that nobody can tell. In doubt, go through the others "
        "first: distorted or without sense is ironic, about politics is political, Impact "
        "above and below is top text / bottom text; only then is it post-ironic. Unsure "
        "is an honest answer.",
    ),
    Genre(
        "viral_video",
        "Viral video",
        "A still or thumbnail: play button, logo, low quality.",
        6,
        "A still or thumbnail of a video that went round: 16:9, a play or pause button, a "
        "progress bar, a site's logo, a watermark, low quality, a shocked face with "
        "arrows. A still with a joke written above it is not one: judge the joke.",
    ),
    Genre(
        "political",
        "Political",
        "About political events, politicians or institutions, whatever the form.",
        7,
        "The subject decides, whatever the form: events, politicians, parties, "
        "institutions. Look for the same few faces, flags, party colours and the formats "
        "of campaigns. The form may be its second genre.",
    ),
    Genre(
        "experimental",
        "Experimental",
        "Anything else: any image may be a meme that is not popular yet.",
        8,
        "When none of the others fits, not when two of them do: photos, drawings and "
        "objects with no trait in common. Any picture may be a meme that is not popular "
        "yet.",
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
