"""python -m db, as a program and as a command."""

import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import core.cli
from core.fingerprint import fingerprint
from core.settings import Settings
from db.__main__ import main
from db.memes import Collection, Seen
from tests.conftest import ROOT
from tests.pictures import picture


@pytest.fixture(autouse=True)
def _log_handlers_of_this_test_alone() -> Iterator[None]:
    handlers = list(logging.root.handlers)
    yield
    logging.root.handlers[:] = handlers


@pytest.fixture
def chosen(database_settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """These settings, as the environment gives them to a command."""
    monkeypatch.setenv("MEMEERA_DATA_DIR", str(database_settings.data_dir))
    if database_settings.database_url:
        monkeypatch.setenv("MEMEERA_DATABASE_URL", database_settings.database_url)
    return database_settings


def command(*args: str) -> int:
    """Run it in this process; gives the exit code."""
    with pytest.raises(SystemExit) as ended:
        core.cli.run(main, "python -m db", args)
    assert isinstance(ended.value.code, int)
    return ended.value.code


def program(*args: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run it as people do."""
    return subprocess.run(
        [sys.executable, "-m", "db", *args],
        cwd=ROOT,
        env=os.environ | variables,
        capture_output=True,
        text=True,
        timeout=60,
    )


def fill(settings: Settings, n_memes: int = 2) -> list[int]:
    collection = Collection.open(settings)
    with collection.adding() as adder:
        memes = [
            adder.add(
                picture(n), fingerprint(picture(n)), Seen("test", str(n), f"https://a/{n} 🐸.png")
            ).meme_id
            for n in range(n_memes)
        ]
    collection.database.engine.dispose()
    return memes


def test_the_program_prints_json_and_nothing_else(settings: Settings) -> None:
    memes = fill(settings)
    ended = program("memes", "--json", MEMEERA_DATA_DIR=str(settings.data_dir))
    assert (ended.returncode, ended.stderr) == (0, "")
    assert [meme["id"] for meme in json.loads(ended.stdout)] == memes
    assert "🐸" in ended.stdout


def test_a_bad_database_url_ends_the_program_with_2_and_one_line() -> None:
    ended = program("stats", "--json", MEMEERA_DATABASE_URL="nonsense://here")
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.startswith("MEMEERA_DATABASE_URL: ")
    assert len(ended.stderr.splitlines()) == 1


@pytest.mark.parametrize("name", ["migrate", "stats", "memes"])
def test_a_database_that_does_not_answer_ends_a_command_with_1_and_one_line(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("psycopg")
    monkeypatch.setenv("MEMEERA_DATABASE_URL", "postgresql://ana:secret@127.0.0.1:1/memes")
    assert command(name, "--json") == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert len(captured.err.splitlines()) == 1
    assert captured.err.startswith("cannot open the database postgresql")
    assert "127.0.0.1:1/memes: " in captured.err
    assert "secret" not in captured.err


@pytest.mark.usefixtures("chosen")
def test_migrate_says_where_and_to_which_revision(capsys: pytest.CaptureFixture[str]) -> None:
    assert command("migrate") == 0
    assert capsys.readouterr().out.endswith(" is at revision 0001, the newest\n")
    assert command("migrate", "--json") == 0
    reply = json.loads(capsys.readouterr().out)
    assert reply["revision"] == "0001"
    assert reply["database"].startswith(("sqlite:///", "postgresql+psycopg://"))


def test_stats_count_what_is_there(chosen: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    fill(chosen)
    assert command("stats", "--json") == 0
    counts: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert list(counts) == ["tables", "genres", "communities", "sources", "years"]
    assert counts["tables"]["meme"] == 2
    assert command("stats") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[-4:-2] == ["sources", "  test                            2"]


@pytest.mark.usefixtures("chosen")
def test_a_new_collection_is_empty(capsys: pytest.CaptureFixture[str]) -> None:
    assert command("memes", "--json") == 0
    assert json.loads(capsys.readouterr().out) == []
    assert command("memes") == 0
    assert capsys.readouterr().out == ""


def test_memes_are_listed_a_line_each(chosen: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    fill(chosen)
    assert command("memes") == 0
    first, second = capsys.readouterr().out.splitlines()
    assert first.split()[0] == "1"
    assert first.endswith("1 sightings  https://a/0 🐸.png")
    assert second.split()[0] == "2"


def test_a_command_that_does_not_exist_is_bad_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert command("destroy") == 2
    assert capsys.readouterr().out == ""


def test_without_a_setting_the_collection_is_in_the_folder_data(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command("migrate") == 0
    assert (tmp_path / "data" / "memes.db").is_file()
    assert capsys.readouterr().err == ""
