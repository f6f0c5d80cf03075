"""What the tests share: clean settings, both kinds of database, small pictures."""

import io
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image
from playwright.sync_api import Browser, sync_playwright

from core.settings import Settings
from db.memes import Collection
from demo.drawing import draw as draw_meme
from training.registry import Registry

ROOT = Path(__file__).parents[1]
SIZE_PX = 128


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
def postgresql_server() -> Iterator["PostgreSQL"]:
    """A PostgreSQL of this test process alone; it listens on a socket in its own folder."""
    programs = _postgresql_programs()
    if programs is None:
        pytest.skip("PostgreSQL is not installed: no initdb on the PATH nor in /usr/lib/postgresql")
    pytest.importorskip("psycopg", reason="psycopg is not installed: pip install memeera[postgres]")
    with PostgreSQL(programs) as server:
        yield server


class PostgreSQL:
    """A private server, quick and forgetful."""

    def __init__(self, programs: Path) -> None:
        self._programs = programs
        self._folder = Path(tempfile.mkdtemp(prefix="memeera-pg-"))  # short: it holds the socket
        # It refuses to run as root, and would run as whoever else we are.
        self._user = _unprivileged_user() if os.geteuid() == 0 else None
        if self._user is not None:
            shutil.chown(self._folder, self._user)

    def __enter__(self) -> "PostgreSQL":
        try:
            self._make()
            self._process = self._start()
        except BaseException:
            shutil.rmtree(self._folder)
            raise
        try:
            self._wait_until_it_answers()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._process.send_signal(signal.SIGINT)  # disconnects everyone
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait(20)
        shutil.rmtree(self._folder)

    def empty_database(self) -> str:
        """The URL of a database without tables; whoever was still connected is thrown out."""
        self._execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        # Ten times as fast as another CREATE DATABASE.
        self._execute("DROP SCHEMA public CASCADE")
        self._execute("CREATE SCHEMA public")
        return self._url

    def _make(self) -> None:
        made = subprocess.run(
            [
                self._programs / "initdb",
                *("--pgdata", self._folder / "data"),
                *("--username", "memeera"),
                *("--auth", "trust"),
                *("--encoding", "UTF8"),
                "--no-locale",
                "--no-sync",
            ],
            user=self._user,
            cwd=self._folder,
            capture_output=True,
            text=True,
        )
        assert made.returncode == 0, made.stderr

    def _start(self) -> subprocess.Popen[bytes]:
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(self._folder),
            "fsync": "off",
            "synchronous_commit": "off",
            "full_page_writes": "off",
        }
        with (self._folder / "log").open("wb") as log:
            return subprocess.Popen(
                [
                    self._programs / "postgres",
                    *("-D", self._folder / "data"),
                    *(
                        part
                        for name, value in settings.items()
                        for part in ("-c", f"{name}={value}")
                    ),
                ],
                user=self._user,
                cwd=self._folder,
                stdout=log,
                stderr=log,
            )

    def _wait_until_it_answers(self) -> None:
        import psycopg

        patience_s = 30.0
        give_up_at = time.monotonic() + patience_s
        while True:
            try:
                self._execute("SELECT 1")
                return
            except psycopg.OperationalError:
                log = (self._folder / "log").read_text()
                assert self._process.poll() is None, f"PostgreSQL ended at its start: {log}"
                assert time.monotonic() < give_up_at, f"silent for {patience_s} s: {log}"
                time.sleep(0.05)

    def _execute(self, statement: str) -> None:
        import psycopg

        with psycopg.connect(self._url, autocommit=True) as connection:
            connection.execute(statement.encode())

    @property
    def _url(self) -> str:
        return f"postgresql://memeera@/postgres?host={self._folder}"


def _postgresql_programs() -> Path | None:
    if (on_path := shutil.which("initdb")) is not None:
        return Path(on_path).resolve().parent
    # Debian keeps them off the PATH, one folder a version.
    versions = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    return max(versions, key=lambda folder: float(folder.parent.name), default=None)


def _unprivileged_user() -> str:
    import pwd

    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


def picture(seed: int, *, caption: int | None = None, format_name: str = "PNG") -> bytes:
    """A small picture file; another seed looks different, another caption is another meme on it.

    Of 40 seeds no two are nearer than 20 of 64 and 100 of 256 bits. Two captions on one seed are at
    most 8 of 64, but at least 72 of 256 bits apart.
    """
    return encode(draw(seed, caption=caption), format_name)


def draw(seed: int, *, caption: int | None = None) -> Image.Image:
    """What `picture` encodes: 128 x 128 RGB."""
    rng = np.random.default_rng(seed)
    pixels = 0.7 * _blotches(rng, 8) + 0.3 * _blotches(rng, 16)  # (128, 128, 3)
    image = Image.fromarray(pixels.astype(np.uint8))
    if caption is not None:
        # Each bit as black and white or white and black: the short hash sees a grey bar.
        letters = np.random.default_rng([caption, 1])
        for top in (0, SIZE_PX - 4):
            bits = letters.integers(0, 2, 14, dtype=np.uint8)
            bar = np.stack([bits, 1 - bits], axis=1).reshape(1, 28) * 255
            line = Image.fromarray(bar.astype(np.uint8)).resize(
                (SIZE_PX, 4), Image.Resampling.NEAREST
            )
            image.paste(line.convert("RGB"), (0, top))
    return image


def repost(data: bytes, *, quality: int = 60) -> bytes:
    """The same picture as people pass it on: three quarters of the size, a poor JPEG.

    Of 40 pictures none moves by more than 8 of 256 bits.
    """
    with Image.open(io.BytesIO(data)) as image:
        smaller = image.convert("RGB").resize((image.width * 3 // 4, image.height * 3 // 4))
    return encode(smaller, "JPEG", quality=quality)


def animation(seed: int, n_frames: int = 3) -> bytes:
    """A GIF whose first frame is `draw(seed)`."""
    first, *others = [draw(number) for number in range(seed, seed + n_frames)]
    return encode(first, "GIF", save_all=True, append_images=others)


def encode(image: Image.Image, format_name: str, **options: object) -> bytes:
    """An image file's bytes."""
    out = io.BytesIO()
    image.save(out, format_name, **options)
    return out.getvalue()


def _blotches(rng: np.random.Generator, n: int) -> npt.NDArray[np.float64]:
    cells = rng.integers(0, 256, (n, n, 3), dtype=np.uint8)
    drawn = Image.fromarray(cells).resize((SIZE_PX, SIZE_PX), Image.Resampling.BICUBIC)
    return np.asarray(drawn, dtype=np.float64)


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
    genres, n_memes, n_epochs = ("rage_comic", "text_post", "political"), 24, 8
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
    for arguments in (
        ["crawler", "import", drawn, "--labels", drawn / "labels.csv", "--annotator", "artist"],
        ["training", "fit", "--epochs", str(n_epochs), "--image-px", "48"],
    ):
        done = subprocess.run(
            [sys.executable, "-m", *map(str, arguments)],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
    (version,) = Registry(data_dir / "models").versions()
    return Trained(data_dir, version, genres, n_epochs)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A real Chromium without a screen.

    A module's, not the session's: Playwright keeps an event loop running in this thread meanwhile,
    and other tests start their own.
    """
    names = ("chromium", "chromium-browser", "google-chrome")
    program = next(filter(None, map(shutil.which, names)), None)
    if program is None:
        pytest.skip(f"no browser is installed: none of {', '.join(names)} on the PATH")
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
