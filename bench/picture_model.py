"""A trained model beside what an afternoon with a ready-made network gives, on the same test.

The peer is the Teachable-Machine way: MobileNetV2's features, frozen, and a logistic regression.
Both learn from the same memes (the run's train and validation sides) and answer for the same test.

    python -m bench.picture_model --weights PATH [--model VERSION]
"""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from tqdm import tqdm

from core.cli import run
from core.quiet import quiet_native
from core.settings import Settings
from db.media import MediaStore
from db.reading import words_of
from db.session import reading
from db.splits import Split
from training.assess import assess
from training.classifier import Classifier
from training.config import recipe
from training.evaluate import evaluate
from training.metrics import measure
from training.picture import picture_of
from training.registry import SNAPSHOT, Registry
from training.snapshot import Row, Snapshot

_TRUSTED = ("viewed", "source")


@click.command()
@click.option("--weights", required=True, type=click.Path(path_type=Path))
@click.option("--model", "version", help="A version.  [default: the champion]")
def main(weights: Path, version: str | None) -> None:
    """Compare a model with frozen features and logistic regression."""
    settings = Settings.load()
    media = MediaStore.open(settings)
    classifier = Classifier.load(settings, version)
    folder = Registry(settings.models_dir).path(classifier.version)
    snapshot = Snapshot.load(folder / SNAPSHOT)
    test = snapshot.of(Split.TEST)
    known = snapshot.of(Split.TRAIN) + snapshot.of(Split.VALIDATION)

    with reading(settings) as session:
        words = words_of(session, [row.sha256 for row in test])
    ours = assess(evaluate(classifier, test, media, words)).genre
    features = _features(known + test, media, weights)
    peer = make_pipeline(
        StandardScaler(), LogisticRegression(C=0.01, max_iter=2000, class_weight="balanced")
    )
    peer.fit(features[: len(known)], [row.genre for row in known])
    answers = [str(answer) for answer in peer.predict(features[len(known) :])]
    theirs = measure([row.genre for row in test], answers, snapshot.classes)

    trusted = sorted({row.genre for row in test if row.trust in _TRUSTED})
    report: dict[str, Any] = {
        "model": classifier.version,
        "n_test": len(test),
        "macro_f1": {"ours": ours.macro_f1, "frozen features": theirs.macro_f1},
        "ratio": round(ours.macro_f1 / theirs.macro_f1, 3),
        "macro_f1_trusted_genres": {
            name: round(float(np.mean([metrics.per_genre[key].f1 for key in trusted])), 4)
            for name, metrics in {"ours": ours, "frozen features": theirs}.items()
        },
        "f1": {
            key: {"ours": ours.per_genre[key].f1, "frozen features": theirs.per_genre[key].f1}
            for key in snapshot.classes
        },
    }
    print(json.dumps(report, indent=2))


def _features(rows: Sequence[Row], media: MediaStore, weights: Path) -> npt.NDArray[np.float32]:
    """Each picture's averaged last feature map: (N, 1280) float32."""
    with quiet_native():
        from training.model import build, load_backbone_weights
    config = recipe(str(weights))
    network = build(config, n_genres=2, n_years=1)
    load_backbone_weights(network, weights)
    backbone: Any = network.backbone
    features = []
    for i in tqdm(range(0, len(rows), 32), disable=None, file=sys.stderr, desc="features"):
        squares = [
            picture_of(media.get(row.sha256, row.format), config.image_px)
            for row in rows[i : i + 32]
        ]
        pictures = np.stack(squares).astype(np.float32) / 127.5 - 1  # (B, S, S, 3)
        last = np.asarray(backbone(pictures, training=False)[-1])
        features.append(last.mean(axis=(1, 2)))
    return np.concatenate(features)


if __name__ == "__main__":
    run(main, "python -m bench.picture_model")
