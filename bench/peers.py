"""This project's training beside two that anyone can have in an afternoon, on the same folds.

Frozen: MobileNetV2's features and a logistic regression, the Teachable-Machine way. Guide: Keras's
own guide to transfer learning, on a folder of pictures a genre, read by
image_dataset_from_directory. All three start from the same weights and learn from the same memes.

    MEMEERA_DATA_DIR=DATA python -m bench.peers --weights PATH [--fold N]
"""

import contextlib
import json
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import click
import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from bench.originals import write_originals
from core.batched import batched
from core.cli import run, warn
from core.errors import BadInput
from core.quiet import quiet_native
from core.settings import Settings
from db.listing import labelled_memes
from db.media import MediaStore
from db.session import reading
from db.splits import KeptAside, Split
from training.config import recipe
from training.metrics import Metrics, measure
from training.picture import picture_of
from training.registry import ANSWERS, Registry
from training.snapshot import Row, Snapshot

_BATCH: Final = 32
# As in the guide: so often the new layer alone, then so often all.
_N_TOP_EPOCHS: Final = 20
_N_WHOLE_EPOCHS: Final = 10
_TRUSTED: Final = ("viewed", "source")

Peer = Callable[[Snapshot], Sequence[str]]
"""Learns from a snapshot, and answers for its test side, in its order."""


@click.command()
@click.option("--weights", required=True, type=click.Path(path_type=Path, exists=True))
@click.option("--fold", "folds", type=int, multiple=True, help="[default: all]")
@click.option("--image-px", type=int, default=224, show_default=True, help="What all see.")
def main(weights: Path, folds: tuple[int, ...], image_px: int) -> None:
    """Print macro F1, accuracy and seconds of each over the folds so far: a line of JSON a fold."""
    settings = Settings.load()
    with reading(settings) as session:
        known = {fold for meme in labelled_memes(session) for fold in meme.folds}
        if not known.issuperset(folds) or not known:
            raise BadInput(f"the imported labels have these folds: {sorted(known) or 'none'}")
        snapshots = [
            Snapshot.take(session, seed=1, aside=KeptAside(fold=fold))
            for fold in folds or sorted(known)
        ]
    with quiet_native():
        import keras  # noqa: F401  # it takes long, and is no peer's work
    with tempfile.TemporaryDirectory() as scratch:
        peers = _peers(settings, weights, image_px, Path(scratch))
        said: dict[str, list[str]] = {name: [] for name in peers}
        seconds: dict[str, list[float]] = {name: [] for name in peers}
        tested: list[Row] = []
        for i, snapshot in enumerate(snapshots):
            tested += snapshot.of(Split.TEST)
            for name, answers in peers.items():
                warn(f"part {i + 1} of {len(snapshots)}: {name}")
                started = time.perf_counter()
                said[name] += answers(snapshot)
                seconds[name].append(round(time.perf_counter() - started, 1))
            report = {
                name: _figures(tested, said[name], snapshot.classes) | {"seconds": seconds[name]}
                for name in peers
            }
            print(json.dumps({"n_folds": i + 1, "n_test": len(tested)} | report), flush=True)


def _figures(rows: Sequence[Row], said: Sequence[str], classes: Sequence[str]) -> dict[str, Any]:
    metrics: Metrics = measure([row.genre for row in rows], said, classes)
    trusted = {row.genre for row in rows if row.trust in _TRUSTED}
    return {
        "macro_f1": metrics.macro_f1,
        "macro_f1_trusted": round(
            float(np.mean([metrics.per_genre[genre].f1 for genre in trusted])), 4
        ),
        "accuracy": metrics.accuracy,
        "f1": {genre: figures.f1 for genre, figures in metrics.per_genre.items()},
    }


def _peers(settings: Settings, weights: Path, image_px: int, scratch: Path) -> dict[str, Peer]:
    media = MediaStore.open(settings)

    def ours(snapshot: Snapshot) -> Sequence[str]:
        from training.answers import Answers
        from training.fit import fit

        registry = Registry(scratch / snapshot.hash)
        config = recipe(str(weights), image_px=image_px)
        version = fit(settings, config, snapshot, weights, warn, registry)
        rows = snapshot.of(Split.TEST)
        answers = Answers.load(registry.path(version) / ANSWERS, rows)
        genres = dict(zip((row.sha256 for row in answers.rows), answers.genres, strict=True))
        return [genres[row.sha256] for row in rows]

    def frozen(snapshot: Snapshot) -> Sequence[str]:
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        learned, tested = snapshot.learned, snapshot.of(Split.TEST)
        features = _features([*learned, *tested], media, weights, image_px)
        model = make_pipeline(
            StandardScaler(), LogisticRegression(C=0.01, max_iter=2000, class_weight="balanced")
        )
        model.fit(features[: len(learned)], [row.genre for row in learned])
        return [str(genre) for genre in model.predict(features[len(learned) :])]

    def guide(snapshot: Snapshot) -> Sequence[str]:
        sides = {
            "train": snapshot.of(Split.TRAIN),
            "validation": snapshot.of(Split.VALIDATION),
            "test": snapshot.of(Split.TEST),
        }
        with tempfile.TemporaryDirectory(dir=scratch) as folder:
            for side, rows in sides.items():
                for genre in snapshot.classes:  # Keras wants a folder of each, on each side
                    (Path(folder) / side / genre).mkdir(parents=True)
                write_originals(rows, media, Path(folder) / side)
            return _guide(Path(folder), sides["test"], weights, image_px, snapshot.classes)

    return {"ours": ours, "frozen": frozen, "guide": guide}


def _base(weights: Path, image_px: int) -> Any:
    import keras

    base = keras.applications.MobileNetV2(
        include_top=False, weights=None, input_shape=(image_px, image_px, 3)
    )
    base.load_weights(weights)
    return base


def _features(
    rows: Sequence[Row], media: MediaStore, weights: Path, image_px: int
) -> npt.NDArray[np.float32]:
    """Each picture's averaged last feature map: (N, 1280) float32."""
    base = _base(weights, image_px)
    features = []
    batches = list(batched(rows, _BATCH))
    for some in tqdm(batches, disable=None, file=sys.stderr, desc="features"):
        squares = [picture_of(media.get(row.sha256, row.format), image_px) for row in some]
        pictures = np.stack(squares).astype(np.float32) / 127.5 - 1  # (B, S, S, 3)
        features.append(np.asarray(base(pictures, training=False)).mean(axis=(1, 2)))
    return np.concatenate(features)


def _guide(
    folder: Path, tested: Sequence[Row], weights: Path, image_px: int, classes: Sequence[str]
) -> Sequence[str]:
    import keras
    from keras import layers

    def read(side: str, shuffle: bool) -> Any:
        return keras.utils.image_dataset_from_directory(
            folder / side,
            class_names=list(classes),
            image_size=(image_px, image_px),
            batch_size=_BATCH,
            shuffle=shuffle,
            verbose=False,
        )

    train, validation, test = read("train", True), read("validation", False), read("test", False)
    files: list[str] = test.file_paths
    base = _base(weights, image_px)
    base.trainable = False
    inputs = keras.Input((image_px, image_px, 3))
    x = layers.RandomRotation(0.1)(layers.RandomFlip("horizontal")(inputs))
    x = base(layers.Rescaling(scale=1 / 127.5, offset=-1)(x), training=False)
    x = layers.Dropout(0.2)(layers.GlobalAveragePooling2D()(x))
    model = keras.Model(inputs, layers.Dense(len(classes))(x))
    for trainable, rate, n_epochs in ((False, 1e-3, _N_TOP_EPOCHS), (True, 1e-5, _N_WHOLE_EPOCHS)):
        base.trainable = trainable
        model.compile(
            optimizer=keras.optimizers.Adam(rate),
            loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
            metrics=["accuracy"],
        )
        # The guide caches as well; 224 px of floats are a gigabyte for 1,700 memes.
        with contextlib.redirect_stdout(sys.stderr):  # the report is JSON
            model.fit(
                train.cache().prefetch(10),
                validation_data=validation.cache().prefetch(10),
                epochs=n_epochs,
                shuffle=False,  # the data set does
                verbose=2,
            )
    said = model.predict(test, verbose=0).argmax(axis=1)
    by_sha256 = {Path(path).stem: classes[i] for path, i in zip(files, said, strict=True)}
    return [by_sha256[row.sha256] for row in tested]


if __name__ == "__main__":
    run(main, "python -m bench.peers", extra="training")
