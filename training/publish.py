"""A model as it is passed on: what answers, its card, and a page in the form of a model hub."""

import json
from pathlib import Path
from typing import Any

import keras
from jinja2 import Environment, PackageLoader, StrictUndefined, UndefinedError

import training.encoding  # noqa: F401  # Keras finds our layer by it
from core.errors import BadInput
from core.genres import GENRES
from core.settings import Settings
from training.assess import assess
from training.classifier import Classifier
from training.evaluate import evaluate_on_its_test
from training.export import export_litert
from training.registry import CARD, KERAS_MODEL, LITERT_MODEL, STARTER, Registry

__all__ = ["publish"]


def publish(settings: Settings, version: str, folder: Path) -> None:
    """Write a version into a folder that can be passed on.

    It holds the LiteRT model with weights of 8 bits, tested anew as it is where it can be; its card
    without the epochs; and README.md, a model card in the form that the Hugging Face Hub reads. No
    meme and no list of memes is in it.

    Raises:
        BadInput: there is no such version, it is of another memeEra, or the folder cannot be
            written.
        MemeEraError: a picture of its test is gone.
    """
    registry = Registry(settings.models_dir)
    source, card = registry.path(version), registry.card(version)
    if version == STARTER:
        raise BadInput(f"the starter is published already: pass on the folder {source}")
    card.pop("history", None)
    model = _loaded(source / KERAS_MODEL)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        export_litert(model, folder / LITERT_MODEL, small=True)
        if "tested_as" not in card:
            classifier = Classifier(folder, version, card)
            card["metrics"] = assess(evaluate_on_its_test(settings, classifier)).as_dict()
        (folder / "README.md").write_text(_readme(version, card), encoding="utf-8")
        # Last: without a card there is no model.
        (folder / CARD).write_text(json.dumps(card, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise BadInput(f"{folder}: cannot be written: {error.strerror}") from error


def _loaded(path: Path) -> Any:
    """A Keras model.

    Raises:
        BadInput: it cannot be loaded.
    """
    try:
        return keras.saving.load_model(path)
    # An edge: of a damaged file, zipfile, h5py, JSON and Keras raise what each of them meets:
    # BadZipFile, zlib.error, KeyError, RecursionError and others.
    except Exception as error:
        first = str(error).strip().splitlines()[:1] or [type(error).__name__]
        raise BadInput(
            f"{path}: cannot be loaded: {first[0]}; python -m training fit makes another model"
        ) from error


def _readme(version: str, card: dict[str, Any]) -> str:
    environment = Environment(
        loader=PackageLoader("training", "."),
        autoescape=False,  # noqa: S701  # Markdown, of figures alone
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    names = {genre.key: genre.name for genre in GENRES}
    page = environment.get_template("model_card.md")
    try:
        return page.render(version=version, card=card, names=names)
    except (UndefinedError, TypeError) as error:  # TypeError: of a figure that is not there
        raise BadInput(
            f"model {version}: its card lacks what a model card tells; an older memeEra made it: "
            "python -m training fit makes another"
        ) from error
