"""Tests a model version as people meet it: the exported model, on files it never saw."""

import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from tqdm import tqdm

from core.errors import NotReady
from core.images import decode
from core.settings import Settings
from db.media import MediaStore
from db.reading import words_of
from db.session import reading
from db.splits import Split
from training.answers import Answers
from training.classifier import Answer, Classifier
from training.registry import SNAPSHOT, Registry
from training.snapshot import Row, Snapshot

__all__ = ["evaluate", "evaluate_on_its_test"]


def evaluate(settings: Settings, classifier: Classifier, rows: Sequence[Row]) -> Answers:
    """What a model answers on each row's picture, and on its words, where they were read.

    Args:
        settings: of the collection that holds them.
        classifier: to be tested.
        rows: to be tested on.

    Raises:
        NotReady: there is nothing to test on.
        MemeEraError: a picture is missing.
    """
    if not rows:
        raise NotReady(f"{classifier.version} learned from all memes: none is left to test it on")
    media = MediaStore.open(settings)
    with reading(settings) as session:
        words = words_of(session, [row.sha256 for row in rows])

    def answer(row: Row) -> Answer:
        data = media.get(row.sha256, row.format)
        image = decode(data, at_least_px=2 * classifier.side_px)
        return classifier.answer(image, words.get(row.sha256))

    with ThreadPoolExecutor() as pool:
        said = list(
            tqdm(
                pool.map(answer, rows),
                total=len(rows),
                desc="testing",
                unit=" memes",
                disable=None,
                file=sys.stderr,
            )
        )
    scores = np.stack([one.scores for one in said])
    return Answers(
        rows=rows,
        classes=classifier.classes,
        scores=scores,
        first_year=classifier.first_year,
        years=np.stack([one.years for one in said]),
        abstained=scores.max(axis=1) < classifier.abstain_below,
    )


def evaluate_on_its_test(settings: Settings, classifier: Classifier) -> Answers:
    """What a version answers on the memes that its run kept aside.

    Raises:
        NotReady: it has learned from all memes.
        BadInput: its list of memes is damaged.
        MemeEraError: a picture is missing.
    """
    folder = Registry(settings.models_dir).path(classifier.version)
    return evaluate(settings, classifier, Snapshot.load(folder / SNAPSHOT).of(Split.TEST))
