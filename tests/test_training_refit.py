"""`refit`: the like of a version, trained on its test as well."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from core.errors import BadInput
from core.settings import Settings
from db.splits import Split
from tests.commands import training
from tests.conftest import Trained
from training.config import TrainConfig
from training.refit import refit
from training.registry import CARD, SNAPSHOT, Registry
from training.snapshot import BY_MODEL, Snapshot


@pytest.fixture(scope="module")
def refitted(
    trained: Trained, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Settings, dict[str, Any]]:
    """A collection with a version and its refitted like, and the card of that."""
    settings = Settings(data_dir=trained.copy_to(tmp_path_factory.mktemp("refitted") / "data"))
    done = training(settings.data_dir, "refit", trained.version, "--no-promote", "--json")
    assert done.returncode == 0, done.stderr
    return settings, json.loads(done.stdout)


def snapshot_of(settings: Settings, version: str) -> Snapshot:
    """What a version learned from."""
    return Snapshot.load(Registry(settings.models_dir).path(version) / SNAPSHOT)


def test_it_learns_from_all_and_has_the_figures_of_the_version(
    trained: Trained, refitted: tuple[Settings, dict[str, Any]]
) -> None:
    settings, card = refitted
    source = Registry(settings.models_dir).card(trained.version)
    assert card["tested_as"] == trained.version == card["champion"]
    assert card["metrics"] == source["metrics"]
    assert card["config"] == source["config"]
    before, after = (snapshot_of(settings, v) for v in (trained.version, card["version"]))
    assert after.of(Split.TEST) == after.of(Split.LEFT_OUT) == []
    assert after.of(Split.VALIDATION) == before.of(Split.VALIDATION)
    assert len(after.rows) == len(before.rows)


def test_what_was_never_tested_says_so_in_one_line(
    refitted: tuple[Settings, dict[str, Any]], tmp_path: Path
) -> None:
    settings, card = refitted
    for arguments in (["evaluate"], ["report", "--out", str(tmp_path / "page.html")]):
        done = training(settings.data_dir, *arguments, "--model", card["version"])
        assert done.returncode == 1
        (line,) = done.stderr.splitlines()
        assert line.startswith(f"{card['version']} learned from all memes")


def test_it_is_published_with_the_figures_of_its_like(
    trained: Trained, refitted: tuple[Settings, dict[str, Any]], tmp_path: Path
) -> None:
    settings, card = refitted
    done = training(settings.data_dir, "publish", str(tmp_path), "--model", card["version"])
    assert done.returncode == 0, done.stderr
    assert json.loads((tmp_path / CARD).read_text())["metrics"] == card["metrics"]
    page = (tmp_path / "README.md").read_text(encoding="utf-8")
    assert f"its like ({trained.version}) never saw" in page


def test_a_pupil_is_refitted_with_a_refitted_teacher(
    trained: Trained, refitted: tuple[Settings, dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings, card = refitted
    given: dict[str, Any] = {}

    def caught(
        _settings: Settings, config: TrainConfig, snapshot: Snapshot, *_: Any, **more: Any
    ) -> str:
        given.update(config=config, snapshot=snapshot, **more)
        return "new"

    monkeypatch.setattr("training.fit.fit", caught)
    pupil = Registry(settings.models_dir).path(trained.version)
    told = json.loads((pupil / CARD).read_text())
    first = snapshot_of(settings, trained.version)
    opinion = {"political": 1.0}
    rows = [replace(row, opinion=opinion) for row in first.rows[1:]]
    rows.append(replace(first.rows[0], trust=BY_MODEL, by_people=False, opinion=opinion))
    replace(first, rows=tuple(rows)).save(pupil / SNAPSHOT)
    (pupil / CARD).write_text(json.dumps(told | {"config": told["config"] | {"teacher": "old"}}))

    with pytest.raises(BadInput, match="had a teacher: name one that was refitted"):
        refit(settings, trained.version)
    assert refit(settings, trained.version, teacher=card["version"]) == "new"
    assert given["tested_as"] == trained.version
    assert given["config"].teacher == card["version"]
    learned = given["snapshot"].of(Split.TRAIN)
    assert all(row.opinion not in (None, opinion) for row in learned)
    assert not given["snapshot"].of(Split.TEST)


def test_a_teacher_where_there_was_none_is_refused(trained: Trained, tmp_path: Path) -> None:
    settings = Settings(data_dir=trained.data_dir)
    with pytest.raises(BadInput, match="had no teacher"):
        refit(settings, trained.version, teacher=trained.version)
    with pytest.raises(BadInput, match="started from weights none"):
        refit(settings, trained.version, weights=tmp_path / "some.h5")
