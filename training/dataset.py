"""Picture files to batches: one tf.data pipeline, for training and for validation."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from core.errors import MemeEraError
from db.media import MediaStore
from training.config import TrainConfig
from training.picture import picture_of
from training.snapshot import Row

__all__ = ["batches"]

# Up to here, decoded pictures stay in memory; beyond it, in a file beside the run.
_CACHE_IN_MEMORY_BYTES: Final = 2 * 2**30


def batches(
    rows: Sequence[Row],
    classes: Sequence[str],
    media: MediaStore,
    config: TrainConfig,
    cache_dir: Path,
    *,
    training: bool,
) -> tf.data.Dataset:
    """Batches of (pictures, one-hot genres, weights), and no more Python after the first epoch.

    Pictures are (B, S, S, 3) float32 in 0..255, genres (B, n_classes) float32, weights (B,)
    float32. For training they come shuffled, augmented and weighted; else in order, as they are, with weight 1.
    """
    side = config.image_px
    index = {key: i for i, key in enumerate(classes)}
    labels = np.array([index[row.genre] for row in rows], dtype=np.int32)

    def read(position: np.int64) -> Any:
        row = rows[int(position)]
        try:
            return picture_of(media.get(row.sha256, row.format), side)
        except MemeEraError as error:
            raise ValueError(f"meme {row.meme_id} cannot be read any more: {error}") from error

    def load(position: tf.Tensor, label: tf.Tensor, weight: tf.Tensor) -> Any:
        picture = tf.ensure_shape(
            tf.numpy_function(read, [position], tf.uint8, stateful=False), (side, side, 3)
        )
        return picture, tf.one_hot(label, len(classes)), weight

    weights = _weights(rows, labels, config.balance) if training else np.ones(len(rows), np.float32)
    dataset = tf.data.Dataset.from_tensor_slices((np.arange(len(rows)), labels, weights))
    dataset = dataset.map(load, num_parallel_calls=tf.data.AUTOTUNE)
    if len(rows) * side * side * 3 <= _CACHE_IN_MEMORY_BYTES:
        dataset = dataset.cache()
    else:
        dataset = dataset.cache(str(cache_dir / ("train" if training else "validation")))
    if training:
        dataset = dataset.shuffle(len(rows), seed=config.seed)
        dataset = dataset.map(_augment, num_parallel_calls=tf.data.AUTOTUNE)
    dataset = dataset.map(_as_float, num_parallel_calls=tf.data.AUTOTUNE)
    return dataset.batch(config.batch_size).prefetch(tf.data.AUTOTUNE)


def _weights(
    rows: Sequence[Row], labels: npt.NDArray[np.int32], balance: float
) -> npt.NDArray[np.float32]:
    """Trust in each label times the balance of its genre; 1 on average. (N,)"""
    trust = np.array([row.weight for row in rows], dtype=np.float32)
    per_genre = np.bincount(labels, weights=trust)
    weights = trust / per_genre[labels] ** balance
    return np.asarray(weights / weights.mean(), dtype=np.float32)


def _augment(picture: tf.Tensor, label: tf.Tensor, weight: tf.Tensor) -> Any:
    """What happens to memes on their way through the web; never a flip, which text betrays."""
    side = picture.shape[0]
    # A crop or a margin of up to 8 % on each side.
    share = tf.random.uniform((2,), 0.84, 1.16)
    size = tf.cast(tf.cast(side, tf.float32) * share, tf.int32)
    picture = tf.image.resize_with_crop_or_pad(picture, size[0], size[1])
    picture = tf.cast(tf.image.resize(picture, (side, side)), tf.uint8)
    picture = tf.image.random_jpeg_quality(picture, 40, 95)
    picture = tf.image.random_brightness(picture, 0.15)
    picture = tf.image.random_contrast(picture, 0.8, 1.25)
    picture = tf.image.random_saturation(picture, 0.7, 1.3)
    return picture, label, weight


def _as_float(picture: tf.Tensor, label: tf.Tensor, weight: tf.Tensor) -> Any:
    return tf.cast(picture, tf.float32), label, weight
