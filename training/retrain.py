"""Trains on the grown collection, and lets the new model answer only if it is better."""

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from core.errors import BadInput
from core.settings import Settings
from db.session import reading
from training.challenge import Outcome, challenge
from training.config import TrainConfig
from training.fit import fit
from training.holdout import take_snapshot
from training.lock import training_lock
from training.registry import Registry
from training.snapshot import Snapshot

__all__ = ["retrain"]


def retrain(
    settings: Settings,
    config: TrainConfig,
    weights: str | Path = "none",
    n_kept: int = 5,
    say: Callable[[str], None] = lambda _line: None,
) -> Outcome:
    """Train on all that is known now but the holdout, and promote what is surely better on it.

    What was trained before, on the same memes with the same choices, is not trained again, whether
    it answers or lost. Stopped at any moment, the champion answers on.

    Args:
        settings: of the collection and its models.
        config: the run's choices.
        weights: where the picture branch starts: "none", "imagenet" or a file.
        n_kept: how many versions stay, beside the one that answers and the one before.
        say: takes a line for people.

    Raises:
        NotReady: there is too little to learn from.
    """
    with training_lock(settings, say):
        registry = Registry(settings.models_dir)
        with reading(settings) as session:
            snapshot = take_snapshot(session, settings.models_dir, config.seed)
        if same := _made_of(registry, snapshot, config):
            return Outcome(registry.champion(), reason=same)
        outcome = challenge(settings, fit(settings, config, snapshot, weights, say), say)
        for gone in registry.prune(n_kept):
            say(f"{gone}: deleted, older than the last {n_kept}")
    return outcome


def _made_of(registry: Registry, snapshot: Snapshot, config: TrainConfig) -> str | None:
    """The version that learned from this with these choices; None: there is none."""
    choices = json.loads(json.dumps(asdict(config)))
    for version in reversed(registry.versions()):
        try:
            card = registry.card(version)
        except BadInput:  # `list` tells of it
            continue
        told = card["snapshot"]
        if told.get("taken", told.get("hash")) == snapshot.hash and card["config"] == choices:
            return version
    return None
