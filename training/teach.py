"""Teaches a network; stopped at any moment, it goes on from the last epoch.

A backbone that knows something already stays as it is: the members of the committee behind it learn
from its features, which are computed once. One that knows nothing learns with all the rest.
"""

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf
from keras import ops
from tqdm import tqdm

from training.config import TrainConfig
from training.dataset import Places, batches, feature_batches
from training.examples import Examples
from training.kept import Kept, Patience
from training.model import Branch, Network
from training.progress import EpochLines
from training.shards import Shards

__all__ = ["Lesson", "Part", "compile_for", "features_of", "for_fit", "interval_loss", "teach"]

_N_AT_ONCE: Final = 64  # pictures whose features are computed together
_N_SUMMED: Final = 4096  # rows of features held at once
# What each output's loss counts in the whole: the joint is what answers most.
_LOSS_WEIGHTS: Final = {
    Branch.PICTURE.value: 0.3,
    Branch.WORDS.value: 0.3,
    Branch.LAYOUT.value: 0.3,
    Branch.JOINT.value: 1.0,
    "year": 0.3,
}
_WATCHED: Final = f"val_{Branch.JOINT.value}_loss"
_INPUTS: Final = ("picture", "features", "grams", "layout", "given")


@dataclass(frozen=True, slots=True)
class Part:
    """What one member of the committee sees, as places among the examples, (n,) int64 each."""

    learned: Places
    left_out: Places  # says when it is enough, and what the member is worth


@dataclass(frozen=True, slots=True)
class Lesson:
    """All that teaching takes beside the network.

    Attributes:
        config: of the run.
        examples: all that is learned from, or left out of that.
        parts: for each member.
        shards: hold the pictures.
        work_dir: keeps how far it came; belongs to this lesson alone.
        log_dir: takes the curves for TensorBoard.
        say: takes a line for people.
    """

    config: TrainConfig
    examples: Examples
    parts: Sequence[Part]
    shards: Shards
    work_dir: Path
    log_dir: Path
    say: Callable[[str], None]


def teach(network: Network, lesson: Lesson) -> list[dict[str, Any]]:
    """Teach all but the mix, in place; gives the figures of each epoch."""
    text = lesson.examples.text
    network.rarity.adapt_mean.assign(np.zeros(network.rarity.adapt_mean.shape))
    network.rarity.adapt_variance.assign(text.rarity() ** -2.0)
    network.rarity.finalize_state()
    network.bins.adapt(text.layout[text.known] if text.known.any() else text.layout)
    if lesson.config.n_members > 1:
        _teach_members(network, lesson)
    else:
        _teach_whole(network, lesson)
    return Kept(lesson.work_dir).history()


def interval_loss(possible: Any, logits: Any) -> Any:
    """Minus the log of the probability that falls on the possible years: interval censoring.

    Args:
        possible: (B, n_years), 1 where the meme may have been made.
        logits: (B, n_years), of the distribution over years.
    """
    inside = ops.where(possible > 0, logits, -1e9)
    return ops.logsumexp(logits, axis=-1) - ops.logsumexp(inside, axis=-1)


def features_of(network: Network, lesson: Lesson) -> npt.NDArray[np.float16]:
    """What the backbone, as it will stay, makes of the examples that a member is tested on.

    For a committee, of all. Computed once, and kept in a file of the work_dir, so that they need
    not fit in memory.

    Returns:
        (N, n_features), 0 for other examples.
    """
    path = lesson.work_dir / "features.npy"
    if not path.is_file():
        part = path.with_suffix(".part")
        is_committee = len(lesson.parts) > 1
        wanted = np.arange(len(lesson.examples)) if is_committee else lesson.parts[0].left_out
        shape = (len(lesson.examples), network.features.output_shape[-1])
        features = np.lib.format.open_memmap(part, "w+", np.float16, shape)
        data = batches(lesson.shards, lesson.examples, _N_AT_ONCE, places=wanted, keep=False)
        with tqdm(
            total=len(wanted),
            desc="looking at pictures",
            unit=" memes",
            disable=None,
            file=sys.stderr,
        ) as bar:
            for batch in data:
                pictures = batch["picture"]
                features[batch["position"].numpy()] = network.features.predict_on_batch(pictures)
                bar.update(len(pictures))
        features.flush()
        part.rename(path)
    kept: npt.NDArray[np.float16] = np.load(path, mmap_mode="r")
    return kept


def _teach_members(network: Network, lesson: Lesson) -> None:
    features = features_of(network, lesson)
    mean, variance = _moments(features)
    network.scaled.moving_mean.assign(mean)
    network.scaled.moving_variance.assign(variance)
    network.scaled.trainable = False

    def data(places: Places, **more: Any) -> tf.data.Dataset:
        size = lesson.config.batch_size
        return feature_batches(features, lesson.examples, size, places=places, **more)

    for i, (member, part) in enumerate(zip(network.on_features, lesson.parts, strict=True)):
        _fit(member, lesson, f"member {i + 1} of {len(lesson.parts)}", part, data)


def _teach_whole(network: Network, lesson: Lesson) -> None:
    def data(places: Places, **more: Any) -> tf.data.Dataset:
        size = lesson.config.batch_size
        return batches(lesson.shards, lesson.examples, size, places=places, **more)

    (part,) = lesson.parts
    _fit(network.taught, lesson, "whole", part, data)


def _fit(
    model: keras.Model,
    lesson: Lesson,
    title: str,
    part: Part,
    data: Callable[..., tf.data.Dataset],
) -> None:
    """Teach one model, or take it as it was left; data gives batches of some places."""
    config = lesson.config
    kept = Kept(lesson.work_dir)
    if kept.load(model, title):
        lesson.say(f"{title}: done before, as it was left")
        return
    train = data(part.learned, seed=config.seed, hidden_share=config.hidden_share)
    n_steps = int(train.cardinality())
    compile_for(model, config, n_steps * config.epochs)
    kept.load(model, f"{title} last")
    callbacks = [
        keras.callbacks.TensorBoard(lesson.log_dir / title, write_graph=False),
        EpochLines(title, config.epochs, n_steps, lesson.say),
    ]
    if config.patience is not None:
        callbacks.append(Patience(kept, title, _WATCHED, config.patience))

    def keep(epoch: int, figures: Mapping[str, float]) -> None:
        kept.add(title, epoch, figures)
        kept.save(model, f"{title} last")

    callbacks.append(keras.callbacks.LambdaCallback(on_epoch_end=keep))
    model.fit(
        train.repeat().map(for_fit),  # without a pause between epochs
        steps_per_epoch=n_steps,
        validation_data=data(part.left_out).map(for_fit),
        initial_epoch=int(model.optimizer.iterations) // n_steps,
        epochs=config.epochs,
        verbose=0,
        shuffle=False,  # the data set shuffles itself
        callbacks=callbacks,
    )
    if config.patience is not None:
        kept.load(model, f"{title} best")
    kept.save(model, title)


def compile_for(model: keras.Model, config: TrainConfig, n_steps: int) -> None:
    """Give a model its losses and its optimizer, for so many steps in all."""
    genre_loss = keras.losses.CategoricalCrossentropy(
        from_logits=True, label_smoothing=config.label_smoothing
    )
    model.compile(
        optimizer=_optimizer(config, n_steps),
        loss={branch.value: genre_loss for branch in Branch} | {"year": interval_loss},
        loss_weights=_LOSS_WEIGHTS,
        metrics={Branch.JOINT.value: keras.metrics.CategoricalAccuracy(name="accuracy")},
    )
    # All variables that the first step would make: TensorFlow traces a step that makes some twice.
    model.optimizer.build(model.trainable_variables)
    nothing = {name: ops.zeros((1, *output.shape[1:])) for name, output in model.output.items()}
    model.compute_loss(y=nothing, y_pred=nothing)


def for_fit(batch: Mapping[str, tf.Tensor]) -> Any:
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


def _moments(features: npt.NDArray[np.floating]) -> tuple[Any, Any]:
    """Mean and variance of each feature, (n_features,) float64 each."""
    total, squares = np.zeros((2, features.shape[1]))
    for start in range(0, len(features), _N_SUMMED):
        some = features[start : start + _N_SUMMED].astype(np.float64)
        total += some.sum(axis=0)
        squares += np.square(some).sum(axis=0)
    mean = total / len(features)
    return mean, np.maximum(squares / len(features) - np.square(mean), 0)


def _optimizer(config: TrainConfig, n_steps: int) -> keras.optimizers.Optimizer:
    """AdamW; its rate rises over a tenth of the steps, and falls to 0 as a cosine."""
    n_warm = max(1, n_steps // 10)
    schedule = keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=config.learning_rate / 10,
        warmup_target=config.learning_rate,
        warmup_steps=n_warm,
        decay_steps=max(1, n_steps - n_warm),
    )
    return keras.optimizers.AdamW(schedule, weight_decay=config.weight_decay)
