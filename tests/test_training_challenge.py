"""A new model answers only where it is better on memes that neither it nor the other learned."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import update

from core.settings import Settings
from db.models import Meme
from db.session import Database
from db.splits import Split
from tests.conftest import Trained
from tests.test_training_report import made_wrong
from training.challenge import challenge
from training.registry import ANSWERS, CARD, LITERT_MODEL, SNAPSHOT, STARTER, Registry
from training.snapshot import Snapshot

NEW = "29990101-000000-00000000"


@pytest.fixture
def settings(trained: Trained, tmp_path: Path) -> Settings:
    """The collection with a model that nobody has promoted yet: the starter answers."""
    data_dir = trained.copy_to(tmp_path / "data")
    (data_dir / "models" / "champion").unlink()
    return Settings(data_dir=data_dir)


@pytest.fixture
def twice(settings: Settings, trained: Trained) -> Settings:
    """The same with a second model of the same files; the first answers."""
    registry = Registry(settings.models_dir)
    folder = registry.path(trained.version)
    (folder.parent / NEW).mkdir()
    for name in (ANSWERS, CARD, LITERT_MODEL, SNAPSHOT):
        shutil.copy(folder / name, folder.parent / NEW)
    registry.promote(trained.version)
    return settings


def test_the_first_model_does_not_answer_where_the_starter_is_better(
    settings: Settings, trained: Trained
) -> None:
    made_wrong(settings.data_dir, trained.version, 10**6)
    outcome = challenge(settings, trained.version)
    registry = Registry(settings.models_dir)
    assert outcome.champion == outcome.before == STARTER == registry.champion()
    assert outcome.challenger == trained.version
    assert outcome.gain is not None
    assert outcome.gain < 0
    assert str(outcome).startswith(f"starter answers on; {trained.version} is not surely better")
    assert f"python -m training promote {trained.version} lets it answer" in str(outcome)
    kept = json.loads((registry.path(trained.version) / "comparison.json").read_text())
    assert kept == outcome.as_dict()
    assert kept["promoted"] is False


def test_the_first_model_answers_where_it_is_better_and_going_back_reaches_the_starter(
    settings: Settings, trained: Trained
) -> None:
    made_wrong(settings.data_dir, trained.version, 0)
    outcome = challenge(settings, trained.version)
    registry = Registry(settings.models_dir)
    assert outcome.champion == trained.version == registry.champion()
    assert outcome.before == STARTER
    n = len(Snapshot.load(registry.path(trained.version) / SNAPSHOT).of(Split.TEST))
    assert outcome.n == n  # it has learned none of them
    assert outcome.gain is not None
    assert f"better than starter: macro F1 {outcome.gain:+.3f} on {n} memes" in str(outcome)
    assert registry.roll_back() == STARTER


def test_as_good_is_not_better(twice: Settings, trained: Trained) -> None:
    outcome = challenge(twice, NEW)  # the same model, under another name
    assert (outcome.champion, outcome.gain) == (trained.version, 0)
    assert Registry(twice.models_dir).champion() == trained.version


def test_families_that_the_other_learned_are_left_out(twice: Settings, trained: Trained) -> None:
    snapshot = Snapshot.load(twice.models_dir / NEW / SNAPSHOT)
    tested, learned = snapshot.of(Split.TEST)[0], snapshot.of(Split.TRAIN)[0]
    database = Database.open(twice)
    with database.writing() as session:  # another file, of one template as it is known today
        template = session.get_one(Meme, learned.meme_id).template_id
        siblings = Meme.template_id == session.get_one(Meme, tested.meme_id).template_id
        session.execute(update(Meme).where(siblings).values(template_id=template))
    database.engine.dispose()
    family = [row for row in snapshot.of(Split.TEST) if row.family == tested.family]
    told: list[str] = []
    outcome = challenge(twice, NEW, told.append)
    assert outcome.n == len(snapshot.of(Split.TEST)) - len(family)
    assert told[0].startswith(f"{len(family)} memes kept aside are left out")


def test_where_too_few_memes_are_left_the_one_that_answers_goes_on(
    twice: Settings, trained: Trained
) -> None:
    old = Registry(twice.models_dir).path(trained.version) / SNAPSHOT
    snapshot = Snapshot.load(old)
    families = sorted({row.family for row in snapshot.of(Split.TEST)})
    rows = [
        replace(row, split=Split.TRAIN) if row.family in families[3:] else row
        for row in snapshot.rows
    ]
    replace(snapshot, rows=tuple(rows)).save(old)  # the other learned all families but three
    outcome = challenge(twice, NEW)
    assert (outcome.champion, outcome.gain) == (trained.version, None)
    assert "of 3 families are left that neither learned from" in str(outcome)
    assert "label more memes; python -m training promote" in str(outcome)


def test_a_model_that_learned_from_all_memes_is_not_promoted_unasked(
    twice: Settings, trained: Trained
) -> None:
    path = twice.models_dir / NEW / SNAPSHOT
    snapshot = Snapshot.load(path)
    rows = [replace(row, split=Split.TRAIN) for row in snapshot.rows]
    replace(snapshot, rows=tuple(rows)).save(path)
    outcome = challenge(twice, NEW)
    assert outcome.champion == trained.version
    assert "it learned from all memes" in str(outcome)


@pytest.mark.parametrize("what", ["card", "model"])
def test_where_the_other_cannot_answer_any_more_the_new_one_does(
    twice: Settings, trained: Trained, what: str
) -> None:
    folder = Registry(twice.models_dir).path(trained.version)
    (folder / (CARD if what == "card" else LITERT_MODEL)).write_text("{}")
    told: list[str] = []
    outcome = challenge(twice, NEW, told.append)
    assert outcome.champion == NEW == Registry(twice.models_dir).champion()
    assert str(outcome).endswith(f"{trained.version} cannot answer any more")
    assert len(told) == 1


@pytest.mark.parametrize(
    "data",
    [b"", b"PK\x03\x04" + bytes(60), b"\x93NUMPY", b"[[[["],
    ids=["empty", "no archive", "no array", "no file of arrays"],
)
def test_answers_that_are_damaged_let_the_other_answer_on(
    twice: Settings, trained: Trained, data: bytes
) -> None:
    (twice.models_dir / NEW / ANSWERS).write_bytes(data)
    outcome = challenge(twice, NEW)
    assert outcome.champion == trained.version
    assert "not the answers of this model" in str(outcome)
