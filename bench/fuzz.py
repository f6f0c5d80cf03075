"""Damaged pictures by the thousand through the API, an import and a crawl: none stops any of them.

    python -m bench.fuzz FOLDER_OF_SEEDS [--n 20000] [--seed 1] [--through import] [--first 0]

Seed files, and animations drawn here, are cut, have bytes flipped and numbers set to extremes,
their chunks, segments and frames changed, doubled or moved, and odd EXIF blocks put in
(bench/mutants.py). Every one has to be answered with a code, stored, or counted by a reason,
without a traceback and in time. What breaks a rule is printed with what makes it again.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import islice
from pathlib import Path
from threading import Thread
from typing import Any, Final

import click
import httpx
from tqdm import tqdm

from bench.mutants import Mutant, mutants, seeds_of
from core.cli import run
from core.in_order import in_order
from tests.app_server import Server, served

_MAX_S: Final = 5.0  # for one answer of the API
_WORDS_OF: Final = 50  # one in so many is read for words
_N_CALLERS: Final = 8
_BROKEN: Final = ("no code", "internal", "process_died", "too_slow")
_BATCH: Final = 500  # files of one command
_BATCH_S: Final = 1200.0  # that it may take: 2.4 s a file, of which most take 20 ms
_ENDS: Final = ("added", "reposts", "known", "failed", "pending")
_DEFECTS: Final = ("unforeseen", "process_died", "too_slow")  # ended well, and worth a look


@dataclass(slots=True)
class Report:
    """What came of the mutants on one way."""

    ends: Counter[str] = field(default_factory=Counter)
    broken: list[str] = field(default_factory=list)
    slowest: tuple[float, str] = (0.0, "")

    def slow(self, seconds: float, name: str) -> None:
        """Keep what took longest."""
        self.slowest = max(self.slowest, (round(seconds, 2), name))

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "ends": dict(self.ends.most_common()),
            "slowest": self.slowest,
            "broken": self.broken[:50],
        }


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False, exists=True))
@click.option("--n", default=20_000, show_default=True, help="How many pictures.")
@click.option("--first", default=0, show_default=True, help="Go on from this one.")
@click.option("--seed", default=1, show_default=True)
@click.option(
    "--through",
    "ways",
    multiple=True,
    type=click.Choice(["api", "import", "crawl"]),
    default=("api", "import", "crawl"),
    show_default=True,
    help="May be repeated.",
)
def main(folder: Path, n: int, first: int, seed: int, ways: tuple[str, ...]) -> int:
    """Print what became of them, as JSON; exit code 1 where a rule was broken."""
    seeds = seeds_of(folder)
    reports = {}
    for way in ways:
        some = islice(mutants(seeds, n, seed), first, None)
        with tqdm(total=n - first, desc=way, file=sys.stderr) as bar:
            reports[way] = _WAYS[way](some, bar)
        print(json.dumps({way: reports[way].as_dict()}, indent=2), flush=True)
    return 1 if any(report.broken for report in reports.values()) else 0


def _through_api(some: Iterator[Mutant], bar: "tqdm[Any]") -> Report:
    report = Report()
    with tempfile.TemporaryDirectory() as data_dir, served(Path(data_dir)) as server:
        before = server.answering()
        callers = ThreadPoolExecutor(_N_CALLERS)
        asked = in_order(callers, _N_CALLERS, lambda one: _ask(server, *one), enumerate(some))
        for name, code, seconds in asked:
            report.ends[code] += 1
            report.slow(seconds, name)
            if code in _BROKEN or seconds > _MAX_S:
                report.broken.append(f"{name}: {code}, {seconds:.1f} s")
            bar.update()
        if n_ended := len(set(before) - set(server.answering())):
            report.broken.append(f"{n_ended} processes ended")
    return report


def _ask(server: Server, i: int, mutant: Mutant) -> tuple[str, str, float]:
    name, data = mutant
    started = time.perf_counter()
    try:
        asked = {"words": int(i % _WORDS_OF == 0)}
        answer = server.client.post("/v1/classify", content=data, params=asked)
        body = answer.json()
        code = "classified" if answer.status_code == 200 else str(body["error"]["code"])
    except (httpx.HTTPError, ValueError, KeyError):
        code = "no code"
    return name, code, time.perf_counter() - started


def _through_import(some: Iterator[Mutant], bar: "tqdm[Any]") -> Report:
    report = Report()
    with tempfile.TemporaryDirectory() as name:
        while batch := list(islice(some, _BATCH)):
            with tempfile.TemporaryDirectory(dir=name) as files:
                for mutant, data in batch:
                    Path(files, _file_name(mutant)).write_bytes(data)
                _command(Path(name, "data"), ["import", files], batch, report)
            bar.update(len(batch))
    return report


def _through_crawl(some: Iterator[Mutant], bar: "tqdm[Any]") -> Report:
    report = Report()
    with tempfile.TemporaryDirectory() as name:
        while batch := list(islice(some, _BATCH)):
            with _site(batch) as site:
                crawling = ["run", "lemmy", "--community", "memes"]
                _command(Path(name, "data"), crawling, batch, report, site)
            bar.update(len(batch))
    return report


_WAYS: Final[dict[str, Callable[[Iterator[Mutant], "tqdm[Any]"], Report]]] = {
    "api": _through_api,
    "import": _through_import,
    "crawl": _through_crawl,
}


def _command(
    data_dir: Path,
    arguments: Sequence[str],
    batch: Sequence[Mutant],
    report: Report,
    site: str = "",
) -> None:
    """Run one command over a batch, and hold it to the rules."""
    what = f"{arguments[0]} of {batch[0][0]} to {batch[-1][0]}"
    started = time.perf_counter()
    try:
        done = subprocess.run(
            [sys.executable, "-m", "crawler", *arguments, "--json"],
            env=os.environ
            | {
                "MEMEERA_DATA_DIR": str(data_dir),
                "MEMEERA_LEMMY_URLS": site,
                "MEMEERA_ALLOWED_NETWORKS": "127.0.0.0/8",
                "MEMEERA_RETRY_DELAY_S": "0.01",  # so that six attempts are over in this run
            },
            capture_output=True,
            text=True,
            timeout=_BATCH_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        report.broken.append(f"{what}: no end after {_BATCH_S:g} s")
        return
    report.slow((time.perf_counter() - started) / len(batch), f"{what}, a file")
    if "Traceback" in done.stderr or done.returncode not in (0, 1, 2):
        report.broken.append(f"{what}: code {done.returncode}: {done.stderr[-1000:]}")
    try:
        counts = json.loads(done.stdout)
    except ValueError:
        report.broken.append(f"{what}: no counts: {done.stderr[-1000:]}")
        return
    ends = Counter({end: counts[end] for end in _ENDS}) + Counter(counts["rejected"])
    report.ends += ends
    if ends.total() != counts["listed"] or counts["listed"] != len(batch):
        report.broken.append(f"{what}: {counts}")
    report.broken += [line for line in done.stderr.splitlines() if line.endswith(_BAD_ENDS)]


_BAD_ENDS: Final = tuple(f"({reason})" for reason in _DEFECTS)


def _file_name(mutant: str) -> str:
    return mutant.replace(" #", "-").replace("/", "-")


@contextmanager
def _site(batch: Sequence[Mutant]) -> Iterator[str]:
    """A Lemmy site with one page that shows the batch."""
    answers = {f"/pictrs/{_file_name(mutant)}": data for mutant, data in batch}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            data = answers.get(self.path, page)
            self.send_response(200)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_request(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    address = f"http://127.0.0.1:{server.server_address[1]}"
    page = json.dumps({"posts": [_post(address + path) for path in answers]}).encode()
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield address
    finally:
        server.shutdown()
        server.server_close()


def _post(url: str) -> dict[str, Any]:
    said = {"ap_id": url, "name": "a mutant", "url": url, "published": "2024-01-01T00:00:00Z"}
    return {"post": said, "community": {"name": "memes"}}


if __name__ == "__main__":
    run(main, "python -m bench.fuzz")
