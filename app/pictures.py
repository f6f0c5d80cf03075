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

    def read(self) -> bytes:
        """The file's bytes.

        Raises:
            BadInput: it cannot be read.
        """
        if self.path == STANDARD_INPUT:
            return sys.stdin.buffer.read()
        try:
            return self.path.read_bytes()
        except OSError as error:
            raise BadInput(f"cannot be read: {error.strerror}") from error


def named(paths: Sequence[Path]) -> list[Named]:
    """The files of these paths in their order, those of a folder by name; hidden ones are left out.

    Raises:
        BadInput: a folder cannot be read, or standard input is named twice.
    """
    if paths.count(STANDARD_INPUT) > 1:
        raise BadInput("- is standard input, which can be read once")
    found: list[Named] = []
    for path in paths:
        if path.is_dir():
            found += [Named(file, is_of_folder=True) for file in sorted(_files(path))]
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
    except OSError as error:
        raise BadInput(f"{folder}: cannot be read: {error.strerror}") from error
