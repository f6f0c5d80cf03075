"""Puts the whole database into one file, while others work on, and takes it back from there.

The file is a ZIP archive of three: what it is (`backup.json`), the database (SQLite's file, or
what pg_dump wrote), and the list of the picture files that belong to it. Those themselves lie in
the media store, which any program copies.
"""

import json
import os
import shutil
import sqlite3
import subprocess
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from alembic.script import ScriptDirectory
from sqlalchemy import Engine, inspect, select, text, union_all
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session

from core.errors import BadInput, MemeEraError
from db.engine import why
from db.media import MediaStore
from db.migrations.upgrade import alembic_config, upgrade
from db.models import Copy, Meme
from db.session import Database

__all__ = ["Backup", "Restored", "backup", "restore"]

_FORMAT: Final = 1  # of the archive; greater: a newer memeEra made it
_ABOUT, _DATABASE, _MEDIA = "backup.json", "database", "media.jsonl"
_PROGRAMS: Final = Path("/usr/lib/postgresql")  # where Debian has them, a folder a version


@dataclass(frozen=True, slots=True)
class Backup:
    """What a backup holds."""

    format: int
    kind: str  # sqlite or postgresql
    revision: str  # of the tables
    made_at: str
    media: str  # where the picture files were
    n_memes: int
    n_files: int


@dataclass(frozen=True, slots=True)
class Restored:
    """What came back."""

    backup: Backup
    missing: list[str]  # picture files, by name, that the media store lacks


def backup(database: Database, media: MediaStore, path: Path) -> Backup:
    """Write the database, as it is at one moment, into a new file; others may write meanwhile.

    Killed half-way, there is no such file yet.

    Raises:
        BadInput: the file is there already.
        MemeEraError: it cannot be written, or PostgreSQL's programs are not installed.
    """
    if path.exists():
        raise BadInput(f"{path} is there already; a backup takes the place of nothing")
    kind = database.engine.dialect.name
    part = path.with_name(f".{path.name}.part")
    try:
        with tempfile.TemporaryDirectory(dir=path.absolute().parent) as folder:
            dump = Path(folder, _DATABASE)
            with database.reading() as session:
                _dump(session, dump)
                files = list(_files(session))
                revision = session.scalar(text("SELECT version_num FROM alembic_version"))
                n_memes = sum(is_meme for *_, is_meme in files)
            about = Backup(
                _FORMAT,
                kind,
                str(revision),
                f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
                media.root,
                n_memes,
                len(files),
            )
            with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as archive:
                archive.writestr(_ABOUT, json.dumps(asdict(about)))
                archive.write(dump, _DATABASE)
                with archive.open(_MEDIA, "w") as listed:
                    for sha256, format_name, n_bytes, _ in files:
                        name = media.path(sha256, format_name).rsplit("/", 1)[-1]
                        row = {"sha256": sha256, "bytes": n_bytes, "file": name}
                        listed.write(json.dumps(row).encode() + b"\n")
        os.replace(part, path)  # noqa: PTH105
    except OSError as error:
        raise MemeEraError(f"{path}: the backup cannot be written: {error}") from error
    finally:
        part.unlink(missing_ok=True)
    return about


def restore(engine: Engine, media: MediaStore, path: Path, *, force: bool = False) -> Restored:
    """Let the database be what a backup holds; killed half-way, it is what it was before.

    Args:
        engine: of the database, whose tables need not be there.
        media: where the picture files should be.
        path: the backup.
        force: also where the database holds something, which is lost.

    Raises:
        BadInput: it is no backup, or of another kind of database or a newer memeEra; or the
            database holds something.
        MemeEraError: the database does not answer, or PostgreSQL's programs are not installed.
    """
    with _opened(path) as archive, tempfile.TemporaryDirectory(dir=_beside(engine)) as folder:
        about = _about(archive, path, engine.dialect.name)
        try:
            dump = Path(archive.extract(_DATABASE, folder))
            files = [json.loads(line) for line in archive.read(_MEDIA).splitlines()]
        except (KeyError, ValueError, zipfile.BadZipFile, EOFError) as error:
            raise BadInput(f"{path}: the backup is damaged: {error}") from error
        if not force and _holds_something(engine):
            place = engine.url.render_as_string(hide_password=True)
            raise BadInput(
                f"{place} holds memes already: name an empty database, or restore with --force, "
                "which replaces all that is in it"
            )
        if about.kind == "sqlite":
            _restore_sqlite(engine, dump, path)
        else:
            told = ("--clean", "--if-exists", "--no-owner", "--single-transaction")
            _run("pg_restore", engine, *told, str(dump))
    upgrade(engine)
    there = set(media.names())
    return Restored(about, [one["file"] for one in files if one["sha256"] not in there])


def _beside(engine: Engine) -> Path | None:
    """Where SQLite's file has room for another; None: where temporary files usually are."""
    if engine.dialect.name != "sqlite":
        return None
    return Path(str(engine.url.database)).absolute().parent


def _dump(session: Session, dump: Path) -> None:
    connection = session.connection()
    engine = connection.engine
    if engine.dialect.name == "postgresql":
        snapshot = session.scalar(text("SELECT pg_export_snapshot()"))
        _run("pg_dump", engine, "--format=custom", f"--snapshot={snapshot}", f"--file={dump}")
        return
    # Of the session's own connection: the copy is of the moment that the list is of.
    session.scalar(text("SELECT count(*) FROM alembic_version"))
    source: Any = connection.connection.driver_connection
    with closing(sqlite3.connect(dump)) as copy:
        source.backup(copy)


def _files(session: Session) -> Iterator[Any]:
    """SHA-256, format, size of each file that is kept, and whether it is a meme's own."""
    of_each = (
        select(table.sha256, table.format, table.n_bytes, text(str(int(table is Meme)))).where(
            table.removed_at.is_(None)
        )
        for table in (Meme, Copy)
    )
    yield from session.execute(union_all(*of_each))


@contextmanager
def _opened(path: Path) -> Iterator[zipfile.ZipFile]:
    try:
        with zipfile.ZipFile(path) as archive:
            yield archive
    except FileNotFoundError as error:
        raise BadInput(f"{path} is not there") from error
    except (zipfile.BadZipFile, OSError) as error:
        raise BadInput(f"{path} is no backup made by `memeera db backup`: {error}") from error


def _about(archive: zipfile.ZipFile, path: Path, kind: str) -> Backup:
    try:
        said = json.loads(archive.read(_ABOUT))
        if int(said["format"]) > _FORMAT:
            raise BadInput(f"{path} was made by a newer memeEra; upgrade memeEra")
        about = Backup(**said)
    except (KeyError, TypeError, ValueError) as error:
        raise BadInput(f"{path} is no backup made by `memeera db backup`") from error
    script = ScriptDirectory.from_config(alembic_config())
    if about.revision not in {one.revision for one in script.walk_revisions()}:
        raise BadInput(
            f"{path} is of revision {about.revision}, which this memeEra does not know: it was "
            "made by a newer version; upgrade memeEra"
        )
    if about.kind != kind:
        raise BadInput(
            f"{path} is of a {about.kind} database, and MEMEERA_DATABASE_URL names a {kind} one"
        )
    return about


def _holds_something(engine: Engine) -> bool:
    try:
        with engine.connect() as connection:
            if not inspect(connection).has_table("meme"):
                return False
            return connection.execute(text("SELECT 1 FROM meme LIMIT 1")).first() is not None
    except DatabaseError as error:
        raise MemeEraError(f"{why(engine, error)}; --force puts the backup in its place") from error


def _restore_sqlite(engine: Engine, dump: Path, path: Path) -> None:
    """In one transaction of SQLite's own; a database that cannot be read is laid aside first."""
    with closing(sqlite3.connect(dump)) as source:
        try:
            (said,) = source.execute("PRAGMA quick_check(1)").fetchone()
        except sqlite3.DatabaseError as error:
            said = str(error)
        if said != "ok":
            raise BadInput(f"{path}: the backup is damaged: {said}")
        engine.dispose()
        place = Path(str(engine.url.database))
        try:
            _copy_into(source, place)
        except sqlite3.OperationalError as error:  # locked, full: as it was
            raise MemeEraError(f"{place} cannot be written: {error}") from error
        except sqlite3.DatabaseError:
            _lay_aside(place)
            _copy_into(source, place)


def _copy_into(source: sqlite3.Connection, place: Path) -> None:
    with closing(sqlite3.connect(place, timeout=30)) as target:
        target.execute("SELECT count(*) FROM sqlite_master").fetchone()  # raises where damaged
        source.backup(target)


def _lay_aside(place: Path) -> None:
    aside = f"damaged-{datetime.now(UTC):%Y%m%d-%H%M%S}"
    for end in ("-wal", "-shm", ""):
        with suppress(FileNotFoundError):
            os.replace(f"{place}{end}", f"{place}.{aside}{end}")  # noqa: PTH105


def _run(program: str, engine: Engine, *arguments: str) -> None:
    """Run one of PostgreSQL's programs on this database."""
    url = engine.url.set(drivername="postgresql")
    password = {} if url.password is None else {"PGPASSWORD": str(url.password)}  # not for `ps`
    name = url.set(password=None).render_as_string(hide_password=False)
    done = subprocess.run(  # noqa: S603  # a program of PostgreSQL, by its path
        [_program(program), f"--dbname={name}", *arguments],
        env=os.environ | password,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        told = " ".join(done.stderr.split())[:500]
        raise MemeEraError(f"{program}: {told or f'ended with {done.returncode}'}")


def _program(name: str) -> str:
    if (found := shutil.which(name)) is not None:
        return found
    versions = _PROGRAMS.glob(f"*/bin/{name}")
    newest = max(versions, key=lambda path: float(path.parts[-3]), default=None)
    if newest is None:
        raise MemeEraError(f"{name} is not installed: it comes with PostgreSQL's client programs")
    return str(newest)
