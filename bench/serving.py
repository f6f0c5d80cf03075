"""The API under load: how long an answer takes, many callers at once, whether memory stays flat.

    MEMEERA_DATA_DIR=DATA python -m bench.serving FOLDER_OF_MEMES

Pictures are re-encoded as JPEGs of 1080 px, as phones send them. The server runs here, with as many
processes as there are cores; callers share them.
"""

import io
import json
import os
import statistics
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

import click
import httpx
from tqdm import tqdm

from core.cli import run
from core.errors import BadInput, MemeEraError
from core.images import decode
from core.settings import Settings
from tests.app_server import Server, served

_WIDTH_PX: Final = 1080
_N_WARM: Final = 5
_N_CALLERS: Final = 16


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False, exists=True))
@click.option("--requests", "n_requests", default=2000, show_default=True, help="For memory.")
def main(folder: Path, n_requests: int) -> None:
    """Print milliseconds, statuses and megabytes as JSON."""
    pictures = _pictures(folder, 40)
    with served(Settings.load().data_dir) as server:
        report: dict[str, Any] = {
            "picture_ms": _median_ms(server, pictures, words=False, n=100),
            "with_words_ms": _median_ms(server, pictures, words=True, n=30),
            "mixed": _mixed(server, pictures),
            "memory_mb": _memory(server, pictures, n_requests),
        }
    print(json.dumps(report, indent=2))


def _pictures(folder: Path, n: int) -> list[bytes]:
    found: list[bytes] = []
    for path in sorted(folder.iterdir()):
        try:
            image = decode(path.read_bytes())
        except (MemeEraError, OSError):
            continue
        size = (_WIDTH_PX, max(1, round(image.height * _WIDTH_PX / image.width)))
        out = io.BytesIO()
        image.resize(size).save(out, "JPEG", quality=85)
        found.append(out.getvalue())
        if len(found) == n:
            return found
    raise BadInput(f"{folder}: fewer than {n} pictures")


def _ask(client: httpx.Client, data: bytes, *, words: bool) -> int:
    answer = client.post("/v1/classify", content=data, params={"words": int(words)})
    return answer.status_code


def _median_ms(server: Server, pictures: Sequence[bytes], *, words: bool, n: int) -> float:
    """One caller, one picture after another, each another one."""
    times = []
    for i in range(_N_WARM + n):
        started = time.perf_counter()
        assert _ask(server.client, pictures[i % len(pictures)], words=words) == 200
        times.append(1000 * (time.perf_counter() - started))
    return round(statistics.median(times[_N_WARM:]), 1)


def _mixed(server: Server, pictures: Sequence[bytes]) -> dict[str, Any]:
    """200 requests of 16 callers: with words and without, pictures and what is none."""
    what = [(pictures[i % len(pictures)], i % 4 == 0) for i in range(190)]
    what += [(b"no picture", False)] * 10
    started = time.perf_counter()
    with ThreadPoolExecutor(_N_CALLERS) as callers:
        statuses = Counter(callers.map(lambda one: _ask(server.client, one[0], words=one[1]), what))
    return {"statuses": dict(statuses), "seconds": round(time.perf_counter() - started, 1)}


def _memory(server: Server, pictures: Sequence[bytes], n_requests: int) -> dict[str, float]:
    """Resident megabytes of all its processes, after some requests and after all."""
    found = {}
    with ThreadPoolExecutor(_N_CALLERS) as callers:
        for part in range(4):
            n = n_requests // 4
            asked = (pictures[i % len(pictures)] for i in range(n))
            list(tqdm(callers.map(lambda d: _ask(server.client, d, words=False), asked), total=n))
            found[f"after {(part + 1) * n}"] = round(_resident_mb(server), 1)
    return found


def _resident_mb(server: Server) -> float:
    pages = sum(
        int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        for pid in (server.pid, *server.answering())
    )
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


if __name__ == "__main__":
    run(main, "python -m bench.serving")
