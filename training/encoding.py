"""How a network is told a number: by the bins that it fills."""

from typing import Any

import keras
import numpy as np
import numpy.typing as npt
from keras import layers, ops

__all__ = ["PiecewiseLinear"]


@keras.saving.register_keras_serializable("memeera")
class PiecewiseLinear(layers.Layer):  # type: ignore[misc]  # Keras has no types
    """Piecewise linear encoding: (B, n_numbers) to (B, n_numbers * n_bins), each from 0 to 1.

    A bin is 0 for a number below it, 1 for one above, and the share in between. The bins of each
    number hold equally many of the memes learned from. With it a plain network does on tables
    what trees do: Gorishniy et al., On Embeddings for Numerical Features in Tabular Deep Learning,
    2022. On the layout of words it was worth .1 of macro F1.
    """

    def __init__(self, n_numbers: int, n_bins: int, **options: Any) -> None:
        super().__init__(**options)
        self.n_numbers = n_numbers
        self.n_bins = n_bins
        self.low = self.add_weight(
            shape=(n_numbers, n_bins), initializer="zeros", trainable=False, name="low"
        )
        self.scale = self.add_weight(
            shape=(n_numbers, n_bins), initializer="ones", trainable=False, name="scale"
        )
        self.built = True

    def adapt(self, numbers: npt.NDArray[np.float32]) -> None:
        """Choose the bins by these memes' numbers, (N, n_numbers)."""
        shares = np.linspace(0, 1, self.n_bins + 1)
        edges = np.quantile(numbers, shares, axis=0).T  # (n_numbers, n_bins + 1)
        widths = np.diff(edges, axis=1)
        self.low.assign(edges[:, :-1])
        # An empty bin is a step: many memes have the very same number.
        self.scale.assign(1 / np.maximum(widths, 1e-6))

    def call(self, numbers: Any) -> Any:
        """Encode, and lay the bins of all numbers side by side."""
        filled = (ops.expand_dims(numbers, 2) - self.low) * self.scale
        return ops.reshape(ops.clip(filled, 0, 1), (-1, self.n_numbers * self.n_bins))

    def get_config(self) -> dict[str, Any]:
        """For saving."""
        config: dict[str, Any] = super().get_config()
        return config | {"n_numbers": self.n_numbers, "n_bins": self.n_bins}
