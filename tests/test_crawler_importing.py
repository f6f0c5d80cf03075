"""Imports of folders, through the command and through the function."""

import io
import json
import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from PIL import Image
from sqlalchemy import func, select

import crawler.importing
import crawler.intake
from core.errors import BadInput, MemeEraError
from core.isolated import Workers
from core.settings import Settings
from crawler.__main__ import main
from crawler.examining import Unusable
from crawler.importing import import_files
from crawler.intake import File, Intake
from crawler.sources.folder import Label, files_in
from crawler.sources.labels_csv import read_labels
from db.memes import Added
from db.models import Copy, Meme, Run, Sighting, Vote
from db.runs import Counts, start_run
from db.session import Database
from tests.hostile import EATS, FAILS, HANGS, KILLS, REASONS, meet_them

ROOT = Path(__file__).parents[1]


def picture(seed: int, file_format: str = "PNG") -> bytes:
    """A picture like no other."""
    file = io.BytesIO()
    noise = Image.frombytes("RGB", (8, 8), random.Random(seed).randbytes(8 * 8 * 3))
    noise.resize((96, 96)).save(file, file_format)
    return file.getvalue()


def command(data_dir: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run python -m crawler import with its own data folder."""
    return subprocess.run(
        [sys.executable, "-m", "crawler", "import", *map(str, arguments)],
        cwd=ROOT,
        env=os.environ | {"MEMEERA_DATA_DIR": str(data_dir)},
        capture_output=True,
        text=True,
        timeout=120,
    )


def counts_of(data_dir: Path, *arguments: str | Path) -> dict[str, Any]:
    """Import, and read the counts."""
    done = command(data_dir, *arguments, "--json")
    assert done.returncode == 0, done.stderr
    counts: dict[str, Any] = json.loads(done.stdout)
    return counts


def n_rows(data_dir: Path, table: type[Meme | Sighting | Vote]) -> int:
    """How many rows a table has."""
    with Database.open(Settings(data_dir=data_dir)).reading() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Four pictures: two distinct, one the same bytes again, one in a folder below."""
    folder = tmp_path / "pictures"
    (folder / "below").mkdir(parents=True)
    (folder / "a.png").write_bytes(picture(1))
    (folder / "b.jpg").write_bytes(picture(2))  # a PNG, whatever its name says
    (folder / "c.png").write_bytes(picture(1))
    (folder / "below" / "d.png").write_bytes(picture(3, "JPEG"))
    return folder


def test_a_folder_becomes_memes_once_however_often_it_is_imported(
    tmp_path: Path, folder: Path
) -> None:
    data_dir = tmp_path / "data"
    first = counts_of(data_dir, folder)
    assert (first["listed"], first["added"], first["reposts"]) == (4, 3, 1)
    again = counts_of(data_dir, folder)
    assert (again["known"], again["added"], again["reposts"]) == (4, 0, 0)
    assert n_rows(data_dir, Meme) == 3
    assert n_rows(data_dir, Sighting) == 4


def test_another_picture_under_a_known_name_is_taken(tmp_path: Path, folder: Path) -> None:
    data_dir = tmp_path / "data"
    counts_of(data_dir, folder)
    (folder / "a.png").write_bytes(picture(9))
    assert counts_of(data_dir, folder)["added"] == 1


def test_labels_become_votes_of_a_named_annotator_once(tmp_path: Path, folder: Path) -> None:
    data_dir = tmp_path / "data"
    labels = folder / "labels.csv"
    labels.write_text(
        "file,genre,year,fold,group,trust,source\n"
        "a.png,ironic,2019,4,g1,viewed,here\n"
        "b.jpg,political,2020-2021,0,g2,source,there\n"
        "below/d.png,text_post,<=2017,,,,\n"
    )
    for _ in range(2):
        counts = counts_of(data_dir, folder, "--labels", labels)
        assert counts["listed"] == 4  # the CSV itself is not offered as a picture
    with Database.open(Settings(data_dir=data_dir)).reading() as session:
        votes = session.scalars(select(Vote).order_by(Vote.id)).all()
        assert [(v.annotator, v.genre, v.trust) for v in votes] == [
            ("import:labels", "ironic", "viewed"),
            ("import:labels", "political", "source"),
            ("import:labels", "text_post", None),
        ]
        a, b, d, _ = session.scalars(select(Sighting).order_by(Sighting.image_url)).all()
        assert (a.year_low, a.year_high, a.fold, a.source_group) == (2019, 2019, 4, "g1")
        assert (b.year_low, b.year_high, b.fold, b.community) == (2020, 2021, 0, "there")
        assert (d.year_low, d.year_high, d.fold) == (None, 2017, None)
        assert Path(a.image_url) == folder / "a.png"


def test_labels_may_name_files_as_seen_from_the_csv_or_from_the_folder(
    tmp_path: Path, folder: Path
) -> None:
    beside = tmp_path / "labels.csv"
    beside.write_text("file,genre\npictures/a.png,ironic\n")
    files = files_in(folder)
    assert read_labels(beside, folder, files) == {folder / "a.png": Label("ironic")}
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "labels.csv").write_text("file,genre\na.png,ironic\n")
    assert read_labels(elsewhere / "labels.csv", folder, files) == {
        folder / "a.png": Label("ironic")
    }


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("file,fold\na.png,1\n", "lacks the column genre (or year)"),
        ("file,genre\na.png,funny\n", "line 2: no genre 'funny'"),
        ("file,genre,year\na.png,ironic,soon\n", "line 2"),
        ("file,genre,fold\na.png,ironic,x\n", "line 2"),
        ("", "lacks the column"),
    ],
)
def test_labels_that_cannot_be_used_are_told_before_anything_is_imported(
    tmp_path: Path, folder: Path, text: str, what: str
) -> None:
    labels = tmp_path / "labels.csv"
    labels.write_text(text)
    done = command(tmp_path / "data", folder, "--labels", labels)
    assert done.returncode == 2
    assert what in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "data").exists()


def test_files_that_are_no_pictures_are_one_line_each_and_the_rest_is_done(
    tmp_path: Path, folder: Path
) -> None:
    (folder / "empty.png").write_bytes(b"")
    (folder / "text.jpg").write_text("no picture")
    (folder / "cut.jpg").write_bytes(picture(4, "JPEG")[:-200])
    (folder / ".hidden.txt").write_text("not looked at")
    done = command(tmp_path / "data", folder, "--json")
    counts = json.loads(done.stdout)
    assert counts["added"] == 3
    assert counts["rejected"] == {"empty": 1, "not_an_image": 1, "corrupt": 1}
    assert done.returncode == 0
    lines = done.stderr.splitlines()
    assert len(lines) == 3
    assert all(str(folder) in line for line in lines)


def test_a_single_file_can_be_imported(tmp_path: Path, folder: Path) -> None:
    assert counts_of(tmp_path / "data", folder / "a.png")["added"] == 1


def test_nothing_to_import_is_exit_code_2_and_one_line(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    text = tmp_path / "text.jpg"
    text.write_text("no picture")
    assert command(tmp_path / "data", tmp_path / "missing").returncode == 2
    assert command(tmp_path / "data", empty).returncode == 2
    assert command(tmp_path / "data", text).returncode == 2
    with pytest.raises(BadInput, match="there is no such folder"):
        files_in(tmp_path / "missing")


def test_a_file_over_the_size_limit_is_not_read(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MEMEERA_MAX_BYTES", "1000")
    (folder / "large.png").write_bytes(picture(1) + bytes(100_000))
    (folder / "small.png").write_bytes(_small())
    counts = counts_of(tmp_path / "data", folder)
    assert counts["rejected"]["too_many_bytes"] >= 1
    assert counts["added"] >= 1


def _small() -> bytes:
    file = io.BytesIO()
    Image.new("1", (16, 16), 1).save(file, "PNG")
    assert len(file.getvalue()) < 1000
    return file.getvalue()


def test_an_import_killed_at_any_moment_goes_on_where_it_was(tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    n_files = 400
    lines = ["file,genre"]
    for i in range(n_files):
        (folder / f"{i:03d}.png").write_bytes(picture(i))
        lines.append(f"{i:03d}.png,ironic")
    (folder / "labels.csv").write_text("\n".join(lines))
    data_dir = tmp_path / "data"
    for wanted in (1, 200):
        process = subprocess.Popen(
            [sys.executable, "-m", "crawler", "import", folder, "--labels", folder / "labels.csv"],
            cwd=ROOT,
            env=os.environ | {"MEMEERA_DATA_DIR": str(data_dir)},
            stderr=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + 60
        while process.poll() is None and n_rows(data_dir, Vote) < wanted:
            assert time.monotonic() < deadline
            time.sleep(0.005)
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert n_rows(data_dir, Meme) < n_files  # it was in the middle
    counts_of(data_dir, folder, "--labels", folder / "labels.csv")
    assert n_rows(data_dir, Meme) == n_files
    assert n_rows(data_dir, Vote) == n_files
    assert len(list((data_dir / "media").rglob("*.png"))) == n_files
    # What a killed writer leaves half-written is told by `memeera db check`: one file a kill.
    assert len(list((data_dir / "media").rglob("*.part"))) <= 2


def test_labels_that_come_later_bring_all_they_say(tmp_path: Path, folder: Path) -> None:
    data_dir = tmp_path / "data"
    counts_of(data_dir, folder)
    labels = tmp_path / "labels.csv"
    labels.write_text("file,genre,year,fold,group\npictures/a.png,ironic,2019,4,g1\n")
    assert counts_of(data_dir, folder, "--labels", labels)["known"] == 4
    with Database.open(Settings(data_dir=data_dir)).reading() as session:
        query = select(Sighting).where(Sighting.image_url == str(folder / "a.png"))
        sighting = session.scalars(query).one()
        said = (sighting.year_low, sighting.fold, sighting.source_group)
        assert said == (2019, 4, "g1")


def test_a_label_can_be_corrected_and_corrected_back(tmp_path: Path, folder: Path) -> None:
    data_dir = tmp_path / "data"
    labels = tmp_path / "labels.csv"
    for genre in ("ironic", "ironic", "political", "ironic", "ironic"):
        labels.write_text(f"file,genre\na.png,{genre}\n")
        counts_of(data_dir, folder, "--labels", labels)
    with Database.open(Settings(data_dir=data_dir)).reading() as session:
        votes = session.scalars(select(Vote.genre).order_by(Vote.id)).all()
        assert votes == ["ironic", "political", "ironic"]


def test_a_folder_is_one_however_it_is_written(tmp_path: Path, folder: Path) -> None:
    data_dir = tmp_path / "data"
    (tmp_path / "link").symlink_to(folder)
    counts_of(data_dir, folder)
    for same in (folder / "below" / "..", tmp_path / "link"):
        assert counts_of(data_dir, same)["known"] == 4
    assert n_rows(data_dir, Sighting) == 4


def test_labels_of_which_none_is_found_and_an_empty_name_are_bad_input(
    tmp_path: Path, folder: Path
) -> None:
    labels = tmp_path / "labels.csv"
    labels.write_text("file,genre\nelsewhere.png,ironic\n")
    done = command(tmp_path / "data", folder, "--labels", labels)
    assert done.returncode == 2
    assert "none of its files is in" in done.stderr
    labels.write_text("file,genre\na.png,ironic\na.png,political\n")
    done = command(tmp_path / "data", folder, "--labels", labels)
    assert done.returncode == 2
    assert "line 3: a.png has another genre" in done.stderr
    assert command(tmp_path / "data", "").returncode == 2


def test_the_collection_does_not_import_its_own_pictures(tmp_path: Path, folder: Path) -> None:
    counts_of(folder / "data", folder)
    assert counts_of(folder / "data", folder)["known"] >= 4
    assert n_rows(folder / "data", Meme) == 3


def test_the_label_of_a_copy_is_said_of_that_copy(tmp_path: Path) -> None:
    folder = tmp_path / "memes"
    folder.mkdir()
    (folder / "1.png").write_bytes(picture(1))
    with Image.open(folder / "1.png") as image:
        image.convert("RGB").save(folder / "2.jpg", quality=60)
    (folder / "3.jpg").write_bytes((folder / "2.jpg").read_bytes())
    labels = tmp_path / "labels.csv"
    labels.write_text("file,genre\n1.png,ironic\n2.jpg,ironic\n3.jpg,political\n")
    data_dir = tmp_path / "data"
    for _ in range(2):
        counts_of(data_dir, folder, "--labels", labels)
    with Database.open(Settings(data_dir=data_dir)).reading() as session:
        copy_id = session.scalars(select(Copy.id)).one()
        votes = session.scalars(select(Vote).order_by(Vote.id)).all()
    assert [(vote.genre, vote.copy_id) for vote in votes] == [
        ("ironic", None),
        ("ironic", copy_id),
        ("political", copy_id),
    ]


def intake(settings: Settings) -> Intake:
    """A process that meets pictures that do what none should."""
    meet_them()
    return Intake(settings)


def test_no_file_ends_the_import_of_the_others(
    settings: Settings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    hostile = {"a-fails": FAILS, "c-kills": KILLS, "e-hangs": HANGS, "f-eats": EATS}
    for name, data in hostile.items():
        (tmp_path / name).write_bytes(data)
    for seed, name in enumerate(("b.png", "d.png", "g.png")):
        (tmp_path / name).write_bytes(picture(seed))
    one_process = lambda _, __, *arguments: Workers(1, intake, *arguments)  # noqa: E731
    monkeypatch.setattr(crawler.importing, "Workers", one_process)
    hurried = settings.model_copy(update={"answer_timeout_s": 0.3})
    counts = import_files(hurried, tmp_path, files_in(tmp_path), {})
    assert (counts.listed, counts.added, counts.failed, counts.n_rejected) == (7, 3, 4, 0)
    told = capsys.readouterr().err.splitlines()
    assert len(told) == 4
    for (name, data), line in zip(hostile.items(), told, strict=True):
        assert line.startswith(f"{tmp_path / name}: ")
        assert line.endswith(f"({REASONS[data]})")
    with Database.open(settings).reading() as session:
        assert session.scalars(select(Run)).one().counts["failed"] == 4


def test_files_that_failed_are_told_by_the_exit_code(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, folder: Path
) -> None:
    monkeypatch.setenv("MEMEERA_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setattr(
        crawler.importing, "import_files", lambda *_, **__: Counts(listed=4, added=3, failed=1)
    )
    with pytest.raises(MemeEraError, match="1 of 4 files failed"):
        CliRunner().invoke(main, ["import", str(folder)], catch_exceptions=False)


def test_what_fails_within_the_transaction_costs_its_own_file_alone(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cast(_: object, __: int, annotator: str, **___: object) -> None:
        if annotator == "bad":
            raise IndexError("nobody foresaw it")

    monkeypatch.setattr(crawler.intake, "cast_of_place", cast)
    taking = Intake(settings)
    files = [
        File.of(f"/{who}.png", picture(seed), [Label("ironic")], None, who)
        for seed, who in enumerate(("one", "bad", "two"))
    ]
    examined = []
    for file in files:
        look = taking.look(file.data)
        assert not isinstance(look, Unusable)
        examined.append(replace(file, examined=look))
    with Database.open(settings).writing() as session:
        run_id = start_run(session, "folder", "here")
    taken = taking.add(examined, run_id, Counts())
    assert [type(one) for one in taken] == [Added, Unusable, Added]
    assert n_rows(settings.data_dir, Meme) == 2
