"""A snapshot's memes as numbers: what a network sees of each beside its picture, and is to say."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from core.words import Line
from training.lines import written
from training.packed import Packed
from training.snapshot import Row

__all__ = ["FIRST_YEAR", "Examples", "examples_of"]

FIRST_YEAR = 2005
"""Before it there was hardly an image that went round as a meme does."""

# How far a teacher's opinion counts against the label; of a meme without one, its first genre
# stands for the label, which makes the opinion more decided.
_OPINION_SHARE: Final = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class Examples:
    """What N memes are, and what is known of them, an array each.

    Attributes:
        sha256: N in hex.
        text: what is written in them.
        genre: (N, n_genres) float32, rows that sum to 1.
        genre_weight: (N,) float32; 0 where the genre is not known.
        year: (N, n_years) float32, 1 in each year in which the meme may have been made.
        year_weight: (N,) float32; 0 where nothing is known of the year.
    """

    sha256: Sequence[str]
    text: Packed
    genre: npt.NDArray[np.float32]
    genre_weight: npt.NDArray[np.float32]
    year: npt.NDArray[np.float32]
    year_weight: npt.NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.sha256)


def examples_of(
    rows: Sequence[Row],
    genres: Sequence[str],
    last_year: int,
    words: Iterable[Sequence[Line] | None],
    aspects: Mapping[str, float],
    balance: float | None = None,
) -> Examples:
    """The rows as numbers, in their order.

    Args:
        rows: each of one of the genres.
        genres: to be told apart.
        last_year: the present one; years are from FIRST_YEAR to it.
        words: what was read in each, in the rows' order; None: nobody has read it yet.
        aspects: height over width of each picture, by SHA-256.
        balance: for training: how far rare genres count more, from 0, not at all, to 1, as much as
            frequent ones in sum. None: all count by the trust in their labels alone.
    """
    n_years = last_year - FIRST_YEAR + 1
    index = {genre: i for i, genre in enumerate(genres)}
    genre = np.array([index[row.genre] for row in rows], np.int64)
    trust = np.array([row.weight for row in rows], np.float32)
    weight = trust
    if balance is not None:
        per_genre = np.bincount(genre, weights=trust, minlength=len(genres))
        weight = trust / per_genre[genre] ** balance
        weight = weight / weight.mean()
    year = np.stack([_possible(row, n_years) for row in rows])
    texts = (
        None if lines is None else written(lines, aspects[row.sha256])
        for row, lines in zip(rows, words, strict=True)
    )
    return Examples(
        sha256=[row.sha256 for row in rows],
        text=Packed.of(texts),
        genre=_targets(rows, genre, genres),
        genre_weight=weight.astype(np.float32),
        year=year,
        year_weight=(year.min(axis=1) == 0).astype(np.float32),
    )


def _targets(
    rows: Sequence[Row], genre: npt.NDArray[np.int64], genres: Sequence[str]
) -> npt.NDArray[np.float32]:
    """What is to be said of each, (N, n_genres): its label, or between that and an opinion."""
    targets = np.eye(len(genres), dtype=np.float32)[genre]
    for target, row in zip(targets, rows, strict=True):
        if row.opinion:
            opinion = np.array([row.opinion.get(genre, 0.0) for genre in genres])
            target *= 1 - _OPINION_SHARE
            target += _OPINION_SHARE * opinion / max(opinion.sum(), 1e-6)
    return targets


def _possible(row: Row, n_years: int) -> npt.NDArray[np.float32]:
    """1 for each year in which it may have been made; all years, where nothing is known. (Y,)"""
    first = max(FIRST_YEAR, row.year_low or FIRST_YEAR) - FIRST_YEAR
    last = FIRST_YEAR + n_years - 1 if row.year_high is None else row.year_high
    last = max(FIRST_YEAR, last) - FIRST_YEAR
    possible = np.zeros(n_years, np.float32)
    possible[min(first, last) : last + 1] = 1
    return possible
