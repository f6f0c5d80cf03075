"""Tests a model version as people meet it: the exported model, on files it never saw."""

import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from tqdm import tqdm

from core.errors import MemeEraError, NotReady
from core.images import decode
from core.settings import Settings
from db.media import MediaStore
from db.reading import words_of
from db.session import reading
from db.splits import Split
from training.answers import Answers
from training.classifier import Answer, Classifier
from training.holdout import take_snapshot
from training.registry import STARTER, Registry
from training.snapshot import Row, snapshot_of, unreadable

__all__ = ["evaluate", "evaluate_on_its_test"]


def evaluate(
    settings: Settings,
    classifier: Classifier,
    rows: Sequence[Row],
    say: Callable[[str], None] = lambda _line: None,
) -> Answers:
    """What a model answers on each row's picture, and on its words, where they were read.

    Rows whose pictures cannot be read are left out, and told of.

    Args:
        settings: of the collection that holds them.
        classifier: to be tested.
        rows: to be tested on.
        say: takes a line for people.

    Raises:
        NotReady: there is nothing to test on.
    """
    if not rows:
        raise NotReady(f"{classifier.version} learned from all memes: none is left to test it on")
    media = MediaStore.open(settings)
    with reading(settings) as session:
        words = words_of(session, [row.sha256 for row in rows])

    def answer(row: Row) -> Answer | None:
        try:
            data = media.get(row.sha256, row.format)
            image = decode(data, at_least_px=2 * classifier.side_px)
        except MemeEraError:  # ImageRejected too: the line says which
            return None
        return classifier.answer(image, words.get(row.sha256))

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
    both = list(zip(rows, answers, strict=True))
    if unread := [row for row, answer in both if answer is None]:
        say(unreadable(unread))
    answered = [(row, answer) for row, answer in both if answer is not None]
    if not answered:
        raise NotReady("of the memes to be tested on, no picture can be read: python -m db check")
    said = [answer for _, answer in answered]
    scores = np.stack([one.scores for one in said])
    return Answers(
        rows=[row for row, _ in answered],
        classes=classifier.classes,
        scores=scores,
        first_year=classifier.first_year,
        years=np.stack([one.years for one in said]),
        abstained=scores.max(axis=1) < classifier.abstain_below,
    )


def evaluate_on_its_test(
    settings: Settings, classifier: Classifier, say: Callable[[str], None] = lambda _line: None
) -> Answers:
    """What a version answers on the memes that its run kept aside.

    The starter has learned none of this collection's: it answers on those that are kept aside now.

    Raises:
        NotReady: it has learned from all memes, or no picture can be read.
        BadInput: its list of memes is damaged.
    """
    if classifier.version == STARTER:
        with reading(settings) as session:
            snapshot = take_snapshot(session, settings.models_dir, seed=1)
    else:
        snapshot = snapshot_of(Registry(settings.models_dir), classifier.version)
    return evaluate(settings, classifier, snapshot.of(Split.TEST), say)
