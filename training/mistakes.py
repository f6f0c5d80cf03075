"""The answers that a model was surest of and wrong, with the places that spoke for them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image

from core.errors import MemeEraError
from core.images import decode
from core.words import Line
from db.media import MediaStore
from training.answers import Answers
from training.classifier import Classifier
from training.picture import fit_square
from training.snapshot import Row

__all__ = ["Mistake", "overlaid", "worst_mistakes"]

_HEAT: Final = np.array([235, 70, 20], np.float32)  # the colour of what spoke for the answer, RGB
_MOST_HEAT: Final = 0.65  # share of that colour where it spoke most


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
        heat = classifier.answer(image, lines).map
        found.append(
            Mistake(
                row=row,
                said=said,
                score=float(scores[i]),
                score_of_truth=0.0 if truth is None else float(answers.scores[i, truth]),
                words=" ".join(line.text for line in lines or ()),
                picture=square,
                overlay=overlaid(square, heat, answers.classes.index(said)),
            )
        )
    return found


def overlaid(square: Image.Image, places: npt.NDArray[np.float32], genre: int) -> Image.Image:
    """The picture in grey, coloured where it speaks for one genre more than for the others.

    Args:
        square: as the network sees it.
        places: (h, w, n_genres), the logits of each place.
        genre: which of them.
    """
    for_it = places[..., genre] - places.mean(axis=-1)  # (h, w)
    small = np.clip(for_it, 0, None) / max(float(for_it.max()), 1e-6)
    heat = Image.fromarray((small * 255).astype(np.uint8)).resize(
        square.size, Image.Resampling.BICUBIC
    )
    share = np.asarray(heat, np.float32)[..., None] / 255 * _MOST_HEAT  # (S, S, 1)
    grey = np.asarray(square.convert("L").convert("RGB"), np.float32)
    return Image.fromarray((grey * (1 - share) + _HEAT * share).astype(np.uint8))
