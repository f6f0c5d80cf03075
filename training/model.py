"""The network: a picture branch and a genre head."""

import contextlib
import sys
from pathlib import Path
from typing import Any

import keras
from keras import layers

from core.errors import BadInput, MemeEraError
from training.config import Backbone, TrainConfig

__all__ = ["BACKBONE_LAYER", "build", "load_backbone_weights"]

BACKBONE_LAYER = "backbone"


def build(config: TrainConfig, n_classes: int) -> keras.Model:
    """Pictures (B, S, S, 3) in 0..255 to genre scores (B, n_classes) that sum to 1."""
    picture = keras.Input((config.image_px, config.image_px, 3), name="picture")
    x = layers.Rescaling(1 / 127.5, offset=-1)(picture)  # to -1..1, as the backbones expect
    x = _backbone(config)(x)
    x = layers.GlobalAveragePooling2D()(x)
    # Each feature on one scale: a fresh head then learns in a few epochs what took it dozens.
    x = layers.BatchNormalization(momentum=0.9, center=False, scale=False)(x)
    x = layers.Dropout(config.dropout, seed=config.seed)(x)
    genre = layers.Dense(n_classes, activation="softmax", name="genre")(x)
    return keras.Model(picture, genre, name="memeera")


def load_backbone_weights(model: keras.Model, weights: str | Path) -> None:
    """Give the backbone what was learned elsewhere: "imagenet", or a Keras weights file.

    Raises:
        BadInput: the file does not exist or does not fit the backbone.
        MemeEraError: the ImageNet weights could not be downloaded.
    """
    backbone: Any = model.get_layer(BACKBONE_LAYER)
    if weights == "imagenet":
        try:
            with contextlib.redirect_stdout(sys.stderr):  # Keras shows its download there
                source = keras.applications.MobileNetV2(
                    include_top=False, weights="imagenet", input_shape=backbone.input_shape[1:]
                )
        except Exception as error:  # Keras raises just that when a download fails
            raise MemeEraError(
                f"the ImageNet weights could not be downloaded ({error}); give a file instead: "
                "--weights PATH, or --weights none"
            ) from error
        backbone.set_weights(source.get_weights())
        return
    if not Path(weights).is_file():
        raise BadInput(f"{weights}: there is no such weights file")
    try:
        backbone.load_weights(weights)
    except (ValueError, OSError, KeyError) as error:
        wanted = f"MobileNetV2 without its top, {backbone.input_shape[1]} px"
        raise BadInput(f"{weights}: does not fit {wanted}: {error}") from error


def _backbone(config: TrainConfig) -> keras.Model:
    shape = (config.image_px, config.image_px, 3)
    match config.backbone:
        case Backbone.SMALL:
            return _small(shape)
        case Backbone.MOBILENET_V2:
            return keras.applications.MobileNetV2(
                include_top=False, weights=None, input_shape=shape, name=BACKBONE_LAYER
            )


def _small(shape: tuple[int, int, int]) -> keras.Model:
    """Five convolutions that halve the picture, each but the first followed by a residual one."""
    picture = keras.Input(shape)
    x = picture
    for i, n_filters in enumerate((24, 48, 96, 144, 192)):
        x = _convolution(x, n_filters, strides=2)
        if i > 0:
            x = layers.add([x, _convolution(x, n_filters)])
    return keras.Model(picture, x, name=BACKBONE_LAYER)


def _convolution(x: Any, n_filters: int, strides: int = 1) -> Any:
    x = layers.Conv2D(n_filters, 3, strides=strides, padding="same", use_bias=False)(x)
    # The usual .99 needs hundreds of batches to follow; a small collection has a dozen an epoch.
    x = layers.BatchNormalization(momentum=0.9)(x)
    return layers.ReLU()(x)
