"""A model as it is passed on: what answers, its card, and a page in the form of a model hub."""

import json
import shutil
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, UndefinedError

from core.errors import BadInput
from core.genres import GENRES
from training.registry import CARD, LITERT_MODEL, Registry

__all__ = ["publish"]


def publish(registry: Registry, version: str, folder: Path) -> None:
    """Write a version into a folder that can be passed on.

    It holds the LiteRT model, its card without the epochs, and README.md, a model card in the form
    that the Hugging Face Hub reads. No meme and no list of memes is in it.

    Raises:
        BadInput: there is no such version, its card is of another memeEra, or the folder cannot be
            written.
    """
    card = registry.card(version)
    kept = {name: value for name, value in card.items() if name != "history"}
    try:
        readme = _readme(version, kept)
    except (UndefinedError, TypeError) as error:
        raise BadInput(
            f"model {version}: its card lacks what a model card tells; an older memeEra made it: "
            "python -m training fit makes another"
        ) from error
    try:
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(registry.path(version) / LITERT_MODEL, folder / LITERT_MODEL)
        (folder / CARD).write_text(json.dumps(kept, indent=2) + "\n", encoding="utf-8")
        (folder / "README.md").write_text(readme, encoding="utf-8")
    except OSError as error:
        raise BadInput(f"{folder}: cannot be written: {error.strerror}") from error


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
    return environment.get_template("model_card.md").render(version=version, card=card, names=names)
