"""A folder of pictures, and the CSV that may say what they are."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from core.cells import unguarded
from core.errors import BadInput
from core.genres import genre

__all__ = ["Label", "files_in", "read_labels"]


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


def files_in(folder: Path) -> list[Path]:
    """All files below a folder, hidden ones aside, by name; of a file, that file.

    Raises:
        BadInput: there is no such folder, or no file in it.
    """
    if folder.is_file():
        return [folder.resolve()]
    if not folder.is_dir():
        raise BadInput(f"{folder}: there is no such folder")
    root = folder.resolve()  # one name a file, however the folder is written
    files = sorted(
        path
        for path in root.rglob("*")
        if path.is_file() and not any(part.startswith(".") for part in path.relative_to(root).parts)
    )
    if not files:
        raise BadInput(f"{folder}: there is no file in this folder")
    return files


def read_labels(labels_file: Path, folder: Path) -> dict[Path, Label]:
    """What a CSV says of the pictures: columns file, genre or year, and the rest of Label.

    Names are looked up beside the CSV, then in the folder. `python -m db export --format csv`
    writes such a file.

    Raises:
        BadInput: it cannot be read, or a line says something that cannot be used.
    """
    try:
        with labels_file.open(encoding="utf-8-sig", newline="") as lines:
            table = csv.DictReader(lines)
            if missing := _missing(table.fieldnames or ()):
                raise BadInput(
                    f"{labels_file}: lacks the column {missing}; its first line names the columns, "
                    "with commas between them"
                )
            labels: dict[Path, Label] = {}
            for row in table:
                file = _find(row["file"] or "", labels_file, folder)
                label = _label(row, labels_file, table.line_num)
                if labels.setdefault(file, label).genre != label.genre:
                    raise BadInput(
                        f"{labels_file}, line {table.line_num}: "
                        f"{row['file']} has another genre in a line above"
                    )
            return labels
    except (OSError, ValueError, csv.Error) as error:  # no text, or a name that none can have
        raise BadInput(f"{labels_file}: {error}") from error


def _missing(columns: Sequence[str]) -> str:
    if "file" not in columns:
        return "file"
    return "" if {"genre", "year"} & set(columns) else "genre (or year)"


def _find(name: str, labels_file: Path, folder: Path) -> Path:
    beside = (labels_file.parent / name).resolve()
    within = (folder.parent if folder.is_file() else folder) / name
    return beside if beside.is_file() else within.resolve()


def _label(row: Mapping[str, str | None], labels_file: Path, number: int) -> Label:
    try:
        low, high = _years(row.get("year") or "")
        named = row.get("genre") or ""
        # Without a genre it is of use for its year; without either, an empty field was forgotten.
        has_year = low is not None or high is not None
        return Label(
            genre=None if has_year and not named else genre(named).key,
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
    text = text.strip()
    if not text:
        return None, None
    if text.startswith("<="):
        return None, _bounded(text[2:], 1900, 2100)
    if text.startswith(">="):
        return _bounded(text[2:], 1900, 2100), None
    first, dash, last = text.partition("-")
    low = _bounded(first, 1900, 2100)
    return low, _bounded(last, low, 2100) if dash else low


def _truth(text: str) -> bool:
    if (word := text.strip().lower()) not in {"true", "false"}:
        raise ValueError(f"by_people is true or false, not {text!r}")
    return word == "true"


def _bounded(text: str, low: int, high: int) -> int:
    number = int(text)
    if not low <= number <= high:
        raise ValueError(f"{number} is not from {low} to {high}")
    return number
