"""The answers that a model was surest of and wrong, with the places that spoke for them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from core.errors import MemeEraError
from core.images import decode
from core.words import Line
from db.media import MediaStore
from training.answers import Answers
from training.classifier import Classifier
from training.heat import heat, overlaid
from training.picture import fit_square
from training.snapshot import Row

__all__ = ["Mistake", "worst_mistakes"]


@dataclass(frozen=True, slots=True)
class Mistake:
    """One meme that was taken for what it is not."""

    row: Row
    said: str
    score: float  # of what was said
    score_of_truth: float
    words: str  # those read in it; empty: none, or not read
    picture: Image.Image  # as the network sees it
    overlay: Image.Image  # the same, with the places that spoke for the answer in colour


def worst_mistakes(
    answers: Answers,
    classifier: Classifier,
    media: MediaStore,
    words: Mapping[str, Sequence[Line]],
    n: int,
) -> list[Mistake]:
    """The n wrong answers with the highest scores, the surest first; fewer, where there are fewer.

    Memes whose files are gone are passed over.
    """
    scores = answers.scores.max(axis=1)
    wrong = np.flatnonzero(~answers.is_right)
    found: list[Mistake] = []
    for i in wrong[np.argsort(-scores[wrong], kind="stable")]:
        if len(found) == n:
            break
        row = answers.rows[i]
        lines = words.get(row.sha256)
        try:
            image = decode(media.get(row.sha256, row.format), at_least_px=2 * classifier.side_px)
        except MemeEraError:
            continue
        said = answers.genres[i]
        truth = answers.classes.index(row.genre) if row.genre in answers.classes else None
        square = fit_square(image, classifier.side_px)
        places = classifier.answer(image, lines).map
        found.append(
            Mistake(
                row=row,
                said=said,
                score=float(scores[i]),
                score_of_truth=0.0 if truth is None else float(answers.scores[i, truth]),
                words=" ".join(line.text for line in lines or ()),
                picture=square,
                overlay=overlaid(square, heat(places, answers.classes.index(said))),
            )
        )
    return found
