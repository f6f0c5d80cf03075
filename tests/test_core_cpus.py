"""How many cores are used, where a process can be bound to some of them and where it cannot."""

import os
import random
from pathlib import Path

import pytest

import app.serving
from core.cpus import n_cpus
from core.settings import Settings
from crawler.importing import import_files
from db.memes import Collection
from db.rematch import Rematcher
from demo.drawing import draw
from memeEraML import MemeEra, Prediction
from tests.conftest import ROOT
from tests.pictures import picture
from training.read import read_all


@pytest.fixture
def _macos(monkeypatch: pytest.MonkeyPatch) -> None:
    """What macOS lacks of os, without which nothing may fail."""
    for name in (
        *("sched_getaffinity", "sched_setaffinity", "process_cpu_count", "posix_fadvise"),
        *("memfd_create", "pidfd_open", "eventfd", "splice", "copy_file_range", "getrandom"),
    ):
        monkeypatch.delattr(os, name, raising=False)


def test_a_process_bound_to_one_core_uses_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {3}, raising=False)
    assert n_cpus() == 1


@pytest.mark.usefixtures("_macos")
@pytest.mark.parametrize(("known", "used"), [(8, 8), (None, 1)])
def test_without_affinity_all_cores_are_used(
    known: int | None, used: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: known)
    assert n_cpus() == used


@pytest.mark.usefixtures("_macos")
def test_without_affinity_memes_are_imported_matched_and_read(
    settings: Settings, tmp_path: Path
) -> None:
    file = tmp_path / "meme.png"
    file.write_bytes(picture(1))
    assert import_files(settings, tmp_path, [file], {}).added == 1
    collection = Collection.open(settings)
    assert Rematcher(collection.database, collection.media).run().memes == 1
    collection.database.engine.dispose()
    for path in (settings.data_dir / "media").rglob("*.png"):
        path.unlink()  # reading what is gone starts the processes, and loads no reader
    assert read_all(settings).skipped == 1


@pytest.mark.usefixtures("_macos")
def test_without_affinity_pictures_are_classified(settings: Settings, tmp_path: Path) -> None:
    file = tmp_path / "meme.png"
    draw("rage_comic", random.Random(1)).save(file)
    (said,) = MemeEra.load(settings=settings).classify_all([file], words=False)
    assert isinstance(said, Prediction)


@pytest.mark.usefixtures("_macos")
def test_without_affinity_a_process_answers_for_each_core(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 5)
    chosen: list[int] = []

    class Chosen(Exception):
        """As soon as it is known how many."""

    def service(settings: Settings, n_processes: int, version: str | None) -> None:
        chosen.append(n_processes)
        raise Chosen

    monkeypatch.setattr(app.serving, "Service", service)
    with pytest.raises(Chosen):
        app.serving.serve(Path(), settings, host="127.0.0.1", port=0)
    assert chosen == [5]


def test_one_place_asks_for_cores() -> None:
    asking = [
        path.relative_to(ROOT).as_posix()
        for stage in ("app", "core", "crawler", "db", "demo", "labeling", "training")
        for path in [*(ROOT / stage).rglob("*.py"), ROOT / "memeEraML.py"]
        if any(word in path.read_text("utf-8") for word in ("sched_getaffinity", "cpu_count"))
    ]
    # Importing asks by itself, and asks first whether it can.
    assert set(asking) - {"crawler/importing.py"} == {"core/cpus.py"}
