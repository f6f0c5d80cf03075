"""The database, and the transactions in which everybody works on it."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine
from sqlalchemy.exc import DatabaseError, IntegrityError, ProgrammingError
from sqlalchemy.orm import Session, sessionmaker

from core.errors import MemeEraError
from core.settings import Settings
from db.engine import MAY_WRITE, lock_collection, make_engine, why
from db.migrations.upgrade import upgrade

__all__ = ["Database", "reading"]


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
        with self._telling(), self._sessions() as session:
            if self.engine.dialect.name == "postgresql":  # by itself, each query sees its own
                session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """A session whose work is committed at the end, or rolled back where it raises."""
        with self._telling(), self._sessions.begin() as session:
            session.connection(execution_options=MAY_WRITE)
            yield session

    @contextmanager
    def writing_alone(self) -> Iterator[Session]:
        """Like `writing`, while no other process adds memes: what is decided here stays true."""
        with self._telling(), self._sessions.begin() as session:
            lock_collection(session.connection(execution_options=MAY_WRITE))
            yield session

    @contextmanager
    def _telling(self) -> Iterator[None]:
        """Turn what happens to databases (locked, full, gone) into an error of one line."""
        try:
            yield
        except DatabaseError as error:
            if isinstance(error, (IntegrityError, ProgrammingError)):
                raise  # our own mistakes, not the database's state
            raise MemeEraError(
                f"{why(self.engine, error)}; nothing of this step was kept: try again"
            ) from error


@contextmanager
def reading(settings: Settings) -> Iterator[Session]:
    """A session of a command that only looks, once: the database is opened and closed with it."""
    database = Database.open(settings)
    try:
        with database.reading() as session:
            yield session
    finally:
        database.engine.dispose()
