"""Trains on the grown collection, and lets the new model answer only if it is better."""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from sqlalchemy.orm import Session

from core.errors import BadInput
from core.settings import Settings
from db.session import reading
from db.splits import KeptAside, Split
from training.answers import Answers
from training.assess import differences
from training.classifier import Classifier
from training.config import TrainConfig
from training.evaluate import evaluate
from training.fit import fit
from training.metrics import measure
from training.registry import ANSWERS, SNAPSHOT, Registry
from training.snapshot import Row, Snapshot

__all__ = ["Outcome", "retrain"]

_HOLDOUT: Final = "holdout.json"
_COMPARISON: Final = "comparison.json"
_CERTAIN: Final = 0.8  # of a thousand draws, so many must find the new model better


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a retraining.

    Attributes:
        champion: which answers now.
        challenger: the new model; None where nothing was new to learn from.
        gain: in macro F1 on the holdout; None where there was no champion to compare with.
        certainty: the share of a thousand draws in which the new one is better.
        n: memes that both were compared on.
    """

    champion: str
    challenger: str | None = None
    gain: float | None = None
    certainty: float | None = None
    n: int = 0

    def as_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        return asdict(self) | {"promoted": self.challenger == self.champion}

    def __str__(self) -> str:
        if self.challenger is None:
            return f"nothing is new since {self.champion}, which answers on"
        if self.gain is None:
            return f"{self.challenger} is the first, and answers from now on"
        found = (
            f"macro F1 {self.gain:+.3f} on {self.n} memes kept aside, "
            f"better in {self.certainty:.0%} of the draws"
        )
        if self.challenger == self.champion:
            return f"{self.challenger} answers from now on: {found}"
        return f"{self.champion} answers on; {self.challenger} is not surely better: {found}"


def retrain(
    settings: Settings,
    config: TrainConfig,
    weights: str | Path = "none",
    n_kept: int = 5,
    say: Callable[[str], None] = lambda _line: None,
) -> Outcome:
    """Train on all that is known now but the holdout, and promote what is surely better on it.

    The holdout is frozen when the first model is made: its memes and their families are never
    learned from. Stopped at any moment, the champion answers on.

    Args:
        settings: of the collection and its models.
        config: the run's choices.
        weights: where the picture branch starts: "none", "imagenet" or a file.
        n_kept: how many versions stay, beside the one that answers and the one before.
        say: takes a line for people.

    Raises:
        NotReady: there is too little to learn from, or another run is at work.
    """
    registry = Registry(settings.models_dir)
    champion = registry.champion() if registry.versions() else None
    with reading(settings) as session:
        snapshot = _snapshot(session, settings.models_dir / _HOLDOUT, registry, champion, config)
    if champion is not None:
        registry.promote(champion)  # said aloud: the newest would answer where nobody was promoted
        card = registry.card(champion)
        is_known = card["snapshot"]["hash"] == snapshot.hash
        if is_known and card["config"] == json.loads(json.dumps(asdict(config))):
            return Outcome(champion)
    challenger = fit(settings, config, snapshot, weights, say)
    if champion is None:
        registry.promote(challenger)
        return Outcome(challenger, challenger)
    outcome = _compare(settings, registry, champion, challenger, say)
    for gone in registry.prune(n_kept):
        say(f"{gone}: deleted, older than the last {n_kept}")
    return outcome


def _snapshot(
    session: Session, path: Path, registry: Registry, champion: str | None, config: TrainConfig
) -> Snapshot:
    """All that is known now, with the holdout kept aside; the first time it is chosen."""
    if path.is_file():
        try:
            files = frozenset(json.loads(path.read_text(encoding="utf-8"))["sha256"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise BadInput(
                f"{path}: damaged ({error}); delete it, and the next champion's test becomes it"
            ) from error
    else:
        if champion is not None:  # what it was tested on it did not learn
            first = Snapshot.load(registry.path(champion) / SNAPSHOT)
        else:
            first = Snapshot.take(session, config.seed)
        files = frozenset(row.sha256 for row in first.of(Split.TEST))
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        part.write_text(json.dumps({"sha256": sorted(files)}), encoding="utf-8")
        part.replace(path)
    return Snapshot.take(session, config.seed, KeptAside(files=files))


def _compare(
    settings: Settings,
    registry: Registry,
    champion: str,
    challenger: str,
    say: Callable[[str], None],
) -> Outcome:
    holdout = Snapshot.load(registry.path(challenger) / SNAPSHOT).of(Split.TEST)
    after = Answers.load(registry.path(challenger) / ANSWERS, holdout)
    fair = _never_learned(Snapshot.load(registry.path(champion) / SNAPSHOT), holdout)
    if len(fair) < len(holdout):
        say(f"{len(holdout) - len(fair)} memes kept aside are left out: {champion} learned them")
    if not fair:
        return Outcome(champion, challenger, 0.0, 0.0)
    after = after.only(fair)
    before = evaluate(settings, Classifier.load(settings, champion), after.rows)
    gains = differences(before, after)
    gain = _macro_f1(after) - _macro_f1(before)
    certainty = float(np.mean(gains > 0))
    is_better = gain > 0 and certainty >= _CERTAIN
    outcome = Outcome(
        challenger if is_better else champion, challenger, round(gain, 4), certainty, len(fair)
    )
    report = json.dumps(outcome.as_dict() | {"before": champion}, indent=2)
    (registry.path(challenger) / _COMPARISON).write_text(report + "\n", encoding="utf-8")
    if is_better:
        registry.promote(challenger)
    return outcome


def _macro_f1(answers: Answers) -> float:
    truth = [row.genre for row in answers.rows]
    return measure(truth, answers.genres, answers.classes).macro_f1


def _never_learned(champion: Snapshot, holdout: list[Row]) -> list[int]:
    """The places of the memes whose families the champion did not learn from."""
    learned = {row.sha256 for row in champion.learned}
    return [i for i, row in enumerate(holdout) if row.sha256 not in learned]
