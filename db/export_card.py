"""The data card: what a data set is, where it is from, how its labels came about, what it lacks."""

import json
import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib import metadata
from typing import Any, Final

from core.genres import GENRES
from db.export_choice import SIDES, Choice
from db.export_examples import Example
from db.splits import Split

__all__ = ["Contents", "card"]

_MOST: Final = 20  # places and licences that are listed
_SIZES: Final = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"))
_DATA_FILES: Final = {"imagefolder": "{}/**", "parquet": "data/{}-*.parquet"}

_HOW_TO_READ: Final = {
    "imagefolder": """\
`datasets.load_dataset("imagefolder", data_dir=FOLDER)` reads them, with the facts that
`metadata.jsonl` tells; what there are several of stands there a line each, in one text. A reader
that numbers the folders by their names, as Keras does, has other numbers than `label`.""",
    "csv": """\
`labels.csv` names the pictures in `images/`; `python -m crawler import FOLDER/images --labels
FOLDER/labels.csv` takes them into a collection. Before =, +, - or @ a cell has an apostrophe,
which keeps a spreadsheet from running it; the import takes it away.""",
    "parquet": """\
`datasets.load_dataset("parquet", data_dir=FOLDER)` reads them, as does all else that knows Parquet:
`image.bytes` is the file as it was found.""",
    "tfrecord": """\
`tf.data.TFRecordDataset` reads one side's files. A record is a `tf.train.Example` of
`image/encoded` (the file as it was found: TensorFlow decodes neither WebP nor AVIF),
`image/format`, `image/width`, `image/height`, `image/class/label`, `image/class/text`,
`meme/sha256`, `meme/family`, `meme/by_people` and `meme/weight`.""",
}

_CARD: Final = """\
---
pretty_name: Memes by genre
license: other
task_categories: [image-classification]
size_categories: ["{size}"]
tags: [memes]
{configs}---

# Memes by genre

{n_memes} memes with their genres. Each is a picture of its own: reposts are joined, and the file is
that of the meme as it came. They were collected by memeEra.

{how_to_read}

## Genres and sides

{genres}

`label` is a place in `classes.txt`. No family (one template, or what a labelled set keeps together)
lies on two sides; there are {n_families}. {n_left_out} more memes are of families of the test, and
are on no side.

## How the labels came about

{n_annotators} annotators gave {n_votes} votes; an imported set of labels is one annotator, or those
that it names. The last word of each counts. The genre is what somebody settled, or else what most
say, and of equals what was said last: `votes_for` say it, of `votes`; here, at least {min_votes}.

{share} of the genres are people's. The others (`by_people` is false) are what the community where
a meme was seen usually posts, at a `weight` below 1. The test has none of them, if it has people's.

## Where the memes are from

{places}

## Licences

As the sources state them, for the post that showed the meme; few of those who post memes made them.
Before you pass the pictures on, find out what the law says where you are.

{licences}

## Limits

* Genres are a matter of opinion.
* These are the memes of the places above, and no sample of all.
* Years are bounds: a meme is at least as old as its earliest known post, and may be older.
* `nsfw` ({n_nsfw} memes) is what sources and people say; no program looked. Memes insult, and show
  people who were not asked.
* Titles, and the words in pictures, are what strangers wrote: text to learn from, not to trust.

## How it was made

On {date} by memeEra {version}: `python -m db export FOLDER {options}`
"""


@dataclass(slots=True)
class Contents:
    """What went into a data set, counted."""

    n_annotators: int
    n_left_out: int  # on neither side: they would leak into the test
    n_memes: int = 0
    n_votes: int = 0
    n_by_people: int = 0
    n_nsfw: int = 0
    genres: Counter[tuple[str, Split]] = field(default_factory=Counter)
    families: set[str] = field(default_factory=set)
    places: Counter[str] = field(default_factory=Counter)
    licences: Counter[str] = field(default_factory=Counter)
    missing: list[str] = field(default_factory=list)  # hashes of memes without a whole file

    def count(self, example: Example) -> None:
        """Count one meme that was written."""
        self.n_memes += 1
        self.n_votes += example.votes
        self.n_by_people += example.by_people
        self.n_nsfw += example.nsfw
        self.genres[example.genre, example.split] += 1
        self.families.add(example.family)
        self.places.update(example.communities or example.sources)
        self.licences.update(example.licences or ("none stated",))

    def of_side(self, side: Split) -> int:
        """How many memes lie on one side."""
        return sum(n for (_, of), n in self.genres.items() if of is side)

    def of_genre(self, genre: str) -> int:
        """How many memes are of one genre."""
        return sum(n for (of, _), n in self.genres.items() if of == genre)

    def __str__(self) -> str:
        sides = ", ".join(f"{self.of_side(side)} {side}" for side in SIDES)
        return f"{self.n_memes} memes: {sides}; {self.n_left_out} more are on no side"

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "memes": self.n_memes,
            "splits": {side.value: self.of_side(side) for side in SIDES},
            "genres": {genre.key: self.of_genre(genre.key) for genre in GENRES},
            "families": len(self.families),
            "by_people": self.n_by_people,
            "votes": self.n_votes,
            "annotators": self.n_annotators,
            "left_out": self.n_left_out,
            "missing": self.missing,
        }


def card(contents: Contents, choice: Choice, format_name: str) -> str:
    """The text of README.md: a Hugging Face dataset card."""
    return _CARD.format(
        size=next((name for n, name in _SIZES if contents.n_memes < n), "100K<n<1M"),
        configs=_configs(contents, format_name),
        n_memes=contents.n_memes,
        how_to_read=_HOW_TO_READ[format_name],
        genres=_genres(contents),
        n_families=len(contents.families),
        n_left_out=contents.n_left_out,
        n_annotators=contents.n_annotators,
        n_votes=contents.n_votes,
        min_votes=choice.min_votes,
        share=f"{contents.n_by_people / contents.n_memes:.1%}",
        places=_table("seen in", contents.places),
        licences=_table("licence", contents.licences),
        n_nsfw=contents.n_nsfw,
        date=f"{datetime.now(UTC):%F}",
        version=_version(),
        options=_options(choice, format_name),
    )


def _configs(contents: Contents, format_name: str) -> str:
    """Which files are which side's, for readers that would guess it from names."""
    if (pattern := _DATA_FILES.get(format_name)) is None:
        return ""
    files = [
        f"  - {{split: {side}, path: {json.dumps(pattern.format(side))}}}"
        for side in SIDES
        if contents.of_side(side)
    ]
    return "\n".join(["configs:", "- config_name: default", "  data_files:", *files, ""])


def _genres(contents: Contents) -> str:
    lines = [
        f"| label | genre | what it is | {' | '.join(SIDES)} | all |",
        f"|---|---|---|{'---|' * len(SIDES)}---|",
    ]
    for label, genre in enumerate(GENRES):
        numbers = [contents.genres[genre.key, side] for side in SIDES]
        what = f"{genre.name}: {genre.definition}"
        lines.append(_line(label, f"`{genre.key}`", what, *numbers, sum(numbers)))
    sides = [contents.of_side(side) for side in SIDES]
    lines.append(_line("", "all", "", *sides, contents.n_memes))
    return "\n".join(lines)


def _table(what: str, counts: Counter[str]) -> str:
    lines = [f"| {what} | memes |", "|---|---|"]
    by_size = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    lines += [_line(_plain(name), n) for name, n in by_size[:_MOST]]
    if len(counts) > _MOST:
        lines.append(_line(f"and {len(counts) - _MOST} others", sum(n for _, n in by_size[_MOST:])))
    return "\n".join(lines)


def _line(*cells: object) -> str:
    return f"| {' | '.join(map(str, cells))} |"


def _options(choice: Choice, format_name: str) -> str:
    options = [f"--format {format_name} --seed {choice.seed} --min-votes {choice.min_votes}"]
    if choice.test_fold is not None:
        options.append(f"--test-fold {choice.test_fold}")
    options += ["--weak"] if choice.weak else []
    options += ["--licensed"] if choice.licensed else []
    return " ".join(options)


def _version() -> str:
    try:
        return metadata.version("memeera")
    except metadata.PackageNotFoundError:  # a container holds the source alone
        return "(from its source)"


def _plain(text: str) -> str:
    """What a stranger wrote as one line of Markdown that means nothing but itself."""
    line = " ".join(text.split())[:200]
    line = "".join(filter(str.isprintable, line))  # nothing that turns the line's direction, say
    return re.sub(r"([\\`*_{}\[\]()<>#+\-!|~&:@.$])", r"\\\1", line)
