"""How good a model becomes on less of what it learned from: would more memes help?"""

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from pydantic import TypeAdapter, ValidationError

from core.errors import BadInput
from core.quiet import quiet_native
from core.settings import Settings
from db.splits import Split
from training.config import TrainConfig, run_hash
from training.lock import training_lock
from training.registry import Registry
from training.snapshot import Snapshot, snapshot_of

__all__ = ["Point", "known_points", "learning_curve", "run_of"]

_SHARES: Final = (0.125, 0.25, 0.5)
_FOLDER: Final = "learning-curve"  # in the data folder
_CONFIG: Final = TypeAdapter(TrainConfig)


@dataclass(frozen=True, slots=True)
class Point:
    """One model that learned from a part."""

    n_train: int  # memes
    macro_f1: float
    macro_f1_trusted: float


def learning_curve(
    settings: Settings,
    version: str,
    weights: str | Path = "none",
    say: Callable[[str], None] = lambda _line: None,
) -> list[Point]:
    """The figures of models that learned from an eighth, a quarter and half of what a version did.

    All else is as with that version, which is the last point. Whole families go; a larger part
    holds the smaller ones. Stopped half-way, it goes on with the part it was at.

    Args:
        settings: of the collection and its models.
        version: whose learning is asked about.
        weights: where its picture branch started: what its run was given.
        say: takes a line for people.

    Raises:
        BadInput: there is no such version, or it started from other weights.
        NotReady: a part holds too little to learn from.
    """
    with quiet_native():
        from training.fit import fit  # loads TensorFlow: seconds, which a report can do without

    config, snapshot = run_of(settings, version, weights)
    for share in _SHARES:
        part = _part(snapshot, share, config.seed)
        registry = _registry(settings, part, config)
        say(f"{len(part.of(Split.TRAIN))} of {len(snapshot.of(Split.TRAIN))} memes")
        if not registry.versions():
            with training_lock(settings, say):
                fit(settings, config, part, weights, say, registry)
    return known_points(settings, version)


def known_points(settings: Settings, version: str) -> list[Point]:
    """What `learning_curve` has found for a version until now, the version itself last."""
    config, snapshot = run_of(settings, version)
    parts = [_registry(settings, _part(snapshot, share, config.seed), config) for share in _SHARES]
    cards = [part.card(part.versions()[-1]) for part in parts if part.versions()]
    return [_point(card) for card in [*cards, Registry(settings.models_dir).card(version)]]


def run_of(
    settings: Settings, version: str, weights: str | Path | None = None
) -> tuple[TrainConfig, Snapshot]:
    """What a version was told, and what it learned from.

    Args:
        settings: of the models.
        version: that is asked about.
        weights: where its picture branch is said to have started; None: that is not asked.

    Raises:
        BadInput: there is no such version, or it started from other weights.
    """
    registry = Registry(settings.models_dir)
    snapshot = snapshot_of(registry, version)
    told = registry.card(version)["config"]
    if unknown := set(told) - {field.name for field in fields(TrainConfig)}:
        raise BadInput(f"model {version} is of another memeEra: {', '.join(sorted(unknown))}")
    try:
        config = _CONFIG.validate_python(told)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise BadInput(
            f"model {version} is damaged, or of another memeEra: config.{where}: {first['msg']}"
        ) from error
    if weights is not None and config.weights != Path(weights).name:
        raise BadInput(
            f"model {version} started from weights {config.weights}: name them: --weights"
        )
    return config, snapshot


def _part(snapshot: Snapshot, share: float, seed: int) -> Snapshot:
    """That share of the families to learn from; the others are left out."""
    families = sorted({row.family for row in snapshot.of(Split.TRAIN)})
    order = np.random.default_rng(seed).permutation(families)
    kept = set(order[: max(1, round(len(families) * share))].tolist())
    rows = (
        row
        if row.split is not Split.TRAIN or row.family in kept
        else replace(row, split=Split.LEFT_OUT)
        for row in snapshot.rows
    )
    return replace(snapshot, rows=tuple(rows))


def _registry(settings: Settings, part: Snapshot, config: TrainConfig) -> Registry:
    return Registry(settings.data_dir / _FOLDER / run_hash(part.hash, config)[:16])


def _point(card: dict[str, Any]) -> Point:
    metrics = card["metrics"]
    macro_f1 = metrics["macro_f1"]
    trusted = metrics.get("macro_f1_trusted", macro_f1)  # older cards lack it
    return Point(card["snapshot"]["splits"]["train"], macro_f1, trusted)
