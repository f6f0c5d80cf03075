"""A Keras model as a LiteRT file, which answers without TensorFlow."""

import contextlib
import io
from pathlib import Path

import keras
import tensorflow as tf

__all__ = ["export_litert"]


def export_litert(model: keras.Model, path: Path, *, small: bool = False) -> None:
    """Write the model with one signature.

    Args:
        model: takes and gives dictionaries.
        path: of the file.
        small: weights of 8 bits instead of 32, with a scale for each tensor (dynamic-range
            quantization): a quarter of the size. Depthwise convolutions are twice as slow so.
    """
    options = {"optimizations": [tf.lite.Optimize.DEFAULT]} if small else {}
    # The converter writes to standard output, where a report may be JSON.
    with contextlib.redirect_stdout(io.StringIO()):
        model.export(str(path), format="litert", verbose=False, **options)
