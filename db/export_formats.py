"""The forms of a data set: a folder a genre, a CSV beside pictures, Parquet files."""

import csv
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict
from itertools import groupby
from pathlib import Path
from typing import Any, Final

from core.cells import guarded
from db.export_examples import CLASSES, Example
from db.export_tfrecord import write_tfrecord
from db.splits import Split

__all__ = ["FORMATS", "Picture"]

Picture = tuple[Example, bytes]

# Readers hold a row group in memory, and so does this writer, several times over.
_GROUP_BYTES: Final = 16 * 2**20
_GROUP_ROWS: Final = 1000

# Of the CSV; the import knows the first eight.
_COLUMNS: Final = (
    *("file", "genre", "year", "fold", "group", "trust", "source", "by_people"),
    *("split", "votes", "votes_for", "nsfw"),
)
_NOT_TOLD: Final = {"file_name", "format", "split", "fold", "community"}


def write_imagefolder(root: Path, pictures: Iterable[Picture]) -> None:
    """<side>/<genre>/<sha256>.<extension>, and <side>/metadata.jsonl with all else.

    That is Hugging Face's "imagefolder". Of its forms of metadata, that in which no title becomes
    a formula. Its reader guesses a column's type from each side alone, and refuses where the sides
    differ: so no value is missing, and what there are several of stands a line each in one text.
    """
    for side, of_side in _by_side(pictures):
        folder = root / side
        for genre in CLASSES:  # also without memes: readers that number folders do so alike
            (folder / genre).mkdir(parents=True)
        with (folder / "metadata.jsonl").open("w", encoding="utf-8") as lines:
            for example, data in of_side:
                name = f"{example.genre}/{example.file_name}"
                (folder / name).write_bytes(data)
                lines.write(json.dumps({"file_name": name, **_plainly_told(example)}) + "\n")


def write_csv(root: Path, pictures: Iterable[Picture]) -> None:
    """images/<sha256>.<extension>, and labels.csv, which `crawler import --labels` reads back.

    Titles are not in it: what a stranger wrote is no part of a label, and a table that people open
    in a spreadsheet is the wrong place for it.
    """
    (root / "images").mkdir()
    with (root / "labels.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, _COLUMNS, lineterminator="\n")
        table.writeheader()
        for example, data in pictures:
            (root / "images" / example.file_name).write_bytes(data)
            table.writerow(_row(example))


def write_parquet(root: Path, pictures: Iterable[Picture]) -> None:
    """data/<side>-00000-of-00001.parquet: a row a meme, with the picture in it."""
    import pyarrow as pa
    from pyarrow import parquet

    text, texts, whole = pa.string(), pa.list_(pa.string()), pa.int64()
    columns = {
        "image": pa.struct({"bytes": pa.binary(), "path": text}),
        "label": whole,
        "genre": text,
        "sha256": text,
        "family": text,
        "by_people": pa.bool_(),
        "weight": pa.float64(),
        "votes": whole,
        "votes_for": whole,
        "trust": text,
        "year_low": whole,
        "year_high": whole,
        "nsfw": pa.bool_(),
        "width": whole,
        "height": whole,
        "frames": whole,
        "title": text,
        "words": texts,
        "sources": texts,
        "communities": texts,
        "permalinks": texts,
        "licences": texts,
    }
    schema = pa.schema(columns, metadata={"huggingface": _features(columns)})
    (root / "data").mkdir()
    for side, of_side in _by_side(pictures):
        path = root / "data" / f"{side}-00000-of-00001.parquet"
        # Pictures are compressed already, and none is like another.
        with parquet.ParquetWriter(
            path, schema, compression="snappy", use_dictionary=["genre"], write_statistics=["label"]
        ) as writer:
            for rows in _row_groups(of_side):
                writer.write_table(pa.Table.from_pylist(rows, schema=schema))


FORMATS: Final[dict[str, Callable[[Path, Iterable[Picture]], None]]] = {
    "imagefolder": write_imagefolder,
    "csv": write_csv,
    "parquet": write_parquet,
    "tfrecord": write_tfrecord,
}
"""Each writes into an empty folder; pictures come side by side."""


def _by_side(pictures: Iterable[Picture]) -> Iterator[tuple[Split, Iterator[Picture]]]:
    return groupby(pictures, key=lambda picture: picture[0].split)


def _told(example: Example) -> dict[str, Any]:
    return {name: value for name, value in asdict(example).items() if name not in _NOT_TOLD}


def _plainly_told(example: Example) -> dict[str, str | int | float]:
    told = _told(example)
    told["year"] = _year(told.pop("year_low"), told.pop("year_high"))
    return {
        name: "\n".join(value) if isinstance(value, tuple) else "" if value is None else value
        for name, value in told.items()
    }


def _row(example: Example) -> dict[str, Any]:
    return {
        "file": f"images/{example.file_name}",
        "genre": example.genre,
        "year": _year(example.year_low, example.year_high),
        "fold": example.fold,
        "group": example.family,
        "trust": guarded(example.trust or ""),
        "source": guarded(example.community or ""),
        "by_people": str(example.by_people).lower(),
        "split": example.split,
        "votes": example.votes,
        "votes_for": example.votes_for,
        "nsfw": str(example.nsfw).lower(),
    }


def _year(low: int | None, high: int | None) -> str:
    match low, high:
        case None, None:
            return ""
        case None, _:
            return f"<={high}"
        case _, None:
            return f">={low}"
    return str(low) if low == high else f"{low}-{high}"


def _row_groups(pictures: Iterable[Picture]) -> Iterator[list[dict[str, Any]]]:
    rows: list[dict[str, Any]] = []
    n_bytes = 0
    for example, data in pictures:
        rows.append({"image": {"bytes": data, "path": example.file_name}, **_told(example)})
        n_bytes += len(data)
        if len(rows) == _GROUP_ROWS or n_bytes >= _GROUP_BYTES:
            yield rows
            rows, n_bytes = [], 0
    if rows:
        yield rows


def _features(columns: dict[str, Any]) -> str:
    """What Hugging Face's `datasets` reads from the schema: which column is the picture, say."""
    features: dict[str, Any] = {}
    for name, kind in columns.items():
        match str(kind):
            case "list<item: string>" | "list<element: string>":
                value = {"dtype": "string", "_type": "Value"}
                features[name] = {"feature": value, "_type": "Sequence"}
            case "double":
                features[name] = {"dtype": "float64", "_type": "Value"}
            case plain:
                features[name] = {"dtype": plain, "_type": "Value"}
    features["image"] = {"_type": "Image"}
    features["label"] = {"names": list(CLASSES), "_type": "ClassLabel"}
    return json.dumps({"info": {"features": features}})
