"""What a CSV says of pictures, as people or spreadsheets write it."""

import csv
import os
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from core.cells import unguarded
from core.errors import BadInput
from core.genres import named
from crawler.sources.folder import Label
from crawler.sources.spreadsheet import read_table

__all__ = ["read_labels"]

# A spreadsheet makes 2019.0 of 2019, or 2019,0.
_WHOLE: Final = re.compile(r"\s*(\d+)(?:[.,]0*)?\s*", re.ASCII)
_DATE: Final = re.compile(r"(\d{4})-\d{2}-\d{2}(?:[ T].*)?", re.ASCII)


def read_labels(labels_file: Path, folder: Path, files: Iterable[Path]) -> dict[Path, Label]:
    """What a CSV says of the pictures: columns file, genre or year, and the rest of Label.

    Names are looked up beside the CSV, then in the folder. A file that is none of these is there
    under the name it would have. `python -m db export --format csv` writes such a file.

    Raises:
        BadInput: it cannot be read, or a line says something that cannot be used.
    """
    try:
        table = read_table(labels_file)
        if missing := _missing(table.columns):
            raise BadInput(
                f"{labels_file}: lacks the column {missing}; its first line names the columns, "
                "with commas between them"
            )
        within = folder.parent if folder.is_file() else folder
        pictures = _Pictures(files, [labels_file.parent, within])
        labels: dict[Path, Label] = {}
        for number, row in table:
            if not (name := row.get("file", "")):
                raise BadInput(f"{labels_file}, line {number}: names no file")
            label = _label(row, labels_file, number)
            if labels.setdefault(pictures.find(name), label).genre != label.genre:
                raise BadInput(
                    f"{labels_file}, line {number}: {name} has another genre in a line above"
                )
        return labels
    except (OSError, ValueError, csv.Error) as error:  # no text, or a name that none can have
        raise BadInput(f"{labels_file}: {error}") from error


def _missing(columns: Sequence[str]) -> str:
    if "file" not in columns:
        return "file"
    return "" if {"genre", "year"} & set(columns) else "genre (or year)"


class _Pictures:
    """Files to be found by what a list calls them."""

    def __init__(self, files: Iterable[Path], bases: Sequence[Path]) -> None:
        self._bases = [base.resolve() for base in bases]
        self._files = {_composed(file): file for file in files}
        # A list may have the name of what a link leads to.
        self._linked = {
            _composed(file.resolve()): file for file in self._files.values() if file.is_symlink()
        }

    def find(self, name: str) -> Path:
        """The file of that name; where there is none, the path it would have in the folder."""
        places = [os.path.normpath(base / form) for form in _forms(name) for base in self._bases]
        for known in (self._files, self._linked):
            for place in places:
                if (file := known.get(_composed(place))) is not None:
                    return file
        return Path(places[len(self._bases) - 1])


def _forms(name: str) -> Iterator[str]:
    """A name as it is; as it was before it was guarded; as systems other than Windows write it."""
    yield name
    yield unguarded(name)
    yield unguarded(name).replace("\\", "/")


def _composed(path: Path | str) -> str:
    """A path with one way of writing each accent: macOS writes a letter and then its accent."""
    return unicodedata.normalize("NFC", str(path))


def _label(row: Mapping[str, str], labels_file: Path, number: int) -> Label:
    try:
        low, high = _years(row.get("year") or "")
        genre = row.get("genre") or ""
        # Without a genre it is of use for its year; without either, an empty field was forgotten.
        has_year = low is not None or high is not None
        return Label(
            genre=None if has_year and not genre else named(genre).key,
            year_low=low,
            year_high=high,
            fold=_bounded(fold, 0, 999) if (fold := row.get("fold")) else None,
            group=unguarded(row.get("group") or "") or None,
            trust=unguarded(row.get("trust") or "") or None,
            source=unguarded(row.get("source") or "") or None,
            by_people=_truth(row.get("by_people") or "true"),
        )
    except (BadInput, ValueError) as error:
        raise BadInput(f"{labels_file}, line {number}: {error}") from error


def _years(text: str) -> tuple[int | None, int | None]:
    """The first and last year that 2019, 2020-2021, <=2017 or >=2017 allows; nothing allows all."""
    text = text.replace("\u2013", "-").replace("\u2264", "<=").replace("\u2265", ">=")
    if not text:
        return None, None
    if text.startswith("<="):
        return None, _bounded(text[2:], 1900, 2100)
    if text.startswith(">="):
        return _bounded(text[2:], 1900, 2100), None
    if date := _DATE.fullmatch(text):
        text = date[1]
    first, dash, last = text.partition("-")
    low = _bounded(first, 1900, 2100)
    return low, _bounded(last, low, 2100) if dash else low


def _truth(text: str) -> bool:
    if (word := text.lower()) not in {"true", "false"}:
        raise ValueError(f"by_people is true or false, not {text!r}")
    return word == "true"


def _bounded(text: str, low: int, high: int) -> int:
    whole = _WHOLE.fullmatch(text)
    if whole is None:
        raise ValueError(f"{text!r} is no whole number")
    number = int(whole[1])
    if not low <= number <= high:
        raise ValueError(f"{number} is not from {low} to {high}")
    return number
