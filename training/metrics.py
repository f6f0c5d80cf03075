"""How good a list of answers is."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

__all__ = ["GenreMetrics", "Metrics", "measure"]


@dataclass(frozen=True, slots=True)
class GenreMetrics:
    """One genre's figures, each 0 to 1."""

    precision: float
    recall: float
    f1: float
    support: int  # memes of this genre in the test


@dataclass(frozen=True, slots=True)
class Metrics:
    """Figures over one test."""

    macro_f1: float  # the mean of the genres' F1; genres absent from the test do not count
    accuracy: float
    per_genre: dict[str, GenreMetrics]
    confusion: tuple[tuple[int, ...], ...]  # rows: the genre it is; columns: the genre answered
    classes: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        return {
            "macro_f1": self.macro_f1,
            "accuracy": self.accuracy,
            "n": sum(genre.support for genre in self.per_genre.values()),
            "per_genre": {
                key: {
                    "precision": g.precision,
                    "recall": g.recall,
                    "f1": g.f1,
                    "support": g.support,
                }
                for key, g in self.per_genre.items()
            },
            "confusion": {"classes": self.classes, "rows": self.confusion},
        }

    def __str__(self) -> str:
        lines = [f"{'genre':<18}{'precision':>10}{'recall':>8}{'F1':>7}{'memes':>7}"]
        lines += [
            f"{key:<18}{g.precision:>10.3f}{g.recall:>8.3f}{g.f1:>7.3f}{g.support:>7}"
            for key, g in self.per_genre.items()
        ]
        lines.append(f"macro F1 {self.macro_f1:.3f}, accuracy {self.accuracy:.3f}")
        return "\n".join(lines)


def measure(truth: Sequence[str], answers: Sequence[str], classes: Sequence[str]) -> Metrics:
    """Compare the genres that N memes have with the N answered.

    Classes are those a model knows; a genre that it was never taught counts as missed.
    """
    labels = [*classes, *sorted(set(truth) - set(classes))]
    precision, recall, f1, support = precision_recall_fscore_support(
        truth, answers, labels=labels, zero_division=0.0
    )
    present: npt.NDArray[np.bool_] = support > 0
    return Metrics(
        macro_f1=round(float(f1[present].mean()), 4),
        accuracy=round(float(np.mean(np.array(truth) == np.array(answers))), 4),
        per_genre={
            label: GenreMetrics(
                round(float(precision[i]), 4),
                round(float(recall[i]), 4),
                round(float(f1[i]), 4),
                int(support[i]),
            )
            for i, label in enumerate(labels)
        },
        confusion=tuple(
            tuple(int(n) for n in row) for row in confusion_matrix(truth, answers, labels=labels)
        ),
        classes=tuple(labels),
    )
