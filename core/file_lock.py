"""A lock that one process at a time holds; it goes with its process, however that ends."""

import fcntl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from core.errors import MemeEraError

__all__ = ["file_lock"]


@contextmanager
def file_lock(path: Path, taken: Callable[[], None]) -> Iterator[None]:
    """Hold the lock of a file while the block lasts.

    Args:
        path: the file; it is made where it is missing, with its folder, and stays.
        taken: called where another process holds the lock. It raises, or this one waits.

    Raises:
        MemeEraError: the file cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("ab")
    except OSError as error:
        raise MemeEraError(f"{path}: cannot be written: {error.strerror}") from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            taken()
            fcntl.flock(file, fcntl.LOCK_EX)
        yield
