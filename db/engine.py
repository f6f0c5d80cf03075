"""The engine under the database: SQLite or PostgreSQL, and the locks on it."""

import random
import sqlite3
import time
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError

from core.errors import BadInput
from core.settings import Settings

__all__ = ["MAY_WRITE", "lock_collection", "lock_leases", "make_engine", "scrub", "why"]

# A vote may wait out one crawl batch, and a crawl batch a migration.
_BUSY_TIMEOUT_MS: Final = 30_000
# Any numbers that no other program uses for advisory locks in the same PostgreSQL database.
_COLLECTION_LOCK: Final = 0x6D656D65  # "meme"
_LEASES_LOCK: Final = 0x6D656D66

MAY_WRITE: Final = {"memeera_writes": True}
"""Execution options of a connection whose transaction is going to write."""


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


def why(engine: Engine, error: DBAPIError) -> str:
    """What a database said, on one line, with which database it was."""
    place = engine.url.render_as_string(hide_password=True)
    said = " ".join(str(error.orig).split())
    if "malformed" in said or "not a database" in said:
        said = (
            f"damaged ({said}); restore a backup with `memeera db restore`, "
            "made by `memeera db backup`"
        )
    return f"the database {place}: {said}"


def _make_data_dir(data_dir: Path) -> None:
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadInput(
            f"the data folder {data_dir} cannot be made: {error.strerror}; "
            "set MEMEERA_DATA_DIR to a folder that can be written"
        ) from error


def scrub(engine: Engine) -> bool:
    """After a removal, let its old rows be overwritten; False: SQLite has readers yet, try later.

    SQLite zeroes what is deleted (`secure_delete`), but the old pages are in its log until that is
    written back. PostgreSQL keeps rows that nobody sees until a VACUUM.
    """
    if engine.dialect.name == "postgresql":
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM"))
        return True
    raw = engine.raw_connection()
    try:
        (is_busy, _, _) = raw.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    finally:
        raw.close()
    return not is_busy


def lock_collection(connection: Connection) -> None:
    """Wait until no other transaction adds or changes memes; it ends with the transaction.

    In SQLite, a transaction that may write is alone already.
    """
    _lock(connection, _COLLECTION_LOCK)


def lock_leases(connection: Connection) -> None:
    """Wait until no other transaction hands out memes to label; it ends with the transaction."""
    _lock(connection, _LEASES_LOCK)


def _lock(connection: Connection, key: int) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": key})


def _set_up_sqlite(dbapi: sqlite3.Connection, _record: object) -> None:
    # Transactions are begun below, not by sqlite3, which would begin them too late.
    dbapi.isolation_level = None
    dbapi.execute(f"PRAGMA busy_timeout = {_BUSY_TIMEOUT_MS}")  # first: others may have to wait
    _keep_a_log(dbapi)
    for pragma in (
        "synchronous = NORMAL",  # safe against kill -9; a power cut may lose the last commits
        "foreign_keys = ON",
        "secure_delete = ON",  # what was removed is overwritten, and not only unlinked
    ):
        dbapi.execute(f"PRAGMA {pragma}")


def _keep_a_log(dbapi: sqlite3.Connection) -> None:
    """Let people vote while the crawler writes (WAL).

    Where several open a new database at once, SQLite does not wait: each would wait for the others.
    """
    until = time.monotonic() + _BUSY_TIMEOUT_MS / 1000
    while True:
        try:
            dbapi.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > until:
                raise
            time.sleep(random.uniform(0.005, 0.05))


def _begin_sqlite(connection: Connection) -> None:
    # A transaction that reads first and writes later fails at once if another wrote in between,
    # whatever the timeout: those that mean to write say so when they begin.
    writes = MAY_WRITE.items() <= connection.get_execution_options().items()
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
