"""One HTML page about a model: how good it is, where it errs, and what it looked at."""

import base64
import io
from collections.abc import Sequence
from dataclasses import astuple
from pathlib import Path
from typing import Any, Final

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined, UndefinedError
from PIL import Image

from core.errors import BadInput, NotReady
from core.genres import GENRES
from core.settings import Settings
from db.media import MediaStore
from db.reading import words_of
from db.session import reading
from db.splits import Split
from training import plots
from training.answers import Answers
from training.assess import Assessment, assess
from training.by_place import by_place
from training.classifier import Classifier
from training.learning_curve import Point, known_points
from training.mistakes import Mistake, worst_mistakes
from training.registry import ANSWERS, Registry
from training.snapshot import snapshot_of

__all__ = ["write_report"]

_N_MISTAKES: Final = 24
_N_PLACES: Final = 20  # of those where most is wrong
_N_CHARACTERS: Final = 160  # of the words of a mistake


def write_report(settings: Settings, version: str | None, path: Path) -> str:
    """Write the report on a version, all in one file; gives the version.

    Args:
        settings: of the collection and its models.
        version: which; None: the champion.
        path: of the page.

    Raises:
        NotReady: there is no model yet, or it was never tested.
        BadInput: there is no such version, it was made elsewhere, its files are damaged, or the
            page cannot be written.
    """
    classifier = Classifier.load(settings, version)
    registry = Registry(settings.models_dir)
    folder, card = registry.path(classifier.version), registry.card(classifier.version)
    snapshot = snapshot_of(registry, classifier.version)
    if "tested_as" in card:
        raise NotReady(
            f"{classifier.version} learned from all memes, and the figures of {card['tested_as']} "
            f"stand for it: report --model {card['tested_as']}"
        )
    rows = snapshot.of(Split.TEST)
    answers = Answers.load(folder / ANSWERS, rows)
    with reading(settings) as session:
        words = words_of(session, [row.sha256 for row in rows])
    mistakes = worst_mistakes(answers, classifier, MediaStore.open(settings), words, _N_MISTAKES)
    points = known_points(settings, classifier.version)
    try:
        page = _page(card, classifier, answers, assess(answers), mistakes, points)
    except (UndefinedError, KeyError, TypeError) as error:  # of a figure that is not there
        raise BadInput(
            f"model {classifier.version}: its card lacks what a report tells; an older memeEra "
            "made it: python -m training fit makes another"
        ) from error
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(page, encoding="utf-8")
    except OSError as error:
        raise BadInput(f"{path}: cannot be written: {error.strerror}") from error
    return classifier.version


def _page(
    card: dict[str, Any],
    classifier: Classifier,
    answers: Answers,
    figures: Assessment,
    mistakes: Sequence[Mistake],
    points: Sequence[Point],
) -> str:
    environment = Environment(
        loader=PackageLoader("training", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"png": _png_uri, "jpeg": _jpeg_uri}
    return environment.get_template("report.html").render(
        version=classifier.version,
        card=card,
        names={genre.key: genre.name for genre in GENRES},
        n_test=len(answers),
        n_families=len({row.family for row in answers.rows}),
        figures=figures,
        abstain_below=classifier.abstain_below,
        n_characters=_N_CHARACTERS,
        mistakes=mistakes,
        points=points,
        places=by_place(answers),
        n_places=_N_PLACES,
        confusion=plots.confusion(figures.genre),
        reliability=plots.reliability(answers),
        selection=plots.selection(answers),
        precision_and_recall=plots.precision_and_recall(answers),
        teaching=plots.teaching(card["history"]),
        learning_curve=_learning_curve(points),
    )


def _learning_curve(points: Sequence[Point]) -> bytes:
    n_train, macro_f1, trusted = zip(*map(astuple, points), strict=True)
    figures = {"macro F1": macro_f1}
    if not np.allclose(trusted, macro_f1, atol=1e-3):
        figures["over the genres with trusted labels"] = trusted
    return plots.learning_curve(n_train, figures)


def _png_uri(data: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(data).decode()}"


def _jpeg_uri(image: Image.Image) -> str:
    file = io.BytesIO()
    image.save(file, "JPEG", quality=85)
    return f"data:image/jpeg;base64,{base64.b64encode(file.getvalue()).decode()}"
