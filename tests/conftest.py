"""What the tests share: clean settings, both kinds of database, a trained model, a browser."""

import os
import random
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from core.settings import Settings
from core.words import Line
from db.memes import Collection
from db.pictures import keep_words
from db.reading import unread
from db.session import Database
from demo.drawing import draw as draw_meme
from tests.postgresql import PostgreSQL, programs_folder
from training.registry import Registry

ROOT = Path(__file__).parents[1]

# Files whose tests start servers, browsers, crawls or trainings: minutes each.
_LONG: Final = (
    "test_app",
    "test_browser",
    "test_crawler",
    "test_journey",
    "test_memeEraML",
    "test_training",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The long ones first: several processes then come to an end at about the same time."""
    items.sort(key=lambda item: not item.path.name.startswith(_LONG))


@pytest.fixture(autouse=True, scope="session")
def _no_settings_of_the_developer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test sees a MEMEERA_* variable or a file .env that it did not write itself."""
    with pytest.MonkeyPatch.context() as patch:
        for variable in [name for name in os.environ if name.startswith("MEMEERA_")]:
            patch.delenv(variable)
        patch.chdir(tmp_path_factory.mktemp("elsewhere"))
        yield


@pytest.fixture(autouse=True)
def _own_working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """The settings of one machine: SQLite and a folder."""
    return Settings(data_dir=tmp_path / "data")


@pytest.fixture(params=["sqlite", "postgresql"])
def database_settings(request: pytest.FixtureRequest, settings: Settings) -> Settings:
    """The settings of a fresh database of each kind in turn."""
    if request.param == "sqlite":
        return settings
    server: PostgreSQL = request.getfixturevalue("postgresql_server")
    return Settings(data_dir=settings.data_dir, database_url=server.empty_database())


@pytest.fixture
def collection(database_settings: Settings) -> Iterator[Collection]:
    """An empty collection, in each kind of database in turn."""
    opened = Collection.open(database_settings)
    yield opened
    opened.database.engine.dispose()


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[PostgreSQL]:
    """A PostgreSQL of this test process alone; it listens on a socket in its own folder."""
    programs = programs_folder()
    if programs is None:
        pytest.skip("PostgreSQL is not installed: no initdb on the PATH, nor where it is put")
    pytest.importorskip("psycopg", reason="psycopg is not installed: pip install memeera[postgres]")
    with PostgreSQL(programs) as server:
        yield server


@dataclass(frozen=True, slots=True)
class Trained:
    """A collection of drawn memes of a few genres, and a small model that learned from it."""

    data_dir: Path
    version: str
    genres: tuple[str, ...]
    n_epochs: int

    def copy_to(self, folder: Path) -> Path:
        """A copy of the data folder, for a test that changes it."""
        shutil.copytree(self.data_dir, folder)
        return folder


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """Made once a session, by the commands that people use; do not change it."""
    genres, n_memes, n_epochs = ("rage_comic", "text_post", "political"), 60, 8
    data_dir = tmp_path_factory.mktemp("trained")
    drawn = data_dir / "drawn"
    drawn.mkdir()
    lines = ["file,genre"]
    for genre in genres:
        for i in range(n_memes):
            name = f"{genre}-{i}.png"
            draw_meme(genre, random.Random(f"{genre} {i}")).save(drawn / name)
            lines.append(f"{name},{genre}")
    (drawn / "labels.csv").write_text("\n".join(lines))
    environment = {k: v for k, v in os.environ.items() if not k.startswith("MEMEERA_")}
    environment["MEMEERA_DATA_DIR"] = str(data_dir)
    importing = ["import", drawn, "--labels", drawn / "labels.csv", "--annotator", "artist"]
    for command in (
        ["crawler", *importing],
        ["training", "fit", "--epochs", str(n_epochs), "--image-px", "48", "--no-promote"],
    ):
        if command[0] == "training":
            _read_as_if(Settings(data_dir=data_dir))
        done = subprocess.run(
            [sys.executable, "-m", *map(str, command)],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
    registry = Registry(data_dir / "models")
    (version,) = registry.versions()
    registry.promote(version)  # better than the starter or not
    return Trained(data_dir, version, genres, n_epochs)


def _read_as_if(settings: Settings) -> None:
    """Say of each meme that some words stand in it: reading them would take minutes."""
    database = Database.open(settings)
    with database.writing() as session:
        for meme in unread(session, after=0, limit=1000):
            words = f"{meme.meme_id % 7} words of no genre"
            keep_words(session, meme.meme_id, [Line(words, (0.1, 0.1, 0.9, 0.2), 0.9)])
    database.engine.dispose()


def browser_program() -> str:
    """Where Chromium is; without it, the test is skipped."""
    names = (
        # The first is the same browser without what draws windows: it starts sooner.
        *("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome"),
        "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    )
    program = next(filter(None, map(shutil.which, names)), None)
    if program is None:
        pytest.skip(f"no browser is installed: none of {', '.join(names)} on the PATH")
    return program


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A real Chromium without a screen.

    A module's, not the session's: Playwright keeps an event loop running in this thread meanwhile,
    and other tests start their own.
    """
    program = browser_program()
    # The usual 5 s are too few for a page's first load on a machine that does other things as well.
    expect.set_options(timeout=30_000)
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=program,
            args=[
                "--no-sandbox",
                "--disable-gpu",
                "--disable-quic",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
            ],
        )
        yield started
        started.close()
