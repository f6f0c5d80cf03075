"""How people write the communities to crawl."""

from pathlib import Path

import click
import pytest

from core.errors import BadInput
from crawler.names import LemmyName, lemmy_names, subreddit_names
from crawler.running import backfill, run_source
from crawler.waiting import answer_passes

SITES = ("https://lemmy.world", "http://127.0.0.1:8080")


@pytest.mark.parametrize(
    ("written", "names"),
    [
        ("memes", ("memes",)),
        (" r/memes ", ("memes",)),
        ("/r/memes/", ("memes",)),
        ("R/Memes", ("Memes",)),
        ("r/memes/top", ("memes",)),
        ("https://www.reddit.com/r/memes/", ("memes",)),
        ("HTTP://OLD.REDDIT.COM/R/memes", ("memes",)),
        ("np.reddit.com/r/memes/top/?t=all#x", ("memes",)),
        ("https://reddit.com/r/memes/comments/abc123/a_title/", ("memes",)),
        ("a+b", ("a", "b")),
        ("r/memes+r/dankmemes", ("memes", "dankmemes")),
        ("https://www.reddit.com/r/memes+dankmemes/", ("memes", "dankmemes")),
        ("memes, dankmemes", ("memes", "dankmemes")),
        ("reddit.com", ("reddit.com",)),  # the first of all
        ("u_some-body", ("u_some-body",)),
    ],
)
def test_a_subreddit_is_understood_however_it_is_written(
    written: str, names: tuple[str, ...]
) -> None:
    assert subreddit_names(written) == names


@pytest.mark.parametrize(
    "written",
    [
        "",
        " ",
        "+",
        "memes+",
        "r/",
        "two words",
        "mémes",
        "m" * 22,
        "../x",
        "memes/top",
        "https://reddit.com/memes",
        "https://www.reddit.com/",
        "https://example.com/r/memes",
        "https://notreddit.com/r/memes",
        "https://[x/r/memes",
        "https://redd.it/abc123",
        "a\nb",
        "a\0b",
    ],
)
def test_what_names_no_subreddit_is_one_line(written: str) -> None:
    with pytest.raises(BadInput, match=r"^'.*$") as refused:
        subreddit_names(written)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("written", ["u/x", "/u/x/", "U/x", "https://www.reddit.com/user/x/about"])
def test_a_person_is_no_subreddit(written: str) -> None:
    with pytest.raises(BadInput, match="is a person"):
        subreddit_names(written)


def test_a_plan_with_a_name_that_cannot_be_used_is_refused_before_it_runs() -> None:
    with pytest.raises(click.BadParameter, match="is a person"):
        run_source.main(["reddit", "--subreddit", "u/x"], standalone_mode=False)


def test_a_file_that_is_no_dump_is_refused_before_anything_else(tmp_path: Path) -> None:
    (tmp_path / "cat.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    with pytest.raises(BadInput, match="is no dump of Reddit's posts"):
        backfill.main([str(tmp_path / "cat.png"), "--subreddit", "x"], standalone_mode=False)
    assert list(tmp_path.iterdir()) == [tmp_path / "cat.png"]


BOTH = [(site, "memes") for site in SITES]


@pytest.mark.parametrize(
    ("written", "asked"),
    [
        ("memes", BOTH),
        ("c/memes", BOTH),
        ("/c/memes/", BOTH),
        ("!memes", BOTH),
        ("memes+dank", [*BOTH, *((site, "dank") for site in SITES)]),
        # Lemmy's own form: another site's community as it is seen from those of the settings.
        ("memes@lemmy.ml", [(site, "memes@lemmy.ml") for site in SITES]),
        ("!memes@lemmy.ml", [(site, "memes@lemmy.ml") for site in SITES]),
        ("/c/memes@lemmy.ml", [(site, "memes@lemmy.ml") for site in SITES]),
        # A site of the settings is asked itself.
        ("!memes@lemmy.world", BOTH[:1]),
        ("c/memes@127.0.0.1:8080", BOTH[1:]),
        # An address says which site.
        ("https://lemmy.ml/c/memes", [("https://lemmy.ml", "memes")]),
        ("lemmy.ml/c/memes?sort=New", [("https://lemmy.ml", "memes")]),
        ("https://Lemmy.ML/c/memes@lemmy.ml/", [("https://lemmy.ml", "memes")]),
        ("https://lemmy.world/c/memes@lemmy.ml", [("https://lemmy.world", "memes@lemmy.ml")]),
        ("http://127.0.0.1:8080/c/memes", BOTH[1:]),
    ],
)
def test_a_community_is_understood_however_it_is_written(
    written: str, asked: list[tuple[str, str]]
) -> None:
    assert [place for name in lemmy_names(written) for place in name.at(SITES)] == asked


@pytest.mark.parametrize(
    "written",
    ["", "!", "c/", "memes@", "@memes", "@x@lemmy.ml", "me mes", "u/x", "https://lemmy.ml",
     "https://lemmy.ml/u/x", "https://lemmy.ml/post/1", "https://[x/c/memes", "memes@a/b", "a\n"
     "b"],
)  # fmt: skip
def test_what_names_no_community_is_one_line(written: str) -> None:
    with pytest.raises(BadInput, match=r"^'.*$") as refused:
        lemmy_names(written)
    assert "\n" not in str(refused.value)


def test_a_name_is_a_name() -> None:
    assert lemmy_names("memes") == (LemmyName("memes"),)


@pytest.mark.parametrize(
    ("url", "status", "body", "passes"),
    [
        ("https://lemmy.example/api/v3/post/list", 400, b'{"error":"rate_limit_error"}', True),
        ("https://lemmy.example/api/v3/post/list", 400, b'{"error":"couldnt_find"}', False),
        ("https://lemmy.example/api/v3/post/list", 404, b"", False),
        ("https://www.youtube.com/feeds/videos.xml?channel_id=UC", 404, b"", True),
        ("https://www.youtube.com/watch", 404, b"", False),
        ("https://www.youtube.com/feeds/videos.xml", 403, b"", False),
        ("https://lemmy.example/", 429, b"", True),
    ],
)
def test_some_sites_say_in_their_own_way_that_they_want_rest(
    url: str, status: int, body: bytes, passes: bool
) -> None:
    assert answer_passes(url, status, body) is passes
