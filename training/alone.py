"""One training at a time in a data folder: the others wait for their turn."""

import fcntl
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from core.errors import MemeEraError
from core.settings import Settings

__all__ = ["alone"]


@contextmanager
def alone(settings: Settings, say: Callable[[str], None] = lambda _line: None) -> Iterator[None]:
    """Within it, no other process trains on this collection; until then, this one waits.

    Two trainings would write over each other's small pictures, and each would take twice as long.
    The lock goes with its process, however that ends.

    Args:
        settings: of the collection.
        say: takes a line for people.

    Raises:
        MemeEraError: the data folder cannot be written.
    """
    try:
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        lock = (settings.data_dir / ".training").open("w")
    except OSError as error:
        raise MemeEraError(f"{settings.data_dir}: cannot be written: {error.strerror}") from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"another training is at work in {settings.data_dir}: this one waits for its end")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
