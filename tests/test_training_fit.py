"""Runs of training on drawn memes, through the command."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.settings import Settings
from core.words import Line
from db.media import MediaStore
from db.splits import Split
from tests.commands import training
from tests.conftest import ROOT, Trained
from tests.pictures import picture
from tests.test_training_snapshot import row as row_of
from training.classifier import Classifier
from training.lines import written
from training.picture import picture_of
from training.registry import CARD, KERAS_MODEL, LITERT_MODEL, SNAPSHOT, STARTER, Registry
from training.snapshot import BY_MODEL, Snapshot


def test_a_run_registers_all_that_a_version_is(trained: Trained) -> None:
    registry = Registry(Settings(data_dir=trained.data_dir).models_dir)
    assert registry.versions() == [trained.version]
    folder = registry.path(trained.version)
    for name in (KERAS_MODEL, LITERT_MODEL, CARD, SNAPSHOT, "confusion.png"):
        assert (folder / name).stat().st_size > 0, name
    card = registry.card(trained.version)
    snapshot = Snapshot.load(folder / SNAPSHOT)
    assert card["classes"] == list(snapshot.classes) == sorted_genres(trained)
    assert card["snapshot"]["hash"] == snapshot.hash
    assert trained.version.endswith(snapshot.hash[:8])
    assert card["seed"] == 1
    assert card["test_labels"] == "people"
    assert set(card["libraries"]) >= {"tensorflow", "keras", "ai-edge-litert"}
    assert card["metrics"]["n"] == len(snapshot.of(Split.TEST)) > 0
    assert len(card["history"]) == trained.n_epochs


def sorted_genres(trained: Trained) -> list[str]:
    """The genres that were drawn, in the order of the project's list."""
    from core.genres import GENRES

    return [genre.key for genre in GENRES if genre.key in trained.genres]


@pytest.mark.parametrize("has_words", [True, False])
def test_the_exported_model_answers_as_the_keras_model_does(
    trained: Trained, has_words: bool
) -> None:
    keras = pytest.importorskip("keras")
    import training.encoding  # noqa: F401  # Keras finds our layer by it

    settings = Settings(data_dir=trained.data_dir)
    folder = Registry(settings.models_dir).path(trained.version)
    classifier = Classifier.load(settings)
    media = MediaStore.open(settings)
    rows = Snapshot.load(folder / SNAPSHOT).of(Split.TEST)[:8]
    lines = (Line("hallo", (0.1, 0.1, 0.9, 0.2), 0.9),)
    model = keras.saving.load_model(folder / KERAS_MODEL)
    for row, written_in_it in zip(rows, [(), lines] * 4, strict=True):
        square = picture_of(media.get(row.sha256, row.format), classifier.side_px)
        text = written(written_in_it, 1.0)
        got = classifier.answer_square(square, text if has_words else None)
        expected = model(
            {
                "picture": square[np.newaxis].astype(np.float32),
                "grams": text.grams()[np.newaxis],
                "layout": text.layout[np.newaxis],
                "given": np.array([[1, has_words]], np.float32),
            },
            training=False,
        )
        for name, value in (("genre", got.scores), ("year", got.years), ("map", got.map)):
            assert np.abs(np.asarray(expected[name])[0] - value).max() < 1e-3, name


def test_evaluate_gives_the_figures_of_the_card(trained: Trained) -> None:
    done = training(trained.data_dir, "evaluate", "--json")
    assert done.returncode == 0, done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    card = Registry(Settings(data_dir=trained.data_dir).models_dir).card(trained.version)
    assert report["macro_f1"] == card["metrics"]["macro_f1"]
    shown = training(trained.data_dir, "evaluate").stdout
    assert f"macro F1 {report['macro_f1']:.3f}" in shown
    assert all(key in shown for key in trained.genres)


def test_what_was_learned_beats_guessing(trained: Trained) -> None:
    card = Registry(Settings(data_dir=trained.data_dir).models_dir).card(trained.version)
    assert card["metrics"]["accuracy"] > 1.5 / len(trained.genres)


def test_list_marks_the_champion_and_promote_checks_its_argument(trained: Trained) -> None:
    rows = json.loads(training(trained.data_dir, "list", "--json").stdout)
    marked = [(row["version"], row["champion"]) for row in rows]
    assert marked == [(STARTER, False), (trained.version, True)]
    done = training(trained.data_dir, "promote", "nonsense")
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "code", "what"),
    [
        (["fit"], 1, "there are labels of 0 genres"),
        (["fit", "--weights", "/no/such/file.h5"], 1, "labels of 0 genres"),
        (["fit", "--epochs", "0"], 2, "--epochs"),
        (["evaluate"], 1, "there are labels of 0 genres"),  # the starter answers
        (["report"], 2, "the starter learned from memes elsewhere"),
        (["learning-curve"], 2, "the starter learned from memes elsewhere"),
        (["refit", "starter"], 2, "the starter learned from memes elsewhere"),
        (["publish", "out"], 2, "the starter is published already"),
        (["evaluate", "--model", "x"], 2, "there is no model 'x'"),
    ],
)
def test_what_cannot_be_done_is_told_in_one_line(
    tmp_path: Path, arguments: list[str], code: int, what: str
) -> None:
    done = training(tmp_path, *arguments)
    assert done.returncode == code
    assert what in done.stderr
    assert "Traceback" not in done.stderr


def test_weights_that_are_gone_are_told_and_leave_no_version(
    trained: Trained, tmp_path: Path
) -> None:
    data_dir = trained.copy_to(tmp_path / "copy")
    done = training(data_dir, "fit", "--weights", "/no/such/file.h5")
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1] == "/no/such/file.h5: there is no such weights file"
    registry = Registry(Settings(data_dir=data_dir).models_dir)
    assert registry.versions() == [trained.version] == [registry.champion()]


def test_pictures_that_are_lost_or_damaged_are_left_out_and_told(
    trained: Trained, tmp_path: Path
) -> None:
    data_dir = trained.copy_to(tmp_path / "copy")
    snapshot = Snapshot.load(data_dir / "models" / trained.version / SNAPSHOT)
    lost, damaged = snapshot.of(Split.TRAIN)[:2]
    tested = snapshot.of(Split.TEST)[0]
    for row in (lost, damaged, tested):
        (file,) = (data_dir / "media").rglob(f"{row.sha256}.*")
        file.unlink()
        if row is damaged:
            file.write_bytes(b"no picture")
    shutil.rmtree(data_dir / "shards")
    few = ("--epochs", "1", "--image-px", "32", "--no-promote", "--json")
    done = training(data_dir, "fit", *few)
    assert done.returncode == 0, done.stderr
    told = [line for line in done.stderr.splitlines() if line.startswith("left out: ")]
    assert [line.split("(")[0] for line in told] == [
        f"left out: {n} memes whose pictures are missing or damaged " for n in (2, 1)
    ]
    assert {f"{lost.meme_id}, {damaged.meme_id}" in told[0], f"({tested.meme_id})" in told[1]} == {
        True
    }
    assert all(line.endswith("python -m db check --repair") for line in told)
    card = json.loads(done.stdout)
    assert card["snapshot"]["splits"]["train"] == len(snapshot.of(Split.TRAIN)) - 2
    assert card["metrics"]["n"] == len(snapshot.of(Split.TEST)) - 1
    assert card["snapshot"]["taken"] == snapshot.hash != card["snapshot"]["hash"]


def test_small_pictures_whose_bytes_changed_are_told_and_leave_no_version(
    trained: Trained, tmp_path: Path
) -> None:
    data_dir = trained.copy_to(tmp_path / "copy")
    (shard,) = (data_dir / "shards" / "48px").glob("*.tfrecord")
    data = bytearray(shard.read_bytes())
    data[len(data) // 2] ^= 1
    shard.write_bytes(data)
    done = training(data_dir, "fit", "--epochs", "1", "--image-px", "48", "--seed", "5")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith(
        f"the small pictures in {shard.parent} are damag"
    )
    assert "Traceback" not in done.stderr
    assert Registry(data_dir / "models").versions() == [trained.version]


def test_the_same_seed_on_the_same_snapshot_gives_the_same_figures(
    trained: Trained, tmp_path: Path
) -> None:
    data_dir = trained.copy_to(tmp_path / "copy")
    epochs = str(trained.n_epochs)
    done = training(data_dir, "fit", "--epochs", epochs, "--image-px", "48", "--json")
    assert done.returncode == 0, done.stderr
    again = json.loads(done.stdout)
    card = Registry(data_dir / "models").card(trained.version)
    assert again["version"] != trained.version
    assert again["snapshot"]["hash"] == card["snapshot"]["hash"]
    for figure in ("macro_f1", "ece", "top_2"):
        assert again["metrics"][figure] == pytest.approx(card["metrics"][figure], abs=5e-4)
    assert again["history"][-1]["loss"] == pytest.approx(card["history"][-1]["loss"], abs=5e-4)


def test_a_run_that_is_killed_goes_on_from_its_last_epoch(trained: Trained, tmp_path: Path) -> None:
    data_dir = trained.copy_to(tmp_path / "copy")
    arguments = ["fit", "--epochs", "4", "--image-px", "32", "--seed", "3"]
    models = data_dir / "models"
    running = subprocess.Popen(
        [sys.executable, "-m", "training", *arguments],
        cwd=ROOT,
        env=os.environ | {"MEMEERA_DATA_DIR": str(data_dir)},
        stderr=subprocess.DEVNULL,
    )

    def n_epochs_done() -> int:
        return sum(len(p.read_text().splitlines()) for p in models.glob(".work-*/history.jsonl"))

    while running.poll() is None and n_epochs_done() < 2:
        time.sleep(0.05)
    running.send_signal(signal.SIGKILL)
    running.wait()
    n_done = n_epochs_done()
    assert 2 <= n_done <= 4
    assert Registry(models).versions() == [trained.version]
    done = training(data_dir, *arguments, "--json")
    assert done.returncode == 0, done.stderr
    version = json.loads(done.stdout)["version"]
    history = Registry(models).card(version)["history"]
    assert [line["epoch"] for line in history] == [1, 2, 3, 4]
    assert not list(models.glob(".work-*"))


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Chance weights, in the form of those that were learned elsewhere."""
    keras = pytest.importorskip("keras")
    path: Path = tmp_path_factory.mktemp("weights") / "chance.weights.h5"
    keras.utils.set_random_seed(1)
    keras.applications.MobileNetV2(
        include_top=False, weights=None, input_shape=(32, 32, 3)
    ).save_weights(path)
    return path


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # Keras's own
def test_with_weights_a_committee_learns_and_goes_on_after_a_kill(
    trained: Trained, weights: Path, tmp_path: Path
) -> None:
    data_dir = trained.copy_to(tmp_path / "copy")
    models = data_dir / "models"
    arguments = ["fit", "--weights", str(weights), "--epochs", "3", "--image-px", "32"]
    running = subprocess.Popen(
        [sys.executable, "-m", "training", *arguments],
        cwd=ROOT,
        env=os.environ | {"MEMEERA_DATA_DIR": str(data_dir)},
        stderr=subprocess.DEVNULL,
    )
    while running.poll() is None and not list(models.glob(".work-*/member 2*.weights.h5")):
        time.sleep(0.05)
    running.send_signal(signal.SIGKILL)
    running.wait()
    done = training(data_dir, *arguments, "--json")
    assert done.returncode == 0, done.stderr
    assert "member 1 of 5: done before" in done.stderr
    card = json.loads(done.stdout)
    stages = [(line["stage"], line["epoch"]) for line in card["history"]]
    assert stages == [(f"member {i} of 5", epoch) for i in range(1, 6) for epoch in range(1, 4)]
    snapshot = Snapshot.load(models / card["version"] / SNAPSHOT)
    known = snapshot.of(Split.TRAIN) + snapshot.of(Split.VALIDATION)
    assert card["calibration"]["n"] == len(known)  # each was left out by one member
    assert card["config"]["weights"] == weights.name
    # As it was exported, it answers as it was taught.
    assert training(data_dir, "evaluate").returncode == 0


def test_each_member_leaves_out_other_families() -> None:
    from training.config import recipe
    from training.fit import parts_of

    config = recipe("some.h5")
    rows = [
        replace(row_of(i, ("ironic", "political")[i % 2]), family=i // 3, trust=trust)
        for i, trust in enumerate(["viewed"] * 60 + [BY_MODEL] * 10)
    ]
    parts = parts_of(rows, config)
    assert len(parts) == config.n_members == 5
    left_out = np.concatenate([part.left_out for part in parts])
    assert sorted(left_out) == list(range(60))  # what a model alone labelled tests no member
    for part in parts:
        assert sorted([*part.learned, *part.left_out]) == list(range(70))
        families = [{rows[i].family for i in side} for side in (part.learned, part.left_out)]
        assert families[0].isdisjoint(families[1])
        assert {rows[i].genre for i in part.left_out} == {"ironic", "political"}


def test_a_label_of_one_meme_or_of_one_genre_does_not_break_a_run(tmp_path: Path) -> None:
    drawn = tmp_path / "drawn"
    drawn.mkdir()
    lines = ["file,genre"]
    for i in range(12):
        (drawn / f"{i}.png").write_bytes(picture(i))
        lines.append(f"{i}.png,ironic")
    labels = drawn / "labels.csv"
    labels.write_text("\n".join(lines))
    data_dir = tmp_path / "data"
    importing = [sys.executable, "-m", "crawler", "import", str(drawn), "--labels", str(labels)]
    environment = os.environ | {"MEMEERA_DATA_DIR": str(data_dir)}
    subprocess.run(importing, cwd=ROOT, env=environment, check=True, capture_output=True)
    done = training(data_dir, "fit")
    assert done.returncode == 1
    assert "labels of 1 genres" in done.stderr
    labels.write_text("\n".join([*lines[:-1], "11.png,political"]))
    subprocess.run(importing, cwd=ROOT, env=environment, check=True, capture_output=True)
    done = training(data_dir, "fit", "--epochs", "1", "--image-px", "32")
    assert "Traceback" not in done.stderr
    assert done.returncode in (0, 1)  # by the side that the one meme fell on
    if done.returncode == 1:
        assert "label memes of more genres" in done.stderr
