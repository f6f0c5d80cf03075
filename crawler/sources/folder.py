"""A folder of pictures, and what a list may say of each."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from core.errors import BadInput

__all__ = ["Label", "Listing", "files_in", "listing"]


@dataclass(frozen=True, slots=True)
class Label:
    """What a labels file says of one picture."""

    genre: str | None = None  # None: of its year, group or source alone
    year_low: int | None = None
    year_high: int | None = None
    fold: int | None = None
    group: str | None = None  # what belongs together: near-duplicates, one template
    trust: str | None = None
    source: str | None = None  # the place all pictures of the same source came from
    by_people: bool = True  # or else nobody's word: what the source usually posts
    annotator: str | None = None  # whose word it is, where the file names several people


@dataclass(frozen=True, slots=True)
class Listing:
    """The files below a folder."""

    files: Sequence[Path]
    remarks: Sequence[str] = ()  # what was left out, a line each


def files_in(folder: Path) -> list[Path]:
    """What `listing` finds."""
    return list(listing(folder).files)


def listing(folder: Path) -> Listing:
    """All files below a folder, hidden ones aside, by name; of a file, that file.

    Links to files are files. Links to folders are not followed, for they may lead anywhere, and
    back; they are told, as are links to nothing and folders that cannot be read.

    Raises:
        BadInput: there is no such folder, or no file in it.
    """
    if folder.is_file():
        return Listing([folder.resolve()])
    if not folder.is_dir():
        raise BadInput(f"{folder}: there is no such folder")
    root = folder.resolve()  # one name a file, however the folder is written
    files: list[Path] = []
    linked: list[Path] = []
    broken: list[Path] = []
    closed: list[OSError] = []
    for place, folders, names in os.walk(root, onerror=closed.append):
        folders[:] = [name for name in folders if not name.startswith(".")]
        linked += [Path(place, name) for name in folders if Path(place, name).is_symlink()]
        for path in (Path(place, name) for name in names if not name.startswith(".")):
            if path.is_file():
                files.append(path)
            elif path.is_symlink():
                broken.append(path)
    remarks = [
        *_left_out(linked, root, "links to folders are not followed; import those folders as well"),
        *_left_out(broken, root, "links lead to no file"),
        *_left_out([Path(str(e.filename)) for e in closed], root, "folders cannot be read"),
    ]
    if not files:
        raise BadInput("; ".join([f"{folder}: there is no file in this folder", *remarks]))
    return Listing(sorted(files), remarks)


def _left_out(paths: Sequence[Path], root: Path, why: str) -> list[str]:
    if not paths:
        return []
    return [f"{len(paths)} {why}, such as {min(paths).relative_to(root)}"]
