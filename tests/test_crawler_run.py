"""Crawls of sites on loopback, through the command, over real sockets."""

import io
import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from types import SimpleNamespace
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import func, select

import crawler.crawl
from core.settings import Settings
from db.models import Meme, Run, Sighting
from db.runs import Counts
from db.session import Database
from demo.collection import DemoPost, PostKind, posts
from demo.site import serve
from tests.processes import children, wait_until_ended

ROOT = Path(__file__).parents[1]
LOOPBACK = "127.0.0.0/8"


def command(
    data_dir: Path, *arguments: str, sites: str = "", **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run python -m crawler with its own data folder."""
    return subprocess.run(
        [sys.executable, "-m", "crawler", *arguments],
        cwd=ROOT,
        env=environment(data_dir, sites, variables),
        capture_output=True,
        text=True,
        timeout=120,
    )


def environment(data_dir: Path, sites: str, variables: dict[str, str]) -> dict[str, str]:
    """The environment of a crawl that may reach this machine."""
    return os.environ | {
        "MEMEERA_DATA_DIR": str(data_dir),
        "MEMEERA_LEMMY_URLS": sites,
        "MEMEERA_ALLOWED_NETWORKS": LOOPBACK,
        **variables,
    }


def crawl(data_dir: Path, site: str, *communities: str, **variables: str) -> dict[str, Any]:
    """Crawl communities of a site; gives the counts."""
    options = [part for name in communities for part in ("--community", name)]
    done = command(data_dir, "run", "lemmy", *options, "--json", sites=site, **variables)
    assert done.returncode == 0, done.stderr
    counts: dict[str, Any] = json.loads(done.stdout)
    return counts


def n_rows(data_dir: Path, table: type[Meme | Sighting | Run]) -> int:
    """How many rows a table has."""
    with Database.open(Settings(data_dir=data_dir)).reading() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def picture(seed: int, side: int = 96) -> bytes:
    """A PNG like no other."""
    noise = random.Random(seed).randbytes(8 * 8 * 3)
    file = io.BytesIO()
    Image.frombytes("RGB", (8, 8), noise).resize((side, side)).save(file, "PNG")
    return file.getvalue()


def post(number: int, community: str, data: bytes, file_name: str | None = None) -> DemoPost:
    """A post of the demo's site."""
    return DemoPost(
        id=number,
        community=community,
        title=f"post {number}",
        file_name=file_name or f"{number}.png",
        data=data,
        genre="experimental",
        published=datetime(2024, 1, 1, tzinfo=UTC) + timedelta(hours=number),
        score=number,
    )


@contextmanager
def stub(answers: dict[str, Callable[[BaseHTTPRequestHandler], None]]) -> Iterator[str]:
    """A site whose every path answers as told."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answers[self.path.split("?")[0]](self)

        def log_request(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def body(data: bytes, status: int = 200, **headers: str) -> Callable[..., None]:
    """An answer with these bytes."""

    def send(request: BaseHTTPRequestHandler) -> None:
        request.send_response(status)
        for name, value in ({"Content-Length": str(len(data))} | headers).items():
            request.send_header(name.replace("_", "-"), value)
        request.end_headers()
        request.wfile.write(data)

    return send


def listing(*urls: str) -> Callable[..., None]:
    """A listing page with one post for each address."""
    views = [
        {
            "post": {
                "ap_id": f"https://x.example/post/{i}",
                "name": "t",
                "url": url,
                "published": "2024-01-01T00:00:00Z",
            },
            "community": {"name": "memes"},
        }
        for i, url in enumerate(urls)
    ]
    return body(json.dumps({"posts": views}).encode())


@pytest.fixture(scope="module")
def demo_posts() -> list[DemoPost]:
    """A small collection of all genres, with reposts and broken files."""
    return posts(seed=3, n_per_genre=4)


def test_a_crawl_adds_each_meme_once_and_counts_the_rest(
    tmp_path: Path, demo_posts: list[DemoPost]
) -> None:
    kinds = Counter(post.kind for post in demo_posts)
    communities = sorted({post.community for post in demo_posts})
    hits: Counter[str] = Counter()
    with serve(demo_posts, hits) as site:
        first = crawl(tmp_path, site, *communities)
        # The site shows five more posts: three of words, a link to a page, a picture that is gone.
        assert first["listed"] == len(demo_posts) + 5
        assert first["added"] == kinds[PostKind.MEME] + kinds[PostKind.SAME_TEMPLATE]
        assert first["reposts"] == kinds[PostKind.REPOST]
        assert first["rejected"] == {
            "no_picture": 3,
            "not_an_image": 3,
            "empty": 1,
            "corrupt": 1,
            "too_many_pixels": 1,
            "http_error": 1,
        }
        assert n_rows(tmp_path, Meme) == first["added"]
        assert n_rows(tmp_path, Sighting) == first["added"] + first["reposts"]

        hits.clear()
        again = crawl(tmp_path, site, *communities)
        assert again["added"] == again["reposts"] == 0
        assert again["known"] == again["listed"] == first["listed"]
        assert not [path for path in hits if path.startswith("/pictrs/")]

    with Database.open(Settings(data_dir=tmp_path)).reading() as session:
        sighting = session.scalars(select(Sighting).order_by(Sighting.id)).first()
        assert sighting is not None
        of_it = next(p for p in demo_posts if sighting.image_url.endswith(p.file_name))
        assert sighting.title == of_it.title
        assert sighting.posted_at == of_it.published
        assert sighting.community == of_it.community
        stored = tmp_path / "media" / sighting.meme.sha256[:2]
        (file,) = stored.glob(f"{sighting.meme.sha256}.*")
        assert file.read_bytes() == of_it.data  # as it came


def test_a_link_to_a_known_picture_is_a_sighting_without_a_download(tmp_path: Path) -> None:
    data = picture(1)
    with serve([post(1, "memes", data, "same.png")]) as site:
        crawl(tmp_path, site, "memes")
    hits: Counter[str] = Counter()
    port = int(site.rsplit(":", 1)[1])
    with serve([post(100, "art", data, "same.png")], hits, port=port) as site:
        counts = crawl(tmp_path, site, "art")
    assert (counts["reposts"], counts["added"]) == (1, 0)
    assert hits["/pictrs/image/same.png"] == 0
    assert n_rows(tmp_path, Sighting) == 2


def test_an_unknown_community_does_not_end_the_others(tmp_path: Path) -> None:
    with serve([post(1, "memes", picture(1))]) as site:
        done = command(
            tmp_path, "run", "lemmy", "--community", "nobody", "--community", "memes", sites=site
        )
    assert done.returncode == 0
    assert "1 added" in done.stdout
    assert "couldnt_find_community" in done.stderr


def test_a_site_that_does_not_answer_is_one_line_and_exit_code_1(tmp_path: Path) -> None:
    done = command(
        tmp_path,
        *("run", "lemmy", "--community", "memes"),
        sites="http://127.0.0.1:1",
        MEMEERA_RETRY_DELAY_S="0.01",
    )
    assert done.returncode == 1
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    assert "nothing was listed" in done.stderr


def test_an_address_that_is_not_public_is_refused_unless_allowed(tmp_path: Path) -> None:
    with serve([post(1, "memes", picture(1))]) as site:
        done = command(
            tmp_path,
            *("run", "lemmy", "--community", "memes"),
            sites=site,
            MEMEERA_ALLOWED_NETWORKS="",
            MEMEERA_RETRY_DELAY_S="1000",  # it is not asked again
        )
    assert done.returncode == 1
    assert "MEMEERA_ALLOWED_NETWORKS=127.0.0.1/32" in done.stderr
    assert n_rows(tmp_path, Meme) == 0


def test_what_must_not_be_fetched_is_counted_with_its_reason(tmp_path: Path) -> None:
    released = Event()

    def hang(request: BaseHTTPRequestHandler) -> None:
        released.wait(20)

    answers: dict[str, Callable[[BaseHTTPRequestHandler], None]] = {
        "/good.png": body(picture(1)),
        "/big.png": body(bytes(200_000)),
        "/hang.png": hang,
        "/cut.png": body(picture(2)[:50], Content_Length="5000"),
        "/away": body(b"", 302, Location="http://127.9.9.9:9/private.png"),
        "/file": body(b"", 302, Location="file:///etc/hostname"),
    }
    with stub(answers) as site:
        answers["/api/v3/post/list"] = listing(
            f"{site}/good.png",
            f"{site}/big.png",
            f"{site}/hang.png",
            f"{site}/cut.png",
            f"{site}/away",
            f"{site}/file",
            "http://127.9.9.9:9/private.png",
            "http://2130706434:9/private.png",  # 127.0.0.2, written as a number
            "http://no-such-host.invalid/x.png",
            "http://[half/an/address.png",
            f"{site}/{'x' * 3000}.png",
        )
        counts = crawl(
            tmp_path,
            site,
            "memes",
            MEMEERA_ALLOWED_NETWORKS="127.0.0.1/32",
            MEMEERA_MAX_BYTES="100000",
            MEMEERA_REQUEST_TIMEOUT_S="1",
            MEMEERA_RETRY_DELAY_S="0.001",
        )
        released.set()
    assert counts["added"] == 1
    rejected = counts["rejected"]
    assert rejected["too_many_bytes"] == 1
    assert rejected["refused_address"] == 3
    assert rejected["bad_address"] == 1
    assert rejected["no_picture"] == 1  # half an address is a link to none
    assert sum(rejected.values()) == 10
    assert counts["pending"] == 0


def test_a_crawl_killed_at_any_moment_loses_and_doubles_nothing(tmp_path: Path) -> None:
    n_posts = 300  # so many that none of the first two crawls ends before it is killed
    collection = [post(i, "memes", picture(i)) for i in range(n_posts)]
    with serve(collection) as site:
        for more in (5, 20):
            # The first may have stored many at once: the second is to store some of its own.
            wanted = n_rows(tmp_path, Meme) + more
            process = subprocess.Popen(
                [sys.executable, "-m", "crawler", "run", "lemmy", "--community", "memes"],
                cwd=ROOT,
                env=environment(tmp_path, site, {}),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            deadline = time.monotonic() + 60
            while process.poll() is None and n_rows(tmp_path, Meme) < wanted:
                assert time.monotonic() < deadline
                time.sleep(0.02)
            assert process.poll() is None, "it ended before it was killed"
            storing = children(process.pid)
            process.send_signal(signal.SIGKILL)
            process.wait()
            assert storing
            wait_until_ended(storing)  # with its parent
        crawl(tmp_path, site, "memes")
    assert n_rows(tmp_path, Meme) == n_posts
    assert n_rows(tmp_path, Sighting) == n_posts
    files = list((tmp_path / "media").rglob("*.png"))
    assert len(files) == n_posts


def test_status_tells_the_last_runs_newest_first(tmp_path: Path) -> None:
    with serve([post(1, "memes", picture(1)), post(2, "art", picture(2))]) as site:
        crawl(tmp_path, site, "memes")
        crawl(tmp_path, site, "memes", "art")
    runs = json.loads(command(tmp_path, "status", "--json").stdout)
    assert [run["added"] for run in runs] == [1, 1]
    assert runs[0]["target"].count("c/") == 2
    assert all(run["finished_at"] for run in runs)
    shown = command(tmp_path, "status")
    assert shown.returncode == 0
    assert "1 added" in shown.stdout


def test_bad_usage_is_exit_code_2(tmp_path: Path) -> None:
    done = command(tmp_path, "run", "lemmy")
    assert done.returncode == 2
    assert done.stderr == (
        "python -m crawler run lemmy: Missing option '--community'; "
        "see python -m crawler run lemmy --help\n"
    )
    assert "Commands:" in command(tmp_path).stderr
    assert command(tmp_path, "run", "lemmy", "--community", "x", "--limit", "0").returncode == 2
    assert command(tmp_path, "nonsense").returncode == 2


def test_a_store_that_takes_nothing_is_a_failed_crawl(tmp_path: Path) -> None:
    (tmp_path / "media").write_text("a file where a folder should be")
    with serve([post(1, "memes", picture(1))]) as site:
        done = command(tmp_path, "run", "lemmy", "--community", "memes", sites=site)
    assert done.returncode == 1
    assert "cannot be kept" in done.stderr
    assert "nothing was stored" in done.stderr
    assert "1 failed" in done.stderr


def test_ctrl_c_ends_a_crawl_with_130_and_leaves_its_run_unfinished(tmp_path: Path) -> None:
    released = Event()

    def hang(request: BaseHTTPRequestHandler) -> None:
        released.wait(20)

    answers: dict[str, Callable[[BaseHTTPRequestHandler], None]] = {
        "/hang.png": hang,
        "/good.png": body(picture(1)),
    }
    with stub(answers) as site:
        answers["/api/v3/post/list"] = listing(f"{site}/good.png", f"{site}/hang.png")
        process = subprocess.Popen(
            [sys.executable, "-m", "crawler", "run", "lemmy", "--community", "memes"],
            cwd=ROOT,
            env=environment(tmp_path, site, {"MEMEERA_REQUEST_TIMEOUT_S": "3"}),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + 60
        while n_rows(tmp_path, Meme) < 1:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 130
        released.set()
    (run,) = json.loads(command(tmp_path, "status", "--json").stdout)
    assert run["finished_at"] is None
    assert run["added"] == 1


def test_without_a_terminal_a_line_tells_at_times_how_far_it_is(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    spider: Any = SimpleNamespace(counts=Counts(listed=9, added=2))
    progress = crawler.crawl.Progress(spider)
    progress.show()
    assert capsys.readouterr().err == ""  # so soon
    monkeypatch.setattr(crawler.crawl, "_TELL_EVERY_S", 0.0)
    progress.show()
    assert re.fullmatch(r"memes: .*2 added.*; [\d.]+ a second\n", capsys.readouterr().err)
