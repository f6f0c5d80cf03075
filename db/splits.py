"""Divides what is known into train, validation and test, whole families on one side."""

import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Protocol, Self

from sklearn.model_selection import StratifiedGroupKFold

from core.errors import NotReady
from db.listing import LabelledMeme

__all__ = [
    "KeptAside",
    "Known",
    "Split",
    "families",
    "fold_of",
    "fold_of_places",
    "in_parts",
    "split",
]

# Of seven parts, one is for tests and one for validation: 71 %, 14 %, 14 %.
_N_PARTS: Final = 7
_N_TRIES: Final = 100  # of dividing the places so that no genre is on one side alone
_TOO_FEW: Final = (
    "too few labelled memes to learn from and to test on: "
    "label more (python -m labeling), or crawl communities that say their genre"
)


class Known(Protocol):
    """A meme of which the genre is known."""

    @property
    def sha256(self) -> str:
        """Of its file, in hex."""

    @property
    def genre(self) -> str:
        """The key of it."""


class Split(StrEnum):
    """The side a meme is on."""

    TRAIN = "train"
    VALIDATION = "validation"
    TEST = "test"
    LEFT_OUT = "left_out"  # would leak into the test, or may not be in it


@dataclass(frozen=True, slots=True)
class KeptAside:
    """Which memes are kept aside for the test, by their fold or by their files."""

    fold: int | None = None  # of an imported labelled set
    files: frozenset[str] | None = None  # by SHA-256
    # Nothing that was seen in one of these is learned from, whether it is tested or not.
    places: frozenset[str] = frozenset()

    @classmethod
    def of_fold(cls, fold: int | None) -> Self | None:
        """That fold; None, where none is named."""
        return None if fold is None else cls(fold=fold)

    def holds(self, meme: LabelledMeme) -> bool:
        """Whether this meme is on it."""
        return (self.fold is not None and self.fold in meme.folds) or (
            self.files is not None and meme.sha256 in self.files
        )


def families(memes: Sequence[LabelledMeme]) -> list[int]:
    """A family number for each meme: joined by template, and by what its sources group.

    Numbers are positions of each family's first meme, so they depend on the memes alone.
    """
    parent = list(range(len(memes)))

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    first_with: dict[object, int] = {}
    for i, meme in enumerate(memes):
        for mark in (meme.template_id, *meme.groups):
            a, b = sorted((root(i), root(first_with.setdefault(mark, i))))
            parent[b] = a
    return [root(i) for i in range(len(memes))]


def split(
    memes: Sequence[LabelledMeme], seed: int, aside: KeptAside | None = None
) -> tuple[list[int], list[Split]]:
    """A family and a side for each meme.

    The test is what is named, or else one part in seven by families. It takes people's labels
    where there are any; what else belongs to its families or was seen in its places is left out,
    never trained on. In whichever order the memes come, each has the same side.

    Raises:
        NotReady: too few memes to have three sides, or none on the test side.
    """
    family = families(memes)
    everyone = range(len(memes))
    if aside is None:
        test = _one_part(memes, family, seed, among=everyone)
    else:
        test = {i for i in everyone if aside.holds(memes[i])}
        if not test:
            raise NotReady(_nothing_on(aside, memes))
    tested_families = {family[i] for i in test}
    if any(memes[i].by_people for i in test):
        test = {i for i in test if memes[i].by_people}
    tested_places: frozenset[str] = frozenset() if aside is None else aside.places
    rest = [
        i
        for i in everyone
        if family[i] not in tested_families and tested_places.isdisjoint(memes[i].places)
    ]
    validation = _one_part(memes, family, seed, among=rest)

    sides = [Split.LEFT_OUT] * len(memes)
    for i in rest:
        sides[i] = Split.VALIDATION if i in validation else Split.TRAIN
    for i in test:
        sides[i] = Split.TEST
    return family, sides


def fold_of(memes: Sequence[LabelledMeme], seed: int, n_folds: int) -> list[int]:
    """A fold for each meme, whole families in one, each genre in its share.

    Raises:
        NotReady: there are fewer families than folds.
    """
    family = families(memes)
    return _numbered(in_parts(memes, family, seed, range(len(memes)), n_folds), len(memes))


def fold_of_places(memes: Sequence[LabelledMeme], seed: int, n_folds: int) -> list[int]:
    """A fold for each meme, whole places in one, each genre in its share as far as they allow.

    A meme that was seen in several places counts for the first by name. Of a genre that several
    places have, no fold has all, where that can be had.

    Raises:
        NotReady: there are fewer than two places.
    """
    first = [min(meme.places) for meme in memes]
    places = sorted(set(first))
    if len(places) < 2:
        raise NotReady(f"there are {len(places)} places; leaving one out takes two or more")
    number = {place: i for i, place in enumerate(places)}
    group = [number[place] for place in first]
    genres_of: dict[str, set[str]] = {}
    for meme, place in zip(memes, first, strict=True):
        genres_of.setdefault(meme.genre, set()).add(place)
    divided = []
    for i in range(_N_TRIES):
        parts = in_parts(memes, group, seed + i, range(len(memes)), min(n_folds, len(places)))
        folds = _numbered(parts, len(memes))
        fold_at = dict(zip(first, folds, strict=True))
        alone = sum(
            len(there) > 1 and len({fold_at[place] for place in there}) == 1
            for there in genres_of.values()
        )
        divided.append((alone, folds))
        if not alone:
            break
    return min(divided, key=lambda one: one[0])[1]


def _numbered(parts: Iterable[set[int]], n: int) -> list[int]:
    """Of each of n memes, the number of the part that it lies in."""
    numbers = [0] * n
    for number, part in enumerate(parts):
        for i in part:
            numbers[i] = number
    return numbers


def _nothing_on(aside: KeptAside, memes: Sequence[LabelledMeme]) -> str:
    if aside.fold is not None:
        known = sorted({fold for meme in memes for fold in meme.folds})
        there = f"there are folds {known}" if known else "import labels with a column fold"
        return f"no labelled meme lies in fold {aside.fold}; {there}"
    return "of the memes kept aside for tests, none is labelled any more"


def _one_part(
    memes: Sequence[LabelledMeme], family: Sequence[int], seed: int, among: Sequence[int]
) -> set[int]:
    """One part of those, whole families, each genre in its share: positions of memes."""
    n_families = len({family[i] for i in among})
    n_parts = min(_N_PARTS, n_families)
    if n_parts < 3:
        raise NotReady(_TOO_FEW)
    return next(in_parts(memes, family, seed, among, n_parts))


def in_parts(
    memes: Sequence[Known],
    family: Sequence[int],
    seed: int,
    among: Sequence[int],
    n_parts: int,
) -> Iterator[set[int]]:
    """Some memes in parts of about one size, each as the positions of its memes.

    Whole families lie in one part, and each genre in its share. In whichever order the memes come,
    the parts are the same.

    Args:
        memes: of which some are wanted.
        family: of each of them.
        seed: of the choice.
        among: the positions of those wanted.
        n_parts: at least 2.

    Raises:
        NotReady: every genre has fewer memes than there are parts.
    """
    # Families go by their least hash: another collection of these memes has the same sides.
    names: dict[int, str] = {}
    for i in sorted(among, key=lambda i: memes[i].sha256):
        names.setdefault(family[i], memes[i].sha256)
    groups = [names[family[i]] for i in among]
    folds = StratifiedGroupKFold(n_splits=n_parts, shuffle=True, random_state=seed)
    genres = [memes[i].genre for i in among]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # a genre with fewer memes than parts
        try:
            for _, part in folds.split(genres, genres, groups=groups):
                yield {among[i] for i in part}
        except ValueError as error:
            raise NotReady(_TOO_FEW) from error
