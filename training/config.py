"""What a training run is told, saved with what it made."""

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

__all__ = ["Backbone", "TrainConfig", "recipe", "run_hash"]


class Backbone(StrEnum):
    """The convolutional part of the picture branch."""

    SMALL = "small"  # learns from nothing in minutes
    MOBILENET_V2 = "mobilenet_v2"  # for weights that were learned elsewhere


@dataclass(frozen=True, slots=True)
class TrainConfig:
    """One run's choices; the defaults are those that did best in docs/results.md."""

    backbone: Backbone = Backbone.SMALL
    weights: str = "none"  # "none", "imagenet", or the name of a weights file
    teacher: str = "none"  # or the version of a model whose opinions are learned from as well
    image_px: int = 128  # side of the square the network sees
    batch_size: int = 32
    seed: int = 1
    balance: float = 0.5  # 0: genres count as often as they come; 1: all the same in sum

    # Networks behind one backbone, each taught without another part of the memes. With more than
    # one the backbone stays as it is: it knows something already.
    n_members: int = 1

    epochs: int = 60  # at most; early stopping usually ends it sooner
    patience: int | None = 12  # epochs without a better validation loss; None: all are run
    learning_rate: float = 2e-3  # its peak; it rises for a tenth of the steps and falls to 0
    weight_decay: float = 1e-4
    dropout: float = 0.3  # of the picture's features
    label_smoothing: float = 0.05

    text_width: int = 64  # of the words' hidden layer
    layout_width: int = 512  # of the layout's two
    n_bins: int = 32  # into which each number of the layout is divided
    text_dropout: float = 0.5  # of both, and of what brings all together
    # How often the picture, and how often the words, are hidden from what brings all together.
    hidden_share: float = 0.1


def recipe(weights: str, **changes: Any) -> TrainConfig:
    """The choices that go with these starting weights; changes that are None change nothing.

    Args:
        weights: "none", "imagenet", or a file's path, of which the name alone is recorded.
        changes: fields of TrainConfig.
    """
    if weights == "none":
        config = TrainConfig()
    else:
        config = TrainConfig(
            backbone=Backbone.MOBILENET_V2,
            weights=Path(weights).name,
            image_px=224,
            batch_size=64,
            n_members=5,
            epochs=40,
            patience=None,
            weight_decay=1e-2,
            dropout=0.5,
        )
    return replace(config, **{name: value for name, value in changes.items() if value is not None})


def run_hash(snapshot_hash: str, config: TrainConfig) -> str:
    """Names a run by what it learns from and its choices: SHA-256 in hex."""
    return hashlib.sha256(f"{snapshot_hash} {json.dumps(asdict(config))}".encode()).hexdigest()
