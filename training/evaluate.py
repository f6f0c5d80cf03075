"""Tests a model version as people meet it: the exported model, on files it never saw."""

import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from tqdm import tqdm

from core.errors import NotReady
from db.media import MediaStore
from training.classifier import Classifier
from training.metrics import Metrics, measure
from training.picture import picture_of
from training.snapshot import Row

__all__ = ["evaluate"]


def evaluate(classifier: Classifier, rows: Sequence[Row], media: MediaStore) -> Metrics:
    """Classify each row's picture and compare with its label.

    Raises:
        NotReady: there is nothing to test on.
        MemeEraError: a picture is missing.
    """
    if not rows:
        raise NotReady("the test side of this snapshot is empty; label more memes")

    def answer(row: Row) -> str:
        square = picture_of(media.get(row.sha256, row.format), classifier.side_px)
        return classifier.classes[int(classifier.scores(square).argmax())]

    with ThreadPoolExecutor() as pool:
        answers = list(
            tqdm(
                pool.map(answer, rows),
                total=len(rows),
                desc="testing",
                unit=" memes",
                disable=None,
                file=sys.stderr,
            )
        )
    return measure([row.genre for row in rows], answers, classifier.classes)
