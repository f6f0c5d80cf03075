"""What a run keeps in its folder, so that stopped at any moment it goes on from its last epoch."""

import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import keras

from core.errors import MemeEraError

__all__ = ["Kept", "Patience"]


class Kept:
    """Weights by name, and the figures of each epoch."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._figures = folder / "history.jsonl"

    def save(self, model: keras.Model, name: str) -> None:
        """Keep its weights and its optimizer's state."""
        # Whole or not at all: Keras's own callback leaves half a file when it is killed.
        part = self._folder / "unfinished.weights.h5"
        model.save_weights(part)
        part.replace(self._path(name))

    def load(self, model: keras.Model, name: str) -> bool:
        """Give it what was kept; False where nothing was.

        Raises:
            MemeEraError: what was kept is damaged.
        """
        path = self._path(name)
        if not path.is_file():
            return False
        if model.compiled and not model.optimizer.built:
            model.optimizer.build(model.trainable_variables)  # or its state would not be loaded
        try:
            model.load_weights(path)
        except (OSError, ValueError, KeyError) as error:  # h5py's, and Keras's of what is missing
            raise MemeEraError(
                f"{path}: what a stopped run kept is damaged; delete {self._folder}, and the run "
                "begins anew"
            ) from error
        return True

    def add(self, stage: str, epoch: int, figures: Mapping[str, float]) -> None:
        """Keep the figures of an epoch, counted from 0."""
        line = {"stage": stage, "epoch": epoch + 1} | {k: float(v) for k, v in figures.items()}
        with self._figures.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")

    def history(self, stage: str | None = None) -> list[dict[str, Any]]:
        """The figures of all epochs, each with its `stage` and `epoch`, counted from 1."""
        if not self._figures.is_file():
            return []
        lines = []
        for text in self._figures.read_text("utf-8", errors="replace").splitlines():
            with suppress(ValueError):  # a kill cut it short
                lines.append(json.loads(text))
        # An epoch that a kill cut short was told twice; the later counts.
        each = {(line["stage"], line["epoch"]): line for line in lines}
        return [line for line in each.values() if stage in (None, line["stage"])]

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}.weights.h5"


class Patience(keras.callbacks.Callback):  # type: ignore[misc]  # Keras has no types
    """Early stopping that a run which goes on later takes up where it was left.

    Keras's own forgets by then which epoch was the best, and its weights.
    """

    def __init__(self, kept: Kept, stage: str, watched: str, n_epochs: int) -> None:
        """Stop once so many epochs have not made a loss less; keep the best as `STAGE best`."""
        super().__init__()
        self._kept, self._stage, self._watched, self._n_epochs = kept, stage, watched, n_epochs
        self._losses: list[float] = []

    def on_epoch_begin(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Remember the epochs that were run before."""
        if len(self._losses) != epoch:
            lines = self._kept.history(self._stage)[:epoch]
            self._losses = [line[self._watched] for line in lines]

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Keep the weights of the best, and stop where it is long ago."""
        loss = (logs or {})[self._watched]
        if loss < min(self._losses, default=float("inf")):
            self._kept.save(self.model, f"{self._stage} best")
        self._losses.append(loss)
        if len(self._losses) - self._losses.index(min(self._losses)) > self._n_epochs:
            self.model.stop_training = True
