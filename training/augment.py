"""What happens to memes on their way through the web, done again by chance for training.

Never a flip: text betrays it. Most pictures skip most of it: a network that only ever saw blurred
letters misreads sharp ones.
"""

from typing import Final

import tensorflow as tf

from training.picture import GROUND

__all__ = ["augmented", "squared"]

_JPEG_QUALITY: Final = (40, 90)


def augmented(picture: tf.Tensor, side_px: int, random: tf.Tensor) -> tf.Tensor:
    """As `squared`, changed by chance; the same random (2,) int64 gives the same changes.

    Enlarged where it was cropped; where it is made smaller, by a seventh at most.
    """
    seeds = tf.unstack(tf.random.split(random, 6))
    chance = tf.random.stateless_uniform((3,), seeds[0])
    zoom = tf.random.stateless_uniform((2,), seeds[2], 0.86, 1.0)
    picture = tf.cond(
        chance[0] < 0.5,
        lambda: _resized(_cropped(picture, seeds[1]), zoom, side_px),
        lambda: picture,
    )
    picture = tf.cond(
        chance[1] < 0.3,
        lambda: tf.image.stateless_random_jpeg_quality(picture, *_JPEG_QUALITY, seeds[3]),
        lambda: picture,
    )
    picture = tf.cond(chance[2] < 0.5, lambda: _recoloured(picture, seeds[4]), lambda: picture)
    return squared(picture, side_px)


def _cropped(picture: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Up to 6 % cut from each side: captions keep most of themselves."""
    size = tf.shape(picture)[:2]
    cut = tf.random.stateless_uniform((2, 2), seed, 0.0, 0.06) * tf.cast(size, tf.float32)
    cut = tf.cast(cut, tf.int32)
    size = tf.maximum(1, size - cut[0] - cut[1])
    return tf.image.crop_to_bounding_box(picture, cut[0, 0], cut[0, 1], size[0], size[1])


def _resized(picture: tf.Tensor, zoom: tf.Tensor, side_px: int) -> tf.Tensor:
    """Its longer side side_px, then height and width times their zoom. (h, w, 3) uint8."""
    size = tf.cast(tf.shape(picture)[:2], tf.float32)
    size = size * (side_px / tf.reduce_max(size)) * zoom
    size = tf.maximum(1, tf.cast(tf.floor(size + 0.5), tf.int32))
    # So little smaller, nothing is skipped that antialiasing, at four times the cost, would keep.
    return tf.cast(tf.image.resize(picture, size) + 0.5, tf.uint8)


def _recoloured(picture: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Other brightness, contrast and saturation. (h, w, 3) uint8, as before."""
    seeds = tf.unstack(tf.random.split(seed, 3))
    picture = tf.image.stateless_random_brightness(picture, 0.1, seeds[0])
    picture = tf.image.stateless_random_contrast(picture, 0.8, 1.25, seeds[1])
    return tf.image.stateless_random_saturation(picture, 0.7, 1.3, seeds[2])


def squared(picture: tf.Tensor, side_px: int) -> tf.Tensor:
    """The picture centred on a grey square: (H, W, 3) uint8, no side above S, to (S, S, 3)."""
    size = tf.shape(picture)[:2]
    before = (side_px - size) // 2
    after = side_px - size - before
    around = tf.concat([tf.stack([before, after], axis=1), [[0, 0]]], axis=0)
    return tf.ensure_shape(tf.pad(picture, around, constant_values=GROUND), (side_px, side_px, 3))
