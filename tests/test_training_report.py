"""`report` and `learning-curve`: pages and figures about one model."""

import json
import re
from pathlib import Path

from sqlalchemy import update

from core.settings import Settings
from db.models import Meme
from db.session import Database
from db.splits import Split
from tests.commands import training
from tests.conftest import Trained
from training.answers import Answers
from training.registry import ANSWERS, SNAPSHOT, Registry
from training.snapshot import Snapshot


def answers_of(data_dir: Path, version: str) -> Answers:
    folder = Registry(data_dir / "models").path(version)
    return Answers.load(folder / ANSWERS, Snapshot.load(folder / SNAPSHOT).of(Split.TEST))


def made_wrong(data_dir: Path, version: str, n: int) -> None:
    """As if the model had been wrong on the first n memes of its test, and right on the others."""
    answers = answers_of(data_dir, version)
    for i, row in enumerate(answers.rows):
        right = answers.classes.index(row.genre)
        answers.scores[i] = 0.05
        answers.scores[i, (right + (i < n)) % len(answers.classes)] = 0.9 - i / 1000
    answers.save(Registry(data_dir / "models").path(version) / ANSWERS)


def test_a_report_shows_figures_plots_and_mistakes_and_loads_nothing_from_elsewhere(
    trained: Trained, tmp_path: Path
) -> None:
    data_dir = trained.copy_to(tmp_path / "data")
    made_wrong(data_dir, trained.version, 3)
    answers = answers_of(data_dir, trained.version)
    database = Database.open(Settings(data_dir=data_dir))
    words = [{"text": "<script>alert(1)</script>", "box": [0.1, 0.1, 0.9, 0.2], "confidence": 0.9}]
    with database.writing() as session:
        session.execute(
            update(Meme).where(Meme.sha256 == answers.rows[0].sha256).values(words=words)
        )
    database.engine.dispose()
    path = tmp_path / "page.html"
    done = training(data_dir, "report", "--out", str(path))
    assert done.returncode == 0, done.stderr
    page = path.read_text(encoding="utf-8")
    assert trained.version in page
    assert page.count("<article>") == 3
    assert page.count("data:image/jpeg") == 6  # each as it is, and with what spoke for the answer
    assert page.count("data:image/png") == 5
    assert "&lt;script&gt;alert(1)" in page
    assert "<script" not in page
    assert not re.search(r"(src|href)=\"(?!data:)", page)
    assert "python -m training learning-curve" in page


def test_a_model_without_mistakes_has_a_report_too(trained: Trained, tmp_path: Path) -> None:
    data_dir = trained.copy_to(tmp_path / "data")
    made_wrong(data_dir, trained.version, 0)
    done = training(data_dir, "report")
    assert done.returncode == 0, done.stderr
    page = data_dir / "reports" / f"{trained.version}.html"  # not in the current folder
    assert done.stdout == f"{page}: open it in a browser\n"
    assert "every answer was right" in page.read_text(encoding="utf-8")


def test_mistakes_whose_pictures_are_gone_are_passed_over(trained: Trained, tmp_path: Path) -> None:
    data_dir = trained.copy_to(tmp_path / "data")
    made_wrong(data_dir, trained.version, 2)
    lost = answers_of(data_dir, trained.version).rows[0]
    next((data_dir / "media").rglob(f"{lost.sha256}.*")).unlink()
    done = training(data_dir, "report", "--out", str(tmp_path / "page.html"))
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "page.html").read_text(encoding="utf-8").count("<article>") == 1


def test_the_learning_curve_ends_with_the_model_itself_and_stands_in_the_report(
    trained: Trained, tmp_path: Path
) -> None:
    data_dir = trained.copy_to(tmp_path / "data")
    done = training(data_dir, "learning-curve", "--json")
    assert done.returncode == 0, done.stderr
    points = json.loads(done.stdout)
    card = Registry(data_dir / "models").card(trained.version)
    assert points[-1] == {
        "n_train": card["snapshot"]["splits"]["train"],
        "macro_f1": card["metrics"]["macro_f1"],
        "macro_f1_trusted": card["metrics"]["macro_f1_trusted"],
    }
    sizes = [point["n_train"] for point in points]
    assert len(sizes) == 4
    assert sizes == sorted(sizes)
    assert Registry(data_dir / "models").versions() == [trained.version]
    again = training(data_dir, "learning-curve", "--json")
    assert json.loads(again.stdout) == points
    assert "validation loss" not in again.stderr

    done = training(data_dir, "report", "--out", str(tmp_path / "page.html"))
    assert done.returncode == 0, done.stderr
    assert 'alt="Learning curve"' in (tmp_path / "page.html").read_text(encoding="utf-8")


def test_a_learning_curve_from_other_weights_is_refused(trained: Trained) -> None:
    done = training(trained.data_dir, "learning-curve", "--weights", "imagenet")
    assert done.returncode == 2
    assert "started from weights none" in done.stderr
