"""How well a model does in each place that memes were seen in, and in the worst of them."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from training.answers import Answers

__all__ = ["Mistaken", "PlaceFigures", "PlaceResult", "by_place", "place_figures"]

_MIN_MEMES: Final = 5  # of fewer, a place's accuracy says little
_WORST: Final = 0.1  # of the places


@dataclass(frozen=True, slots=True)
class Mistaken:
    """Memes of one genre that were taken for another."""

    genre: str
    said: str
    n: int


@dataclass(frozen=True, slots=True)
class PlaceResult:
    """The answers on the memes of one place."""

    place: str
    n: int
    accuracy: float
    mistake: Mistaken | None  # the most frequent one


@dataclass(frozen=True, slots=True)
class PlaceFigures:
    """What accuracy is to be expected of a place, each place counting alike."""

    n: int  # places of which at least 5 memes were tested
    mean: float
    worst_tenth: float  # the mean over the tenth of the places with the least

    def __str__(self) -> str:
        return (
            f"accuracy {self.mean:.3f} on average over {self.n} places, "
            f"{self.worst_tenth:.3f} over the worst tenth of them"
        )


def by_place(answers: Answers) -> list[PlaceResult]:
    """The result of each place, the worst first; a meme counts wherever it was seen."""
    at: dict[str, list[int]] = {}
    for i, row in enumerate(answers.rows):
        for place in row.places:
            at.setdefault(place, []).append(i)
    is_right = answers.is_right
    results = [
        PlaceResult(
            place, len(those), float(np.mean(is_right[those])), _most_frequent(answers, those)
        )
        for place, those in at.items()
    ]
    return sorted(results, key=lambda one: (one.accuracy, -one.n, one.place))


def place_figures(answers: Answers) -> PlaceFigures | None:
    """Over the places with enough memes; None: there are not two of them."""
    accuracies = [one.accuracy for one in by_place(answers) if one.n >= _MIN_MEMES]
    if len(accuracies) < 2:
        return None
    n_worst = max(1, round(len(accuracies) * _WORST))
    return PlaceFigures(
        n=len(accuracies),
        mean=round(float(np.mean(accuracies)), 4),
        worst_tenth=round(float(np.mean(accuracies[:n_worst])), 4),
    )


def _most_frequent(answers: Answers, those: Sequence[int]) -> Mistaken | None:
    said = answers.genres
    pairs = Counter((answers.rows[i].genre, said[i]) for i in those)
    wrong = [Mistaken(genre, as_, n) for (genre, as_), n in pairs.items() if genre != as_]
    return min(wrong, key=lambda one: (-one.n, one.genre, one.said), default=None)
