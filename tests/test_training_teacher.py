"""`fit --teacher`: what one model says of every meme, labelled or not, another learns from."""

import json
import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import select, update

from core.errors import BadInput
from core.settings import Settings
from crawler.importing import import_files
from db.models import Meme
from db.session import Database, reading
from db.splits import Split
from demo.drawing import draw
from tests.commands import training
from tests.conftest import Trained
from training.registry import SNAPSHOT, Registry
from training.snapshot import BY_MODEL, Snapshot
from training.teacher import taught

N_NEW = 6


@pytest.fixture
def grown(trained: Trained, tmp_path: Path) -> Settings:
    """The collection with six memes more that nobody labelled; one is a sibling of a tested one."""
    settings = Settings(data_dir=trained.copy_to(tmp_path / "data"))
    folder = tmp_path / "new"
    folder.mkdir()
    for i in range(N_NEW):
        draw("political", random.Random(f"new {i}")).save(folder / f"{i}.png")
    database = Database.open(settings)
    with database.reading() as session:
        known = set(session.scalars(select(Meme.id)))
        snapshot = Snapshot.take(session, seed=1)
    import_files(settings, folder, sorted(folder.iterdir()), {})
    with database.writing() as session:
        new = session.scalars(select(Meme.id).where(Meme.id.not_in(known))).all()
        assert len(new) == N_NEW
        tested, learned = snapshot.of(Split.TEST)[0], snapshot.of(Split.TRAIN)[0]
        for row, those in ((tested, new[:1]), (learned, new[1:])):
            template = session.get_one(Meme, row.meme_id).template_id
            session.execute(update(Meme).where(Meme.id.in_(those)).values(template_id=template))
    database.engine.dispose()
    return settings


def take(settings: Settings, seed: int = 1) -> Snapshot:
    with reading(settings) as session:
        return Snapshot.take(session, seed)


def test_opinions_join_what_is_learned_from_and_nothing_else(
    grown: Settings, trained: Trained
) -> None:
    before = take(grown)
    after = taught(grown, before, trained.version)
    for side in (Split.VALIDATION, Split.TEST, Split.LEFT_OUT):
        assert after.of(side) == before.of(side)
    labelled = [row for row in after.of(Split.TRAIN) if row.trust != BY_MODEL]
    assert [replace(row, opinion=None) for row in labelled] == before.of(Split.TRAIN)
    by_model = [row for row in after.rows if row.trust == BY_MODEL]
    assert len(by_model) == N_NEW - 1  # the sibling of a tested meme stays out
    for row in labelled + by_model:
        assert row.opinion is not None
        assert sum(row.opinion.values()) == pytest.approx(1, abs=0.01)
    for row in by_model:
        assert row.opinion is not None
        assert row.opinion[row.genre] == max(row.opinion.values())
        assert (row.weight, row.by_people) == (0.5, False)
    assert after.counts()["by_model"] == N_NEW - 1
    assert len({row.family for row in by_model} - {row.family for row in before.rows}) == N_NEW - 1


def test_a_teacher_that_saw_the_test_is_refused(grown: Settings, trained: Trained) -> None:
    with pytest.raises(BadInput, match=r"has learned from \d+ of the \d+ memes to be tested on"):
        taught(grown, take(grown, seed=2), trained.version)


def test_a_snapshot_with_opinions_reads_back_as_it_was_saved(
    grown: Settings, trained: Trained, tmp_path: Path
) -> None:
    snapshot = taught(grown, take(grown), trained.version)
    snapshot.save(tmp_path / "snapshot.json")
    assert Snapshot.load(tmp_path / "snapshot.json") == snapshot


def test_fit_learns_from_a_teacher_and_says_so(grown: Settings, trained: Trained) -> None:
    arguments = ("--teacher", trained.version, "--epochs", "1", "--image-px", "32", "--json")
    done = training(grown.data_dir, "fit", *arguments)
    assert done.returncode == 0, done.stderr
    card = json.loads(done.stdout)
    assert card["config"]["teacher"] == trained.version
    assert card["snapshot"]["by_model"] == N_NEW - 1
    kept = Snapshot.load(Registry(grown.models_dir).path(card["version"]) / SNAPSHOT)
    opinions = [row.opinion for row in kept.of(Split.TRAIN)]
    assert all(opinions)
    assert np.isclose(sum(len(opinion or {}) for opinion in opinions), 3 * len(opinions))


def test_a_teacher_that_does_not_exist_is_told_in_one_line(trained: Trained) -> None:
    done = training(trained.data_dir, "fit", "--teacher", "nobody")
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "there is no model 'nobody'" in done.stderr
