"""What is known of a file that the collection has: its words, and when it can have been made."""

import logging
from collections.abc import Callable
from threading import Lock
from typing import TYPE_CHECKING, TypeVar

from core.errors import MemeEraError
from core.fingerprint import hash_bytes
from core.settings import Settings
from core.words import Line

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from db.memes import Collection

__all__ = ["Stored"]

_Answer = TypeVar("_Answer")

_log = logging.getLogger(__name__)


class Stored:
    """The collection of these settings, opened once it is needed, and only if there is one."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._opened: Collection | None = None
        self._lock = Lock()

    @property
    def collection(self) -> "Collection | None":
        """The collection; None: there is none yet, and asking does not make one."""
        database = self._settings.data_dir / "memes.db"
        if self._settings.database_url is None and not database.is_file():
            return None
        return self.opened

    def words(self, data: bytes) -> tuple[Line, ...] | None:
        """The words in the file of these bytes; None: they are not known.

        They only save time: a database that does not answer leaves them unknown.
        """

        def asked(session: "Session") -> tuple[Line, ...] | None:
            from db.known import words_in_file

            return words_in_file(session, hash_bytes(data))

        return self._asked(asked)

    def years(self, data: bytes) -> tuple[int | None, int | None]:
        """The first and the last year in which the file of these bytes can have been made.

        A database that does not answer leaves them unknown: None.
        """

        def asked(session: "Session") -> tuple[int | None, int | None]:
            from db.known import years_of_file

            return years_of_file(session, hash_bytes(data))

        return self._asked(asked) or (None, None)

    def _asked(self, question: "Callable[[Session], _Answer]") -> "_Answer | None":
        try:
            collection = self.collection
            if collection is None:
                return None
            with collection.database.reading() as session:
                return question(session)
        except MemeEraError as error:
            _log.warning("what the collection has of a file is not known: %s", error)
            return None

    @property
    def opened(self) -> "Collection":
        """The collection, made where there is none.

        Raises:
            MemeEraError: the database cannot be opened.
        """
        from db.memes import Collection  # SQLAlchemy takes a third of a second to load

        with self._lock:
            if self._opened is None:
                self._opened = Collection.open(self._settings)
            return self._opened
