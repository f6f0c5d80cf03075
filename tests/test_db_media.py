"""The picture files: as they came, whole or absent."""

import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import fsspec
import pytest

from core.errors import BadInput, MemeEraError
from core.fingerprint import hash_bytes
from core.settings import Settings
from db.media import MediaFile, MediaStore
from tests.conftest import ROOT
from tests.pictures import picture

DATA = picture(1, format_name="JPEG") + b"bytes behind the end"
SHA = hash_bytes(DATA)


@pytest.fixture(params=["folder", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> MediaStore:
    """A store on disk and one elsewhere."""
    url = str(tmp_path / "media") if request.param == "folder" else f"memory://{tmp_path}/media"
    return MediaStore(url)


def files(folder: Path) -> list[str]:
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())


def test_the_bytes_come_back_as_they_came(store: MediaStore) -> None:
    store.put(SHA, "JPEG", DATA)
    assert store.get(SHA, "JPEG") == DATA
    assert list(store.names()) == [SHA]


def test_an_empty_store_has_no_names(store: MediaStore) -> None:
    assert list(store.names()) == []


def test_a_file_lies_under_its_hash_with_the_extension_of_its_bytes(tmp_path: Path) -> None:
    store = MediaStore(str(tmp_path))
    for format_name in ("JPEG", "MPO", "PNG", "WEBP"):
        store.put(hash_bytes(format_name.encode()), format_name, b"x")
    assert {Path(name).suffix for name in files(tmp_path)} == {".jpg", ".png", ".webp"}
    assert all(
        Path(name).parent.name == Path(name).name[:2] and len(Path(name).stem) == 64
        for name in files(tmp_path)
    )


def test_keeping_the_same_bytes_twice_changes_nothing(tmp_path: Path) -> None:
    store = MediaStore(str(tmp_path))
    store.put(SHA, "JPEG", DATA)
    (file,) = [tmp_path / name for name in files(tmp_path)]
    before = file.stat()
    store.put(SHA, "JPEG", DATA)
    after = file.stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert files(tmp_path) == [f"{SHA[:2]}/{SHA}.jpg"]


def test_a_missing_picture_is_told_by_its_path(store: MediaStore) -> None:
    with pytest.raises(MemeEraError, match=rf"{SHA}\.jpg is missing, although the database knows"):
        store.get(SHA, "JPEG")


def test_where_nothing_can_be_written_it_says_so_and_leaves_no_part(tmp_path: Path) -> None:
    store = MediaStore(str(tmp_path))
    (tmp_path / SHA[:2]).write_text("a file where the folder should be")
    with pytest.raises(MemeEraError, match="cannot be kept"):
        store.put(SHA, "JPEG", DATA)
    assert files(tmp_path) == [SHA[:2]]


def test_a_disk_that_fills_up_leaves_no_half_picture(tmp_path: Path) -> None:
    store = MediaStore(str(tmp_path))
    largest = resource.getrlimit(resource.RLIMIT_FSIZE)
    on_limit = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, largest[1]))
    try:
        with pytest.raises(MemeEraError, match=r"cannot be kept: .*File too large"):
            store.put(SHA, "JPEG", DATA)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, largest)
        signal.signal(signal.SIGXFSZ, on_limit)
    assert files(tmp_path) == []


PROGRAM = """
import sys
from db.media import MediaFile, MediaStore

store = MediaStore(sys.argv[1])
print("ready", flush=True)
number = 0
while True:
    number += 1
    store.put(f"{number:064x}", "PNG", bytes([number % 256]) * 4_000_000)
"""


def test_a_kill_in_the_middle_leaves_whole_files_alone(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, tmp_path], cwd=ROOT, stdout=subprocess.PIPE
    ) as program:
        assert program.stdout is not None
        program.stdout.readline()
        give_up_at = time.monotonic() + 30
        while len(files(tmp_path)) < 3 and time.monotonic() < give_up_at:
            time.sleep(0.001)
        os.kill(program.pid, signal.SIGKILL)
    store = MediaStore(str(tmp_path))
    names = list(store.names())
    assert names
    for name in names:
        assert len(store.get(name, "PNG")) == 4_000_000


def test_what_a_kill_left_behind_is_no_picture_and_hinders_nobody(tmp_path: Path) -> None:
    store = MediaStore(str(tmp_path))
    (tmp_path / SHA[:2]).mkdir()
    (tmp_path / SHA[:2] / f"{SHA}.jpg.0123abcd.part").write_bytes(DATA[:10])
    assert list(store.names()) == []
    store.put(SHA, "JPEG", DATA)
    assert store.get(SHA, "JPEG") == DATA
    assert list(store.names()) == [SHA]


def test_the_store_is_in_the_data_folder_unless_set_elsewhere(settings: Settings) -> None:
    MediaStore.open(settings).put(SHA, "PNG", DATA)
    assert files(settings.data_dir / "media") == [f"{SHA[:2]}/{SHA}.png"]
    elsewhere = Settings(data_dir=settings.data_dir, media_url="memory://elsewhere")
    with pytest.raises(MemeEraError):
        MediaStore.open(elsewhere).get(SHA, "PNG")


@pytest.mark.parametrize("url", ["nonsense://bucket/media", "dask://needs-a-package"])
def test_a_media_url_that_cannot_be_used_is_bad_input(url: str, settings: Settings) -> None:
    with pytest.raises(BadInput, match=r"^MEMEERA_MEDIA_URL: \w"):
        MediaStore.open(Settings(data_dir=settings.data_dir, media_url=url))


class Unanswered(Exception):
    """As botocore's NoCredentialsError and EndpointConnectionError: no OSError."""


class BrokenStore(fsspec.AbstractFileSystem):  # type: ignore[misc]
    """A store elsewhere that fails at whatever it is asked."""

    protocol = "broken"
    error: Exception = Unanswered("Unable to locate credentials")

    def _fail(self, *args: object, **kwargs: object) -> None:
        raise self.error

    exists = info = find = ls = pipe_file = cat_file = rm_file = modified = _fail


@pytest.mark.parametrize(
    "error",
    [
        Unanswered("Unable to locate credentials"),
        PermissionError("The AWS Access Key Id you provided does not exist"),
        FileNotFoundError("The specified bucket does not exist"),
        TimeoutError("Connect timeout on endpoint URL"),
    ],
)
def test_a_store_that_does_not_answer_is_one_line_for_whatever_is_asked(
    error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    fsspec.register_implementation("broken", BrokenStore, clobber=True)
    monkeypatch.setattr(BrokenStore, "error", error)
    store = MediaStore("broken://bucket/media")
    file = MediaFile("bucket/media/ab/x.png", SHA, 1, is_part=False)
    asked: list[Callable[[], object]] = [
        lambda: store.put(SHA, "JPEG", DATA),
        lambda: store.get(SHA, "JPEG"),
        lambda: list(store.names()),
        lambda: list(store.files("ab")),
    ]
    if not isinstance(error, FileNotFoundError):  # what is gone is gone
        asked += [lambda: store.delete(SHA, "JPEG"), lambda: store.age_s(file)]
    for ask in asked:
        with pytest.raises(MemeEraError) as told:
            ask()
        is_missing = isinstance(error, FileNotFoundError) and "is missing" in str(told.value)
        assert is_missing or str(error) in str(told.value)
        assert ("MEMEERA_MEDIA_URL" in str(told.value)) == isinstance(error, Unanswered)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("nonsense://x/y", "nonsense"),
        ("s3://bucket/media", r"pip install 'memeera\[s3\]'"),
        ("zip://", "MEMEERA_MEDIA_URL"),
    ],
)
def test_a_store_that_cannot_be_is_bad_input(
    url: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "s3fs", None)  # not installed
    with pytest.raises(BadInput, match=said) as told:
        MediaStore(url)
    assert str(told.value).startswith("MEMEERA_MEDIA_URL")
