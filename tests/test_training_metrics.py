"""Figures that can be checked by hand."""

from pathlib import Path

from PIL import Image

from training.metrics import measure
from training.plots import confusion

TRUTH = ["a", "a", "a", "a", "b", "b"]
ANSWERS = ["a", "a", "a", "b", "b", "a"]


def test_figures_are_those_computed_by_hand() -> None:
    metrics = measure(TRUTH, ANSWERS, ["a", "b"])
    # a: 3 of the 4 answered are right, 3 of its 4 are found; b: 1 of 2, and 1 of 2.
    assert metrics.per_genre["a"].precision == metrics.per_genre["a"].recall == 0.75
    assert metrics.per_genre["b"].f1 == 0.5
    assert metrics.macro_f1 == 0.625
    assert metrics.accuracy == 0.6667
    assert metrics.confusion == ((3, 1), (1, 1))


def test_a_genre_absent_from_the_test_does_not_count_in_the_mean() -> None:
    assert measure(["a", "a"], ["a", "a"], ["a", "b"]).macro_f1 == 1.0


def test_a_genre_that_was_never_taught_counts_as_missed() -> None:
    metrics = measure(["a", "c"], ["a", "a"], ["a", "b"])
    assert metrics.per_genre["c"].f1 == 0
    assert metrics.macro_f1 == round((2 / 3 + 0) / 2, 4)


def test_the_confusion_matrix_is_drawn(tmp_path: Path) -> None:
    (tmp_path / "confusion.png").write_bytes(confusion(measure(TRUTH, ANSWERS, ["a", "b"])))
    with Image.open(tmp_path / "confusion.png") as picture:
        assert picture.width > 500
        assert len(picture.convert("L").getcolors() or [0] * 99) > 10
