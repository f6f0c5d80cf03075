"""What a model answered on a test, meme by meme, kept beside the model."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Self
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt

from core.errors import BadInput
from training.snapshot import Row

__all__ = ["Answers"]

# What NumPy raises of a file that is no archive of arrays, or was cut short or changed.
_DAMAGES: Final = (
    *(OSError, EOFError, BadZipFile, zlib.error, NotImplementedError),
    *(ValueError, KeyError, TypeError, AttributeError, IndexError, SyntaxError, MemoryError),
)


@dataclass(frozen=True, slots=True)
class Answers:
    """The rows of a test and what was answered on each, in one order.

    Attributes:
        rows: N of them.
        classes: the genres that the model knows.
        scores: (N, n_classes) float32, of each genre; rows sum to 1.
        first_year: that the first column of years is about.
        years: (N, n_years) float32, how likely each year is; rows sum to 1.
        abstained: (N,) bool, whether the model was unsure.
    """

    rows: Sequence[Row]
    classes: tuple[str, ...]
    scores: npt.NDArray[np.float32]
    first_year: int
    years: npt.NDArray[np.float32]
    abstained: npt.NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def genres(self) -> list[str]:
        """The genre answered, of each."""
        return [self.classes[i] for i in self.scores.argmax(axis=1)]

    @property
    def is_right(self) -> npt.NDArray[np.bool_]:
        """Whether it is the one that people gave, (N,)."""
        pairs = zip(self.genres, self.rows, strict=True)
        return np.array([genre == row.genre for genre, row in pairs], np.bool_)

    def save(self, path: Path) -> None:
        """Keep them; the rows by their SHA-256."""
        np.savez_compressed(
            path,
            sha256=[row.sha256 for row in self.rows],
            classes=list(self.classes),
            scores=self.scores,
            first_year=self.first_year,
            years=self.years,
            abstained=self.abstained,
        )

    @classmethod
    def load(cls, path: Path, rows: Sequence[Row]) -> Self:
        """Those that were kept, of these rows.

        Raises:
            BadInput: the file is missing or damaged, or of other rows.
        """
        try:
            # Opened here: of a damaged one, NumPy leaves the file open.
            with path.open("rb") as file, np.load(file, allow_pickle=False) as kept:
                by_sha256 = {row.sha256: row for row in rows}
                answers = cls(
                    [by_sha256[sha256] for sha256 in kept["sha256"].tolist()],
                    tuple(kept["classes"].tolist()),
                    kept["scores"],
                    int(kept["first_year"]),
                    kept["years"],
                    kept["abstained"],
                )
            n, n_years = len(answers), answers.years.shape[-1] if answers.years.ndim else 0
            shapes = (answers.scores.shape, answers.years.shape, answers.abstained.shape)
            if shapes != ((n, len(answers.classes)), (n, n_years), (n,)) or not n_years:
                raise ValueError(f"{n} memes, and arrays of {shapes}")
            return answers
        except _DAMAGES as error:
            raise BadInput(f"{path}: not the answers of this model: {error}") from error

    def of(self, rows: Sequence[Row]) -> Self:
        """Those on these rows, in this order; all of them were answered on."""
        place = {row.sha256: i for i, row in enumerate(self.rows)}
        return self.only([place[row.sha256] for row in rows])

    def only(self, places: Sequence[int]) -> Self:
        """Those at some places."""
        return replace(
            self,
            rows=[self.rows[i] for i in places],
            scores=self.scores[list(places)],
            years=self.years[list(places)],
            abstained=self.abstained[list(places)],
        )

    @classmethod
    def joined(cls, parts: Sequence[Self], classes: Sequence[str]) -> Self:
        """Those of several models, each on memes of its own; a genre one did not know has 0."""
        scores = [np.zeros((len(part), len(classes)), np.float32) for part in parts]
        for part, wide in zip(parts, scores, strict=True):
            wide[:, [list(classes).index(genre) for genre in part.classes]] = part.scores
        return cls(
            [row for part in parts for row in part.rows],
            tuple(classes),
            np.concatenate(scores),
            parts[0].first_year,
            np.concatenate([part.years for part in parts]),
            np.concatenate([part.abstained for part in parts]),
        )
