"""Picture files to batches: one tf.data pipeline, for training and for validation."""

import random
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

__all__ = ["UNREADABLE", "batches"]

UNREADABLE: Final = "cannot read the picture of meme"

# Up to here, decoded pictures stay in memory; beyond it, in a file beside the run.
_CACHE_IN_MEMORY_BYTES: Final = 2 * 2**30
# Pictures in the window from which the next is drawn: 300 MB at 224 px.
_SHUFFLED: Final = 2048


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
    float32. For training they come shuffled, augmented and weighted; else in order, as they are,
    with weight 1.
    """
    if training:
        # Neighbours come from one crawl: mixed once over all, then again and again over a window.
        rows = random.Random(config.seed).sample(rows, len(rows))
    side = config.image_px
    index = {key: i for i, key in enumerate(classes)}
    labels = np.array([index[row.genre] for row in rows], dtype=np.int32)

    def read(position: np.int64) -> Any:
        row = rows[int(position)]
        try:
            return picture_of(media.get(row.sha256, row.format), side)
        except MemeEraError as error:
            raise ValueError(f"{UNREADABLE} {row.meme_id}: {error}") from error

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
        dataset = dataset.shuffle(min(len(rows), _SHUFFLED), seed=config.seed)
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
    """What happens to memes on their way through the web; never a flip, which text betrays.

    Most pictures skip most of it: a network that only ever saw blurred letters misreads sharp ones.
    """
    chance = tf.random.uniform((3,))
    picture = tf.cond(chance[0] < 0.5, lambda: _reframed(picture), lambda: picture)
    picture = tf.cond(
        chance[1] < 0.3, lambda: tf.image.random_jpeg_quality(picture, 40, 90), lambda: picture
    )
    picture = tf.cond(chance[2] < 0.5, lambda: _recoloured(picture), lambda: picture)
    return picture, label, weight


def _reframed(picture: tf.Tensor) -> tf.Tensor:
    """Up to 8 % cut from, or grey added to, each side. (S, S, 3) uint8, as before."""
    side = picture.shape[0]
    size = tf.cast(side * tf.random.uniform((2,), 0.84, 1.16), tf.int32)
    off_grey = tf.cast(picture, tf.float32) - 128  # what is added is 0
    reframed = tf.image.resize_with_crop_or_pad(off_grey, size[0], size[1])
    return tf.cast(tf.image.resize(reframed, (side, side)) + 128, tf.uint8)


def _recoloured(picture: tf.Tensor) -> tf.Tensor:
    """Other brightness, contrast and saturation. (S, S, 3) uint8, as before."""
    picture = tf.image.random_brightness(picture, 0.1)
    picture = tf.image.random_contrast(picture, 0.8, 1.25)
    return tf.image.random_saturation(picture, 0.7, 1.3)


def _as_float(picture: tf.Tensor, label: tf.Tensor, weight: tf.Tensor) -> Any:
    return tf.cast(picture, tf.float32), label, weight
