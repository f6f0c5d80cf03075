"""All of a fingerprint beside imagehash's pHash alone, on JPEGs 1,080 px wide, one core.

    python -m bench.fingerprint_speed [--rounds N]

Both read the same files in turn; each file counts with its least time of all rounds, which a busy
machine distorts least.
"""

import json
import random
import statistics
import time
from collections.abc import Callable
from io import BytesIO
from typing import Any, Final

import click
import cv2
import imagehash
from PIL import Image

from core.cli import run
from core.fingerprint import fingerprint
from demo.drawing import DRAWERS, draw

_SIZES: Final = ((1080, 1080), (1080, 1350), (1080, 720))  # px, as sites show them
_QUALITIES: Final = (75, 85)


@click.command()
@click.option("--rounds", default=9, show_default=True)
def main(rounds: int) -> None:
    """Compare fingerprint() with imagehash.phash(Image.open(...))."""
    cv2.setNumThreads(1)
    report: dict[str, Any] = {}
    ratios: list[float] = []
    for size in _SIZES:
        for quality in _QUALITIES:
            files = _files(size, quality)
            ours = _least(fingerprint, files, rounds)
            peer = _least(lambda data: imagehash.phash(Image.open(BytesIO(data))), files, rounds)
            of_size = [theirs / own for own, theirs in zip(ours, peer, strict=True)]
            ratios += of_size
            report[f"{size[0]}x{size[1]} quality {quality}"] = {
                "KB": round(statistics.mean(len(data) for data in files) / 1000),
                "ours_ms": round(statistics.median(ours), 2),
                "imagehash_ms": round(statistics.median(peer), 2),
                "ratio": round(statistics.median(of_size), 2),
            }
    report["median_ratio"] = round(statistics.median(ratios), 2)
    print(json.dumps(report, indent=2))


def _files(size: tuple[int, int], quality: int) -> list[bytes]:
    """A drawn meme of each genre, as a JPEG of that size."""
    files = []
    for genre in DRAWERS:
        out = BytesIO()
        drawn = draw(genre, random.Random(genre)).resize(size, Image.Resampling.LANCZOS)
        drawn.save(out, "JPEG", quality=quality)
        files.append(out.getvalue())
    return files


def _least(function: Callable[[bytes], object], files: list[bytes], rounds: int) -> list[float]:
    """The least time for each file, in ms of this process's own time."""
    took = [float("inf")] * len(files)
    for _ in range(rounds):
        for i, data in enumerate(files):
            started = time.process_time()
            function(data)
            took[i] = min(took[i], (time.process_time() - started) * 1e3)
    return took


if __name__ == "__main__":
    run(main, "python -m bench.fingerprint_speed")
