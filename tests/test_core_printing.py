"""Nothing from outside moves the cursor of a terminal, or makes a line that looks like ours."""

import csv
import io
import json
import logging
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import click
import pytest

import crawler.__main__
import db.__main__
import memeEraML
import training.__main__
from core.cli import echo, print_json, run, warn
from core.errors import BadInput
from core.printing import clean, json_text
from core.settings import Settings
from db.memes import Collection
from db.runs import start_run
from tests.collecting import add
from tests.conftest import ROOT
from tests.pictures import picture, repost
from training.registry import STARTER, Registry

# What hides the line before it, begins others in six ways, changes colours twice, turns the
# direction of writing, and is no text.
HOSTILE: Final = (
    "x\x1b[2k\rforged\nforged\x0bforged\x85forged\u2028forged\u2029forged\t\x9b31m\x7f\u202e"
) + "\udcff" * (sys.platform != "darwin")  # macOS takes no file name that is no UTF-8
ACTIVE: Final = re.compile(r"[^\S \n]|[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


@pytest.fixture(autouse=True)
def _log_handlers_of_this_test_alone() -> Iterator[None]:
    handlers = list(logging.root.handlers)
    yield
    logging.root.handlers[:] = handlers


def printed(capsys: pytest.CaptureFixture[str], command: click.Command, *words: object) -> str:
    """What a command prints on both streams, which nobody may take for more than it is."""
    with pytest.raises(SystemExit):
        run(command, "python -m example", list(map(str, words)))
    captured = capsys.readouterr()
    for text in captured:
        assert not ACTIVE.search(text)
        assert not any(line.startswith("forged") for line in text.split("\n"))
        text.encode()
    return captured.out + captured.err


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("¿qué? 🐸 ñ 漢字 نص", "¿qué? 🐸 ñ 漢字 نص"),
        ("a\r\nb\tc", r"a\r\nb\tc"),
        ("\x1b]0;title\x07", r"\x1b]0;title\x07"),
        ("\x9b2J\x7f\x85", r"\x9b2J\x7f\x85"),
        ("\u202egnp.exe\u2066\u2069\u200f", r"\u202egnp.exe\u2066\u2069\u200f"),
        ("\u2028\u2029", r"\u2028\u2029"),
        ("\udcff.png", r"\udcff.png"),
        ("👨\u200d👩\u200d👧", "👨\u200d👩\u200d👧"),  # joined by U+200D, which moves nothing
    ],
)
def test_what_is_no_letter_is_shown_escaped(text: str, shown: str) -> None:
    assert clean(text) == shown


def test_each_thing_that_is_printed_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    echo(HOSTILE, 7)
    warn(HOSTILE)
    out, err = capsys.readouterr()
    assert out == f"{clean(HOSTILE)}\n7\n"
    assert err == f"{clean(HOSTILE)}\n"


def test_json_is_harmless_on_a_terminal_and_exact_for_a_program(
    capsys: pytest.CaptureFixture[str],
) -> None:
    print_json({HOSTILE: [HOSTILE, "🐸"]})
    out = capsys.readouterr().out
    assert not ACTIVE.search(out)
    assert "🐸" in out
    assert json.loads(out) == {HOSTILE: [HOSTILE, "🐸"]}
    assert json.loads(json_text(HOSTILE)) == HOSTILE


def test_an_error_is_one_line_whatever_it_tells_of(capsys: pytest.CaptureFixture[str]) -> None:
    for error in (BadInput(HOSTILE), click.ClickException(HOSTILE), click.UsageError(HOSTILE)):

        def fail(error: Exception = error) -> None:
            raise error

        text = printed(capsys, click.Command("example", callback=fail))
        assert text.count("\n") == 1


def test_what_is_logged_forges_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    def log() -> None:
        try:
            raise ValueError(HOSTILE)
        except ValueError:
            logging.getLogger("library").exception("of %s", HOSTILE)

    logging.root.handlers.clear()
    first, *below, last = printed(capsys, click.Command("example", callback=log)).split("\n")
    assert first == f"library: of {clean(HOSTILE)}"
    assert below
    assert all(line.startswith("    ") for line in below)
    assert last == ""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings of this process; nothing is in the collection yet."""
    monkeypatch.setenv("MEMEERA_DATA_DIR", str(tmp_path / "data"))
    return Settings.load()


def test_tables_of_the_collection_show_what_sources_wrote_escaped(
    home: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    name = HOSTILE.removesuffix("\udcff")  # no database takes that
    collection = Collection.open(home)
    for number, data in enumerate([picture(1), repost(picture(1))]):
        add(collection, data, f"{number}{name}", community=name, title=name, author=name)
    with collection.database.writing_alone() as session:
        start_run(session, name, name)
    collection.database.engine.dispose()
    for words in (["stats"], ["memes"], ["templates", "--all"], ["duplicates"]):
        assert clean(name) in printed(capsys, db.__main__.main, *words)
    assert clean(name) in printed(capsys, crawler.__main__.main, "status")
    left_over = home.data_dir / "media" / "ab" / (HOSTILE.replace("/", "") + ".jpg")
    left_over.parent.mkdir(exist_ok=True, parents=True)
    left_over.write_bytes(b"")
    printed(capsys, db.__main__.main, "check")
    for path in (home.data_dir / "media").rglob("*.png"):
        path.unlink()
    printed(capsys, db.__main__.main, "rematch")
    printed(capsys, db.__main__.main, "export", f"out{HOSTILE}")


def test_file_names_are_shown_escaped(
    home: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / f"folder{HOSTILE}"
    folder.mkdir()
    (folder / f"a{HOSTILE}.png").write_bytes(picture(1))
    (folder / f"b{HOSTILE}.png").write_bytes(b"no picture")
    assert clean(folder / f"b{HOSTILE}.png") in printed(
        capsys, crawler.__main__.main, "import", folder
    )
    assert clean(folder) in printed(capsys, crawler.__main__.main, "status")
    lines = printed(capsys, memeEraML.main, "classify", "--no-words", folder)
    assert clean(folder / f"a{HOSTILE}.png") in lines
    assert len(lines.splitlines()) == 2
    for words in (["classify", HOSTILE], ["classify", "--model", HOSTILE, "x"], [HOSTILE]):
        printed(capsys, memeEraML.main, *words)
    text = printed(capsys, memeEraML.main, "classify", "--no-words", "--csv", folder)
    _, *rows = csv.reader(io.StringIO(text))
    assert clean(folder / f"a{HOSTILE}.png") in [row[0] for row in rows]
    text = printed(
        capsys, memeEraML.main, "classify", "--no-words", "--json", folder / f"a{HOSTILE}.png"
    )
    assert json.loads(text)[0]["file"] == str(folder / f"a{HOSTILE}.png")


def test_versions_of_models_are_shown_escaped(
    home: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    version = HOSTILE.removesuffix("\udcff")
    shutil.copytree(Registry(home.models_dir).path(STARTER), home.models_dir / version)
    for command, words in (
        (memeEraML.main, ["models"]),
        (training.__main__.main, ["list"]),
        (training.__main__.main, ["promote", version]),
        (training.__main__.main, ["promote", "other"]),
    ):
        assert clean(version) in printed(capsys, command, *words)


def test_everything_is_printed_by_what_cleans_it() -> None:
    # Besides: pages of Streamlit are no terminal.
    others = [
        f"{path.relative_to(ROOT)}: {found[0]}"
        for stage in ("app", "core", "crawler", "db", "labeling", "training")
        for path in [*(ROOT / stage).rglob("*.py"), ROOT / "memeEraML.py"]
        for found in re.finditer(
            r"click\.s?echo|tqdm\.write|\bprint\(|sys\.std(out|err)\.write", path.read_text("utf-8")
        )
        if path != ROOT / "core" / "cli.py"
    ]
    assert others == []
