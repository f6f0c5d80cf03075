"""Shows how training comes along: a bar within an epoch on a terminal, a line for each."""

import sys
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

import keras
from tqdm import tqdm

__all__ = ["EpochLines"]

_LONG_S: Final = 5.0  # an epoch that takes so long is told of
_N_SHORT: Final = 10  # of shorter ones, one in so many


class EpochLines(keras.callbacks.Callback):  # type: ignore[misc]  # Keras has no types
    """A Keras callback that says the epochs' figures and how long the rest may take."""

    def __init__(self, title: str, n_epochs: int, n_steps: int, say: Callable[[str], None]) -> None:
        super().__init__()
        self._title = title
        self._n_epochs = n_epochs
        self._n_steps = n_steps
        self._say = say
        self._bar: tqdm[Any] | None = None
        self._started = time.monotonic()

    def on_epoch_begin(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Start the clock and the bar."""
        self._started = time.monotonic()
        self._bar = tqdm(
            total=self._n_steps,
            desc=f"{self._title} {epoch + 1}/{self._n_epochs}",
            unit=" batches",
            leave=False,
            disable=None,
            file=sys.stderr,
        )

    def on_train_batch_end(self, batch: int, logs: Mapping[str, float] | None = None) -> None:
        """Move the bar."""
        if self._bar is not None:
            self._bar.update()

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Say the figures."""
        if self._bar is not None:
            self._bar.close()
        seconds = time.monotonic() - self._started
        is_told = seconds >= _LONG_S or (epoch + 1) % _N_SHORT == 0 or epoch + 1 == self._n_epochs
        if not is_told:
            return
        figures = logs or {}
        left = (self._n_epochs - epoch - 1) * seconds
        self._say(
            f"{self._title} {epoch + 1}/{self._n_epochs}: "
            f"loss {figures['loss']:.3f}, validation loss {figures['val_loss']:.3f}, "
            f"accuracy {figures['val_joint_accuracy']:.3f}; {seconds:.1f} s, "
            f"at most {left:.0f} s to go"
        )
