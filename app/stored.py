"""The words that were read before: a file that the collection has need not be read again."""

import logging
from threading import Lock
from typing import TYPE_CHECKING

from core.errors import MemeEraError
from core.fingerprint import hash_bytes
from core.settings import Settings
from core.words import Line

if TYPE_CHECKING:
    from db.memes import Collection

__all__ = ["Stored"]

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
        try:
            collection = self.collection
            if collection is None:
                return None
            from db.known import words_in_file

            with collection.database.reading() as session:
                return words_in_file(session, hash_bytes(data))
        except MemeEraError as error:
            _log.warning("words that were read before are not known: %s", error)
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
