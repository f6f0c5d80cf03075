"""One training run: from a snapshot to a version in the registry."""

import contextlib
import io
import json
import math
import re
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version as library_version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import keras
import tensorflow as tf

from core.errors import MemeEraError, NotReady
from core.settings import Settings
from db.media import MediaStore
from db.splits import Split
from training.classifier import Classifier
from training.config import TrainConfig
from training.dataset import UNREADABLE, batches
from training.evaluate import evaluate
from training.metrics import draw_confusion
from training.model import BACKBONE_LAYER, build, load_backbone_weights
from training.progress import EpochLines
from training.registry import CARD, KERAS_MODEL, LITERT_MODEL, SNAPSHOT, Registry
from training.snapshot import Snapshot

__all__ = ["fit"]

_LIBRARIES: Final = ("tensorflow", "keras", "ai-edge-litert", "numpy", "pillow")


def fit(
    settings: Settings,
    config: TrainConfig,
    snapshot: Snapshot,
    weights: str | Path = "none",
    say: Callable[[str], None] = lambda _line: None,
) -> str:
    """Train a model on a snapshot, test it, and register it; gives its version.

    Nothing of it is seen by others before it is whole.

    Raises:
        NotReady: the snapshot cannot be learned from.
        BadInput: the weights cannot be used.
        MemeEraError: a picture is missing, or weights could not be downloaded.
    """
    _check(snapshot)
    keras.utils.set_random_seed(config.seed)
    media = MediaStore.open(settings)
    registry = Registry(settings.models_dir)
    model = build(config, len(snapshot.classes))
    if weights != "none":
        load_backbone_weights(model, weights)
    with registry.new_version(snapshot.hash) as draft:
        folder = draft.folder
        snapshot.save(folder / SNAPSHOT)
        with TemporaryDirectory(prefix="cache-", dir=settings.data_dir) as cache_dir:
            history = _train(model, config, snapshot, media, Path(cache_dir), say)
        say("exporting the model")
        _export(model, folder)
        classifier = Classifier(folder, draft.version, snapshot.classes)
        test = snapshot.of(Split.TEST)
        metrics = evaluate(classifier, test, media)
        draw_confusion(metrics, folder / "confusion.png")
        card = {
            "created_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "classes": snapshot.classes,
            "input": {"side_px": config.image_px, "range": [0, 255], "layout": "RGB"},
            "snapshot": {"hash": snapshot.hash, **snapshot.counts()},
            "test_labels": "people" if all(row.by_people for row in test) else "communities",
            "metrics": metrics.as_dict(),
            "history": history,
            "seed": config.seed,
            "config": asdict(config),
            "libraries": {name: library_version(name) for name in _LIBRARIES},
        }
        (folder / CARD).write_text(json.dumps(card, indent=2) + "\n", encoding="utf-8")
        say(str(metrics))
    return draft.version


def _check(snapshot: Snapshot) -> None:
    if len(snapshot.classes) < 2:
        raise NotReady(
            f"of the memes to learn from, all are {', '.join(snapshot.classes) or 'missing'}; "
            "label memes of more genres"
        )
    for side in (Split.VALIDATION, Split.TEST):
        if not snapshot.of(side):
            raise NotReady(f"no meme is left for the {side} side; label more memes")


def _train(
    model: keras.Model,
    config: TrainConfig,
    snapshot: Snapshot,
    media: MediaStore,
    cache_dir: Path,
    say: Callable[[str], None],
) -> list[dict[str, float]]:
    """Fit the model in place; gives the figures of each epoch."""
    data = {
        side: batches(
            snapshot.of(side),
            snapshot.classes,
            media,
            config,
            cache_dir,
            training=side is Split.TRAIN,
        )
        for side in (Split.TRAIN, Split.VALIDATION)
    }
    n_steps = math.ceil(len(snapshot.of(Split.TRAIN)) / config.batch_size)
    backbone: Any = model.get_layer(BACKBONE_LAYER)
    history: list[dict[str, float]] = []

    def run(epochs: int, learning_rate: float, title: str) -> None:
        model.compile(
            optimizer=keras.optimizers.AdamW(
                _schedule(learning_rate, epochs * n_steps), weight_decay=1e-4
            ),
            loss=keras.losses.CategoricalCrossentropy(label_smoothing=config.label_smoothing),
            metrics=[keras.metrics.CategoricalAccuracy(name="accuracy")],
        )
        stopping = keras.callbacks.EarlyStopping(
            monitor="val_loss", patience=config.patience, restore_best_weights=True
        )
        try:
            fitted = model.fit(
                data[Split.TRAIN],
                validation_data=data[Split.VALIDATION],
                epochs=epochs,
                verbose=0,
                shuffle=False,  # the data set shuffles itself
                callbacks=[stopping, EpochLines(title, epochs, n_steps, say)],
            )
        except tf.errors.OpError as error:
            # What the pipeline's Python said is somewhere in TensorFlow's account of it.
            said = re.search(UNREADABLE + ".*", str(error))
            raise MemeEraError(said.group() if said else str(error).splitlines()[0]) from error
        history.extend(
            {name: float(values[i]) for name, values in fitted.history.items()}
            for i in range(len(fitted.epoch))
        )

    if config.head_epochs:
        backbone.trainable = False
        run(config.head_epochs, config.head_learning_rate, "head")
        backbone.trainable = True
        for layer in backbone.layers[: config.n_frozen_layers]:
            layer.trainable = False
        for layer in (*backbone.layers, *model.layers):
            # Few memes would spoil the statistics that many pictures gave; and those of the
            # features, once known, give the fine-tuning firm ground.
            if isinstance(layer, keras.layers.BatchNormalization):
                layer.trainable = False
    run(config.epochs, config.learning_rate, "whole")
    return history


def _schedule(peak: float, n_steps: int) -> keras.optimizers.schedules.LearningRateSchedule:
    """A rise over a tenth of the steps, then a cosine down to 0."""
    n_warm = max(1, n_steps // 10)
    return keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=peak / 10,
        warmup_target=peak,
        warmup_steps=n_warm,
        decay_steps=max(1, n_steps - n_warm),
    )


def _export(model: keras.Model, folder: Path) -> None:
    model.save(folder / KERAS_MODEL)
    # The converter writes to standard output, where a report may be JSON.
    with contextlib.redirect_stdout(io.StringIO()):
        model.export(str(folder / LITERT_MODEL), format="litert", verbose=False)
