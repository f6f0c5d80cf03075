"""Filters a drawn Reddit dump by subreddit, beside a plain loop of zstandard and json.loads.

    python -m bench.dump_speed [--posts 5000000] [--window-log 27] [--rounds 3] [--folder DIR]

`ours` is the source as the crawler runs it; `resumed` is the same from the last mark before the
end, which is what it costs to come back there; `peer` parses each line of the first part. Each runs
in a process of its own, on one core where the system can pin it. CPU time is the process's own; on
a busy machine it is the one to go by. Memory is the most that the process held. Whoever reads a
dump holds the window that it was made with: 128 MiB here by default, 2 GiB with --window-log 31.
"""

import asyncio
import json
import os
import random
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from io import TextIOWrapper
from itertools import islice
from pathlib import Path
from typing import Any, Final

import click
import zstandard
from tqdm import tqdm

from core.cli import run
from crawler.sources.arctic_shift import ArcticShift

_WANTED: Final = frozenset({"memes", "dankmemes", "memeeconomy"})
_PEER_POSTS: Final = 500_000

# What is drawn: subreddits by how many of 1,000 posts each has, some with a wanted one's name in
# theirs; fields by their value, where that is always the same; # before one that is a number.
_SUBREDDITS: Final = {
    165: "AskReddit",
    60: "funny pics",
    50: "gaming teenagers politics",
    40: "worldnews aww Showerthoughts AutoNewspaper",
    30: "movies relationship_advice leagueoflegends GlobalOffensive Minecraft anime",
    25: "PewdiepieSubmissions AmItheAsshole buildapc",
    20: "Jokes cats mildlyinteresting",
    15: "memes_of_the_dank wholesomememes HistoryMemes",
    10: "me_irl trees soccer",
    8: "memes",
    5: "dankmemes",
    2: "MemeEconomy",
}
_NULL: Final = """
    approved_at_utc approved_by author_flair_background_color author_flair_css_class
    author_flair_template_id author_flair_text author_flair_text_color banned_at_utc banned_by
    category content_categories distinguished likes link_flair_css_class link_flair_text media
    num_reports removal_reason removed_by removed_by_category report_reasons secure_media
    selftext_html suggested_sort top_awarded_type view_count
"""
_FALSE: Final = """
    allow_live_comments archived author_premium can_gild clicked contest_mode edited hidden
    hide_score is_meta is_original_content is_video locked media_only over_18 pinned quarantine
    saved spoiler stickied visited
"""
_TRUE: Final = "is_crosspostable is_robot_indexable no_follow send_replies"
_ZERO: Final = "downs gilded num_crossposts total_awards_received"
_LIST: Final = "all_awardings author_flair_richtext link_flair_richtext mod_reports user_reports"
_DICT: Final = "gildings media_embed"
_OTHER: Final = {
    "author_flair_type": "text",
    "link_flair_background_color": "",
    "link_flair_text_color": "dark",
    "link_flair_type": "text",
    "subreddit_type": "public",
    "pwls": 6,
    "wls": 6,
    "id": "%(id)s",
    "name": "t3_%(id)s",
    "subreddit": "%(subreddit)s",
    "subreddit_name_prefixed": "r/%(subreddit)s",
    "subreddit_id": "t5_%(members)s",
    "subreddit_subscribers": "#%(members)s",
    "title": "%(title)s",
    "author": "%(author)s",
    "author_fullname": "t2_%(name)s",
    "permalink": "/r/%(subreddit)s/comments/%(id)s/%(slug)s/",
    "score": "#%(score)s",
    "ups": "#%(score)s",
    "upvote_ratio": "#0.%(n)s",
    "num_comments": "#%(n)s",
    "created_utc": "#%(time)s",
    "retrieved_on": "#%(time)s",
}
_PICTURE: Final = {
    "is_self": False,
    "is_reddit_media_domain": True,
    "selftext": "",
    "domain": "i.redd.it",
    "post_hint": "image",
    "url": "https://i.redd.it/%(name)s.jpg",
    "url_overridden_by_dest": "https://i.redd.it/%(name)s.jpg",
    "thumbnail": "https://b.thumbs.redditmedia.com/%(hash)s.jpg",
    "thumbnail_width": 140,
    "thumbnail_height": 140,
    "preview": {
        "images": [
            {
                "source": {
                    "url": "https://preview.redd.it/%(name)s.jpg?auto=webp&amp;s=%(hash)s",
                    "width": 1080,
                    "height": 1350,
                },
                "resolutions": [],
                "variants": {},
                "id": "%(hash)s",
            }
        ],
        "enabled": True,
    },
}
_TEXT: Final = {
    "is_self": True,
    "is_reddit_media_domain": False,
    "selftext": "%(text)s",
    "domain": "self.%(subreddit)s",
    "url": "https://www.reddit.com/r/%(subreddit)s/comments/%(id)s/%(slug)s/",
    "thumbnail": "self",
}
_LINK: Final = {
    "is_self": False,
    "is_reddit_media_domain": False,
    "selftext": "",
    "domain": "news.example",
    "url": "https://news.example/%(n)s/%(slug)s",
    "url_overridden_by_dest": "https://news.example/%(n)s/%(slug)s",
    "thumbnail": "https://b.thumbs.redditmedia.com/%(hash)s.jpg",
}
_CROSSPOST: Final = {
    **_PICTURE,
    "crosspost_parent": "t3_%(name)s",
    "crosspost_parent_list": [{"subreddit": "%(other)s", "id": "%(name)s", **_PICTURE}],
}
_OF_100: Final = {45: _PICTURE, 30: _TEXT, 23: _LINK, 2: _CROSSPOST}


@click.command()
@click.option("--posts", default=5_000_000, show_default=True)
@click.option("--window-log", default=27, show_default=True, help="2 to its power are the bytes.")
@click.option("--rounds", default=3, show_default=True)
@click.option("--folder", type=click.Path(path_type=Path), help="Where the dump is made.")
@click.option("--measure", type=(str, click.Path(path_type=Path)), hidden=True)
def main(
    posts: int,
    window_log: int,
    rounds: int,
    folder: Path | None,
    measure: tuple[str, Path] | None,
) -> None:
    """Measure posts a second and memory."""
    if measure is not None:
        print(json.dumps(_measured(*measure, posts)))
        return
    with tempfile.TemporaryDirectory(dir=folder) as name:
        dump = Path(name) / "RS_2024-01.zst"
        n_bytes = _write(dump, posts, window_log)
        report: dict[str, Any] = {
            "posts": posts,
            "bytes_a_post": round(n_bytes / posts),
            "compressed_MB": round(dump.stat().st_size / 1e6),
            "window_MB": round(2**window_log / 1e6),
        }
        # In turn, so that a busy moment of the machine meets them all.
        runs = [{reader: _alone(reader, dump, posts) for reader in _READERS} for _ in range(rounds)]
    for reader in _READERS:
        report[reader] = _medians([run[reader] for run in runs])
        report[reader]["MB_per_s"] = round(report[reader]["posts_per_s"] * n_bytes / posts / 1e6)
    report["ratio"] = round(
        report["ours"]["posts_per_cpu_s"] / report["peer"]["posts_per_cpu_s"], 1
    )
    print(json.dumps(report, indent=2))


def _alone(reader: str, dump: Path, posts: int) -> dict[str, float]:
    """What a reader takes in a process of its own."""
    options = ["--measure", reader, str(dump), "--posts", str(posts)]
    command = [sys.executable, "-m", "bench.dump_speed", *options]
    said = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    took: dict[str, float] = json.loads(said)
    return took


def _medians(runs: list[dict[str, float]]) -> dict[str, float]:
    return {key: round(statistics.median(run[key] for run in runs)) for key in runs[0]}


def _measured(reader: str, dump: Path, posts: int) -> dict[str, float]:
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    n_posts = min(posts, _PEER_POSTS) if reader == "peer" else posts
    started = time.perf_counter(), time.process_time()
    n_found = _READERS[reader](dump)
    wall_s, cpu_s = time.perf_counter() - started[0], time.process_time() - started[1]
    return {
        "posts_per_s": n_posts / wall_s,
        "posts_per_cpu_s": n_posts / cpu_s,
        "found": n_found,
        "peak_MB": _peak_mb(),
    }


def _ours(dump: Path) -> int:
    """How many posts the source finds."""
    n_found, mark = asyncio.run(_listed(dump, None))
    dump.with_suffix(".mark").write_text(mark, encoding="ascii")
    return n_found


def _resumed(dump: Path) -> int:
    """How many posts it finds from the last mark before the end."""
    mark = dump.with_suffix(".mark").read_text(encoding="ascii")
    return asyncio.run(_listed(dump, mark))[0]


async def _listed(dump: Path, mark: str | None) -> tuple[int, str]:
    """How many posts there are, and the last mark but the one of the end."""

    async def fetch(url: str) -> bytes:
        raise NotImplementedError

    n_posts, marks = 0, [mark or ""]
    async for page in ArcticShift(dump, _WANTED).pages(fetch, mark):
        n_posts += len(page.posts)
        marks = [marks[-1], page.mark or marks[-1]]
    return n_posts, marks[0]


def _peer(dump: Path) -> int:
    """How many posts a plain loop finds among the first ones."""
    n_found = 0
    with dump.open("rb") as file:
        text = zstandard.ZstdDecompressor(max_window_size=2**31).stream_reader(file)
        for line in islice(TextIOWrapper(text, encoding="utf-8"), _PEER_POSTS):
            n_found += json.loads(line)["subreddit"].lower() in _WANTED
    return n_found


_READERS: Final = {"ours": _ours, "resumed": _resumed, "peer": _peer}


def _peak_mb() -> float:
    """The most this process held, as Linux tells it; ru_maxrss would start from the parent's."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    raise ValueError("VmHWM")


def _write(dump: Path, n: int, window_log: int) -> int:
    """Write a dump of that many posts; gives its size before compression."""
    parameters = zstandard.ZstdCompressionParameters.from_level(
        3, window_log=window_log, enable_ldm=True, threads=1
    )
    compressor = zstandard.ZstdCompressor(compression_params=parameters)
    posts = iter(tqdm(_lines(n), total=n, desc="drawing", disable=None, file=sys.stderr))
    n_bytes = 0
    with dump.open("wb") as file, compressor.stream_writer(file) as out:
        while some := "".join(islice(posts, 2000)).encode("ascii"):
            out.write(some)
            n_bytes += len(some)
    return n_bytes


def _lines(n: int) -> Iterator[str]:
    rng = random.Random(5)
    subreddits = [name for often, names in _SUBREDDITS.items() for name in names.split() * often]
    phrases = _phrases(rng)
    forms = [_form(rng) for _ in range(300)]
    for i in range(n):
        title = " ".join(rng.choices(phrases, k=3))
        yield (
            rng.choice(forms)
            % {
                "id": f"{10**10 + 3 * i:x}",
                "subreddit": rng.choice(subreddits),
                "other": rng.choice(subreddits),
                "title": title,
                "slug": title[:50].replace(" ", "_"),
                "text": " ".join(rng.choices(phrases, k=rng.randrange(10))),
                "author": rng.choice(phrases)[:15].replace(" ", "_"),
                "hash": f"{rng.getrandbits(160):040x}",
                "name": f"{rng.getrandbits(52):013x}",
                "score": rng.randrange(10) ** 4,
                "n": rng.randrange(10, 100),
                "members": rng.randrange(10**5, 10**7),
                "time": 1_704_067_200 + i // 2,  # from 2024-01-01
            }
        )


def _phrases(rng: random.Random) -> list[str]:
    """Two to four words each, the first ones of the vocabulary more often."""
    words = ["".join(rng.choices("etaoinshrdlu", k=rng.randrange(2, 9))) for _ in range(3000)]
    often = [1 / (rank + 5) for rank in range(3000)]
    return [" ".join(rng.choices(words, often, k=rng.randrange(2, 5))) for _ in range(30_000)]


def _form(rng: random.Random) -> str:
    """A post as a line of JSON, with %(…)s where it differs from others.

    Half of them have their fields in the order of the alphabet, as the dumps of some years do.
    """
    post: dict[str, Any] = {
        **dict.fromkeys(_NULL.split()),
        **dict.fromkeys(_FALSE.split(), False),
        **dict.fromkeys(_TRUE.split(), True),
        **dict.fromkeys(_ZERO.split(), 0),
        **{name: [] for name in _LIST.split()},
        **{name: {} for name in _DICT.split()},
        **_OTHER,
        **rng.choices(list(_OF_100.values()), list(_OF_100))[0],
    }
    names = sorted(post) if rng.random() < 0.5 else rng.sample(list(post), len(post))
    line = json.dumps({name: post[name] for name in names}, separators=(",", ":"))
    return re.sub(r'"#([^"]+)"', r"\1", line) + "\n"  # numbers have no quotes


if __name__ == "__main__":
    run(main, "python -m bench.dump_speed")
