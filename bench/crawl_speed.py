"""How many pictures a second a crawl takes in, from a site on this machine.

Draws JPEGs of 1080 px and about 120 KB (one in twelve on a shared template, one in twenty a
repost), serves them from a process of their own, and crawls them end to end: download, decode,
fingerprint, match, store. Beside it, in turn: gallery-dl and Scrapy's ImagesPipeline on the same
files, which download and write them, and tell nothing apart.

    python -m bench.crawl_speed [--pictures 3000]     # pip install gallery-dl for its row

It prints pictures a second, and the memory of a crawl of this and of ten times as many posts.
"""

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import click

from bench.drawn_files import draw_files
from core.cli import run

_PAGE_SIZE: Final = 50


@click.command()
@click.option("--pictures", default=3000, show_default=True)
@click.option("--growth/--no-growth", default=True, help="Whether to crawl ten times as many too.")
def main(pictures: int, growth: bool) -> None:
    """Measure a crawl beside its peers."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        draw_files(folder / "files", pictures)
        sizes = [file.stat().st_size for file in (folder / "files").iterdir()]
        report: dict[str, Any] = {"pictures": pictures, "KB": round(sum(sizes) / len(sizes) / 1000)}
        with _served(folder / "files", pictures) as site:
            _ours(site, folder / "first", limit=_PAGE_SIZE)  # it compiles what was never run
            report["memeEra"] = _ours(site, folder / "data")
            report["gallery-dl"] = _gallery_dl(site, folder, pictures)
            report["Scrapy ImagesPipeline"] = _images_pipeline(site, folder, pictures)
        if growth:
            with _served(folder / "files", 10 * pictures) as site:
                report["memeEra, 10 times the posts"] = _ours(site, folder / "more")
    print(json.dumps(report, indent=2))


def _ours(site: str, data_dir: Path, limit: int = 1_000_000) -> dict[str, Any]:
    environment = {
        "MEMEERA_DATA_DIR": str(data_dir),
        "MEMEERA_LEMMY_URLS": site,
        "MEMEERA_ALLOWED_NETWORKS": "127.0.0.0/8",
    }
    command = [sys.executable, "-m", "crawler", "run", "lemmy", "--community", "memes", "--json"]
    command += ["--limit", str(limit)]
    took_s, peak_mb, said = _timed(command, environment)
    counts = json.loads(said)
    n = counts["added"] + counts["reposts"]
    return {"a_second": round(n / took_s, 1), "peak_MB": peak_mb, "counts": counts}


def _gallery_dl(site: str, folder: Path, n: int) -> dict[str, Any] | str:
    program = Path(sys.executable).with_name("gallery-dl")
    if not program.exists():
        return "not installed"
    addresses = folder / "addresses.txt"
    addresses.write_text("".join(f"{site}/pictrs/image/{i:06}.jpg\n" for i in range(n)))
    into = folder / "gallery-dl"
    command = [str(program), "--quiet", "--config-ignore", "-d", str(into), "-i", str(addresses)]
    took_s, peak_mb, _ = _timed(command)
    return {"a_second": round(_n_files(into) / took_s, 1), "peak_MB": peak_mb}


_IMAGES: Final = """
import sys
import scrapy
from scrapy.crawler import CrawlerProcess

site, n, folder = sys.argv[1:]

class Images(scrapy.Spider):
    name = "images"

    async def start(self):
        yield {"image_urls": [f"{site}/pictrs/image/{i:06}.jpg" for i in range(int(n))]}

process = CrawlerProcess({
    "ITEM_PIPELINES": {"scrapy.pipelines.images.ImagesPipeline": 1},
    "IMAGES_STORE": folder, "LOG_LEVEL": "ERROR", "CONCURRENT_REQUESTS": 64,
    "CONCURRENT_REQUESTS_PER_DOMAIN": 8, "DOWNLOAD_DELAY": 0, "TELNETCONSOLE_ENABLED": False,
})
process.crawl(Images)
process.start()
"""


def _images_pipeline(site: str, folder: Path, n: int) -> dict[str, Any]:
    into = folder / "images"
    command = [sys.executable, "-c", _IMAGES, site, str(n), str(into)]
    took_s, peak_mb, _ = _timed(command)
    return {"a_second": round(_n_files(into) / took_s, 1), "peak_MB": peak_mb}


def _timed(command: list[str], settings: dict[str, str] | None = None) -> tuple[float, int, str]:
    """Run a command; gives its seconds, its peak memory in MB, and what it printed."""
    environment = os.environ | (settings or {})
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # or every process compiles all it imports
    os.sync()  # what was written before is not for this command to wait for
    started, peak_kb = time.monotonic(), 0
    with (
        tempfile.TemporaryFile("w+") as out,
        tempfile.TemporaryFile("w+") as err,
        subprocess.Popen(command, env=environment, stdout=out, stderr=err) as process,
    ):
        while process.poll() is None:
            peak_kb = max(peak_kb, _resident_kb(process.pid))
            time.sleep(0.1)
        took_s = time.monotonic() - started
        out.seek(0)
        err.seek(0)
        if process.returncode != 0:
            raise click.ClickException(f"{command[:4]}: {err.read()[-2000:]}")
        return took_s, peak_kb // 1000, out.read()


def _resident_kb(pid: int) -> int:
    """What a process and those it has started hold in memory now, as Linux tells it."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    except OSError:  # it has ended
        return 0
    own = next((int(x.split()[1]) for x in status.splitlines() if x.startswith("VmRSS:")), 0)
    return own + sum(_resident_kb(int(child)) for child in children)


def _n_files(folder: Path) -> int:
    return sum(path.is_file() for path in folder.rglob("*.jpg"))


@contextmanager
def _served(folder: Path, n_posts: int) -> Iterator[str]:
    """A Lemmy site in a process of its own; more posts than files show files again."""
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(folder, n_posts, theirs), daemon=True)
    process.start()
    try:
        yield f"http://127.0.0.1:{ours.recv()}"
    finally:
        process.terminate()
        process.join()


def _serve(folder: Path, n_posts: int, connection: Any) -> None:
    files = {file.name: file.read_bytes() for file in folder.iterdir()}
    names = sorted(files)

    def answer(target: str, host: str) -> tuple[bytes, bytes]:
        parts = urlsplit(target)
        if parts.path.startswith("/pictrs/image/"):
            return b"image/jpeg", files[parts.path.rpartition("/")[2]]
        start = int(parse_qs(parts.query).get("page_cursor", ["0"])[0])
        end = min(start + _PAGE_SIZE, n_posts)
        page = {
            "posts": [
                _view(i, names[i % len(names)], i // len(names), host) for i in range(start, end)
            ],
            "next_page": str(end) if end < n_posts else None,
        }
        return b"application/json", json.dumps(page).encode()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
                host = next(line[6:] for line in head if line.lower().startswith("host: "))
                kind, body = answer(head[0].split()[1], host)
                length = str(len(body)).encode()
                writer.write(
                    b"HTTP/1.1 200 OK\r\nContent-Type: " + kind + b"\r\nContent-Length: " + length
                )
                writer.write(b"\r\n\r\n" + body)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    async def serve() -> None:
        server = await asyncio.start_server(talk, "127.0.0.1", 0, backlog=256)
        connection.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(serve())


def _view(i: int, name: str, again: int, host: str) -> dict[str, Any]:
    at = datetime(2026, 1, 1, tzinfo=UTC) - timedelta(minutes=i)
    # The same file under another address, as when it is posted anew.
    suffix = f"?{again}" if again else ""
    return {
        "post": {
            "name": f"post {i}",
            "url": f"http://{host}/pictrs/image/{name}{suffix}",
            "ap_id": f"http://{host}/post/{i}",
            "published": at.isoformat(),
        },
        "community": {"name": "memes"},
        "counts": {"score": i % 100},
    }


if __name__ == "__main__":
    run(main, "python -m bench.crawl_speed")
