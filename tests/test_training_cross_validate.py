"""python -m training cross-validate: every labelled meme is tested by a model that never saw it."""

import json
from pathlib import Path

from sqlalchemy import update

from core.settings import Settings
from db.models import Sighting
from db.session import Database
from db.splits import Split
from tests.commands import training
from tests.conftest import Trained
from training.registry import SNAPSHOT, Registry
from training.snapshot import Snapshot


def test_each_fold_is_tested_once_and_what_is_done_is_not_done_again(
    trained: Trained, tmp_path: Path
) -> None:
    data_dir = trained.copy_to(tmp_path / "copy")
    database = Database.open(Settings(data_dir=data_dir))
    with database.writing() as session:
        session.execute(update(Sighting).values(fold=Sighting.meme_id % 2))
    database.engine.dispose()
    arguments = ("cross-validate", "--epochs", "1", "--image-px", "32", "--json")
    done = training(data_dir, *arguments)
    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout)
    parts = sorted((data_dir / "cross-validation").iterdir())
    assert [part.name.split("-")[0] for part in parts] == ["fold 0", "fold 1"]
    tested: list[int] = []
    for part in parts:
        registry = Registry(part)
        snapshot = Snapshot.load(registry.path(registry.versions()[0]) / SNAPSHOT)
        aside = {row.meme_id for row in snapshot.of(Split.TEST)}
        learned = [row for row in snapshot.rows if row.split in (Split.TRAIN, Split.VALIDATION)]
        assert aside.isdisjoint(row.meme_id for row in learned)
        families = {row.family for row in snapshot.of(Split.TEST)}
        assert families.isdisjoint(row.family for row in learned)
        tested += aside
    assert figures["n"] == len(tested) == len(set(tested))
    low, high = figures["macro_f1_interval"]
    assert low <= figures["macro_f1"] <= high
    # The collection's own models are what they were.
    assert Registry(data_dir / "models").versions() == [trained.version]

    again = training(data_dir, *arguments)
    assert json.loads(again.stdout) == figures
    assert "validation loss" not in again.stderr


def test_one_place_alone_cannot_be_left_out(trained: Trained) -> None:
    done = training(trained.data_dir, "cross-validate", "--leave-out", "places")
    assert done.returncode == 1
    assert "there are 1 places; leaving one out takes two or more" in done.stderr


def test_a_genre_of_one_place_alone_is_left_out_and_what_cannot_be_tested_is_not_trained(
    trained: Trained, tmp_path: Path
) -> None:
    data_dir = trained.copy_to(tmp_path / "copy")
    first, second, alone = trained.genres
    database = Database.open(Settings(data_dir=data_dir))
    with database.writing() as session:
        genre_of = {row.meme_id: row.genre for row in Snapshot.take(session, seed=1).rows}
        for meme_id, genre in genre_of.items():
            place = {first: "left", second: ("left", "right")[meme_id % 2], alone: "its own"}[genre]
            here = update(Sighting).where(Sighting.meme_id == meme_id)
            session.execute(here.values(community=place))
    database.engine.dispose()
    done = training(
        data_dir,
        "cross-validate",
        "--leave-out",
        "places",
        "--epochs",
        "1",
        "--image-px",
        "32",
        "--json",
    )
    assert done.returncode == 0, done.stderr
    support = {k: g["support"] for k, g in json.loads(done.stdout)["per_genre"].items()}
    # The one place of `first` and that of `alone` teach nothing to the others.
    n_second = sum(genre == second for genre in genre_of.values())
    assert support[second] == n_second
    assert support[first] == support[alone] == 0
    parts = {path.name.split("-")[0] for path in (data_dir / "cross-validation").iterdir()}
    assert len(parts) == 2
    assert parts < {"places 0", "places 1", "places 2"}
    assert done.stderr.count("are of genres that no other part has: left out") == 2
