"""Finds out about one picture what can be found before it is stored: within bounds, whatever it is.

Nothing that a picture makes the libraries do leaves here as an exception. What ends its process is
for whoever asked that process (`core.isolated`).
"""

from dataclasses import dataclass
from typing import Self

from sqlalchemy.exc import DataError

from core.errors import ImageRejected, MemeEraError, Reject
from core.fingerprint import Fingerprint, fingerprint
from core.isolated import TooSlow, WorkerDied, within
from core.processes import bound_memory
from core.settings import Settings
from db.memes import Collection
from db.recognition import Looked

__all__ = ["Examined", "Unusable", "examine", "is_of_picture", "open_bounded"]


@dataclass(frozen=True, slots=True)
class Examined:
    """A picture, and what was found out about it."""

    picture: Fingerprint
    looked: Looked


@dataclass(frozen=True, slots=True)
class Unusable:
    """Why nothing could be found out."""

    reason: Reject
    detail: str
    passes: bool  # whether another try may end otherwise

    @classmethod
    def unforeseen(cls, error: Exception) -> Self:
        """For an error of any kind: too little memory, a database that is gone, our own mistake."""
        said = str(error).partition("\n")[0]
        return cls(Reject.UNFORESEEN, f"{type(error).__name__}: {said}".rstrip(": "), passes=True)

    @classmethod
    def deadly(cls, death: WorkerDied) -> Self:
        """For what ended its process."""
        reason = Reject.TOO_SLOW if isinstance(death, TooSlow) else Reject.PROCESS_DIED
        return cls(reason, str(death), passes=True)


def open_bounded(settings: Settings) -> Collection:
    """The collection, in a process of its own that takes no more memory than pictures may."""
    collection = Collection.open(settings)
    collection.follow()  # what it holds of all memes is on no picture's account
    bound_memory(settings.picture_memory_mb * 2**20)
    return collection


def examine(collection: Collection, data: bytes, timeout_s: float) -> Examined | Unusable:
    """Decode a picture and look for it in the collection; too long ends the process."""
    try:
        with within(timeout_s):
            picture = fingerprint(data)
            return Examined(picture, collection.look(data, picture))
    except ImageRejected as error:
        return Unusable(error.reason, error.detail, passes=False)
    except Exception as error:  # noqa: BLE001  # one picture ends no batch, whatever it is
        return Unusable.unforeseen(error)


def is_of_picture(error: Exception) -> bool:
    """Whether the picture, or what is said of it, could not be stored; or else nothing can be."""
    return not isinstance(error, MemeEraError) or isinstance(error.__cause__, DataError)
