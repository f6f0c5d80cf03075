"""What all tables share: the base class, columns for times and web text, and adding a row."""

import hashlib
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import (
    JSON,
    ColumnElement,
    DateTime,
    Dialect,
    MetaData,
    SQLColumnExpression,
    String,
    Text,
    TypeDecorator,
    insert,
    or_,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import DeclarativeBase, Session
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

__all__ = [
    "ASKED_AT_ONCE",
    "AnyText",
    "Base",
    "KeyText",
    "LinesText",
    "UtcDateTime",
    "UtcDay",
    "as_key",
    "as_text",
    "contains_word",
    "insert_row",
]

ASKED_AT_ONCE: Final = 500
"""Values in one question: databases take a limited number, older SQLite 999."""


_MAX_KEY_BYTES: Final = 2000
# PostgreSQL refuses a row of an index beyond 2,704 bytes, and the other columns want some of them.


def as_text(value: str) -> str:
    """What `AnyText` keeps of a text."""
    return value.replace("\0", "\\x00").encode("utf-8", "backslashreplace").decode()


def as_key(value: str) -> str:
    """What `KeyText` keeps of a text: the same for the same, and different for different ones."""
    text = as_text(value)
    data = text.encode()
    if len(data) <= _MAX_KEY_BYTES:
        return text
    mark = f"#{hashlib.sha256(data).hexdigest()}"
    return data[: _MAX_KEY_BYTES - len(mark)].decode(errors="ignore") + mark


class UtcDateTime(TypeDecorator[datetime]):
    """An aware UTC time; SQLite has no time zones, so it keeps the naive UTC time."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """To the database: UTC, naive where the database has no time zones."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value} has no time zone; times here are aware UTC")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """From the database: aware UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if dialect.name == "sqlite" else value.astimezone(UTC)


class UtcDay(FunctionElement[str]):
    """The day of a time, in UTC, whatever time zone the database's session is in: 2026-01-31."""

    type = String()
    inherit_cache = True


@compiles(UtcDay)
def _utc_day(element: UtcDay, compiler: SQLCompiler, **how: Any) -> str:
    column = compiler.process(element.clauses, **how)
    if compiler.dialect.name == "sqlite":  # which keeps the UTC time as text
        return f"substr({column}, 1, 10)"
    return f"to_char({column} AT TIME ZONE 'UTC', 'YYYY-MM-DD')"


class AnyText(TypeDecorator[str]):
    """Text from the web or a file's name; what a database cannot hold is written as an escape.

    That is NUL, and the lone surrogates by which Python keeps bytes that are not UTF-8.
    """

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """To the database; what is looked up is escaped in the same way."""
        return None if value is None else as_text(value)


class KeyText(AnyText):
    """Text that is looked up by an index, in which a row has no room for any length.

    A longer one ends in a hash of its whole; what is looked up is shortened in the same way.
    """

    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """To the database; what is looked up is shortened in the same way."""
        return None if value is None else as_key(value)


class Base(DeclarativeBase):
    """Root of all tables; constraint names are derived, so that migrations can name them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_label)s",
            "uq": "uq_%(table_name)s_%(column_0_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {datetime: UtcDateTime, dict[str, Any]: JSON}  # noqa: RUF012


class LinesText(FunctionElement[str]):
    """The texts of the lines that were read in a picture (`Meme.words`), one below the other."""

    type = Text()
    inherit_cache = True


@compiles(LinesText)
def _lines_text(element: LinesText, compiler: SQLCompiler, **how: Any) -> str:
    column = compiler.process(element.clauses, **how)
    if compiler.dialect.name == "sqlite":
        texts = "group_concat(json_extract(line.value, '$.text'), char(10))"
        lines = f"json_each({column})"
    else:
        texts = "string_agg(line.value ->> 'text', chr(10))"
        lines = f"json_array_elements({column})"
    return f"(SELECT {texts} FROM {lines} AS line)"  # noqa: S608  # it holds a column's name alone


def contains_word(text: SQLColumnExpression[Any], word: str) -> ColumnElement[bool]:
    """Whether a text contains a word, in capitals or not."""
    # The databases know the case of ASCII letters alone; of others the usual three are tried.
    ways = {word} if word.isascii() else {word, word.lower(), word.upper(), word.title()}
    return or_(*(text.icontains(as_text(way), autoescape=True) for way in sorted(ways)))


def insert_row(session: Session, table: type[Base], **values: Any) -> int:
    """Add a row at once; gives its id.

    Past the session, whose bookkeeping costs two to four times as much as all else that an insert
    takes. Whatever the row refers to must have been flushed.
    """
    key = session.connection().execute(insert(table), values).inserted_primary_key
    assert key is not None  # one row was inserted
    return int(key[0])
