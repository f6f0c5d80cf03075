"""The pictures as training reads them: small JPEGs in TFRecord shards, made once per meme.

A shard is two files: `NAME.tfrecord` with the pictures and `NAME.json` with the list of what lies
in it. The list comes last: a shard without one was never finished and is not read.
"""

import io
import json
import os
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Final, Self
from uuid import uuid4

import tensorflow as tf
from tqdm import tqdm

from core.batched import batched
from core.errors import BadInput, MemeEraError
from core.images import decode
from core.settings import Settings
from db.media import MediaStore
from training.card import read_json
from training.picture import fit
from training.snapshot import Row

__all__ = ["Shards", "parse"]

_N_PER_SHARD: Final = 1000
_N_SMALL: Final = 16  # shards less than half full that there may be before they become one
# Letters stay sharp: no colour is halved in size, and little is lost to compression. What is
# learned from is then what answers are given on, to one part in a hundred.
_JPEG: Final = {"quality": 95, "subsampling": 0}

_FEATURES: Final = {
    "sha256": tf.io.FixedLenFeature([], tf.string),
    "jpeg": tf.io.FixedLenFeature([], tf.string),
}


@dataclass(frozen=True, slots=True)
class _Small:
    sha256: str
    aspect: float  # height over width of the whole picture, however it was folded
    jpeg: bytes


class Shards:
    """The shards of one collection, for networks that see pictures of one size."""

    def __init__(self, folder: Path, side_px: int) -> None:
        self.side_px = side_px
        self._folder = folder
        self._aspects: dict[str, dict[str, float]] = {}  # by shard, by sha256

    @classmethod
    def open(cls, settings: Settings, side_px: int) -> Self:
        """The shards of pictures whose longer side is side_px, as many as there are."""
        shards = cls(settings.data_dir / "shards" / f"{side_px}px", side_px)
        shards._folder.mkdir(parents=True, exist_ok=True)
        return shards

    def fill(
        self,
        rows: Sequence[Row],
        media: MediaStore,
        active: Collection[str],
        say: Callable[[str], None] = lambda _line: None,
    ) -> set[str]:
        """Add the pictures of these rows that are not there yet, and drop what may not be there.

        Stopped half-way, it goes on from there. One process at a time: `training.lock`.

        Args:
            rows: whose pictures are wanted.
            media: where their files are.
            active: SHA-256 of all memes that may still be shown; others are dropped.
            say: takes a line for people.

        Returns:
            The SHA-256 of those whose files are missing or damaged.

        Raises:
            MemeEraError: a shard is damaged.
        """
        self._load(say)
        with self.damage_told():
            self._tidy(active)
        known = self.aspects
        missing = [row for row in rows if row.sha256 not in known]
        lost: set[str] = set()

        def small(row: Row) -> _Small | None:
            try:
                return self._small(row, media)
            except MemeEraError:  # ImageRejected too: `check` tells what is wrong
                lost.add(row.sha256)
                return None

        with (
            tqdm(
                total=len(missing),
                desc="preparing pictures",
                unit=" memes",
                disable=None if missing else True,
                file=sys.stderr,
            ) as bar,
            ThreadPoolExecutor() as pool,
        ):
            for some in batched(missing, _N_PER_SHARD):
                made = [one for one in _counted(pool.map(small, some), bar) if one is not None]
                if made:
                    self._write(made)
        return lost

    @property
    def aspects(self) -> dict[str, float]:
        """Height over width of each picture there is, by SHA-256."""
        return {sha256: a for shard in self._aspects.values() for sha256, a in shard.items()}

    @property
    def files(self) -> list[str]:
        """The TFRecord files, in the order they were made."""
        return [str(self._records(name)) for name in sorted(self._aspects)]

    @contextmanager
    def damage_told(self) -> Iterator[None]:
        """Within it, a record that is not as it was written raises a MemeEraError that tells so."""
        try:
            yield
        except tf.errors.DataLossError as error:
            raise MemeEraError(
                f"the small pictures in {self._folder} are damaged "
                f"({str(error).splitlines()[0]}); delete that folder, and run this again"
            ) from error

    def _load(self, say: Callable[[str], None]) -> None:
        self._aspects.clear()
        for path in sorted(self._folder.glob("*.json")):
            try:
                listed = read_json(path)
                aspects = {str(sha256): float(a) for sha256, a in listed["aspects"].items()}
                sound = self._records(path.stem).stat().st_size == listed["n_bytes"]
            except (BadInput, OSError, ValueError, KeyError, TypeError, AttributeError):
                sound = False
            if sound:
                self._aspects[path.stem] = aspects
            else:
                say(f"{path}: cut short or damaged; its pictures are prepared anew")
                self._delete(path.stem)
        for path in self._folder.glob("*.tfrecord"):
            if path.stem not in self._aspects:  # its writer was killed
                path.unlink()

    def _tidy(self, active: Collection[str]) -> None:
        """Rewrite shards that hold what is gone or twice there, and very small ones as one."""
        seen: set[str] = set()
        stale, small = [], []
        for name, aspects in self._aspects.items():
            if any(sha256 not in active or sha256 in seen for sha256 in aspects):
                stale.append(name)
            elif len(aspects) < _N_PER_SHARD / 2:
                small.append(name)
            seen.update(aspects)
        if len(small) > _N_SMALL:
            stale += small
        kept = self._read(stale, active)
        while some := list(islice(kept, _N_PER_SHARD)):
            self._write(some)
        for name in stale:
            self._delete(name)

    def _read(self, names: Iterable[str], active: Collection[str]) -> Iterator[_Small]:
        read: set[str] = set()
        for name in names:
            aspects = self._aspects[name]
            for record in tf.data.TFRecordDataset(str(self._records(name))).map(parse):
                sha256 = record["sha256"].numpy().decode()
                if sha256 in active and sha256 not in read:
                    read.add(sha256)
                    yield _Small(sha256, aspects[sha256], record["jpeg"].numpy())

    def _write(self, pictures: Iterable[_Small]) -> None:
        # Names sort by when they were made; two runs never choose the same.
        name = f"{len(self._aspects):06}-{uuid4().hex[:8]}"
        aspects = {}
        with tf.io.TFRecordWriter(str(self._records(name))) as writer:
            for picture in pictures:
                aspects[picture.sha256] = picture.aspect
                writer.write(_example(picture))
        part = self._folder / f"{name}.part"
        listed = {"n_bytes": self._records(name).stat().st_size, "aspects": aspects}
        part.write_text(json.dumps(listed), encoding="utf-8")
        os.replace(part, self._folder / f"{name}.json")  # noqa: PTH105
        self._aspects[name] = aspects

    def _small(self, row: Row, media: MediaStore) -> _Small:
        picture = decode(media.get(row.sha256, row.format), at_least_px=2 * self.side_px)
        file = io.BytesIO()
        fit(picture, self.side_px).save(file, "JPEG", **_JPEG)
        return _Small(row.sha256, picture.height / picture.width, file.getvalue())

    def _records(self, name: str) -> Path:
        return self._folder / f"{name}.tfrecord"

    def _delete(self, name: str) -> None:
        (self._folder / f"{name}.json").unlink(missing_ok=True)
        self._records(name).unlink(missing_ok=True)
        self._aspects.pop(name, None)


def parse(record: tf.Tensor) -> dict[str, tf.Tensor]:
    """One record of a shard: its SHA-256 in hex and its JPEG."""
    parsed: dict[str, tf.Tensor] = tf.io.parse_single_example(record, _FEATURES)
    return parsed


def _example(picture: _Small) -> bytes:
    values = {"sha256": picture.sha256.encode(), "jpeg": picture.jpeg}
    features = {
        name: tf.train.Feature(bytes_list=tf.train.BytesList(value=[value]))
        for name, value in values.items()
    }
    serialized: bytes = tf.train.Example(
        features=tf.train.Features(feature=features)
    ).SerializeToString()
    return serialized


def _counted(pictures: Iterable[_Small | None], bar: "tqdm[Any]") -> Iterator[_Small | None]:
    for picture in pictures:
        bar.update()
        yield picture
