"""Each source through the command: over real sockets, from the listing to the collection."""

import json
import random
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from threading import Lock
from typing import Any

import pytest
import zstandard
from sqlalchemy import func, select

import crawler.running
from core.settings import Settings
from crawler.sources.reddit import TimeFilter
from db.models import Meme, Pending, Refused, Sighting, Watermark
from db.session import Database
from tests.reddit_fixtures import (
    StubReddit,
    gallery,
    image,
    linking,
    posts,
    preview,
    serve,
    submission,
)
from tests.test_crawler_faults import QUICK
from tests.test_crawler_run import (
    ROOT,
    body,
    command,
    environment,
    n_rows,
    picture,
    stub,
)

Answer = Callable[[BaseHTTPRequestHandler], None]
KEY = {"MEMEERA_REDDIT_CLIENT_ID": "an-id", "MEMEERA_REDDIT_CLIENT_SECRET": "a-secret"}


def reddit_variables(reddit: StubReddit) -> dict[str, str]:
    return {**KEY, **QUICK, "MEMEERA_REDDIT_URL": reddit.url, "MEMEERA_REQUEST_TIMEOUT_S": "5"}


def counts_of(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    assert done.returncode == 0, done.stderr
    counts: dict[str, Any] = json.loads(done.stdout)
    return counts


def refused(data_dir: Path) -> dict[str, str]:
    with Database.open(Settings(data_dir=data_dir)).reading() as session:
        return {row.post_id: str(row.reason) for row in session.scalars(select(Refused))}


# Reddit


def test_a_subreddit_is_crawled_with_what_its_posts_say(tmp_path: Path) -> None:
    answers: dict[str, Answer] = {f"/{i}.png": body(picture(i)) for i in range(9)}
    answers["/gone.png"] = body(b"", 302, Location="https://i.imgur.com/removed.png")
    with stub(answers) as host, serve(StubReddit()) as reddit:
        reddit.listings["new"] = [
            linking(f"{host}/0.png", id="a", title="Said &amp; done", link_flair_text="OC"),
            gallery({name: image(name, s={"u": f"{host}/{name}.png"}) for name in "12"}, id="b"),
            linking("https://v.redd.it/x", id="c", is_video=True, preview=preview(f"{host}/3.png")),
            linking(
                "https://www.reddit.com/r/a",
                id="d",
                crosspost_parent_list=[linking(f"{host}/4.png", id="z", subreddit="other")],
            ),
            submission("e", removed_by_category="moderator"),
            linking("https://example.com/page", id="f"),
            linking(f"{host}/gone.png", id="g"),
            linking(f"{host}/0.png", id="h"),
        ]
        run = ("run", "reddit", "--subreddit", "r/memes", "--json")
        counts = counts_of(command(tmp_path, *run, **reddit_variables(reddit)))
        again = counts_of(command(tmp_path, *run, **reddit_variables(reddit)))
    assert (counts["listed"], counts["added"], counts["reposts"]) == (9, 5, 1)
    assert counts["rejected"] == {"removed": 1, "no_picture": 1, "placeholder": 1}
    assert refused(tmp_path) == {"e": "removed", "f": "no_picture", "g": "placeholder"}
    assert (again["known"], again["added"]) == (9, 0)
    with Database.open(Settings(data_dir=tmp_path)).reading() as session:
        first = session.scalars(select(Sighting).where(Sighting.post_id == "a")).one()
        assert (first.title, first.flair, first.community) == ("Said & done", "OC", "memes")
        assert first.score == 7
        assert first.author is not None
        assert "somebody" not in first.author


def test_a_token_that_expires_in_the_middle_is_renewed(tmp_path: Path) -> None:
    with serve(StubReddit(lives_for=1)) as reddit, stub({"/x.png": body(picture(1))}) as host:
        reddit.listings["new"] = [
            linking(f"{host}/x.png", id=f"p{i}", created_utc=1.77e9 - i) for i in range(250)
        ]
        done = command(
            tmp_path, "run", "reddit", "--subreddit", "memes", "--json", **reddit_variables(reddit)
        )
    assert reddit.n_tokens > 1
    counts = counts_of(done)
    assert (counts["listed"], counts["added"], counts["reposts"]) == (250, 1, 249)


def test_a_subreddit_that_is_closed_does_not_end_the_others(tmp_path: Path) -> None:
    with serve(StubReddit()) as reddit, stub({"/x.png": body(picture(1))}) as host:
        reddit.trouble.append(
            (403, {}, {"reason": "private", "message": "Forbidden", "error": 403})
        )
        reddit.listings["new"] = [linking(f"{host}/x.png")]
        options = ["--subreddit", "closed", "--subreddit", "memes"]
        done = command(tmp_path, "run", "reddit", *options, **reddit_variables(reddit))
    assert done.returncode == 0
    assert "1 added" in done.stdout
    assert "r/closed: Reddit does not show it to your app" in done.stderr


def test_without_a_key_one_line_says_what_to_do(tmp_path: Path) -> None:
    unset = dict.fromkeys(KEY, "")
    done = command(tmp_path, "run", "reddit", "--subreddit", "memes", **unset)
    assert done.returncode == 2
    assert done.stderr.startswith("Reddit wants a key: ")
    assert done.stderr.count("\n") == 1


def test_what_is_asked_of_reddit_is_what_is_listed(tmp_path: Path) -> None:
    with serve(StubReddit()) as reddit:
        reddit.listings["top-week"] = [
            submission("a", score=99, link_flair_text="OC"),
            submission("b", score=5, link_flair_text="OC"),
            submission("c", score=99),
            submission("d", score=99, link_flair_text="OC", over_18=True),
        ]
        options = ("--sort", "top", "--time", "week", "--flair", "oc", "--min-score", "50")
        run = ("run", "reddit", "--subreddit", "memes", *options, "--no-nsfw", "--dry-run")
        counts = counts_of(command(tmp_path, *run, "--json", **reddit_variables(reddit)))
    assert (counts["listed"], counts["rejected"]) == (4, {"filtered": 3})
    assert n_rows(tmp_path, Meme) == 0


def test_the_times_to_choose_from_are_those_that_reddit_knows() -> None:
    assert list(crawler.running._TIMES) == [str(time) for time in TimeFilter]


def test_a_crawl_killed_at_20_random_moments_loses_and_doubles_nothing(tmp_path: Path) -> None:
    n_posts, rng = 250, random.Random(7)
    answers: dict[str, Answer] = {}
    with stub(answers) as host, serve(StubReddit()) as reddit:
        for i in range(n_posts):
            answers[f"/{i}.png"] = body(picture(i))
        killing = Killing()
        for path, answer in list(answers.items()):
            answers[path] = killing.at(answer)
        reddit.listings["new"] = [
            linking(f"{host}/{i}.png", **post) for i, post in enumerate(bare_posts(n_posts))
        ]
        reddit.on_request = killing.step
        arguments = ["run", "reddit", "--subreddit", "memes"]
        for _ in range(20):
            # Of a run's steps (a listing page, a picture) the one at which it is killed, or a
            # moment behind it, when what came before is decoded and stored.
            n_steps, after_s = rng.randint(1, 9), rng.random() * 0.1
            variables = reddit_variables(reddit)
            killing.run(tmp_path, arguments, variables, n_steps=n_steps, after_s=after_s)
        assert killing.n_killed == 20
        counts = counts_of(command(tmp_path, *arguments, "--json", **reddit_variables(reddit)))
    assert counts["pending"] == 0
    with Database.open(Settings(data_dir=tmp_path)).reading() as session:
        sightings = session.scalars(select(Sighting.image_url)).all()
        assert sorted(sightings) == sorted(f"{host}/{i}.png" for i in range(n_posts))
        assert session.scalar(select(func.count(Pending.id))) == 0
        assert session.scalar(select(func.count(Meme.id))) == n_posts
        assert session.scalar(select(func.count(Watermark.listing))) == 1
    assert len(list((tmp_path / "media").rglob("*.png"))) == n_posts


def bare_posts(n: int) -> list[dict[str, Any]]:
    """What tells posts apart, without their addresses."""
    return [{"id": post["id"], "created_utc": post["created_utc"]} for post in posts(n)]


class Killing:
    """Kills a crawl at a step of its work."""

    def __init__(self) -> None:
        self.n_killed = 0
        self._lock = Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._n_left = 0
        self._after_s = 0.0

    def at(self, answer: Answer) -> Answer:
        """An answer that is a step."""

        def answer_and_count(request: BaseHTTPRequestHandler) -> None:
            with suppress(OSError):  # whom it was for may be dead
                answer(request)
            self.step()

        return answer_and_count

    def step(self) -> None:
        """Count one step, and kill if it is the one."""
        with self._lock:
            self._n_left -= 1
            if self._n_left != 0 or self._process is None:
                return
            process, self._process = self._process, None
        time.sleep(self._after_s)
        if process.poll() is None:
            process.kill()
            self.n_killed += 1

    def run(
        self,
        data_dir: Path,
        arguments: list[str],
        variables: dict[str, str],
        *,
        n_steps: int,
        after_s: float,
    ) -> None:
        """Begin a crawl, and see it killed so long after so many steps."""
        with self._lock:
            self._n_left, self._after_s = n_steps, after_s
            self._process = subprocess.Popen(
                [sys.executable, "-m", "crawler", *arguments],
                cwd=ROOT,
                env=environment(data_dir, "", variables),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            process = self._process
        process.wait(60)


# Dumps


def dump(path: Path, submissions: list[dict[str, Any]]) -> Path:
    text = b"".join(json.dumps(post).encode() + b"\n" for post in submissions)
    path.write_bytes(zstandard.ZstdCompressor().compress(text))
    return path


def test_a_dump_is_collected_in_portions(tmp_path: Path) -> None:
    answers: dict[str, Answer] = {f"/{i}.png": body(picture(i)) for i in range(5)}
    with stub(answers) as host:
        file = dump(
            tmp_path / "RS_2015-03.zst",
            [
                linking(f"{host}/{i % 5}.png", id=f"p{i}", subreddit="memes" if i < 5 else "other")
                for i in range(9)
            ],
        )
        run = ("backfill", str(file), "--subreddit", "Memes", "--limit", "3", "--json")
        first = counts_of(command(tmp_path / "data", *run, **QUICK))
        second = counts_of(command(tmp_path / "data", *run, **QUICK))
        third = counts_of(command(tmp_path / "data", *run, **QUICK))
    assert [(one["listed"], one["added"]) for one in (first, second, third)] == [
        (3, 3),
        (2, 2),
        (0, 0),
    ]
    with Database.open(Settings(data_dir=tmp_path / "data")).reading() as session:
        assert {row.source for row in session.scalars(select(Sighting))} == {"reddit"}


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["backfill", "no.zst", "--subreddit", "memes"], 2, "no.zst: No such file or directory"),
        (["backfill", "no.zst", "--subreddit", "u/x"], 2, "'u/x' is a person"),
        (["backfill", "--subreddit", "memes"], 2, "Missing argument 'DUMP...'"),
        (["run", "youtube", "--channel", "@name"], 2, "'@name' holds no id of a YouTube channel"),
        (["run", "site", "--site", "x"], 2, "crawler.toml: there is no such file"),
        (["run", "reddit"], 2, "Missing option '--subreddit'"),
        (["sync-deletions", "--source", "folder"], 2, "folder cannot be asked"),
    ],
)
def test_wrong_input_is_one_line(
    tmp_path: Path, arguments: list[str], code: int, said: str
) -> None:
    file = str(tmp_path / "crawler.toml")
    done = command(tmp_path, *arguments, **KEY, MEMEERA_CRAWLER_FILE=file)
    assert done.returncode == code
    assert said in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_dump_is_collected_by_whatever_people_call_a_subreddit(tmp_path: Path) -> None:
    names = ("Memes", "dankmemes", "MemeEconomy", "PrequelMemes", "others")
    with stub({f"/{i}.png": body(picture(i)) for i in range(5)}) as host:
        posts = [linking(f"{host}/{i}.png", id=f"p{i}", subreddit=names[i]) for i in range(5)]
        dump = tmp_path / "RS_2015-03.ndjson"
        dump.write_text("\n".join(map(json.dumps, posts)))
        asked = ["https://www.reddit.com/r/memes/", "R/DankMemes+/r/memeeconomy/", "prequelmeme"]
        options = [option for name in asked for option in ("--subreddit", name)]
        done = command(tmp_path / "data", "backfill", str(dump), *options, "--json", **QUICK)
    assert counts_of(done)["added"] == 3
    assert done.stderr.splitlines()[-1] == (
        "RS_2015-03.ndjson: has no post of r/prequelmeme; see how it is spelled; "
        "there is r/prequelmemes"
    )


def test_a_dump_that_has_nothing_of_what_is_asked_for_is_bad_input(tmp_path: Path) -> None:
    dump = tmp_path / "RS_2015-03.ndjson"
    dump.write_text(json.dumps(submission()))
    done = command(tmp_path, "backfill", str(dump), "--subreddit", "mems")
    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        "RS_2015-03.ndjson: has no post of r/mems; see how it is spelled; there is r/memes"
    ]


# YouTube


def test_the_stills_of_a_channel_are_collected(tmp_path: Path) -> None:
    channel = "UC" + "x" * 22
    answers: dict[str, Answer] = {"/vi/one/hqdefault.jpg": body(picture(1))}
    with stub(answers) as site:
        feed = f"""<feed xmlns="http://www.w3.org/2005/Atom"
            xmlns:yt="http://www.youtube.com/xml/schemas/2015"
            xmlns:media="http://search.yahoo.com/mrss/"><entry>
            <yt:videoId>one</yt:videoId><title>First</title>
            <published>2012-01-01T00:00:00+00:00</published><media:group>
            <media:thumbnail url="{site}/vi/one/hqdefault.jpg"/></media:group></entry></feed>"""
        answers["/feeds/videos.xml"] = body(feed.encode())
        run = ("run", "youtube", "--channel", f"https://www.youtube.com/channel/{channel}")
        counts = counts_of(command(tmp_path, *run, "--json", MEMEERA_YOUTUBE_URL=site, **QUICK))
    assert counts["added"] == 1
    with Database.open(Settings(data_dir=tmp_path)).reading() as session:
        seen = session.scalars(select(Sighting)).one()
        assert (seen.source, seen.post_id, seen.title) == ("youtube", "one", "First")


# Sites


def test_a_site_of_crawler_toml_is_collected_and_every_robots_txt_obeyed(tmp_path: Path) -> None:
    hits: list[str] = []

    def forbidden(request: BaseHTTPRequestHandler) -> None:
        hits.append(request.path)
        body(picture(9))(request)

    asked: list[str] = []

    def robots(rules: bytes) -> Answer:
        def answer(request: BaseHTTPRequestHandler) -> None:
            asked.append(request.headers["Host"])
            body(rules)(request)

        return answer

    elsewhere: dict[str, Answer] = {
        "/robots.txt": robots(b"User-agent: *\nDisallow: /"),
        "/5.png": forbidden,
    }
    answers: dict[str, Answer] = {
        "/robots.txt": robots(b"User-agent: *\nDisallow: /secret\n"),
        "/": body(b"", 302, Location="/board/"),
        "/board/": body(
            """<html><body>
            <div class=post><a href="post/1"><img src="1.png"></a><h2>Один</h2></div>
            <div class=post><a href="post/2"><img src="/secret/2.png"></a></div>
            <div class=post><a href="post/4"><img src="4.png"></a></div>
            <div class=post><a href="post/5"><img src="5.png"></a></div>
            <a class=next href="page2">older</a></body></html>""".encode("cp1251"),
            Content_Type="text/html; charset=windows-1251",
        ),
        "/board/page2": body(b"""<div class=post><a href="post/3"><img src="3.png"></a></div>
            <a class=next href="page3">older</a>"""),
        "/board/page3": body(b"", 301, Location="/secret/page3"),
        "/board/1.png": body(picture(1)),
        "/board/3.png": body(picture(3)),
        "/board/4.png": body(b"", 302, Location="/secret/4.png"),
        "/secret/2.png": forbidden,
        "/secret/4.png": forbidden,
        "/secret/page3": forbidden,
    }
    with stub(answers) as site, stub(elsewhere) as other:
        answers["/board/5.png"] = body(b"", 302, Location=f"{other}/5.png")
        plan = tmp_path / "crawler.toml"
        plan.write_text(f"""
            [site.gallery]
            start_url = "{site}/"
            item = ".post"
            link = "a"
            title = "h2"
            next_page = "a.next"
            licence = "CC0"

            [gallery]
            source = "site"
            site = "gallery"
            """)
        done = command(tmp_path, "run", MEMEERA_CRAWLER_FILE=str(plan))
        unknown = command(
            tmp_path, "run", "site", "--site", "other", MEMEERA_CRAWLER_FILE=str(plan)
        )
    assert done.returncode == 0, done.stderr
    assert "2 added" in done.stdout
    assert "robots.txt does not allow" in done.stderr
    assert hits == []
    assert len(asked) == len(set(asked)) == 2
    assert refused(tmp_path) == {f"{site}/board/post/{n}": "refused_address" for n in (2, 4, 5)}
    with Database.open(Settings(data_dir=tmp_path)).reading() as session:
        seen = session.scalars(select(Sighting).order_by(Sighting.post_id)).all()
        assert {row.licence for row in seen} == {"CC0"}
        assert [row.image_url for row in seen] == [f"{site}/board/{n}.png" for n in (1, 3)]
        assert seen[0].title == "Один"
    assert unknown.returncode == 2
    assert "there is no [site.other]; there is gallery" in unknown.stderr


# What is gone


def test_what_is_gone_at_its_source_is_removed(tmp_path: Path) -> None:
    answers: dict[str, Answer] = {f"/{i}.png": body(picture(i)) for i in range(8)}
    with stub(answers) as site, serve(StubReddit()) as reddit:
        variables = {**reddit_variables(reddit), "MEMEERA_YOUTUBE_URL": site, "sites": site}
        views = [
            {
                "post": {
                    "ap_id": f"{site}/post/{i}",
                    "name": "t",
                    "url": f"{site}/{i}.png",
                    "published": "2024-01-01T00:00:00Z",
                },
                "community": {"name": "memes"},
            }
            for i in range(4)
        ]
        answers["/api/v3/post/list"] = body(json.dumps({"posts": views}).encode())
        reddit.listings["new"] = [linking(f"{site}/{i}.png", id=f"p{i}") for i in (4, 5, 6)]
        for run in (["lemmy", "--community", "memes"], ["reddit", "--subreddit", "memes"]):
            counts_of(command(tmp_path, "run", *run, "--json", **variables))
        assert n_rows(tmp_path, Meme) == 7

        answers["/post/0"] = body(b"{}")
        answers["/post/1"] = body(b'{"type": "Tombstone"}', 410)
        answers["/post/2"] = body(b"", 404)
        answers["/post/3"] = body(b"", 503)
        reddit.known = {
            "t3_p4": submission("p4"),
            "t3_p5": submission("p5", removed_by_category="author"),
        }
        sync = ("sync-deletions", "--json")
        tried = json.loads(command(tmp_path, *sync, "--dry-run", **variables).stdout)
        assert n_active(tmp_path) == 7
        done = command(tmp_path, *sync, **variables)
        again = json.loads(command(tmp_path, *sync, **variables).stdout)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    for one in found.values():
        del one["also_removed"]  # votes and the like; tests of db/deletions.py tell
    both = {"memes_removed": 2, "files_removed": 2, "gone": 2, "error": None}
    assert found == {
        "reddit": {"asked": 3, "no_answer": 0, **both},
        "lemmy": {"asked": 4, "no_answer": 1, **both},
    }
    assert tried["lemmy"]["gone"] == 2
    assert (again["lemmy"]["asked"], again["lemmy"]["gone"]) == (2, 0)
    assert n_active(tmp_path) == 3
    assert len(list((tmp_path / "media").rglob("*.png"))) == 3


def n_active(data_dir: Path) -> int:
    with Database.open(Settings(data_dir=data_dir)).reading() as session:
        return session.scalar(select(func.count(Meme.id)).where(Meme.status == "active")) or 0


def test_a_site_that_seems_to_have_lost_all_is_not_believed(tmp_path: Path) -> None:
    answers: dict[str, Answer] = {f"/{i}.png": body(picture(i)) for i in range(30)}
    with serve(StubReddit()) as reddit, stub(answers) as host:
        reddit.listings["new"] = [linking(f"{host}/{i}.png", id=f"p{i}") for i in range(30)]
        variables = reddit_variables(reddit)
        run = ("run", "reddit", "--subreddit", "memes", "--json")
        counts_of(command(tmp_path, *run, **variables))
        done = command(tmp_path, "sync-deletions", **variables)
        assert done.returncode == 1
        assert "30 of 30 posts seem to be gone, which is not believed" in done.stderr
        assert n_active(tmp_path) == 30
        without = command(tmp_path, "sync-deletions", **QUICK | dict.fromkeys(KEY, ""))
        assert without.returncode == 0
        assert "Reddit's posts are not asked about" in without.stderr
        sure = command(tmp_path, "sync-deletions", "--max-share", "1", **variables)
    assert sure.returncode == 0
    assert n_active(tmp_path) == 0
