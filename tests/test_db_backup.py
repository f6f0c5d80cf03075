"""A backup is one file with all rows, and comes back whole or not at all."""

import json
import sqlite3
import zipfile
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import Engine

import db.backup
from core.errors import BadInput, MemeEraError
from core.fingerprint import hash_bytes
from core.settings import Settings
from db.backup import Restored, backup, restore
from db.check import check
from db.engine import make_engine
from db.labels import cast
from db.memes import Collection
from db.session import Database
from tests.collecting import add, state
from tests.pictures import picture, repost


@pytest.fixture
def filled(collection: Collection) -> Collection:
    for number, data in enumerate((picture(1), repost(picture(1)), picture(2))):
        add(collection, data, str(number), title=f"title {number}")
    with collection.database.writing() as session:
        cast(session, 1, "ana", genre="ironic", idempotency_key="one")
    return collection


def restored(collection: Collection, path: Path, *, force: bool = False) -> Restored:
    return restore(collection.database.engine, collection.media, path, force=force)


def test_what_was_backed_up_comes_back(filled: Collection, tmp_path: Path) -> None:
    path = tmp_path / "memes.backup"
    before = state(filled)
    made = backup(filled.database, filled.media, path)
    assert (made.n_memes, made.n_files) == (2, 3)
    with zipfile.ZipFile(path) as archive:
        listed = [json.loads(line) for line in archive.read("media.jsonl").splitlines()]
    sizes = {hash_bytes(d): len(d) for d in (picture(1), repost(picture(1)), picture(2))}
    assert {one["sha256"]: one["bytes"] for one in listed} == sizes

    add(filled, picture(3), "later")
    with pytest.raises(BadInput, match=r"holds memes already.*--force"):
        restored(filled, path)
    assert len(state(filled)["memes"]) == 3
    filled.media.delete(hash_bytes(picture(2)), "PNG")
    done = restored(filled, path, force=True)
    assert done.missing == [f"{hash_bytes(picture(2))}.png"]
    assert state(filled) == before
    add(filled, picture(2), "again")  # which puts the file back
    found = check(filled.database, filled.media).found
    assert found == {}
    assert list(tmp_path.glob(".*")) == []
    with pytest.raises(BadInput, match="is there already"):
        backup(filled.database, filled.media, path)


def test_killed_in_the_middle_there_is_no_backup_and_the_old_database(
    filled: Collection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(db.backup, "_files", die)
        with pytest.raises(KeyboardInterrupt):
            backup(filled.database, filled.media, tmp_path / "b")
    assert not (tmp_path / "b").exists()
    backup(filled.database, filled.media, tmp_path / "b")
    before = state(filled)
    with monkeypatch.context() as patch:
        patch.setattr(db.backup, "_copy_into", die)
        patch.setattr(db.backup, "_run", die)
        with pytest.raises(KeyboardInterrupt):
            restored(filled, tmp_path / "b", force=True)
    assert state(filled) == before


def rewritten(path: Path, change: Callable[[dict[str, object]], object]) -> Path:
    """A backup that says something else of itself."""
    with zipfile.ZipFile(path) as old:
        about = json.loads(old.read("backup.json"))
        change(about)
        changed = path.with_name(f"{uuid4().hex}.zip")
        with zipfile.ZipFile(changed, "w") as new:
            new.writestr("backup.json", json.dumps(about))
            for name in ("database", "media.jsonl"):
                new.writestr(name, old.read(name))
    return changed


def test_wrong_input_ends_in_one_line_each(settings: Settings, tmp_path: Path) -> None:
    collection = Collection.open(settings)
    add(collection, picture(1), "1")
    good = tmp_path / "good.zip"
    backup(collection.database, collection.media, good)
    (tmp_path / "picture.png").write_bytes(picture(1))
    with zipfile.ZipFile(tmp_path / "other.zip", "w") as other:
        other.writestr("a.txt", "b")
    cut = tmp_path / "cut.zip"
    cut.write_bytes(good.read_bytes()[:-100])
    before = state(collection)
    for path, said in (
        (tmp_path / "picture.png", "is no backup"),
        (tmp_path / "other.zip", "is no backup"),
        (tmp_path / "nothing", "is not there"),
        (tmp_path, "is no backup"),
        (cut, "is no backup"),
        (rewritten(good, lambda a: a.update(format=2)), "newer memeEra"),
        (rewritten(good, lambda a: a.update(revision="9999")), "newer version"),
        (rewritten(good, lambda a: a.update(kind="postgresql")), "is of a postgresql database"),
        (rewritten(good, lambda a: a.clear()), "is no backup"),
    ):
        with pytest.raises(BadInput, match=said) as raised:
            restored(collection, path, force=True)
        assert "\n" not in str(raised.value)
    assert state(collection) == before


def test_a_damaged_database_says_what_to_do_and_is_laid_aside(
    settings: Settings, tmp_path: Path
) -> None:
    collection = Collection.open(settings)
    add(collection, picture(1), "1")
    before = state(collection)
    backup(collection.database, collection.media, tmp_path / "b")
    collection.database.engine.dispose()
    path = settings.data_dir / "memes.db"
    path.write_bytes(b"not at all a database" * 500)
    with pytest.raises(MemeEraError, match=r"damaged .*`memeera db restore`, made by `memee"):
        Database.open(settings)
    engine: Engine = make_engine(settings)
    with pytest.raises(MemeEraError, match="damaged"):
        restore(engine, collection.media, tmp_path / "b")
    restore(engine, collection.media, tmp_path / "b", force=True)
    assert state(Collection.open(settings)) == before
    (aside,) = settings.data_dir.glob("memes.db.damaged-*")
    assert aside.read_bytes().startswith(b"not at all")


def test_an_older_backup_is_brought_up_to_date(settings: Settings, tmp_path: Path) -> None:
    from alembic import command

    from db.migrations.upgrade import alembic_config, changing_tables

    engine = make_engine(settings)
    config = alembic_config()
    with changing_tables(engine) as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0005")
    old = Database(engine)
    media = Collection.open(Settings(data_dir=tmp_path / "other")).media
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(db.backup, "_files", lambda _: [])
        made = backup(old, media, tmp_path / "old")
    assert made.revision == "0005"
    engine.dispose()
    (settings.data_dir / "memes.db").unlink()
    restore(make_engine(settings), media, tmp_path / "old")
    with sqlite3.connect(settings.data_dir / "memes.db") as connection_now:
        (revision,) = connection_now.execute("SELECT version_num FROM alembic_version").fetchone()
    assert revision > "0005"


def test_without_postgresqls_programs_there_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(db.backup, "_PROGRAMS", Path("/nowhere"))
    with pytest.raises(MemeEraError, match="pg_dump is not installed"):
        db.backup._program("pg_dump")
