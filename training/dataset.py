"""Shards to batches: one tf.data pipeline, for training, validation and prediction."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from training.augment import augmented, squared
from training.examples import Examples
from training.lines import N_GRAMS
from training.shards import Shards, parse

__all__ = ["batches", "feature_batches"]

Places = npt.NDArray[np.int64]
"""Of some examples among all."""

_N_READ_AT_ONCE: Final = 4  # shards
# Pictures in the window from which the next is drawn: 60 MB, where they are still compressed.
_N_SHUFFLED: Final = 4096
_MAX_KEPT_BYTES: Final = 2**29  # of decoded pictures; of more, each epoch decodes anew


def batches(
    shards: Shards,
    examples: Examples,
    batch_size: int,
    *,
    places: Places | None = None,
    seed: int | None = None,
    hidden_share: float = 0.0,
    keep: bool = True,
) -> tf.data.Dataset:
    """Batches of dictionaries: what the network sees, what it is to say, and how much that counts.

    A batch holds `position` (B,) int64, the place among the examples; `picture` (B, S, S, 3)
    float32 in 0..255; `grams` (B, N_GRAMS), `layout` (B, len(LAYOUT)), `given` (B, 2) and `read`
    (B,), 1 where the words are known, float32; and of `Examples` the last four.

    Args:
        shards: hold the pictures, S their longer side.
        examples: of which some are wanted.
        batch_size: B.
        places: of those wanted, (n,) int64; None: all.
        seed: for training: they come shuffled and augmented, each time otherwise; the same seed
            gives the same batches. None: as they are, in the order in which the shards have them.
        hidden_share: how often `given` denies the picture, and how often the words.
        keep: whether later epochs find the pictures in memory, where they need no more than half a
            gigabyte: nothing is read or decoded then.
    """
    wanted = _all_or(places, examples)
    position = tf.lookup.StaticHashTable(
        tf.lookup.KeyValueTensorInitializer(
            tf.constant([examples.sha256[i] for i in wanted]), tf.constant(wanted)
        ),
        default_value=-1,
    )

    def find(record: tf.Tensor) -> Any:
        parsed = parse(record)
        return position.lookup(parsed["sha256"]), parsed["jpeg"]

    def decoded(i: tf.Tensor, jpeg: tf.Tensor) -> Any:
        return i, tf.io.decode_jpeg(jpeg, channels=3, dct_method="INTEGER_ACCURATE")

    def whole(i: tf.Tensor, picture: tf.Tensor) -> Any:
        return i, squared(picture, shards.side_px)

    def changed(found: Any, random: tf.Tensor) -> Any:
        i, picture = found
        return i, augmented(picture, shards.side_px, random)

    data = tf.data.Dataset.from_tensor_slices(shards.files)
    if seed is not None:
        data = data.shuffle(len(shards.files), seed=seed)
    data = data.interleave(
        tf.data.TFRecordDataset, cycle_length=_N_READ_AT_ONCE, num_parallel_calls=_N_READ_AT_ONCE
    )
    data = data.map(find, num_parallel_calls=tf.data.AUTOTUNE).filter(lambda i, _jpeg: i >= 0)
    is_kept = keep and len(wanted) * shards.side_px**2 * 3 <= _MAX_KEPT_BYTES
    if is_kept:
        data = data.map(decoded, num_parallel_calls=tf.data.AUTOTUNE).cache()
    if seed is not None:
        data = data.shuffle(len(wanted) if is_kept else min(len(wanted), _N_SHUFFLED), seed=seed)
    if not is_kept:
        data = data.map(decoded, num_parallel_calls=tf.data.AUTOTUNE)
    if seed is None:
        data = data.map(whole, num_parallel_calls=tf.data.AUTOTUNE)
    else:
        data = tf.data.Dataset.zip(data, _random(seed))
        data = data.map(changed, num_parallel_calls=tf.data.AUTOTUNE)
    data = data.apply(tf.data.experimental.assert_cardinality(len(wanted))).batch(batch_size)
    told = _told(examples)
    data = data.map(
        lambda i, pictures: told(i) | {"picture": tf.cast(pictures, tf.float32)},
        num_parallel_calls=tf.data.AUTOTUNE,
    )
    return _partly_hidden(data, hidden_share, seed).prefetch(tf.data.AUTOTUNE)


def feature_batches(
    features: npt.NDArray[np.floating],
    examples: Examples,
    batch_size: int,
    *,
    places: Places | None = None,
    seed: int | None = None,
    hidden_share: float = 0.0,
) -> tf.data.Dataset:
    """As `batches`, with `features` (B, n_features) float32 in the picture's place.

    Args:
        features: of the examples, in their order: (N, n_features); may lie on the disk.
        examples: of which some are wanted.
        batch_size: B.
        places: of those wanted, (n,) int64; None: all.
        seed: for training: they come shuffled. None: in the places' order.
        hidden_share: how often `given` denies the picture, and how often the words.
    """
    wanted = _all_or(places, examples)
    told = _told(examples)

    def load(i: tf.Tensor) -> dict[str, tf.Tensor]:
        # Not held by TensorFlow as a whole: those of a large collection are more than memory.
        those = tf.numpy_function(lambda i: features[i].astype(np.float32), [i], tf.float32)
        return told(i) | {"features": tf.ensure_shape(those, (None, features.shape[1]))}

    data = tf.data.Dataset.from_tensor_slices(wanted)
    if seed is not None:
        data = data.shuffle(len(wanted), seed=seed)
    data = data.batch(batch_size).map(load, num_parallel_calls=tf.data.AUTOTUNE)
    return _partly_hidden(data, hidden_share, seed).prefetch(tf.data.AUTOTUNE)


def _all_or(places: Places | None, examples: Examples) -> Places:
    return np.arange(len(examples)) if places is None else places


def _random(seed: int) -> tf.data.Dataset:
    """Two numbers, a seed, for each of what it is zipped with; others each epoch."""
    return tf.data.Dataset.random(seed, rerandomize_each_iteration=True).batch(2)


@lru_cache(maxsize=1)  # of a large collection it is much: not once for each side
def _told(examples: Examples) -> Callable[[tf.Tensor], dict[str, tf.Tensor]]:
    """What is known of a batch of examples but their pictures, as TensorFlow looks it up."""
    text = examples.text
    starts, ids, counts = (tf.constant(a) for a in (text.starts, text.ids, text.counts))
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
        those = tf.ragged.range(tf.gather(starts, i), tf.gather(starts, i + 1))
        columns = tf.gather(ids, those.flat_values)
        cells = tf.stack([those.value_rowids(), tf.cast(columns, tf.int64)], axis=1)
        shape = tf.stack([tf.size(i, tf.int64), N_GRAMS])
        occurring = tf.cast(tf.gather(counts, those.flat_values), tf.float32)
        grams = tf.scatter_nd(cells, 1 + tf.math.log(occurring), shape)
        known = {name: tf.gather(values, i) for name, values in tensors.items()}
        return {"position": i, "grams": tf.ensure_shape(grams, (None, N_GRAMS))} | known

    return told


def _partly_hidden(data: tf.data.Dataset, share: float, seed: int | None) -> tf.data.Dataset:
    """With the picture or the words denied, by chance; never both."""
    if seed is None or not share:
        return data

    def hide(batch: dict[str, tf.Tensor], random: tf.Tensor) -> dict[str, tf.Tensor]:
        chance = tf.random.stateless_uniform((tf.size(batch["position"]),), random)
        kept = tf.cast(tf.stack([chance > share, chance < 1 - share], axis=1), tf.float32)
        has_words = batch["read"][:, None] > 0
        return batch | {"given": tf.where(has_words, batch["given"] * kept, batch["given"])}

    return tf.data.Dataset.zip(data, _random(seed + 1)).map(hide)
