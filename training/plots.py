"""What a test found, drawn: each figure as a PNG, 110 dots an inch."""

import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from sklearn.metrics import average_precision_score, precision_recall_curve

from training.answers import Answers
from training.assess import selective_accuracy
from training.calibration import binned
from training.metrics import Metrics

__all__ = [
    "confusion",
    "learning_curve",
    "precision_and_recall",
    "reliability",
    "selection",
    "teaching",
]

_BLUE: Final = "#2563a8"
_ORANGE: Final = "#c2571a"
_GREY: Final = "#8a8f98"


def confusion(metrics: Metrics) -> bytes:
    """The confusion matrix: shares of each genre's memes as colour, counts as numbers."""
    counts = np.array(metrics.confusion)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    figure, axes = _figure(8, 7)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    names = [_spoken(key) for key in metrics.classes]
    axes.set_xticks(range(len(names)), names, rotation=40, ha="right")
    axes.set_yticks(range(len(names)), names)
    axes.set_xlabel("answered")
    axes.set_ylabel("is")
    axes.set_title(f"macro F1 {metrics.macro_f1:.3f} over {counts.sum()} memes")
    for (row, column), n in np.ndenumerate(counts):
        if n:
            colour = "white" if shares[row, column] > 0.5 else "black"
            axes.text(column, row, str(n), ha="center", va="center", color=colour)
    return _png(figure)


def reliability(answers: Answers) -> bytes:
    """How often an answer of some score is right; on the diagonal, scores are probabilities."""
    said = binned(answers.scores.max(axis=1), answers.is_right)
    figure, axes = _figure(5.5, 4.5)
    axes.plot([0, 1], [0, 1], color=_GREY, linestyle=":", label="as it should be")
    axes.plot(said.confidence, said.accuracy, color=_BLUE, marker="o", label="right")
    axes.bar(
        said.confidence,
        said.n / len(answers),
        width=0.04,
        color=_ORANGE,
        alpha=0.6,
        label="share of all answers",
    )
    _unit_square(axes, "score of the answer", "share")
    axes.legend(loc="upper left", frameon=False)
    return _png(figure)


def selection(answers: Answers) -> bytes:
    """How accuracy rises when the least sure answers are left out; a point where the model does."""
    coverage, accuracy = selective_accuracy(answers)
    answered = float((~answers.abstained).mean())
    figure, axes = _figure(5.5, 4.5)
    axes.plot(coverage, accuracy, color=_BLUE)
    if answered:
        right = float(answers.is_right[~answers.abstained].mean())
        axes.plot([answered], [right], marker="o", color=_ORANGE)
        label = f"answers {answered:.0%}, of which {right:.0%} are right"
        axes.annotate(label, (answered, right), (-8, -18), textcoords="offset points", ha="right")
    axes.set_ylim(min(0.5, float(accuracy.min())), 1.01)
    axes.set_xlim(0, 1.02)
    axes.set_xlabel("share answered")
    axes.set_ylabel("accuracy of what is answered")
    return _png(figure)


def precision_and_recall(answers: Answers) -> bytes:
    """Precision over recall of each genre that the test has, as its score's threshold moves."""
    figure, axes = _figure(8, 5)
    truth = np.array([row.genre for row in answers.rows])
    for i, genre in enumerate(answers.classes):
        is_it = truth == genre
        if not is_it.any():
            continue
        precision, recall, _ = precision_recall_curve(is_it, answers.scores[:, i])
        average = average_precision_score(is_it, answers.scores[:, i])
        axes.plot(recall, precision, label=f"{_spoken(genre)}, AP {average:.2f}")
    _unit_square(axes, "recall", "precision")
    axes.legend(loc="center left", bbox_to_anchor=(1, 0.5), frameon=False)
    return _png(figure)


def teaching(history: Iterable[Mapping[str, Any]]) -> bytes:
    """The loss over genres, epoch by epoch, on what was learned from and on what was not.

    A line for each member of a committee.
    """
    members: dict[str, list[Mapping[str, Any]]] = {}
    for line in history:
        members.setdefault(line["stage"], []).append(line)
    figure, axes = _figure(8, 4)
    for name, colour, label in (
        ("joint_loss", _BLUE, "train"),
        ("val_joint_loss", _ORANGE, "validation"),
    ):
        for i, lines in enumerate(members.values()):
            axes.plot(
                [line["epoch"] for line in lines],
                [line.get(name, np.nan) for line in lines],
                color=colour,
                alpha=1 / len(members) ** 0.5,
                label=label if i == 0 else None,
            )
    axes.set_xlabel("epoch")
    axes.set_ylabel("cross-entropy, nats")
    axes.legend(frameon=False)
    return _png(figure)


def learning_curve(n_train: Sequence[int], figures: Mapping[str, Sequence[float]]) -> bytes:
    """Figures over how many memes were learned from, a line each."""
    figure, axes = _figure(5.5, 4.5)
    for (name, values), colour in zip(figures.items(), (_BLUE, _ORANGE), strict=False):
        axes.plot(n_train, values, marker="o", color=colour, label=name)
    axes.set_xscale("log", base=2)
    axes.set_xticks(list(n_train), [str(n) for n in n_train])
    axes.minorticks_off()
    axes.set_xlabel("memes learned from")
    axes.legend(frameon=False)
    return _png(figure)


def _figure(width: float, height: float) -> tuple[Figure, Axes]:
    """Sizes in inches."""
    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def _unit_square(axes: Axes, x: str, y: str) -> None:
    axes.set_xlim(0, 1.02)
    axes.set_ylim(0, 1.02)
    axes.set_xlabel(x)
    axes.set_ylabel(y)


def _spoken(genre: str) -> str:
    return genre.replace("_", " ")


def _png(figure: Figure) -> bytes:
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=110)
    return file.getvalue()
