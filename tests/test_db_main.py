"""python -m db, as a program and as a command."""

import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import select

import core.cli
from core.fingerprint import fingerprint, hash_bytes
from core.settings import Settings
from db.__main__ import main
from db.memes import Collection, Seen
from db.models import Rematch
from db.session import Database
from tests.collecting import add
from tests.conftest import ROOT
from tests.pictures import picture, repost, sibling


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


@pytest.mark.parametrize(
    "name", ["migrate", "stats", "memes", "templates", "duplicates", "rematch", "check"]
)
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
    assert capsys.readouterr().out.endswith(" is at revision 0009, the newest\n")
    assert command("migrate", "--json") == 0
    reply = json.loads(capsys.readouterr().out)
    assert reply["revision"] == "0009"
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


def fill_with_copies(settings: Settings) -> list[str]:
    """Two memes of one family, and a copy of each; gives the SHA-256 of each file."""
    collection = Collection.open(settings)
    files = [picture(1), sibling(1, 1), repost(picture(1)), repost(sibling(1, 1))]
    for number, data in enumerate(files):
        add(collection, data, str(number))
    collection.database.engine.dispose()
    return [hash_bytes(data) for data in files]


def reply(capsys: pytest.CaptureFixture[str], *args: str, code: int = 0) -> Any:
    assert command(*args, "--json") == code
    return json.loads(capsys.readouterr().out)


def test_templates_are_listed_largest_first(
    chosen: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    own, *_ = fill_with_copies(chosen)
    (family,) = reply(capsys, "templates")
    assert family == {
        "id": 1,
        "n_memes": 2,
        "n_sightings": 4,
        "representative_id": 1,
        "sha256": own,
        "image_url": "https://example.com/0",
    }
    assert command("templates") == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert line.split() == ["1", own[:12], "2", "memes", "4", "sightings", family["image_url"]]
    assert len(reply(capsys, "templates", "--all", "--limit", "5")) == 1


@pytest.mark.usefixtures("chosen")
def test_lists_of_an_empty_collection_are_empty(capsys: pytest.CaptureFixture[str]) -> None:
    assert reply(capsys, "templates") == reply(capsys, "duplicates") == []
    assert command("duplicates") == 0
    assert capsys.readouterr().out == ""


def test_duplicates_are_listed_and_one_is_taken_back(
    chosen: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    *_, first, second = fill_with_copies(chosen)
    rows = reply(capsys, "duplicates")
    assert {row["sha256"] for row in rows} == {first, second}
    assert list(rows[0]) == [
        "decision_id",
        "score",
        "by",
        "decided_at",
        "meme_id",
        "meme_sha256",
        "meme_url",
        "sha256",
        "image_url",
        "n_sightings",
    ]
    assert datetime.fromisoformat(rows[0]["decided_at"]).tzinfo == UTC
    (chosen_row,) = reply(capsys, "duplicates", "--meme", "2")
    assert chosen_row["sha256"] == second
    assert command("duplicates", "--limit", "1") == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert f"meme {rows[0]['meme_id']}  {rows[0]['meme_url']}  <-  {rows[0]['image_url']}" in line

    assert command("duplicates", "--undo", str(chosen_row["decision_id"])) == 0
    told = f"decision {chosen_row['decision_id']} is undone: {second[:12]} is meme 3 now, "
    assert capsys.readouterr().out == told + "apart from meme 2\n"
    assert command("duplicates", "--undo", str(chosen_row["decision_id"])) == 2
    captured = capsys.readouterr()
    assert (captured.out, len(captured.err.splitlines())) == ("", 1)
    assert "undone already" in captured.err
    (other,) = reply(capsys, "duplicates")
    assert reply(capsys, "duplicates", "--undo", str(other["decision_id"]))["meme_id"] == 4


def test_rematch_says_what_it_did_and_whether_it_went_on(
    chosen: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    fill_with_copies(chosen)
    told = reply(capsys, "rematch")
    assert (told["resumed"], told["memes"], told["copies"], told["merged"]) == (False, 2, 2, 0)
    database = Database.open(chosen)
    with database.writing_alone() as session:
        row = session.scalars(select(Rematch)).one()
        row.finished_at = None  # as if it had been killed
    database.engine.dispose()
    assert command("rematch") == 0
    captured = capsys.readouterr()
    assert captured.err == "going on after 4 files of a rematch that was stopped\n"
    assert captured.out.startswith("2 memes and 2 copies decided anew: 0 memes merged into others")


def test_check_ends_with_1_where_something_is_wrong_and_says_what_mends_it(
    chosen: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    fill_with_copies(chosen)
    assert command("check") == 0
    assert capsys.readouterr().out == "4 memes and copies, 4 files\n"
    orphan = chosen.data_dir / "media" / "ab" / f"{'ab' * 32}.png"
    orphan.parent.mkdir(exist_ok=True)
    orphan.write_bytes(b"x")
    assert reply(capsys, "check")["n_young"] == 1
    os.utime(orphan, (0, 0))
    assert command("check") == 1
    captured = capsys.readouterr()
    assert captured.out.splitlines()[:2] == ["file_without_row: 1", f"  {orphan}"]
    assert captured.err == (
        "python -m db check --repair puts right what can be without losing anything\n"
    )
    mended = reply(capsys, "check", "--repair")
    assert (mended["clean"], mended["repaired"]["file_without_row"]) == (True, 1)
    next((chosen.data_dir / "media").rglob("*.png")).unlink()
    assert command("check", "--repair") == 1
    captured = capsys.readouterr()
    assert captured.err == "found and left as it is: row_without_file\n"
    found = reply(capsys, "check", code=1)
    assert (found["clean"], found["found"]) == (False, {"row_without_file": 1})


def test_a_command_that_does_not_exist_is_bad_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert command("destroy") == 2
    assert capsys.readouterr().out == ""


def test_without_a_setting_the_collection_is_in_the_folder_data(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command("migrate") == 0
    assert (tmp_path / "data" / "memes.db").is_file()
    assert capsys.readouterr().err == ""


def test_a_backup_is_made_and_restored_by_commands(tmp_path: Path) -> None:
    variables = {"MEMEERA_DATA_DIR": str(tmp_path / "data")}
    runner = CliRunner(env=variables)
    made = runner.invoke(main, ["backup", "out.backup", "--json"])
    assert made.exit_code == 0, made.output
    assert json.loads(made.stdout)["n_memes"] == 0
    done = runner.invoke(main, ["restore", "out.backup", "--json"])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["missing"] == []
