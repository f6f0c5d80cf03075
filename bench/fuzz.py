"""Damaged pictures by the thousand against the API: no crash, no hang, no answer without a code.

    python -m bench.fuzz FOLDER_OF_SEEDS [--n 20000] [--seed 1]

Each seed file is cut, has bytes flipped, doubled, taken out, or its numbers set to extremes; one in
fifty is read for words too. What took longest, and every answer that breaks a rule, is printed with
what makes it again.
"""

import json
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

import click
import httpx
from tqdm import tqdm

from core.cli import run
from core.in_order import in_order
from tests.app_server import Server, served

_MAX_SEED_BYTES: Final = 2_000_000  # larger ones are sent as they are, once
_MAX_S: Final = 5.0
_WORDS_OF: Final = 50
_N_CALLERS: Final = 8
_BROKEN: Final = ("no code", "internal", "process_died", "too_slow")
_EXTREMES: Final = (b"\0\0\0\0", b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\x80\0\0\0")


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False, exists=True))
@click.option("--n", default=20_000, show_default=True, help="How many pictures.")
@click.option("--seed", default=1, show_default=True)
def main(folder: Path, n: int, seed: int) -> int:
    """Print what was answered, as JSON; exit code 1 where a rule was broken."""
    seeds = {
        path.name: path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.stat().st_size <= _MAX_SEED_BYTES
    }
    answers: Counter[str] = Counter()
    broken: list[str] = []
    slowest = (0.0, "")
    with tempfile.TemporaryDirectory() as data_dir, served(Path(data_dir)) as server:
        before = server.answering()
        callers = ThreadPoolExecutor(_N_CALLERS)
        mutants = _mutants(seeds, n, seed)
        asked = in_order(callers, _N_CALLERS, lambda one: _ask(server, *one), mutants)
        for name, code, seconds in tqdm(asked, total=n, file=sys.stderr):
            answers[code] += 1
            slowest = max(slowest, (round(seconds, 2), name))
            if code in _BROKEN or seconds > _MAX_S:
                broken.append(f"{name}: {code}, {seconds:.1f} s")
        report: dict[str, Any] = {
            "answers": dict(answers.most_common()),
            "slowest": slowest,
            "processes_that_ended": len(set(before) - set(server.answering())),
            "broken": broken[:50],
        }
    print(json.dumps(report, indent=2))
    return 1 if broken or report["processes_that_ended"] else 0


def _mutants(seeds: dict[str, bytes], n: int, seed: int) -> Iterator[tuple[str, bytes, bool]]:
    names = sorted(seeds)
    for i in range(n):
        rng = random.Random(f"{seed} {i}")
        name = names[i % len(names)]
        yield f"{name} #{i}", _mutated(seeds[name], rng), i % _WORDS_OF == 0


def _mutated(data: bytes, rng: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 4, 16))):
        if not changed:
            break
        # Headers are where sizes and counts are.
        end = len(changed) if rng.random() < 0.5 else min(len(changed), 512)
        at = rng.randrange(end)
        match rng.randrange(6):
            case 0:
                del changed[at:]
            case 1:
                changed[at] ^= 1 << rng.randrange(8)
            case 2:
                changed[at : at + 4] = rng.choice(_EXTREMES)
            case 3:
                del changed[at : at + rng.randrange(1, 64)]
            case 4:
                changed[at:at] = changed[at : at + rng.randrange(1, 256)]
            case 5:
                changed[at : at + 16] = rng.randbytes(16)
    return bytes(changed)


def _ask(server: Server, name: str, data: bytes, words: bool) -> tuple[str, str, float]:
    started = time.perf_counter()
    try:
        answer = server.client.post("/v1/classify", content=data, params={"words": int(words)})
        body = answer.json()
        code = "classified" if answer.status_code == 200 else str(body["error"]["code"])
    except (httpx.HTTPError, ValueError, KeyError):
        code = "no code"
    return name, code, time.perf_counter() - started


if __name__ == "__main__":
    run(main, "python -m bench.fuzz")
