"""The network: a picture, the words in it and how they lie; out come genre and year.

    picture ─ backbone ─┬─ levels ─┬──────── genre by the picture ─┐
                        │          └─ hidden ─┐                    │
                        └─ map of genres      │                    ├─ mixed ─ genre
    grams ─ hidden ─┬─ genre by the words ────│────────────────────┤
                    └─────────────────────────┼─ joint ─┬─ genre ──┘
    layout ─ hidden ┬─ genre by the layout ───│─────────│──────────┤
                    └─────────────────────────┘         ├─ embedding
    given (which of them are known) ────────────────────┴─ year

Each branch says the genre on its own, and is taught on its own: so each learns all that it can,
and any may be missing. The mix is fitted last, on memes that none of them learned from, and is
what makes the scores probabilities.

Where the backbone knows something already, all that follows it is there several times: members of
a committee, each taught without another part of the memes, which answer as their mean.

Of the picture count not only the last feature map's means, which say what is shown, but of some
earlier maps the means and the deviations over all places as well: they say how it was made.
"""

import contextlib
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

import keras
import numpy as np
from keras import layers, ops

from core.errors import BadInput, MemeEraError
from training.config import Backbone, TrainConfig
from training.encoding import PiecewiseLinear
from training.lines import LAYOUT, N_GRAMS

__all__ = ["BRANCHES", "CASES", "Branch", "Network", "build", "load_backbone_weights"]

_JOINT_WIDTH: Final = 128  # numbers of the embedding
_PICTURE_WIDTH: Final = 64  # of the picture's part in it
_SHORTEST: Final = 1e-3  # a single n-gram's square is a thousand times that
_FLAT: Final = 1e-6  # the least variance: at 0 a root has no slope

# The maps of MobileNetV2 that are looked at: of each size the one with most to say.
_LEVELS: Final = (
    "block_3_expand_relu",
    "block_6_expand_relu",
    "block_13_expand_relu",
    "out_relu",
)


class Branch(StrEnum):
    """What says a genre on its own."""

    PICTURE = "picture"
    WORDS = "words"
    LAYOUT = "layout"
    JOINT = "joint"


BRANCHES: Final = tuple(Branch)
"""In the order in which the mix takes them."""

CASES: Final = {
    (1.0, 1.0): BRANCHES,
    (1.0, 0.0): (Branch.PICTURE, Branch.JOINT),
    (0.0, 1.0): (Branch.WORDS, Branch.LAYOUT, Branch.JOINT),
}
"""What may be given, picture and words; and the branches that then have something to say."""


@dataclass(frozen=True, slots=True)
class Network:
    """One network, as it is taught and as it answers; both are of the same layers.

    Attributes:
        taught: `picture` (B, S, S, 3) in 0..255, `grams` (B, N_GRAMS), `layout` (B, len(LAYOUT))
            and `given` (B, 2), all float32, to logits by name: of the genre by each branch
            (B, n_genres), of the year (B, n_years). Of the first member.
        answering: the same inputs to `genre` (B, n_genres) and `year` (B, n_years), which sum to 1;
            `embedding` (B, 128) of length 1, the first member's; `map` (B, h, w, n_genres), how
            much each place speaks for each genre, as logits.
        features: `picture` to what the backbone makes of it over all places, (B, n_features).
        on_features: of each member, as `taught`, with `features` in the picture's place.
        backbone: its convolutional part: (B, S, S, 3) in -1..1 to a list of maps, the last the
            coarsest, (B, S / 32, S / 32, n).
        scaled: brings each feature to one scale.
        rarity: weighs n-grams by how rare they are.
        bins: spread the numbers of the layout.
        mixes: for each of the CASES: log-probabilities by all branches, side by side in their order
            (B, n_branches * n_genres), to logits.
    """

    taught: keras.Model
    answering: keras.Model
    features: keras.Model
    on_features: tuple[keras.Model, ...]
    backbone: keras.Model
    scaled: layers.BatchNormalization
    rarity: layers.Normalization
    bins: PiecewiseLinear
    mixes: tuple[layers.Dense, ...]


def build(config: TrainConfig, n_genres: int, n_years: int) -> Network:
    """A network that knows nothing yet."""
    grams = keras.Input((N_GRAMS,), name="grams")
    layout = keras.Input((len(LAYOUT),), name="layout")
    given = keras.Input((2,), name="given")
    picture = keras.Input((config.image_px, config.image_px, 3), name="picture")
    backbone = _backbone(config)
    levels = _Levels(backbone(layers.Rescaling(1 / 127.5, offset=-1)(picture)))
    unscaled = levels.over_all_places()  # (B, 1, 1, n_features)
    # Each feature on one scale: a fresh head then learns in a few epochs what took it dozens.
    scaled = layers.BatchNormalization(momentum=0.9, center=False, scale=False, name="scaled")
    pooled = layers.Flatten()(scaled(unscaled))
    features = keras.Input(pooled.shape[1:], name="features")
    by_features = layers.Flatten()(scaled(layers.Reshape(unscaled.shape[1:])(features)))

    rarity = layers.Normalization(name="rarity")
    rarity.build((None, N_GRAMS))
    bins = PiecewiseLinear(len(LAYOUT), config.n_bins, name="bins")
    words, lying = _of_length_1(rarity(grams)), bins(layout)
    members = [_Member(config, n_genres, n_years, i) for i in range(config.n_members)]
    on_pictures = [member(pooled, words, lying, given) for member in members]
    on_features = [member(by_features, words, lying, given) for member in members]

    inputs = {"picture": picture, "grams": grams, "layout": layout, "given": given}
    without_picture = {name: value for name, value in inputs.items() if name != "picture"}
    mixes = tuple(layers.Dense(n_genres, name=f"mix_{i}") for i in range(len(CASES)))
    places = scaled(levels.at_each_place())
    answer = {
        "genre": _mixed([said.logits for said in on_pictures], given, mixes),
        "year": _mean([ops.softmax(said.logits["year"]) for said in on_pictures], "year"),
        "embedding": layers.UnitNormalization(name="embedding")(on_pictures[0].hidden),
        # A head on the mean over places is the mean of the same head on each place.
        "map": _mean([member.heads[Branch.PICTURE](places) for member in members], "map"),
    }
    return Network(
        taught=keras.Model(inputs, on_pictures[0].logits, name="taught"),
        answering=keras.Model(inputs, answer, name="memeera"),
        features=keras.Model(picture, layers.Flatten()(unscaled), name="picture_features"),
        on_features=tuple(
            keras.Model(without_picture | {"features": features}, said.logits)
            for said in on_features
        ),
        backbone=backbone,
        scaled=scaled,
        rarity=rarity,
        bins=bins,
        mixes=mixes,
    )


class _Levels:
    """What is seen on each map: of all the mean, of all but the last the deviation too.

    Each map is half as large as the one before it.
    """

    def __init__(self, maps: Sequence[Any]) -> None:
        self._maps = maps
        self._means = [_over_places(x) for x in maps]
        earlier = zip(maps[:-1], self._means[:-1], strict=True)
        squares = [ops.square(x - mean) + _FLAT for x, mean in earlier]
        self._deviations = [ops.sqrt(_over_places(x)) for x in squares]
        # Their means over all places are the deviations.
        self._by_place = [x / off for x, off in zip(squares, self._deviations, strict=True)]

    def over_all_places(self) -> Any:
        """(B, 1, 1, n_features)."""
        return layers.Concatenate()([*self._means, *self._deviations])

    def at_each_place(self) -> Any:
        """(B, h, w, n_features) on the last map's places; its mean is `over_all_places`."""
        strides = [2**i for i in reversed(range(len(self._maps)))]
        pairs = zip([*self._maps, *self._by_place], [*strides, *strides[:-1]], strict=True)
        return layers.Concatenate()(
            [layers.AveragePooling2D(n, padding="same")(x) for x, n in pairs]
        )


def _over_places(x: Any) -> Any:
    return layers.GlobalAveragePooling2D(keepdims=True)(x)


def _of_length_1(grams: Any) -> Any:
    """Where there are words at all; times 8: a hidden layer then starts at a usual scale."""
    # Keras's UnitNormalization, exported to LiteRT, makes NaN of a picture without words.
    length = ops.sqrt(ops.sum(ops.square(grams), axis=1, keepdims=True) + _SHORTEST)
    return layers.Rescaling(8.0)(grams / length)


@dataclass(frozen=True, slots=True)
class _Said:
    """What one member says."""

    logits: dict[str, Any]  # of the genre by each branch, (B, n_genres); of the year, (B, n_years)
    hidden: Any  # the joint's, (B, _JOINT_WIDTH)


class _Member:
    """The layers behind the backbone, the bins and the rarity."""

    def __init__(self, config: TrainConfig, n_genres: int, n_years: int, i: int) -> None:
        self.heads = {name: layers.Dense(n_genres, name=f"genre_{name}_{i}") for name in BRANCHES}
        self._dropped = layers.Dropout(config.dropout, seed=config.seed + i)
        self._picture = layers.Dense(_PICTURE_WIDTH, activation="gelu", name=f"picture_hidden_{i}")
        drop, lying = config.text_dropout, config.layout_width
        self._words = _stack(f"words_{i}", drop, config.text_width)
        self._lying = _stack(f"lying_{i}", drop, lying, lying)
        self._joint = _stack(f"joint_hidden_{i}", drop, _JOINT_WIDTH)
        # Zeros: it starts with all years alike, and leaves alike what the memes do not decide.
        self._year = layers.Dense(n_years, kernel_initializer="zeros", name=f"year_logits_{i}")

    def __call__(self, pooled: Any, words: Any, lying: Any, given: Any) -> _Said:
        has_picture, has_words = given[:, :1], given[:, 1:]
        hidden = {
            Branch.PICTURE: self._dropped(pooled),
            Branch.WORDS: self._words(words),
            Branch.LAYOUT: self._lying(lying),
        }
        parts = [
            self._picture(hidden[Branch.PICTURE]) * has_picture,
            hidden[Branch.WORDS] * has_words,
            hidden[Branch.LAYOUT] * has_words,
            given,
        ]
        joint = hidden[Branch.JOINT] = self._joint(layers.Concatenate()(parts))
        logits = {name.value: self.heads[name](hidden[name]) for name in BRANCHES}
        return _Said(logits | {"year": self._year(joint)}, joint)


def _stack(name: str, dropout: float, *widths: int) -> keras.Sequential:
    stack = keras.Sequential(name=name)
    for width in widths:
        stack.add(layers.Dense(width, activation="gelu"))
        stack.add(layers.Dropout(dropout))
    return stack


def _mean(values: Sequence[Any], name: str | None = None) -> Any:
    """Of the members; the name is that of what is given out."""
    return layers.Identity(name=name)(ops.mean(ops.stack(values, axis=0), axis=0))


def _mixed(members: Sequence[dict[str, Any]], given: Any, mixes: Sequence[layers.Dense]) -> Any:
    """The genre's probabilities, by the mix for what is given."""
    by_branch = [_mean([ops.log_softmax(said[name]) for said in members]) for name in BRANCHES]
    said = layers.Concatenate()(by_branch)
    logits = sum(
        ops.prod(1 - ops.abs(given - np.array(case, np.float32)), axis=1, keepdims=True) * mix(said)
        for case, mix in zip(CASES, mixes, strict=True)
    )
    return layers.Softmax(name="genre")(logits)


def load_backbone_weights(network: Network, weights: str | Path) -> None:
    """Give the backbone what was learned elsewhere: "imagenet", or a Keras weights file.

    Raises:
        BadInput: the file does not exist or does not fit the backbone.
        MemeEraError: the ImageNet weights could not be downloaded.
    """
    backbone: Any = network.backbone
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
            whole = keras.applications.MobileNetV2(
                include_top=False, weights=None, input_shape=shape
            )
            maps = [whole.get_layer(name).output for name in _LEVELS]
            return keras.Model(whole.input, maps, name="backbone")


def _small(shape: tuple[int, int, int]) -> keras.Model:
    """Five convolutions that halve the picture, each but the first followed by a residual one."""
    picture = keras.Input(shape)
    x = _convolution(picture, 24, strides=2)
    maps = []
    for n_filters in (48, 96, 144, 192):
        x = _convolution(x, n_filters, strides=2)
        x = layers.add([x, _convolution(x, n_filters)])
        maps.append(x)
    return keras.Model(picture, maps, name="backbone")


def _convolution(x: Any, n_filters: int, strides: int = 1) -> Any:
    x = layers.Conv2D(n_filters, 3, strides=strides, padding="same", use_bias=False)(x)
    # The usual .99 needs hundreds of batches to follow; a small collection has a dozen an epoch.
    x = layers.BatchNormalization(momentum=0.9)(x)
    return layers.ReLU()(x)
