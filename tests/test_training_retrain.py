"""python -m training retrain: the new model answers only if it is better."""

import json
from pathlib import Path
from typing import Any

import pytest

from core.settings import Settings
from db.labels import cast
from db.session import Database
from db.splits import Split
from tests.commands import training
from tests.conftest import Trained
from training.registry import LITERT_MODEL, SNAPSHOT, Registry
from training.snapshot import Snapshot

FEW = ("--epochs", "1", "--image-px", "32")


def retrain(data_dir: Path, *arguments: str) -> tuple[dict[str, Any], str]:
    """What it says became of it, and to people."""
    done = training(data_dir, "retrain", *FEW, "--json", *arguments)
    assert done.returncode == 0, done.stderr
    outcome: dict[str, Any] = json.loads(done.stdout)
    return outcome, done.stderr


def relabel_one(data_dir: Path) -> None:
    """Something new is known: one more person says what one meme is."""
    database = Database.open(Settings(data_dir=data_dir))
    with database.writing() as session:
        cast(session, 1, "somebody else", genre="experimental")
    database.engine.dispose()


def test_a_worse_model_joins_but_does_not_answer_and_the_holdout_is_never_learned(
    trained: Trained, tmp_path: Path
) -> None:
    data_dir = trained.copy_to(tmp_path / "copy")
    registry = Registry(data_dir / "models")
    outcome, _ = retrain(data_dir)  # one epoch, against the eight of the champion
    assert outcome["champion"] == trained.version == registry.champion()
    assert outcome["challenger"] in registry.versions()
    assert outcome["promoted"] is False
    assert outcome["gain"] <= 0 or outcome["certainty"] < 0.8
    before, after = (
        Snapshot.load(registry.path(version) / SNAPSHOT)
        for version in (trained.version, outcome["challenger"])
    )
    aside = {row.sha256 for row in before.of(Split.TEST)}
    assert {row.sha256 for row in after.of(Split.TEST)} == aside
    assert outcome["n"] == len(aside)
    families = {row.family for row in after.of(Split.TEST)}
    learned = after.of(Split.TRAIN) + after.of(Split.VALIDATION)
    assert families.isdisjoint(row.family for row in learned)

    nothing, said = retrain(data_dir)  # the same again would be tried at each tick
    assert (nothing["challenger"], nothing["champion"]) == (None, trained.version)
    assert nothing["reason"] == outcome["challenger"]
    assert "validation loss" not in said

    relabel_one(data_dir)
    again, _ = retrain(data_dir, "--keep", "1")
    frozen = Snapshot.load(registry.path(again["challenger"]) / SNAPSHOT)
    assert {row.sha256 for row in frozen.of(Split.TEST)} <= aside
    assert registry.versions() == sorted([trained.version, again["challenger"]])


def test_a_better_model_answers_and_where_nothing_is_new_nothing_is_done(
    trained: Trained, tmp_path: Path
) -> None:
    data_dir = trained.copy_to(tmp_path / "copy")
    registry = Registry(data_dir / "models")
    _make_it_useless(registry.path(trained.version))
    outcome, _ = retrain(data_dir)
    assert outcome["promoted"] is True
    assert outcome["gain"] > 0
    assert outcome["certainty"] >= 0.8
    assert registry.champion() == outcome["challenger"] != trained.version
    assert (registry.path(outcome["challenger"]) / "comparison.json").is_file()
    nothing, said = retrain(data_dir)
    assert nothing["champion"] == outcome["challenger"]
    assert nothing["challenger"] is None
    assert "validation loss" not in said
    done = training(data_dir, "rollback")
    assert done.returncode == 0
    assert done.stdout == f"{trained.version} answers from now on\n"


def test_a_damaged_holdout_is_told(trained: Trained, tmp_path: Path) -> None:
    data_dir = trained.copy_to(tmp_path / "copy")
    (data_dir / "models" / "holdout.json").write_text("{")
    done = training(data_dir, "retrain", *FEW)
    assert done.returncode == 2
    assert "holdout.json: damaged" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def _make_it_useless(folder: Path) -> None:
    """Export a model that knows as little as one that was never taught."""
    from training.config import TrainConfig
    from training.export import export_litert
    from training.model import build

    card = json.loads((folder / "card.json").read_text())
    config = TrainConfig(**card["config"])
    first, last = card["years"]
    model = build(config, len(card["classes"]), last - first + 1).answering
    export_litert(model, folder / LITERT_MODEL)


pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
