"""One training at a time in a data folder: the others wait for their turn."""

from collections.abc import Callable
from contextlib import AbstractContextManager

from core.file_lock import file_lock
from core.settings import Settings

__all__ = ["training_lock"]


def training_lock(
    settings: Settings, say: Callable[[str], None] = lambda _line: None
) -> AbstractContextManager[None]:
    """Within it, no other process trains on this collection; until then, this one waits.

    Two trainings would write over each other's small pictures, and each would take twice as long.

    Args:
        settings: of the collection.
        say: takes a line for people.

    Raises:
        MemeEraError: the data folder cannot be written.
    """
    line = f"another training is at work in {settings.data_dir}: this one waits for its end"
    return file_lock(settings.data_dir / ".training", lambda: say(line))
