"""The engine, SQLite or PostgreSQL, and the transactions on it."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.exc import ArgumentError, NoSuchModuleError
from sqlalchemy.orm import Session, sessionmaker

from core.errors import BadInput
from core.settings import Settings

__all__ = ["Database", "lock_collection"]

# A vote may wait out one crawl batch, and a crawl batch a migration.
_BUSY_TIMEOUT_MS: Final = 30_000
# Any number that no other program uses for advisory locks in the same PostgreSQL database.
_COLLECTION_LOCK: Final = 0x6D656D65  # "meme"


class Database:
    """One database and the ways to work in it."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._sessions = sessionmaker(engine, expire_on_commit=False)

    @classmethod
    def open(cls, settings: Settings) -> "Database":
        """Connect, making the SQLite file and bringing the tables up to date where needed.

        Raises:
            BadInput: the database URL or the data folder cannot be used.
            MemeEraError: the database does not answer, or a newer memeEra made it.
        """
        from db.migrations.upgrade import upgrade  # Alembic loads only where a database is opened

        engine = make_engine(settings)
        try:
            upgrade(engine)
        except BaseException:
            engine.dispose()
            raise
        return cls(engine)

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session that sees one state of the database; it is rolled back at the end."""
        with self._sessions() as session:
            if self.engine.dialect.name == "postgresql":  # by itself, each query sees its own
                session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """A session whose work is committed at the end, or rolled back where it raises."""
        with self._sessions.begin() as session:
            _begin_to_write(session.connection)
            yield session

    @contextmanager
    def writing_alone(self) -> Iterator[Session]:
        """Like `writing`, while no other process adds memes: what is decided here stays true."""
        with self._sessions.begin() as session:
            lock_collection(_begin_to_write(session.connection))
            yield session


def make_engine(settings: Settings) -> Engine:
    """An engine for the settings' database; nothing is connected yet.

    Raises:
        BadInput: the database URL or the data folder cannot be used.
    """
    try:
        engine = create_engine(settings.sqlalchemy_url)
    except (ArgumentError, NoSuchModuleError, ModuleNotFoundError, ValueError) as error:
        raise BadInput(
            f"MEMEERA_DATABASE_URL: {error}; write postgresql://user:password@host/database "
            "and install memeera[postgres], or unset it for SQLite"
        ) from error
    if engine.dialect.name == "sqlite":
        if settings.database_url is None:
            _make_data_dir(settings.data_dir)
        event.listen(engine, "connect", _set_up_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    return engine


def _make_data_dir(data_dir: Path) -> None:
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadInput(
            f"the data folder {data_dir} cannot be made: {error.strerror}; "
            "set MEMEERA_DATA_DIR to a folder that can be written"
        ) from error


def lock_collection(connection: Connection) -> None:
    """Wait until no other transaction holds this lock; it ends with the transaction.

    In SQLite, a transaction that may write is alone already.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _COLLECTION_LOCK})


def _begin_to_write(connect: Any) -> Connection:
    connection: Connection = connect(execution_options={"memeera_writes": True})
    return connection


def _set_up_sqlite(dbapi: sqlite3.Connection, _record: object) -> None:
    # Transactions are begun below, not by sqlite3, which would begin them too late.
    dbapi.isolation_level = None
    for pragma in (
        f"busy_timeout = {_BUSY_TIMEOUT_MS}",  # first: the others may have to wait too
        "journal_mode = WAL",  # people vote while the crawler writes
        "synchronous = NORMAL",  # safe against kill -9; a power cut may lose the last commits
        "foreign_keys = ON",
    ):
        dbapi.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    # A transaction that reads first and writes later fails at once if another wrote in between,
    # whatever the timeout: those that mean to write say so when they begin.
    writes = connection.get_execution_options().get("memeera_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
