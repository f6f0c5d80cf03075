"""Tests a model version as people meet it: the exported model, on files it never saw."""

import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from tqdm import tqdm

from core.errors import NotReady
from core.images import decode
from core.words import Line
from db.media import MediaStore
from training.classifier import Classifier
from training.metrics import Metrics, measure
from training.snapshot import Row

__all__ = ["evaluate"]


def evaluate(
    classifier: Classifier,
    rows: Sequence[Row],
    media: MediaStore,
    words: Mapping[str, Sequence[Line]],
) -> Metrics:
    """Classify each row's picture and compare with its label.

    Args:
        classifier: to be tested.
        rows: to be tested on.
        media: holds their pictures.
        words: what was read in them, by SHA-256; those not read are judged by the picture alone.

    Raises:
        NotReady: there is nothing to test on.
        MemeEraError: a picture is missing.
    """
    if not rows:
        raise NotReady("the test side of this snapshot is empty; label more memes")

    def answer(row: Row) -> str:
        data = media.get(row.sha256, row.format)
        image = decode(data, at_least_px=2 * classifier.side_px)
        said = classifier.answer(image, words.get(row.sha256))
        return classifier.classes[int(said.scores.argmax())]

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
