"""All figures of one test: genre, trust in it, year, and how far chance may have moved them."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from core.genres import GENRES
from training.answers import Answers
from training.by_place import PlaceFigures, place_figures
from training.calibration import calibration_error
from training.metrics import Metrics, measure
from training.year_figures import YearFigures, year_figures

__all__ = ["Assessment", "Interval", "assess", "differences", "selective_accuracy"]

_N_RESAMPLES: Final = 1000
_UNTRUSTED: Final = "weak"  # what an imported label says of itself when it is a guess

Floats = npt.NDArray[np.floating]
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Interval:
    """Where 95 in 100 tests on other memes of the same kind would lie."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Assessment:
    """The figures of one test; all but years are 0 to 1."""

    genre: Metrics
    macro_f1_interval: Interval  # whole families are drawn again, 1,000 times
    macro_f1_trusted: float  # over the genres whose labels are no guesses
    top_2: float  # the genre is one of the likeliest two
    calibration_error: float
    abstained: float  # the share of memes on which the model was unsure
    accuracy_answered: float  # on the others
    year: YearFigures | None  # None: of no meme is known when it was made
    places: PlaceFigures | None  # None: they were not seen in several places

    def as_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        more = {
            "macro_f1_interval": [self.macro_f1_interval.low, self.macro_f1_interval.high],
            "macro_f1_trusted": self.macro_f1_trusted,
            "top_2": self.top_2,
            "ece": self.calibration_error,
            "abstained": self.abstained,
            "accuracy_answered": self.accuracy_answered,
            "year": None if self.year is None else asdict(self.year),
            "places": None if self.places is None else asdict(self.places),
        }
        return self.genre.as_dict() | more

    def __str__(self) -> str:
        low, high = self.macro_f1_interval.low, self.macro_f1_interval.high
        lines = [
            f"{self.genre} ({low:.3f} to {high:.3f})",
            f"over the genres with trusted labels {self.macro_f1_trusted:.3f}; "
            f"among the first two {self.top_2:.3f}; calibration error {self.calibration_error:.3f}",
            f"unsure on {self.abstained:.0%}; on the others accuracy {self.accuracy_answered:.3f}",
        ]
        lines += [str(one) for one in (self.places, self.year) if one is not None]
        return "\n".join(lines)


def assess(answers: Answers, seed: int = 1) -> Assessment:
    """The figures of these answers."""
    truth = [row.genre for row in answers.rows]
    genre = measure(truth, answers.genres, answers.classes)
    guessed = {row.genre for row in answers.rows if row.trust == _UNTRUSTED}
    trusted = [one.f1 for key, one in genre.per_genre.items() if one.support and key not in guessed]
    best = np.argsort(-answers.scores, axis=1)[:, :2]  # (N, 2)
    first_two = [{answers.classes[i] for i in row} for row in best]
    is_right, answered = answers.is_right, ~answers.abstained
    return Assessment(
        genre=genre,
        macro_f1_interval=_interval(answers, seed),
        macro_f1_trusted=_rounded(np.mean(trusted)) if trusted else genre.macro_f1,
        top_2=_rounded(np.mean([t in two for t, two in zip(truth, first_two, strict=True)])),
        calibration_error=_rounded(calibration_error(answers.scores.max(axis=1), is_right)),
        abstained=_rounded(answers.abstained.mean()),
        accuracy_answered=_rounded(is_right[answered].mean()) if answered.any() else 0.0,
        year=year_figures(answers),
        places=place_figures(answers),
    )


def selective_accuracy(answers: Answers) -> tuple[Floats, Floats]:
    """How accuracy rises when the least sure are left out: coverage and accuracy, (N,) each."""
    order = np.argsort(-answers.scores.max(axis=1), kind="stable")
    n = np.arange(1, len(answers) + 1)
    return n / len(answers), np.cumsum(answers.is_right[order]) / n


def differences(one: Answers, other: Answers, seed: int = 1) -> Floats:
    """The gain in macro F1 from one to the other on the same memes, drawn again 1,000 times.

    A paired bootstrap over families: both are measured on the same draw each time.

    Returns:
        (1000,), in no order.
    """
    place = {row.sha256: i for i, row in enumerate(other.rows)}
    order = [place[row.sha256] for row in one.rows]
    truth, before = _numbered(one)
    after = _numbered(other)[1][order]
    return np.array(
        [_macro_f1(truth[d], after[d]) - _macro_f1(truth[d], before[d]) for d in _draws(one, seed)]
    )


def _interval(answers: Answers, seed: int) -> Interval:
    truth, said = _numbered(answers)
    found = [_macro_f1(truth[draw], said[draw]) for draw in _draws(answers, seed)]
    low, high = np.quantile(found, [0.025, 0.975])
    return Interval(_rounded(low), _rounded(high))


def _numbered(answers: Answers) -> tuple[Integers, Integers]:
    """The genre that each meme has and the one answered, as places in the project's list."""
    index = {genre.key: i for i, genre in enumerate(GENRES)}
    truth = np.array([index[row.genre] for row in answers.rows])
    return truth, np.array([index[genre] for genre in answers.genres])


def _draws(answers: Answers, seed: int) -> Iterator[Integers]:
    """As many families as there are, with repetition: the positions of their memes, each time."""
    members: dict[int, list[int]] = {}
    for i, row in enumerate(answers.rows):
        members.setdefault(row.family, []).append(i)
    families = [np.array(family) for family in members.values()]
    random = np.random.default_rng(seed)
    for _ in range(_N_RESAMPLES):
        chosen = random.integers(len(families), size=len(families))
        yield np.concatenate([families[i] for i in chosen])


def _macro_f1(truth: Integers, said: Integers) -> float:
    """Over the genres that the draw has."""
    n = len(GENRES)
    support, n_said = np.bincount(truth, minlength=n), np.bincount(said, minlength=n)
    right = np.bincount(truth[truth == said], minlength=n)
    present = support > 0
    return float((2 * right / np.maximum(support + n_said, 1))[present].mean())


def _rounded(value: Any) -> float:
    return round(float(value), 4)
