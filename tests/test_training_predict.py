"""`python -m training predict`: a model says what it makes of every meme."""

import json
import shutil
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from core.settings import Settings
from db.models import Meme, Prediction
from db.session import Database, reading
from db.splits import Split
from tests.commands import training
from tests.conftest import Trained
from training.registry import SNAPSHOT, Registry
from training.snapshot import Snapshot


def predict(data_dir: Path, *arguments: str) -> tuple[int, Any, str]:
    done = training(data_dir, "predict", "--json", *arguments)
    return done.returncode, json.loads(done.stdout or "null"), done.stderr


def predicted(trained: Trained, folder: Path) -> tuple[Path, Database]:
    """A copy of the collection in which every meme is predicted."""
    data_dir = trained.copy_to(folder / "data")
    predict(data_dir)
    return data_dir, Database.open(Settings(data_dir=data_dir))


def test_every_meme_is_predicted_once_and_what_was_learned_from_is_marked(
    trained: Trained, tmp_path: Path
) -> None:
    data_dir = trained.copy_to(tmp_path / "data")
    settings = Settings(data_dir=data_dir)
    with reading(settings) as session:
        n = session.scalar(select(func.count(Meme.id)))
    status, counts, _ = predict(data_dir)
    expected = {"model": trained.version, "predicted": n, "unread": 0, "skipped": 0}
    assert (status, counts) == (0, expected)
    snapshot = Snapshot.load(Registry(settings.models_dir).path(trained.version) / SNAPSHOT)
    tested = {row.meme_id for row in snapshot.of(Split.TEST)}
    with reading(settings) as session:
        rows = session.scalars(select(Prediction)).all()
    assert {row.meme_id for row in rows if row.held_out} >= tested
    assert {row.meme_id for row in rows if row.held_out} & {
        row.meme_id for row in snapshot.of(Split.TRAIN)
    } == set()
    assert all(abs(sum(row.scores.values()) - 1) < 0.01 for row in rows)
    assert {genre for row in rows for genre in row.scores} == set(trained.genres)

    for row in rows:
        low, middle, high = row.year_low or 0, row.year or 0, row.year_high or 0
        assert 2005 <= low <= middle <= high

    assert predict(data_dir)[1]["predicted"] == 0


def test_memes_whose_words_were_never_read_are_judged_by_the_picture_and_counted(
    trained: Trained, tmp_path: Path
) -> None:
    data_dir, database = predicted(trained, tmp_path)
    with database.writing() as session:
        before = session.get_one(Prediction, 1).scores
        session.query(Prediction).filter(Prediction.id <= 3).delete()
        for meme in session.scalars(select(Meme).where(Meme.id.in_([1, 2]))):
            meme.words = None
    status, counts, _ = predict(data_dir)
    assert (status, counts["predicted"], counts["unread"]) == (0, 3, 2)
    with database.reading() as session:
        after = session.scalars(select(Prediction).where(Prediction.meme_id == 1)).one().scores
    assert after != before
    database.engine.dispose()


def test_it_goes_on_where_it_was_stopped_and_passes_over_lost_files(
    trained: Trained, tmp_path: Path
) -> None:
    data_dir, database = predicted(trained, tmp_path)
    with database.writing() as session:
        session.query(Prediction).filter(Prediction.meme_id > 5).delete()
        lost = session.scalars(select(Meme.sha256).where(Meme.id.in_([7, 9]))).all()
        n = session.scalar(select(func.count(Meme.id))) or 0
    database.engine.dispose()
    for sha256 in lost:
        next((data_dir / "media").rglob(f"{sha256}.*")).unlink()
    status, counts, _ = predict(data_dir)
    assert (status, counts["predicted"], counts["skipped"]) == (0, n - 7, 2)


def test_before_there_is_a_model_of_ones_own_the_starter_predicts(
    trained: Trained, tmp_path: Path
) -> None:
    data_dir = trained.copy_to(tmp_path / "data")
    shutil.rmtree(data_dir / "models")
    status, counts, said = predict(data_dir)
    assert status == 0, said
    with reading(Settings(data_dir=data_dir)) as session:
        rows = session.scalars(select(Prediction)).all()
    assert counts["predicted"] == len(rows) > 0
    assert {row.model_version for row in rows} == {"starter"}
    assert all(row.held_out for row in rows)  # it knows nothing of this collection
