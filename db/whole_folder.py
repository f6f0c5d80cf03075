"""A folder that is there whole or not at all."""

import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from core.errors import BadInput, MemeEraError

__all__ = ["whole_folder"]


@contextmanager
def whole_folder(folder: Path) -> Iterator[Path]:
    """A folder to write in, which takes the name of `folder` once the block has ended.

    It lies beside it, in .NAME.part: what a killed process left there, the next one replaces. Of
    two processes that write at once, the first fails.

    Raises:
        BadInput: the name is taken by something that is not an empty folder.
        MemeEraError: it cannot be written; nothing is left of it.
    """
    try:
        folder = folder.resolve()
        _check(folder)
        around = folder.with_name(f".{folder.name}.part")
        part = around / uuid.uuid4().hex  # one whose part this replaces does not write in it
        if around.exists():
            shutil.rmtree(around)
        part.mkdir(parents=True)
        try:
            yield part
            if folder.exists():
                folder.rmdir()
            part.rename(folder)
        finally:
            shutil.rmtree(part, ignore_errors=True)
            with suppress(OSError):  # another process writes there
                around.rmdir()
    except OSError as error:
        why = " ".join((error.strerror or str(error)).split())
        raise MemeEraError(
            f"{folder} cannot be written, and nothing is left of it: {why}"
        ) from error


def _check(folder: Path) -> None:
    if folder.exists():
        if not folder.is_dir():
            raise BadInput(f"{folder}: there is a file of this name; name a new folder")
        if any(folder.iterdir()):
            raise BadInput(f"{folder}: this folder is not empty; name a new one")
        if os.path.ismount(folder) or folder == Path.cwd():
            raise BadInput(f"{folder}: this folder cannot be replaced; name a new one in it")
