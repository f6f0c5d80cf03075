"""Teaches a network, stage by stage; stopped at any moment, it goes on from the last epoch.

With a backbone that knows something already: all but it learn from its features, which are computed
once; then, where epochs are given for it, its last layers learn with them. With one that knows
nothing, all learn together.
"""

import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf
from keras import ops
from tqdm import tqdm

from core.errors import MemeEraError
from training.config import TrainConfig
from training.dataset import batches, feature_batches
from training.examples import Examples
from training.model import Branch, Network
from training.progress import EpochLines
from training.shards import Shards

__all__ = ["Lesson", "interval_loss", "teach"]

_N_AT_ONCE: Final = 64  # pictures whose features are computed together
_N_SUMMED: Final = 4096  # rows of features held at once
_HEAD_BATCH: Final = 64
# What each output's loss counts in the whole, for all stages: the joint is what answers most.
_LOSS_WEIGHTS: Final = {
    Branch.PICTURE.value: 0.3,
    Branch.WORDS.value: 0.3,
    Branch.LAYOUT.value: 0.3,
    Branch.JOINT.value: 1.0,
    "year": 0.3,
}
_INPUTS: Final = ("picture", "features", "grams", "layout", "given")


@dataclass(frozen=True, slots=True)
class Lesson:
    """All that teaching takes beside the network.

    Attributes:
        config: of the run.
        train: what is learned from.
        validation: what says when it is enough.
        shards: hold the pictures of both.
        work_dir: keeps how far it came; belongs to this lesson alone.
        log_dir: takes the curves for TensorBoard.
        say: takes a line for people.
    """

    config: TrainConfig
    train: Examples
    validation: Examples
    shards: Shards
    work_dir: Path
    log_dir: Path
    say: Callable[[str], None]


def teach(network: Network, lesson: Lesson) -> list[dict[str, float]]:
    """Teach all but the mix, in place; gives the figures of each epoch.

    Raises:
        MemeEraError: a shard is damaged.
    """
    config = lesson.config
    network.rarity.adapt_mean.assign(np.zeros(network.rarity.adapt_mean.shape))
    network.rarity.adapt_variance.assign(lesson.train.text.rarity() ** -2.0)
    network.rarity.finalize_state()
    read = lesson.train.text.known
    network.bins.adapt(lesson.train.text.layout[read] if read.any() else lesson.train.text.layout)
    try:
        if config.head_epochs:
            _stage(network, lesson, "head", _teach_head)
        if config.epochs:
            _stage(network, lesson, "whole", _teach_whole)
    except tf.errors.DataLossError as error:
        raise MemeEraError(
            f"a shard is damaged: {str(error).splitlines()[0]}; delete the folder shards in the "
            "data folder, and run this again"
        ) from error
    return _history(lesson)


def interval_loss(possible: Any, logits: Any) -> Any:
    """Minus the log of the probability that falls on the possible years: interval censoring.

    Args:
        possible: (B, n_years), 1 where the meme may have been made.
        logits: (B, n_years), of the distribution over years.
    """
    inside = ops.where(possible > 0, logits, -1e9)
    return ops.logsumexp(logits, axis=-1) - ops.logsumexp(inside, axis=-1)


def _stage(
    network: Network, lesson: Lesson, name: str, run: Callable[[Network, Lesson], None]
) -> None:
    done = lesson.work_dir / f"{name}.weights.h5"
    if done.is_file():
        lesson.say(f"{name}: done before, as it was left")
        network.taught.load_weights(done)
        return
    run(network, lesson)
    part = lesson.work_dir / f"{name}.part.weights.h5"
    network.taught.save_weights(part)
    part.rename(done)


def _teach_head(network: Network, lesson: Lesson) -> None:
    config = lesson.config
    network.backbone.trainable = False
    features = {
        side: _features(network, lesson, examples, side)
        for side, examples in (("train", lesson.train), ("validation", lesson.validation))
    }
    scaled = network.taught.get_layer("scaled")
    mean, variance = _moments(features["train"])
    scaled.moving_mean.assign(mean)
    scaled.moving_variance.assign(variance)
    scaled.trainable = False
    _fit(
        network.on_features,
        lesson,
        _Course(
            "head",
            feature_batches(
                features["train"],
                lesson.train,
                _HEAD_BATCH,
                seed=config.seed,
                hidden_share=config.hidden_share,
            ),
            feature_batches(features["validation"], lesson.validation, _HEAD_BATCH),
            config.head_epochs,
            config.head_learning_rate,
            config.head_weight_decay,
        ),
    )


def _teach_whole(network: Network, lesson: Lesson) -> None:
    config = lesson.config
    if config.head_epochs:
        network.backbone.trainable = True
        for layer in network.backbone.layers[: config.n_frozen_layers]:
            layer.trainable = False
        for layer in network.backbone.layers:
            # Few memes would spoil the statistics that many pictures gave.
            if isinstance(layer, keras.layers.BatchNormalization):
                layer.trainable = False
        for name in ("scaled", "words", "lying", "genre_words", "genre_layout"):
            network.taught.get_layer(name).trainable = False  # they learned all they could
    _fit(
        network.taught,
        lesson,
        _Course(
            "whole",
            batches(
                lesson.shards,
                lesson.train,
                config.batch_size,
                seed=config.seed,
                hidden_share=config.hidden_share,
            ),
            batches(lesson.shards, lesson.validation, config.batch_size),
            config.epochs,
            config.learning_rate,
            config.weight_decay,
            config.patience,
        ),
    )


@dataclass(frozen=True, slots=True)
class _Course:
    """One stage of teaching."""

    title: str
    train: tf.data.Dataset
    validation: tf.data.Dataset
    n_epochs: int
    learning_rate: float  # its peak
    weight_decay: float
    patience: int | None = None  # epochs without a better validation loss; None: all are run


def _fit(model: keras.Model, lesson: Lesson, course: _Course) -> None:
    n_steps = int(course.train.cardinality())
    genre_loss = keras.losses.CategoricalCrossentropy(
        from_logits=True, label_smoothing=lesson.config.label_smoothing
    )
    model.compile(
        optimizer=_optimizer(course, n_steps * course.n_epochs),
        loss={branch.value: genre_loss for branch in Branch} | {"year": interval_loss},
        loss_weights=_LOSS_WEIGHTS,
        metrics={Branch.JOINT.value: keras.metrics.CategoricalAccuracy(name="accuracy")},
    )
    callbacks = [
        keras.callbacks.BackupAndRestore(lesson.work_dir / f"{course.title}.backup"),
        keras.callbacks.TensorBoard(lesson.log_dir / course.title, write_graph=False),
        keras.callbacks.LambdaCallback(
            on_epoch_end=lambda epoch, logs: _keep(lesson, course.title, epoch, logs)
        ),
        EpochLines(course.title, course.n_epochs, n_steps, lesson.say),
    ]
    if course.patience is not None:
        callbacks.append(
            keras.callbacks.EarlyStopping(
                monitor=f"val_{Branch.JOINT.value}_loss",
                mode="min",
                patience=course.patience,
                restore_best_weights=True,
            )
        )
    model.fit(
        course.train.map(_for_fit),
        validation_data=course.validation.map(_for_fit),
        epochs=course.n_epochs,
        verbose=0,
        shuffle=False,  # the data set shuffles itself
        callbacks=callbacks,
    )


def _for_fit(batch: Mapping[str, tf.Tensor]) -> Any:
    """Inputs, targets, and how much each counts, as Keras takes them."""
    inputs = {name: batch[name] for name in _INPUTS if name in batch}
    targets = {branch.value: batch["genre"] for branch in Branch} | {"year": batch["year"]}
    if_read = batch["genre_weight"] * batch["read"]
    weights = {
        Branch.PICTURE.value: batch["genre_weight"],
        Branch.WORDS.value: if_read,
        Branch.LAYOUT.value: if_read,
        Branch.JOINT.value: batch["genre_weight"],
        "year": batch["year_weight"],
    }
    return inputs, targets, weights


def _features(
    network: Network, lesson: Lesson, examples: Examples, side: str
) -> npt.NDArray[np.float16]:
    """What the backbone makes of each example: (N, n_features), in a file of the work_dir."""
    data = batches(lesson.shards, examples, _N_AT_ONCE)
    shape = (len(examples), network.features.output_shape[-1])
    path = lesson.work_dir / f"features-{side}.npy"
    features = np.lib.format.open_memmap(path, "w+", np.float16, shape)
    with tqdm(
        total=len(examples), desc=f"looking at {side}", unit=" memes", disable=None, file=sys.stderr
    ) as bar:
        for batch in data:
            pictures = batch["picture"]
            features[batch["position"].numpy()] = network.features.predict_on_batch(pictures)
            bar.update(len(pictures))
    return features


def _moments(features: npt.NDArray[np.floating]) -> tuple[Any, Any]:
    """Mean and variance of each feature, (n_features,) float64 each."""
    total, squares = np.zeros((2, features.shape[1]))
    for start in range(0, len(features), _N_SUMMED):
        some = features[start : start + _N_SUMMED].astype(np.float64)
        total += some.sum(axis=0)
        squares += np.square(some).sum(axis=0)
    mean = total / len(features)
    return mean, np.maximum(squares / len(features) - np.square(mean), 0)


def _optimizer(course: _Course, n_steps: int) -> keras.optimizers.Optimizer:
    """AdamW; its rate rises over a tenth of the steps, and falls to 0 as a cosine."""
    n_warm = max(1, n_steps // 10)
    schedule = keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=course.learning_rate / 10,
        warmup_target=course.learning_rate,
        warmup_steps=n_warm,
        decay_steps=max(1, n_steps - n_warm),
    )
    return keras.optimizers.AdamW(schedule, weight_decay=course.weight_decay)


def _keep(lesson: Lesson, stage: str, epoch: int, figures: Mapping[str, float] | None) -> None:
    line = {"stage": stage, "epoch": epoch + 1} | {k: float(v) for k, v in (figures or {}).items()}
    with (lesson.work_dir / "history.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")


def _history(lesson: Lesson) -> list[dict[str, float]]:
    path = lesson.work_dir / "history.jsonl"
    if not path.is_file():
        return []
    # An epoch that a kill cut short was told twice; the later counts.
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return list({(line["stage"], line["epoch"]): line for line in lines}.values())
