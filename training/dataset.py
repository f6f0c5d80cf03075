"""Shards to batches: one tf.data pipeline, for training, validation and prediction."""

from typing import Any, Final

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from training.augment import augmented, squared
from training.examples import Examples
from training.lines import N_GRAMS
from training.shards import Shards, parse

__all__ = ["batches", "feature_batches"]

_N_READ_AT_ONCE: Final = 4  # shards
# Pictures in the window from which the next is drawn: 60 MB, for they are still compressed.
_N_SHUFFLED: Final = 4096


def batches(
    shards: Shards,
    examples: Examples,
    batch_size: int,
    *,
    seed: int | None = None,
    hidden_share: float = 0.0,
) -> tf.data.Dataset:
    """Batches of dictionaries: what the network sees, what it is to say, and how much that counts.

    A batch holds `position` (B,) int64, the place among the examples; `picture` (B, S, S, 3)
    float32 in 0..255; `grams` (B, N_GRAMS), `layout` (B, len(LAYOUT)), `given` (B, 2) and `read`
    (B,), 1 where the words are known, float32; and of `Examples` the last four.

    Args:
        shards: hold the pictures, S their longer side.
        examples: those wanted.
        batch_size: B.
        seed: for training: they come shuffled and augmented, each time otherwise; the same seed
            gives the same batches. None: as they are, in the order in which the shards have them.
        hidden_share: how often `given` denies the picture, and how often the words.
    """
    position = tf.lookup.StaticHashTable(
        tf.lookup.KeyValueTensorInitializer(
            tf.constant(list(examples.sha256)), tf.range(len(examples), dtype=tf.int64)
        ),
        default_value=-1,
    )
    told = _told(examples)

    def find(record: tf.Tensor) -> Any:
        parsed = parse(record)
        return position.lookup(parsed["sha256"]), parsed["jpeg"]

    def load(i: tf.Tensor, jpeg: tf.Tensor) -> Any:
        return told(i) | {"picture": squared(_decoded(jpeg), shards.side_px)}

    def load_changed(found: Any, random: tf.Tensor) -> dict[str, tf.Tensor]:
        i, jpeg = found
        changed = {"picture": augmented(_decoded(jpeg), shards.side_px, random[:2])}
        return _partly_hidden(told(i), hidden_share, random[2:]) | changed

    data = tf.data.Dataset.from_tensor_slices(shards.files)
    if seed is not None:
        data = data.shuffle(len(shards.files), seed=seed)
    data = data.interleave(
        tf.data.TFRecordDataset, cycle_length=_N_READ_AT_ONCE, num_parallel_calls=_N_READ_AT_ONCE
    )
    data = data.map(find, num_parallel_calls=tf.data.AUTOTUNE).filter(lambda i, _jpeg: i >= 0)
    if seed is None:
        data = data.map(load, num_parallel_calls=tf.data.AUTOTUNE)
    else:
        data = data.shuffle(min(len(examples), _N_SHUFFLED), seed=seed)
        data = tf.data.Dataset.zip(data, _random(seed))
        data = data.map(load_changed, num_parallel_calls=tf.data.AUTOTUNE)
    data = data.apply(tf.data.experimental.assert_cardinality(len(examples)))
    return data.batch(batch_size).map(_as_float).prefetch(tf.data.AUTOTUNE)


def feature_batches(
    features: npt.NDArray[np.floating],
    examples: Examples,
    batch_size: int,
    *,
    seed: int | None = None,
    hidden_share: float = 0.0,
) -> tf.data.Dataset:
    """As `batches`, with `features` (B, n_features) float32 in the picture's place.

    Args:
        features: of the examples, in their order: (N, n_features); may lie on the disk.
        examples: those wanted.
        batch_size: B.
        seed: for training: they come shuffled. None: in the examples' order.
        hidden_share: how often `given` denies the picture, and how often the words.
    """
    told = _told(examples)

    def changed(i: tf.Tensor, random: tf.Tensor) -> dict[str, tf.Tensor]:
        return _partly_hidden(told(i), hidden_share, random[2:])

    def with_features(batch: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        # Not held by TensorFlow as a whole: those of a large collection are more than memory.
        those = tf.numpy_function(
            lambda i: features[i].astype(np.float32), [batch["position"]], tf.float32
        )
        return batch | {"features": tf.ensure_shape(those, (None, features.shape[1]))}

    data = tf.data.Dataset.range(len(examples))
    if seed is None:
        data = data.map(told, num_parallel_calls=tf.data.AUTOTUNE)
    else:
        data = tf.data.Dataset.zip(data.shuffle(len(examples), seed=seed), _random(seed))
        data = data.map(changed, num_parallel_calls=tf.data.AUTOTUNE)
    return data.batch(batch_size).map(with_features).prefetch(tf.data.AUTOTUNE)


def _random(seed: int) -> tf.data.Dataset:
    """Four numbers for each example, others each epoch."""
    return tf.data.Dataset.random(seed, rerandomize_each_iteration=True).batch(4)


def _decoded(jpeg: tf.Tensor) -> tf.Tensor:
    return tf.io.decode_jpeg(jpeg, channels=3, dct_method="INTEGER_ACCURATE")


def _told(examples: Examples) -> Any:
    """What is known of the example at a position but its picture, as TensorFlow looks it up."""
    text = examples.text
    starts, ids, values = (tf.constant(a) for a in (text.starts, text.ids, text.values))
    read = text.known.astype(np.float32)
    rows = {
        "layout": text.layout,
        "given": np.stack([np.ones_like(read), read], axis=1),
        "read": read,
        "genre": examples.genre,
        "genre_weight": examples.genre_weight,
        "year": examples.year,
        "year_weight": examples.year_weight,
    }
    tensors = {name: tf.constant(values) for name, values in rows.items()}

    def told(i: tf.Tensor) -> dict[str, tf.Tensor]:
        start, end = starts[i], starts[i + 1]
        grams = tf.scatter_nd(ids[start:end, None], values[start:end], [N_GRAMS])
        known = {name: tf.gather(values, i) for name, values in tensors.items()}
        return {"position": i, "grams": grams} | known

    return told


def _partly_hidden(
    example: dict[str, tf.Tensor], share: float, random: tf.Tensor
) -> dict[str, tf.Tensor]:
    """With the picture or the words denied, by chance; never both."""
    chance = tf.random.stateless_uniform((), random)
    one = tf.stack([tf.cast(chance > share, tf.float32), tf.cast(chance < 1 - share, tf.float32)])
    has_words = example["read"] > 0
    return example | {"given": tf.where(has_words, example["given"] * one, example["given"])}


def _as_float(batch: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
    return batch | {"picture": tf.cast(batch["picture"], tf.float32)}
