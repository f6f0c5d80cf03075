"""What it takes to add a meme to a large collection, and to load its hashes.

    python -m bench.matching_speed [--sizes 10000,100000,1000000] [--siblings 10000] [--folder DIR]

Fills an SQLite database with as many memes of random hashes, then loads the index and adds memes:
some that resemble nothing, and more of the siblings that one template has. Times are beyond the
fingerprint, in one process, with the commit of each, without reading words: how often that was
needed is counted. CPU time is this process's own; on a busy machine it is the one to go by.
"""

import json
import os
import random
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_hex
from typing import Any, Final

import click
import numpy as np
from PIL import Image
from tqdm import tqdm

import db.candidates
import db.recognition
from bench.drawn_reposts import jpeg
from core.cli import run
from core.fingerprint import Fingerprint, fingerprint
from core.settings import Settings
from core.words import Line, read_words
from db.matching import Matcher
from db.media import MediaStore
from db.memes import Collection, Seen
from db.session import Database
from demo.drawing import caption
from demo.drawing.lettering import Capitals, outlined
from demo.drawing.top_bottom_text import template

_N_ADDED: Final = 60
_TEMPLATE: Final = 4  # seed of the one that everybody uses
_NOW: Final = datetime(2026, 1, 1, tzinfo=UTC).replace(tzinfo=None).isoformat(" ")
_MEME: Final = (
    "INSERT INTO meme (id, sha256, phash64, phash256, inner_phash256, signature, template_id,"
    " format, width, height, frames, n_bytes, status, nsfw, added_at)"
    f" VALUES (?, ?, ?, ?, ?, ?, ?, 'JPEG', 600, 600, 1, 50000, 'active', 0, '{_NOW}')"
)


@click.command()
@click.option("--sizes", default="10000,100000,1000000", show_default=True)
@click.option("--siblings", default=10_000, show_default=True)
@click.option("--folder", type=click.Path(path_type=Path), help="Where the databases are made.")
@click.option("--measure", type=click.Path(path_type=Path), hidden=True)
def main(sizes: str, siblings: int, folder: Path | None, measure: Path | None) -> None:
    """Measure adding and loading at growing sizes."""
    if measure is not None:
        print(json.dumps(_measured(measure)))
        return
    report = {}
    family = _family(siblings)
    for size in map(int, sizes.split(",")):
        with tempfile.TemporaryDirectory(dir=folder) as data_dir:
            _fill(Path(data_dir), size, family)
            report[size] = json.loads(
                subprocess.run(
                    [sys.executable, "-m", "bench.matching_speed", "--measure", data_dir],
                    check=True,
                    stdout=subprocess.PIPE,
                    text=True,
                ).stdout
            )
    print(json.dumps(report, indent=2))


def _family(n: int) -> list[Fingerprint]:
    """Memes on one template that differ in their captions alone."""
    drawn = tqdm(_siblings(0, n), total=n, desc="drawing", disable=None, file=sys.stderr)
    pictures = [fingerprint(data) for data in drawn]
    return list({picture.sha256: picture for picture in pictures}.values())  # some drawn twice


def _siblings(first: int, n: int) -> Iterator[bytes]:
    base = template(_TEMPLATE)
    for i in range(first, first + n):
        rng = random.Random(i)
        image = base.copy()
        style = Capitals(squeeze=rng.uniform(0.64, 0.85), height=rng.uniform(0.08, 0.12))
        outlined(image, caption(rng)[0], 0, style)
        outlined(image, caption(rng)[1], 1, style)
        yield jpeg(image, 85)


def _unlike(n: int) -> Iterator[bytes]:
    """Pictures that resemble nothing: coarse blotches in other places each time."""
    rng = np.random.default_rng(5)
    for _ in range(n):
        cells = rng.integers(0, 256, (14, 14, 3), dtype=np.uint8)
        yield jpeg(Image.fromarray(cells).resize((600, 600), Image.Resampling.BICUBIC), 85)


def _fill(data_dir: Path, n: int, family: Sequence[Fingerprint]) -> None:
    Database.open(Settings(data_dir=data_dir)).engine.dispose()
    connection = sqlite3.connect(data_dir / "memes.db")
    n_random = n - len(family)
    leader = n_random + 1  # the family's template; each of the others has its own
    templates = [(i,) for i in range(1, leader + 1)]
    connection.executemany("INSERT INTO template (id) VALUES (?)", templates)
    filler = family[0].signature
    rows = (
        (i, token_hex(32), token_hex(8), token_hex(32), None, filler, i)
        for i in range(1, n_random + 1)
    )
    shown = tqdm(rows, total=n_random, desc=f"filling {n}", disable=None, file=sys.stderr)
    connection.executemany(_MEME, shown)
    connection.executemany(
        _MEME,
        (
            (n_random + k, p.sha256, p.phash64, p.phash256, p.inner_phash256, p.signature, leader)
            for k, p in enumerate(family, start=1)
        ),
    )
    connection.commit()
    connection.close()


def _measured(data_dir: Path) -> dict[str, Any]:
    database = Database.open(Settings(data_dir=data_dir))
    media = _OneFile(str(data_dir / "media"))
    _out_of_memory(data_dir / "memes.db")
    before = _memory_mb("VmRSS")
    first_load_s, matcher = _loaded(database, media)
    index = {
        "first_load_s": first_load_s,
        "held_MB": round(_memory_mb("VmRSS") - before),
        "peak_MB": round(_memory_mb("VmHWM") - before),
    }
    del matcher
    index["load_s"], _ = _loaded(database, media)
    report: dict[str, Any] = {"index": index}
    collection = Collection(database, media)
    for name, files in (
        ("no_candidates", _unlike(_N_ADDED)),
        ("popular_template", _siblings(10**6, _N_ADDED)),
    ):
        report[name] = _added(collection, list(files))
    return report


def _loaded(database: Database, media: MediaStore) -> tuple[float, Matcher]:
    started = time.perf_counter()
    matcher = Matcher(media)
    with database.reading() as session:
        matcher.follow(session)
    return round(time.perf_counter() - started, 2), matcher


def _added(collection: Collection, files: Sequence[bytes]) -> dict[str, Any]:
    with collection.adding():
        pass  # the index is loaded
    reading = _Reading()
    for module in (db.recognition, db.candidates):
        setattr(module, "read_words", reading)  # noqa: B010  # a name that it does not export
    took: list[tuple[float, float]] = []
    n_reading = 0
    for data in files:
        picture = fingerprint(data)
        n_before, reading.wall_s, reading.cpu_s = reading.n, 0.0, 0.0
        started = time.perf_counter(), time.process_time()
        looked = collection.look(data, picture)
        with collection.adding() as adder:
            adder.add(data, picture, Seen("bench", picture.sha256, picture.sha256), looked)
        wall_s, cpu_s = time.perf_counter() - started[0], time.process_time() - started[1]
        took.append((wall_s - reading.wall_s, cpu_s - reading.cpu_s))
        n_reading += reading.n > n_before
    wall, cpu = (np.array(times) * 1e3 for times in zip(*took, strict=True))
    return {
        "ms_median": round(float(np.median(wall)), 2),
        "ms_p95": round(float(np.quantile(wall, 0.95)), 2),
        "cpu_ms_median": round(float(np.median(cpu)), 2),
        "read_words_share": round(n_reading / len(files), 3),
    }


class _OneFile(MediaStore):
    """Has the same file for every meme: the database was filled without any."""

    def get(self, sha256: str, format_name: str) -> bytes:
        return next(_siblings(0, 1))


class _Reading:
    """Reads words, and counts how often and for how long."""

    def __init__(self) -> None:
        self.n, self.wall_s, self.cpu_s = 0, 0.0, 0.0

    def __call__(self, image: Image.Image) -> tuple[Line, ...]:
        started = time.perf_counter(), time.process_time()
        lines = read_words(image)
        self.n += 1
        self.wall_s += time.perf_counter() - started[0]
        self.cpu_s += time.process_time() - started[1]
        return lines


def _out_of_memory(file: Path) -> None:
    """Let the system forget what it holds of a file in memory, as after a start of the machine."""
    with file.open("rb") as opened:
        os.fsync(opened.fileno())  # what is not written yet would stay
        os.posix_fadvise(opened.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def _memory_mb(name: str) -> float:
    """Of this process, as Linux tells it; ru_maxrss would start from the parent's."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) / 1024
    raise ValueError(name)


if __name__ == "__main__":
    run(main, "python -m bench.matching_speed")
