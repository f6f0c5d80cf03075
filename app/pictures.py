"""The pictures that a command names: files, folders with all that is in them, standard input."""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from core.errors import BadInput

__all__ = ["STANDARD_INPUT", "Named", "named"]

STANDARD_INPUT = Path("-")


@dataclass(frozen=True, slots=True)
class Named:
    """One picture file, or one that was hoped to be."""

    path: Path
    is_of_folder: bool = False  # found in a folder: nobody said that it is a picture

    def read(self, max_bytes: int) -> bytes:
        """The file's bytes.

        Raises:
            BadInput: it cannot be read, or has more bytes than are taken.
        """
        try:
            if self.path == STANDARD_INPUT:
                data = sys.stdin.buffer.read(max_bytes + 1)
            else:
                with self.path.open("rb") as file:
                    data = file.read(max_bytes + 1)
        except OSError as error:
            raise BadInput(f"cannot be read: {error.strerror}") from error
        if len(data) > max_bytes:
            raise BadInput(f"more than {max_bytes} bytes, which is more than are taken")
        return data


def named(paths: Sequence[Path]) -> list[Named]:
    """The files of these paths in their order, those of a folder by name; hidden ones are left out.

    A folder that cannot be read stands for itself.

    Raises:
        BadInput: standard input is named twice.
    """
    if paths.count(STANDARD_INPUT) > 1:
        raise BadInput("- is standard input, which can be read once")
    found: list[Named] = []
    for path in paths:
        if _is_folder(path):
            found += [Named(file, is_of_folder=file != path) for file in sorted(_files(path))]
        else:
            found.append(Named(path))
    return found


def _files(folder: Path) -> Iterator[Path]:
    try:
        for path in folder.iterdir():
            if path.name.startswith("."):
                continue
            if path.is_dir() and not path.is_symlink():  # a link may lead round in a circle
                yield from _files(path)
            elif path.is_file():
                yield path
    except OSError:
        yield folder  # to be told as what cannot be read


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # behind a folder that may not be entered, or no name at all
        return False
