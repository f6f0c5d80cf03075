"""The words that were read before: a file that the collection has need not be read again."""

from functools import cached_property
from typing import TYPE_CHECKING

from core.fingerprint import hash_bytes
from core.settings import Settings
from core.words import Line

if TYPE_CHECKING:
    from db.memes import Collection

__all__ = ["Stored"]


class Stored:
    """The collection of these settings, opened once it is needed, and only if there is one."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    @property
    def collection(self) -> "Collection | None":
        """The collection; None: there is none yet, and asking does not make one."""
        database = self._settings.data_dir / "memes.db"
        if self._settings.database_url is None and not database.is_file():
            return None
        return self.opened

    def words(self, data: bytes) -> tuple[Line, ...] | None:
        """The words in the file of these bytes; None: they are not known.

        Raises:
            MemeEraError: the database does not answer.
        """
        collection = self.collection
        if collection is None:
            return None
        from db.known import words_in_file

        with collection.database.reading() as session:
            return words_in_file(session, hash_bytes(data))

    @cached_property
    def opened(self) -> "Collection":
        """The collection, made where there is none.

        Raises:
            MemeEraError: the database cannot be opened.
        """
        from db.memes import Collection  # SQLAlchemy takes a third of a second to load

        return Collection.open(self._settings)
