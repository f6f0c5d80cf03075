"""Lets one process at a time do what must not be done twice at once, such as running a schedule."""

import hashlib
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import NoReturn

from sqlalchemy import Engine, text
from sqlalchemy.exc import DatabaseError

from core.errors import MemeEraError
from core.file_lock import file_lock
from db.engine import why

__all__ = ["advisory_lock"]


@contextmanager
def advisory_lock(engine: Engine, what: str) -> Iterator[None]:
    """While the block lasts, nobody else who uses the same database enters one of the same name.

    However this process ends, the next may enter: a file's lock and a connection end with it.

    Raises:
        MemeEraError: another process is in one.
    """
    of_kind = _in_postgresql if engine.dialect.name == "postgresql" else _beside_sqlite
    with of_kind(engine, what):
        yield


@contextmanager
def _in_postgresql(engine: Engine, what: str) -> Iterator[None]:
    key = int.from_bytes(hashlib.blake2b(what.encode(), digest_size=4).digest())
    connection = engine.connect().execution_options(isolation_level="AUTOCOMMIT")
    try:
        if not connection.scalar(text("SELECT pg_try_advisory_lock(:key)"), {"key": key}):
            raise _taken(engine, what)
        connection.detach()  # closed at the end, not kept with the lock
        yield
    except DatabaseError as error:
        raise MemeEraError(why(engine, error)) from error
    finally:
        connection.close()


def _beside_sqlite(engine: Engine, what: str) -> AbstractContextManager[None]:
    def taken() -> NoReturn:
        raise _taken(engine, what)

    return file_lock(Path(f"{engine.url.database}.{what}"), taken)


def _taken(engine: Engine, what: str) -> MemeEraError:
    place = engine.url.render_as_string(hide_password=True)
    return MemeEraError(f"another process runs the {what} of {place} already; this one ends")
