"""Brings a database's tables to the newest revision."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DatabaseError

from core.errors import MemeEraError
from db.engine import MAY_WRITE, lock_collection, why

__all__ = ["alembic_config", "changing_tables", "upgrade"]


def upgrade(engine: Engine) -> str:
    """Bring the tables up to date; two processes may ask at once. Gives the revision reached.

    Raises:
        MemeEraError: the database does not answer, or a newer memeEra made it.
    """
    try:
        return _upgrade(engine)
    except DatabaseError as error:
        raise MemeEraError(f"cannot open {why(engine, error)}") from error


def alembic_config() -> Config:
    """Alembic's configuration, without a file."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    return config


def _upgrade(engine: Engine) -> str:
    config = alembic_config()
    script = ScriptDirectory.from_config(config)
    head = str(script.get_current_head())
    with engine.connect() as connection:
        if MigrationContext.configure(connection).get_current_revision() == head:
            return head
    with changing_tables(engine) as connection:
        # Another process may have done it while this one waited for the lock.
        current = MigrationContext.configure(connection).get_current_revision()
        if current is not None and current not in {r.revision for r in script.walk_revisions()}:
            raise MemeEraError(
                f"the database has revision {current}, which this memeEra does not know: "
                "it was made by a newer version; upgrade memeEra"
            )
        if current != head:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    return head


@contextmanager
def changing_tables(engine: Engine) -> Iterator[Connection]:
    """A transaction in which tables may be made anew; committed at the end.

    SQLite changes a table by a copy that takes its place. With the keys checked meanwhile, the rows
    that point to the old table would count as broken, and checking is set before a transaction
    begins: so it is done at the end.
    """
    with engine.connect().execution_options(**MAY_WRITE) as connection:
        if engine.dialect.name != "sqlite":
            with connection.begin():
                lock_collection(connection)
                yield connection
            return
        sqlite = connection.connection
        sqlite.cursor().execute("PRAGMA foreign_keys = OFF")
        try:
            with connection.begin():
                n_before = _n_broken_keys(connection)
                yield connection
                if _n_broken_keys(connection) > n_before:
                    raise MemeEraError("the new tables would break references; nothing was changed")
        finally:
            sqlite.cursor().execute("PRAGMA foreign_keys = ON")


def _n_broken_keys(connection: Connection) -> int:
    return len(connection.execute(text("PRAGMA foreign_key_check")).all())
