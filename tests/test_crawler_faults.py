"""What a crawl does where sites and machines fail: it ends, keeps what there is, and counts."""

import gzip
import sqlite3
import struct
import subprocess
import sys
import time
import zlib
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from threading import Timer

import pytest
from sqlalchemy import select

from core.settings import Settings
from db.models import Meme, Pending, Refused, Sighting
from db.session import Database
from tests.test_crawler_run import (
    ROOT,
    body,
    command,
    crawl,
    environment,
    listing,
    n_rows,
    picture,
    stub,
)

Answer = Callable[[BaseHTTPRequestHandler], None]
QUICK = {"MEMEERA_REQUEST_TIMEOUT_S": "1", "MEMEERA_RETRY_DELAY_S": "0.005"}


def in_turn(*answers: Answer) -> Answer:
    """One answer after the other, the last one for good."""
    left = list(answers)

    def answer(request: BaseHTTPRequestHandler) -> None:
        (left.pop(0) if len(left) > 1 else left[0])(request)

    return answer


def drip(request: BaseHTTPRequestHandler) -> None:
    """A byte now and then: each comes in time, all of them never."""
    request.send_response(200)
    request.send_header("Content-Length", "1000")
    request.end_headers()
    try:
        for _ in range(100):
            request.wfile.write(b"x")
            request.wfile.flush()
            time.sleep(0.1)
    except OSError:
        pass  # whom it was for has gone


def slow_head(request: BaseHTTPRequestHandler) -> None:
    """A header now and then."""
    request.send_response(200)
    with suppress(OSError):  # whom it was for may have gone
        for number in range(100):
            request.send_header(f"X-{number}", "x")
            request.flush_headers()
            time.sleep(0.1)


def endless(request: BaseHTTPRequestHandler) -> None:
    """2 GB, or as much of it as is taken."""
    request.send_response(200)
    request.end_headers()
    try:
        for _ in range(2000):
            request.wfile.write(bytes(1 << 20))
    except OSError:
        pass


def heading(request: BaseHTTPRequestHandler) -> None:
    """A picture, but behind a megabyte of headers."""
    request.send_response(200)
    for number in range(500):
        request.send_header(f"X-{number}", "x" * 2000)
    with suppress(OSError):  # whom it was for may have gone
        request.end_headers()
        request.wfile.write(picture(7))


def drop(request: BaseHTTPRequestHandler) -> None:
    """Hang up without a word."""
    request.close_connection = True


def png_bomb(side: int = 30_000) -> bytes:
    """A PNG of a few KB that says it has 900 million pixels."""
    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    rows = zlib.compress(bytes(100_000))
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    )


HTML = b"<!DOCTYPE html><html><body>Not found, but politely.</body></html>"
SVG = b"<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>"

FAULTS: dict[str, tuple[Answer, str | None]] = {
    # an answer, and why no picture comes of it; None: one does, sooner or later
    "good": (body(picture(1)), None),
    "busy": (in_turn(body(b"", 429, Retry_After="1"), body(picture(2))), None),
    "ill": (in_turn(body(b"", 500), body(b"", 503), body(picture(3))), None),
    "shy": (in_turn(drop, body(picture(4))), None),
    "dead": (body(b"", 500), "http_error"),
    "gone": (body(b"", 404), "http_error"),
    "drip": (drip, "no_answer"),
    "slow head": (slow_head, "no_answer"),
    "heading": (heading, "no_answer"),
    "cut": (body(picture(5)[:50], Content_Length="5000"), "no_answer"),
    "html": (body(HTML, Content_Type="image/png"), "not_an_image"),
    "svg": (body(SVG, Content_Type="image/svg+xml"), "not_an_image"),
    "truncated": (body(picture(6)[:-40]), "corrupt"),
    "bomb": (body(png_bomb()), "too_many_pixels"),
    "zip bomb": (body(gzip.compress(bytes(1 << 26)), Content_Encoding="gzip"), "too_many_bytes"),
    "endless": (endless, "too_many_bytes"),
    "loop": (body(b"", 302, Location="/loop"), "no_answer"),
    "private": (body(b"", 302, Location="http://127.9.9.9:9/x.png"), "refused_address"),
    "scheme": (body(b"", 302, Location="ftp://127.0.0.1/x.png"), "http_error"),
}


def test_every_fault_ends_as_a_picture_or_a_reason(tmp_path: Path) -> None:
    answers = {f"/{name.replace(' ', '-')}": answer for name, (answer, _) in FAULTS.items()}
    with stub(answers) as site:
        answers["/api/v3/post/list"] = listing(*(site + path for path in answers))
        allowed = {"MEMEERA_ALLOWED_NETWORKS": "127.0.0.1/32", "MEMEERA_MAX_BYTES": "10000000"}
        counts = crawl(tmp_path, site, "memes", **QUICK, **allowed)
    reasons = {reason for _, reason in FAULTS.values()}
    with Database.open(Settings(data_dir=tmp_path)).reading() as session:
        had = {row.image_url.rpartition("/")[2] for row in session.scalars(select(Sighting))}
        refused = {
            row.image_url.rpartition("/")[2].replace("-", " "): row.reason
            for row in session.scalars(select(Refused))
        }
        assert not session.scalars(select(Pending)).all()
    assert had == {name for name, (_, reason) in FAULTS.items() if reason is None}
    assert refused == {name: reason for name, (_, reason) in FAULTS.items() if reason is not None}
    assert counts["added"] == len(had)
    assert Counter(counts["rejected"]) == Counter(refused.values())
    assert reasons - {None} == set(counts["rejected"])


def test_a_host_that_does_not_exist_is_a_reason(tmp_path: Path) -> None:
    with stub({"/1.png": body(picture(1))}) as site:
        page = listing("http://no-such-host.invalid/x.png", f"{site}/1.png")
        with stub({"/api/v3/post/list": page}) as lemmy:
            counts = crawl(tmp_path, lemmy, "memes", **QUICK)
    assert counts["added"] == 1
    assert counts["rejected"] == {"no_answer": 1}


def test_what_rests_longer_than_a_crawl_waits_is_left_to_the_next(tmp_path: Path) -> None:
    answers: dict[str, Answer] = {
        "/busy.png": in_turn(body(b"", 429, Retry_After="3600"), body(picture(1))),
        "/good.png": body(picture(2)),
    }
    with stub(answers) as site:
        answers["/api/v3/post/list"] = listing(f"{site}/busy.png", f"{site}/good.png")
        first = crawl(tmp_path, site, "memes", **QUICK)
        assert (first["added"], first["pending"], first["rejected"]) == (1, 1, {})
        shown = command(tmp_path, "status").stdout
        assert "1 pending: 1 http_error" in shown
        with Database.open(Settings(data_dir=tmp_path)).writing() as session:
            (row,) = session.scalars(select(Pending))
            assert row.attempts == 1
            row.next_try_at = row.next_try_at.replace(year=2020)  # an hour goes by
        second = crawl(tmp_path, site, "memes", **QUICK)
    assert (second["added"], second["pending"]) == (1, 0)


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (body(HTML, 403), "answered 403\n"),
        (body(HTML), "not JSON"),
        (body(b"", 500), "answered 500"),
        (drip, "gave no answer"),
        (drop, "gave no answer"),
    ],
    ids=["403", "HTML", "500", "drip", "drop"],
)
def test_one_community_that_fails_does_not_end_the_others(
    tmp_path: Path, fault: Answer, said: str
) -> None:
    answers: dict[str, Answer] = {"/1.png": body(picture(1))}

    def list_one(request: BaseHTTPRequestHandler) -> None:
        (fault if "community_name=bad" in request.path else good)(request)

    with stub(answers | {"/api/v3/post/list": list_one}) as site:
        good = listing(f"{site}/1.png")
        options = ["--community", "bad", "--community", "memes"]
        done = command(tmp_path, "run", "lemmy", *options, sites=site, **QUICK)
    assert done.returncode == 0
    assert "1 added" in done.stdout
    assert "1 failed" in done.stdout
    assert said in done.stderr
    assert "<" not in done.stderr


def test_a_listing_that_is_busy_for_a_while_goes_on(tmp_path: Path) -> None:
    answers: dict[str, Answer] = {"/1.png": body(picture(1))}
    with stub(answers) as site:
        page = listing(f"{site}/1.png")
        busy = body(b"", 429, Retry_After="1")
        lemmys = body(b'{"error":"rate_limit_error"}', 400)
        answers["/api/v3/post/list"] = in_turn(busy, lemmys, body(b"", 502), page)
        assert crawl(tmp_path, site, "memes", **QUICK)["added"] == 1


def test_a_full_disk_ends_the_crawl_and_loses_nothing(tmp_path: Path) -> None:
    answers = {f"/{i}.png": body(picture(i, side=400)) for i in range(60)}
    with stub(answers) as site:
        answers["/api/v3/post/list"] = listing(*(site + path for path in list(answers)))
        # No file may grow beyond this: first the database's log fails to.
        full = """
import resource, runpy, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (700_000, 700_000))
sys.argv = ["crawler", "run", "lemmy", "--community", "memes"]
runpy.run_module("crawler", run_name="__main__")
"""
        done = subprocess.run(
            [sys.executable, "-c", full],
            cwd=ROOT,
            env=environment(tmp_path, site, QUICK),
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 1
        assert "nothing can be stored any more" in done.stderr
        n_before = n_rows(tmp_path, Meme)
        assert n_before < 60
        crawl(tmp_path, site, "memes", **QUICK)
    assert n_rows(tmp_path, Meme) == n_rows(tmp_path, Sighting) == 60


def test_a_locked_database_is_waited_for(tmp_path: Path) -> None:
    answers: dict[str, Answer] = {f"/{i}.png": body(picture(i)) for i in range(9)}
    Database.open(Settings(data_dir=tmp_path)).engine.dispose()
    other = sqlite3.connect(tmp_path / "memes.db", check_same_thread=False, isolation_level=None)
    answers["/4.png"] = lock_first(other, answers["/4.png"])
    with stub(answers) as site:
        answers["/api/v3/post/list"] = listing(*(site + path for path in list(answers)))
        counts = crawl(tmp_path, site, "memes", **QUICK)
    other.close()
    assert (counts["added"], counts["failed"]) == (9, 0)


def lock_first(connection: sqlite3.Connection, answer: Answer) -> Answer:
    """The answer, once the database is locked for two seconds."""

    def locked(request: BaseHTTPRequestHandler) -> None:
        connection.execute("BEGIN IMMEDIATE")
        Timer(2, connection.rollback).start()
        answer(request)

    return locked
