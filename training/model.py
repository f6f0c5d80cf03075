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
from keras import layers, ops

from core.errors import BadInput, MemeEraError
from training.config import Backbone, TrainConfig
from training.encoding import PiecewiseLinear
from training.lines import LAYOUT, N_GRAMS

__all__ = ["BRANCHES", "Branch", "Network", "build", "load_backbone_weights"]

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


@dataclass(frozen=True, slots=True)
class Network:
    """One network, as it is taught and as it answers; both are of the same layers.

    Attributes:
        taught: `picture` (B, S, S, 3) in 0..255, `grams` (B, N_GRAMS), `layout` (B, len(LAYOUT))
            and `given` (B, 2), all float32, to logits by name: of the genre by each branch
            (B, n_genres), of the year (B, n_years).
        answering: the same inputs to `genre` (B, n_genres) and `year` (B, n_years), which sum to 1;
            `embedding` (B, 128) of length 1; `map` (B, h, w, n_genres), how much each place speaks
            for each genre, as logits.
        features: `picture` to what the backbone makes of it over all places, (B, n_features).
        on_features: as `taught`, with `features` in the picture's place.
        backbone: its convolutional part: (B, S, S, 3) in -1..1 to a list of maps, the last the
            coarsest, (B, S / 32, S / 32, n).
    """

    taught: keras.Model
    answering: keras.Model
    features: keras.Model
    on_features: keras.Model
    backbone: keras.Model
    rarity: layers.Normalization
    bins: PiecewiseLinear
    mix_weights: layers.Dense
    mix_biases: layers.Dense


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

    heads = {name: layers.Dense(n_genres, name=f"genre_{name}") for name in BRANCHES}
    text = _Text(config)
    join = _Join(config, n_years)

    def logits(pooled: Any) -> dict[str, Any]:
        words, lying = text.words(grams), text.lying(layout)
        picture_part = join.dropped(pooled)
        joint = join(picture_part, words, lying, given)
        hidden = {
            Branch.PICTURE: picture_part,
            Branch.WORDS: words,
            Branch.LAYOUT: lying,
            Branch.JOINT: joint,
        }
        said = {name.value: heads[name](hidden[name]) for name in BRANCHES}
        return said | {"year": join.year(joint), "joint_hidden": joint}

    said = logits(pooled)
    hidden = said.pop("joint_hidden")
    said_on_features = logits(by_features)
    del said_on_features["joint_hidden"]
    mix_weights, mix_biases = _mix_layers(n_genres)
    inputs = {"picture": picture, "grams": grams, "layout": layout, "given": given}
    answer = {
        "genre": _mixed(said, given, mix_weights, mix_biases),
        "year": layers.Softmax(name="year")(said["year"]),
        "embedding": layers.UnitNormalization(name="embedding")(hidden),
        # A head on the mean over places is the mean of the same head on each place.
        "map": heads[Branch.PICTURE](scaled(levels.at_each_place())),
    }
    without_picture = {name: value for name, value in inputs.items() if name != "picture"}
    return Network(
        taught=keras.Model(inputs, said, name="taught"),
        answering=keras.Model(inputs, answer, name="memeera"),
        features=keras.Model(picture, layers.Flatten()(unscaled), name="picture_features"),
        on_features=keras.Model(
            without_picture | {"features": features}, said_on_features, name="on_features"
        ),
        backbone=backbone,
        rarity=text.rarity,
        bins=text.bins,
        mix_weights=mix_weights,
        mix_biases=mix_biases,
    )


class _Levels:
    """What is seen on each map: of all the mean, of all but the last the deviation too.

    Each map is half as large as the one before it.
    """

    def __init__(self, maps: Sequence[Any]) -> None:
        self._maps = maps
        self._means = [_mean(x) for x in maps]
        earlier = zip(maps[:-1], self._means[:-1], strict=True)
        squares = [ops.square(x - mean) + _FLAT for x, mean in earlier]
        self._deviations = [ops.sqrt(_mean(x)) for x in squares]
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


def _mean(x: Any) -> Any:
    return layers.GlobalAveragePooling2D(keepdims=True)(x)


class _Text:
    """The layers of the words and of how they lie."""

    def __init__(self, config: TrainConfig) -> None:
        self.rarity = layers.Normalization(name="rarity")
        self.rarity.build((None, N_GRAMS))
        self.bins = PiecewiseLinear(len(LAYOUT), config.n_bins, name="bins")
        self._words = _stack("words", config.text_dropout, config.text_width)
        self._lying = _stack("lying", config.text_dropout, config.layout_width, config.layout_width)

    def words(self, grams: Any) -> Any:
        rare = self.rarity(grams)
        # Of length 1, where there are words at all. Keras's UnitNormalization, exported to LiteRT,
        # makes NaN of a picture without words.
        length = ops.sqrt(ops.sum(ops.square(rare), axis=1, keepdims=True) + _SHORTEST)
        # Times 8: a hidden layer of usual size then starts at a usual scale.
        return self._words(layers.Rescaling(8.0)(rare / length))

    def lying(self, layout: Any) -> Any:
        return self._lying(self.bins(layout))


class _Join:
    """The layers that bring all together."""

    def __init__(self, config: TrainConfig, n_years: int) -> None:
        self.dropped = layers.Dropout(config.dropout, seed=config.seed)
        self._picture = layers.Dense(_PICTURE_WIDTH, activation="gelu", name="picture_hidden")
        self._joint = _stack("joint_hidden", config.text_dropout, _JOINT_WIDTH)
        # Zeros: it starts with all years alike, and leaves alike what the memes do not decide.
        self.year = layers.Dense(n_years, kernel_initializer="zeros", name="year_logits")

    def __call__(self, picture: Any, words: Any, lying: Any, given: Any) -> Any:
        has_picture, has_words = given[:, :1], given[:, 1:]
        parts = [self._picture(picture) * has_picture, words * has_words, lying * has_words, given]
        return self._joint(layers.Concatenate()(parts))


def _stack(name: str, dropout: float, *widths: int) -> keras.Sequential:
    stack = keras.Sequential(name=name)
    for width in widths:
        stack.add(layers.Dense(width, activation="gelu"))
        stack.add(layers.Dropout(dropout))
    return stack


def _mix_layers(n_genres: int) -> tuple[layers.Dense, layers.Dense]:
    """One row of weights of the branches, and of the genres, for each case of what is given."""
    weights = layers.Dense(
        len(BRANCHES), use_bias=False, kernel_initializer="ones", name="mix_weights"
    )
    biases = layers.Dense(n_genres, use_bias=False, kernel_initializer="zeros", name="mix_biases")
    return weights, biases


def _mixed(said: dict[str, Any], given: Any, weights: layers.Dense, biases: layers.Dense) -> Any:
    has_picture, has_words = given[:, :1], given[:, 1:]
    case = layers.Concatenate()(
        [has_picture * has_words, has_picture * (1 - has_words), (1 - has_picture) * has_words]
    )
    each = ops.stack([ops.log_softmax(said[name]) for name in BRANCHES], axis=1)  # (B, 4, n)
    logits = ops.sum(each * ops.expand_dims(weights(case), 2), axis=1) + biases(case)
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
