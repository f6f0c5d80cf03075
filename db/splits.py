"""Divides what is known into train, validation and test, whole families on one side."""

import warnings
from collections.abc import Sequence
from enum import StrEnum
from typing import Final

from sklearn.model_selection import StratifiedGroupKFold

from core.errors import NotReady
from db.listing import LabelledMeme

__all__ = ["Split", "families", "split"]

# Of seven parts, one is for tests and one for validation: 71 %, 14 %, 14 %.
_N_PARTS: Final = 7
_TOO_FEW: Final = (
    "too few labelled memes to learn from and to test on: "
    "label more (python -m labeling), or crawl communities that say their genre"
)


class Split(StrEnum):
    """The side a meme is on."""

    TRAIN = "train"
    VALIDATION = "validation"
    TEST = "test"
    LEFT_OUT = "left_out"  # would leak into the test, or may not be in it


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
    memes: Sequence[LabelledMeme], seed: int, test_fold: int | None = None
) -> tuple[list[int], list[Split]]:
    """A family and a side for each meme.

    The test is the fold named, or else one part in seven by families. It takes people's labels
    where there are any; what else belongs to its families is left out, never trained on. In
    whichever order the memes come, each has the same side.

    Raises:
        NotReady: too few memes to have three sides, or none in that fold.
    """
    family = families(memes)
    everyone = range(len(memes))
    if test_fold is None:
        test = _one_part(memes, family, seed, among=everyone)
    else:
        test = {i for i in everyone if test_fold in memes[i].folds}
        if not test:
            known = sorted({fold for meme in memes for fold in meme.folds})
            raise NotReady(
                f"no labelled meme lies in fold {test_fold}; "
                + (f"there are folds {known}" if known else "import labels with a column fold")
            )
    tested_families = {family[i] for i in test}
    if any(memes[i].by_people for i in test):
        test = {i for i in test if memes[i].by_people}
    rest = [i for i in everyone if family[i] not in tested_families]
    validation = _one_part(memes, family, seed, among=rest)

    sides = [Split.LEFT_OUT] * len(memes)
    for i in rest:
        sides[i] = Split.VALIDATION if i in validation else Split.TRAIN
    for i in test:
        sides[i] = Split.TEST
    return family, sides


def _one_part(
    memes: Sequence[LabelledMeme], family: Sequence[int], seed: int, among: Sequence[int]
) -> set[int]:
    """One part of those, whole families, each genre in its share: positions of memes."""
    # Families go by their least hash: another collection of these memes has the same sides.
    names: dict[int, str] = {}
    for i in sorted(among, key=lambda i: memes[i].sha256):
        names.setdefault(family[i], memes[i].sha256)
    groups = [names[family[i]] for i in among]
    n_parts = min(_N_PARTS, len(set(groups)))
    if n_parts < 3:
        raise NotReady(_TOO_FEW)
    folds = StratifiedGroupKFold(n_splits=n_parts, shuffle=True, random_state=seed)
    genres = [memes[i].genre for i in among]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # a genre with fewer memes than parts
        try:
            _, part = next(folds.split(genres, genres, groups=groups))
        except ValueError as error:  # every genre has fewer memes than parts
            raise NotReady(_TOO_FEW) from error
    return {among[i] for i in part}
