"""Where training keeps small copies of pictures, and how those of one picture are taken out.

`training/shards.py` makes them: in each folder of `shards/`, `NAME.tfrecord` with the pictures and
`NAME.json` with the list of what lies in it. Both are read here without TensorFlow.
"""

import json
import os
import struct
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any, BinaryIO, Final

from core.errors import MemeEraError

__all__ = ["FOLDER", "n_in_shards", "take_out"]

FOLDER: Final = "shards"
"""In the data folder; below it, a folder for each size of pictures."""

# A record: its length, that number's checksum, so many bytes, and their checksum.
_HEAD: Final = struct.Struct("<QI")
_N_TAIL: Final = 4


def n_in_shards(data_dir: Path, sha256s: Collection[str]) -> int:
    """How many small copies of these pictures there are."""
    return sum(len(aspects.keys() & set(sha256s)) for _, _, aspects in _listed(data_dir))


def take_out(data_dir: Path, sha256s: Collection[str]) -> int:
    """Delete the small copies of these pictures; gives how many there were.

    Killed in between, the same call finishes it: a shard's list goes last.

    Raises:
        MemeEraError: a shard cannot be read or written.
    """
    n_gone = 0
    for path, listed, aspects in _listed(data_dir):
        gone = aspects.keys() & set(sha256s)
        if not gone:
            continue
        try:
            _rewrite(path, listed, gone)
        except (OSError, struct.error) as error:
            raise MemeEraError(
                f"{path.parent}: its small copies of pictures cannot be changed ({error}); "
                "delete that folder, training makes it anew; then run this again"
            ) from error
        n_gone += len(gone)
    return n_gone


def _listed(data_dir: Path) -> Iterator[tuple[Path, dict[str, Any], dict[str, float]]]:
    """Each shard's list: its path, all it says, and the pictures by SHA-256."""
    for path in sorted((data_dir / FOLDER).glob("*/*.json")):
        try:
            listed = json.loads(path.read_text(encoding="utf-8"))
            yield path, listed, dict(listed["aspects"])
        except (OSError, ValueError, KeyError, TypeError):
            # Cut short: training does not read it either, and makes its pictures anew.
            path.with_suffix(".tfrecord").unlink(missing_ok=True)
            path.unlink(missing_ok=True)


def _rewrite(path: Path, listed: dict[str, Any], gone: Collection[str]) -> None:
    records = path.with_suffix(".tfrecord")
    left = {sha256: aspect for sha256, aspect in listed["aspects"].items() if sha256 not in gone}
    if not left:
        records.unlink(missing_ok=True)
        path.unlink()
        return
    names = [sha256.encode() for sha256 in gone]
    part = path.with_suffix(".part")
    with records.open("rb") as old, part.open("wb") as new:
        for record in _records(old):
            if not any(name in record for name in names):
                new.write(record)
        n_bytes = new.tell()
    os.replace(part, records)  # noqa: PTH105
    part.write_text(json.dumps(listed | {"n_bytes": n_bytes, "aspects": left}), encoding="utf-8")
    os.replace(part, path)  # noqa: PTH105


def _records(file: BinaryIO) -> Iterator[bytes]:
    """Each record as it lies there, its checksums with it."""
    while head := file.read(_HEAD.size):
        n_bytes, _ = _HEAD.unpack(head)
        yield head + file.read(n_bytes + _N_TAIL)
