"""What the Reddit source lists from a Reddit on loopback, and what it makes of its refusals."""

import asyncio
import time
from collections.abc import Iterator, Sequence
from contextlib import aclosing
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from prawcore.sessions import FiniteRetryStrategy

from core.errors import Reject
from crawler.sources import Malformed, Page, Post, SourceFailed
from crawler.sources.reddit import Reddit, RedditAccount, Sort, TimeFilter, gone
from tests.reddit_fixtures import NEWEST, Json, StubReddit, posts, serve, submission

DAY = 24 * 60  # posts, of which there is one a minute
BUSY: tuple[int, Json, bytes] = (503, {}, b"busy")
BAD_TOKEN = {"WWW-Authenticate": 'Bearer realm="reddit", error="invalid_token"'}


@pytest.fixture
def stub(monkeypatch: pytest.MonkeyPatch) -> Iterator[StubReddit]:
    """A Reddit without posts."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with serve(StubReddit()) as reddit:
        yield reddit


@pytest.fixture
def _no_rest_of_prawcore(monkeypatch: pytest.MonkeyPatch) -> None:
    # Before it asks again with a new token, it sleeps for some seconds.
    monkeypatch.setattr(FiniteRetryStrategy, "sleep", lambda _: None)


def account(stub: StubReddit, **options: Any) -> RedditAccount:
    """That of the stub's only app, quick to give up and to try again."""
    client_id, client_secret = stub.client
    defaults = {
        "client_id": client_id,
        "client_secret": client_secret,
        "user_agent": "memeEra tests",
        "base_url": stub.url,
        "timeout_s": 5.0,
        "retry_delay_s": 0.001,
    }
    return RedditAccount(**{**defaults, **options})


def source(stub: StubReddit, asking: RedditAccount | None = None, **options: Any) -> Reddit:
    """r/memes of the stub, in the order of time if none is given."""
    return Reddit(account=asking or account(stub), subreddit="memes", **options)


async def no_fetch(url: str) -> bytes:
    """PRAW fetches by itself."""
    raise AssertionError(url)


def pages(reddit: Reddit, mark: str | None = None) -> list[Page]:
    """All pages of a listing."""

    async def collect() -> list[Page]:
        return [page async for page in reddit.pages(no_fetch, mark)]

    return asyncio.run(collect())


def ids(listed: Sequence[Page]) -> list[str]:
    """The posts of these pages."""
    return [post.post_id for page in listed for post in page.posts if isinstance(post, Post)]


def at(number: int) -> str:
    """When a post was made, as the mark says it."""
    return datetime.fromtimestamp(NEWEST - 60 * number, UTC).isoformat()


def failure(reddit: Reddit) -> SourceFailed:
    """Why it could not be listed."""
    with pytest.raises(SourceFailed) as failed:
        pages(reddit)
    assert str(failed.value).startswith("r/memes: Reddit")
    return failed.value


def test_pages_follow_one_another_to_the_end(stub: StubReddit) -> None:
    stub.listings["new"] = posts(250)
    listed = pages(source(stub))
    assert [len(page.posts) for page in listed] == [100, 100, 50]
    assert ids(listed) == [f"p{i}" for i in range(250)]
    assert stub.paths == ["/r/memes/new"] * 3
    assert all("raw_json=1" in asked and "limit=100" in asked for asked in stub.asked)
    assert stub.n_tokens == 1


def test_the_last_page_alone_carries_the_mark_of_the_newest_post(stub: StubReddit) -> None:
    stub.listings["new"] = posts(250)
    assert [page.mark for page in pages(source(stub))] == [None, None, at(0)]


def test_a_listing_of_nothing_has_no_mark(stub: StubReddit) -> None:
    assert [(page.posts, page.mark) for page in pages(source(stub))] == [([], None)]


@pytest.mark.parametrize(("first", "n_listed"), [(100 + DAY, 500), (101 + DAY, 400)])
def test_the_next_run_stops_where_all_is_older_than_a_day_before_the_mark(
    stub: StubReddit, first: int, n_listed: int
) -> None:
    stub.listings["new"] = posts(300) + posts(300, first=first)
    listed = pages(source(stub), at(100))
    assert len(ids(listed)) == n_listed
    assert [page.mark for page in listed if page.mark] == [at(0)]
    assert listed[-1].mark == at(0)


def test_a_mark_never_moves_back(stub: StubReddit) -> None:
    stub.listings["new"] = posts(10, first=5)
    assert pages(source(stub), at(0))[-1].mark == at(0)


def test_a_listing_that_fails_moves_no_mark(stub: StubReddit) -> None:
    stub.listings["new"] = posts(250)
    stub.trouble.extend([None, (403, {}, {"error": 403})])

    async def list_two_pages() -> None:
        listed = source(stub).pages(no_fetch, None)
        assert (await anext(listed)).mark is None
        with pytest.raises(SourceFailed):
            await anext(listed)

    asyncio.run(list_two_pages())


def test_a_limit_counts_posts_and_saves_pages(stub: StubReddit) -> None:
    stub.listings["new"] = posts(250)
    listed = pages(source(stub, limit=120))
    assert len(ids(listed)) == 120
    assert len(stub.asked) == 2
    assert listed[-1].mark == at(0)  # what lies behind was not asked for


def test_a_limit_that_leaves_a_gap_moves_no_mark(stub: StubReddit) -> None:
    stub.listings["new"] = posts(250)
    assert [page.mark for page in pages(source(stub, limit=120), at(200))] == [None, None]
    stub.listings["new"] = posts(80)
    assert [page.mark for page in pages(source(stub, limit=50), at(70))] == [None]


@pytest.mark.parametrize(
    ("options", "listing", "asked"),
    [
        ({"sort": Sort.hot}, "hot", "/r/memes/hot?"),
        ({"sort": Sort.rising}, "rising", "/r/memes/rising?"),
        ({"sort": Sort.top}, "top-all", "/r/memes/top?"),
        ({"sort": Sort.top, "time_filter": TimeFilter.week}, "top-week", "/r/memes/top?"),
    ],
)
def test_other_orders_have_no_mark(
    stub: StubReddit, options: Json, listing: str, asked: str
) -> None:
    stub.listings[listing] = posts(150)
    reddit = source(stub, **options)
    listed = pages(reddit, at(0))
    assert [(len(page.posts), page.mark) for page in listed] == [(100, None), (50, None)]
    assert stub.asked[0].startswith(asked)
    assert not reddit.newest_first


def test_reddit_lists_a_thousand_and_no_more(stub: StubReddit) -> None:
    stub.listings["new"] = posts(1200)
    assert len(ids(pages(source(stub)))) == 1000


def test_all_orders_together_get_beyond_a_thousand(stub: StubReddit) -> None:
    stub.listings = {
        "new": posts(1200),
        "hot": posts(100, first=50),
        "rising": posts(30),
        "top-day": posts(10, first=1000),
        "top-year": posts(300, first=950),
        "top-all": posts(150, first=1200),
    }
    reddit = source(stub, deep=True)
    listed = pages(reddit)
    # The newest 1,000; of the day's 1000 to 1009, of the year's to 1249, of all time to 1349.
    assert sorted(ids(listed)) == sorted(f"p{i}" for i in range(1350))
    assert {page.mark for page in listed} == {None}
    assert not reddit.newest_first
    times = [parse_qs(urlsplit(asked).query).get("t", [""])[0] for asked in stub.asked]
    assert list(dict.fromkeys(times)) == ["", "hour", "day", "week", "month", "year", "all"]


def test_a_limit_ends_all_orders_together(stub: StubReddit) -> None:
    stub.listings = {"new": posts(80), "hot": posts(100, first=60)}
    assert len(ids(pages(source(stub, deep=True, limit=90)))) == 90
    assert stub.paths == ["/r/memes/new", "/r/memes/hot"]


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        ({"flair": "oc "}, ["a"]),
        ({"min_score": 10}, ["a", "c", "d"]),
        ({"allow_nsfw": False}, ["a", "b", "d"]),
        ({"flair": "meta", "min_score": 10, "allow_nsfw": False}, []),
    ],
)
def test_posts_that_are_not_asked_for_are_filtered(
    stub: StubReddit, options: Json, wanted: list[str]
) -> None:
    stub.listings["new"] = [
        submission("a", link_flair_text="OC", score=10),
        submission("b", score=9),
        submission("c", link_flair_text="Meta", score=50, over_18=True),
        submission("d", score=None),
    ]
    (page,) = pages(source(stub, **options))
    assert ids([page]) == ["a", "b", "c", "d"]
    assert [post.post_id for post in page.posts if isinstance(post, Post) and post.media] == wanted
    without = [post for post in page.posts if isinstance(post, Post) and not post.media]
    assert {post.reason for post in without} == {Reject.FILTERED}
    assert page.mark == at(0)


def test_what_is_no_post_does_not_end_the_listing(stub: StubReddit) -> None:
    stub.listings["new"] = [
        submission("a"),
        {"id": None, "title": "b"},
        "a word",
        None,
        submission("d"),
    ]
    (page,) = pages(source(stub))
    assert [type(post) for post in page.posts] == [Post, Malformed, Malformed, Malformed, Post]


@pytest.mark.parametrize(
    ("options", "listing"),
    [
        ({}, "reddit:r/memes:new"),
        ({"sort": Sort.top}, "reddit:r/memes:top-all"),
        ({"sort": Sort.hot, "time_filter": TimeFilter.day}, "reddit:r/memes:hot"),
        ({"deep": True, "sort": Sort.top}, "reddit:r/memes:deep"),
        ({"limit": 5, "flair": " OC", "min_score": 3}, "reddit:r/memes:new:flair=oc:score=3"),
        ({"allow_nsfw": False}, "reddit:r/memes:new:sfw"),
    ],
)
def test_a_mark_belongs_to_the_subreddit_the_order_and_the_filters(
    options: Json, listing: str
) -> None:
    reddit = source(StubReddit(), **options)
    assert reddit.listing == listing
    assert reddit.target == "r/memes"


def test_the_secret_is_not_shown() -> None:
    assert "a-secret" not in repr(source(StubReddit()))


@pytest.mark.parametrize(
    ("answer", "said", "status"),
    [
        ((403, {}, {"reason": "private", "error": 403}), "private or quarantined", 403),
        ((404, {}, {"reason": "banned", "error": 404}), "no such subreddit", 404),
        ((302, {"Location": "/subreddits/search?q=memes"}, b""), "no such subreddit", 302),
        ((301, {"Location": "/r/Memes/new"}, b""), "cannot be used", 301),
        ((302, {}, b""), "cannot be used", None),
        ((400, {}, b"<html>"), "cannot be used", None),
        ((401, BAD_TOKEN, b""), "credentials", 401),
        ((401, {}, b""), "cannot be used", None),
        ((418, {}, b""), "cannot be used", 418),
        ((200, {}, b"<html>busy</html>"), "cannot be used", 200),
        ((200, {}, {"kind": "Listing"}), "cannot be used", None),
        ((200, {}, {"data": {"children": None}}), "cannot be used", None),
        ((200, {}, []), "cannot be used", None),
        ((200, {"x-ratelimit-remaining": "many"}, {}), "cannot be used", None),
    ],
)
@pytest.mark.usefixtures("_no_rest_of_prawcore")
def test_a_refusal_ends_the_source_with_one_sentence(
    stub: StubReddit, answer: Any, said: str, status: int | None
) -> None:
    stub.trouble.extend([answer] * 3)
    error = failure(source(stub))
    assert said in str(error)
    assert error.status == status


def test_wrong_credentials_are_told_from_a_private_subreddit(stub: StubReddit) -> None:
    error = failure(source(stub, account(stub, client_secret="wrong")))
    assert "credentials" in str(error)
    assert error.status == 401
    assert stub.asked == []


def test_nothing_leads_away_from_reddit(stub: StubReddit) -> None:
    class Leading(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(302)
            self.send_header("Location", stub.url + self.path)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Leading) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        error = failure(
            source(stub, account(stub, base_url=f"http://127.0.0.1:{server.server_port}"))
        )
        server.shutdown()
        thread.join()
    assert "cannot be used" in str(error)
    assert stub.asked == []


def test_a_praw_ini_that_cannot_be_read_is_named(
    stub: StubReddit, tmp_path: Path, fresh_praw: None
) -> None:
    (tmp_path / "praw.ini").write_text("what is this")
    with pytest.raises(SourceFailed, match=r"praw\.ini"):
        pages(source(stub))


def test_too_many_requests_are_repeated_when_reddit_says_so(stub: StubReddit) -> None:
    stub.listings["new"] = posts(3)
    stub.trouble.extend([(429, {"Retry-After": after}, b"") for after in ("0", "1", "0")])
    started = time.monotonic()
    assert len(ids(pages(source(stub)))) == 3
    assert time.monotonic() - started >= 1
    assert len(stub.asked) == 4


def test_too_many_requests_end_the_source_after_three_rests(stub: StubReddit) -> None:
    stub.trouble.extend([(429, {"Retry-After": "0"}, b"")] * 9)
    assert failure(source(stub)).status == 429
    assert len(stub.asked) == 4


def test_a_rest_of_more_than_two_minutes_is_left_to_the_next_run(stub: StubReddit) -> None:
    stub.trouble.append((429, {"Retry-After": "121"}, b""))
    assert "121 s" in str(failure(source(stub)))
    assert len(stub.asked) == 1


@pytest.mark.parametrize("trouble", [(500, {}, b""), (503, {}, b"busy"), (522, {}, b""), "hang up"])
def test_a_server_that_stumbles_is_asked_again(stub: StubReddit, trouble: Any) -> None:
    stub.listings["new"] = posts(250)
    stub.trouble.extend([None, trouble, trouble])
    assert ids(pages(source(stub))) == [f"p{i}" for i in range(250)]
    assert len(stub.asked) == 5


@pytest.mark.parametrize(("trouble", "status"), [((500, {}, b""), 500), ("hang up", None)])
def test_a_server_that_keeps_failing_ends_the_source(
    stub: StubReddit, trouble: Any, status: int | None
) -> None:
    stub.trouble.extend([trouble] * 9)
    assert failure(source(stub)).status == status
    assert len(stub.asked) == 4


def test_a_server_that_says_nothing_ends_the_source_in_time(stub: StubReddit) -> None:
    stub.trouble.extend(["hang"] * 9)
    assert "no answer" in str(failure(source(stub, account(stub, timeout_s=0.2))))


def test_rests_grow_from_try_to_try(stub: StubReddit) -> None:
    stub.trouble.extend([BUSY] * 4)
    started = time.monotonic()
    failure(source(stub, account(stub, retry_delay_s=0.05)))
    assert time.monotonic() - started >= 0.05 + 0.1 + 0.2


@pytest.mark.usefixtures("_no_rest_of_prawcore")
def test_a_token_that_ends_in_the_middle_is_renewed(stub: StubReddit) -> None:
    stub.listings["new"] = posts(250)
    stub.lives_for = 1
    assert ids(pages(source(stub))) == [f"p{i}" for i in range(250)]
    assert stub.n_tokens == 3
    assert len(stub.asked) == 5  # two of them in vain


def test_a_token_is_renewed_when_its_time_is_over(stub: StubReddit) -> None:
    stub.listings["new"] = posts(250)
    stub.expires_in = -10  # prawcore adds ten seconds
    assert len(ids(pages(source(stub)))) == 250
    assert stub.n_tokens == len(stub.asked) == 3


def test_the_rate_limit_is_kept_without_holding_a_thread(stub: StubReddit) -> None:
    stub.listings["new"] = posts(150)
    used_up = {"x-ratelimit-remaining": "0.0", "x-ratelimit-used": "600"}
    stub.headers = {**used_up, "x-ratelimit-reset": "300"}

    async def second_page() -> None:
        async with aclosing(source(stub).pages(no_fetch, None)) as listed:  # type: ignore[type-var]
            assert len((await anext(listed)).posts) == 100
            async with asyncio.timeout(0.2):
                await anext(listed)

    started = time.monotonic()
    with pytest.raises(TimeoutError):
        asyncio.run(second_page())
    assert time.monotonic() - started < 5  # a thread that sleeps would be waited for


def test_a_proxy_is_used(stub: StubReddit, monkeypatch: pytest.MonkeyPatch) -> None:
    stub.listings["new"] = posts(3)
    monkeypatch.setenv("http_proxy", stub.url)
    reddit = source(stub, account(stub, base_url="http://reddit.invalid"))
    assert len(ids(pages(reddit))) == 3
    assert stub.asked[0].startswith("http://reddit.invalid/r/memes/new")


@pytest.fixture
def fresh_praw(monkeypatch: pytest.MonkeyPatch) -> None:
    """PRAW reads its files again, and keeps for no other test what it reads."""
    monkeypatch.setattr("praw.config.Config.CONFIG", None)


def test_no_setting_of_praws_own_is_used(
    stub: StubReddit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fresh_praw: None
) -> None:
    stub.listings["new"] = posts(3)
    (tmp_path / "praw.ini").write_text("[DEFAULT]\nusername=somebody\npassword=x\ntimeout=y\n")
    monkeypatch.setenv("praw_site", "not-in-that-file")
    monkeypatch.setenv("praw_client_id", "another")
    monkeypatch.setenv("praw_refresh_token", "a-token")
    assert len(ids(pages(source(stub)))) == 3


def missing(stub: StubReddit, post_ids: Sequence[str]) -> set[str]:
    """Which of these posts are gone."""
    return asyncio.run(gone(account(stub), post_ids))


def test_what_was_deleted_or_removed_is_gone_and_so_is_what_reddit_does_not_know(
    stub: StubReddit,
) -> None:
    there = [
        submission("a"),
        submission("b", removed_by_category="deleted", author="[deleted]"),
        submission("c", removed_by_category="moderator"),
        submission("d", author="[deleted]"),  # the account is, and the post is not
        submission("e", is_self=True, selftext="[removed]"),
        submission("f", title=None),
    ]
    stub.known = {f"t3_{post['id']}": post for post in there}
    assert missing(stub, "abcdefg") == {"b", "c", "e", "g"}
    assert stub.paths == ["/api/info"]


def test_a_hundred_posts_are_asked_for_at_a_time(stub: StubReddit) -> None:
    stub.known = {f"t3_{post['id']}": post for post in posts(200)}
    stub.trouble.extend([None, BUSY])
    assert missing(stub, [f"p{i}" for i in range(250)]) == {f"p{i}" for i in range(200, 250)}
    assert stub.paths == ["/api/info"] * 4


def test_nothing_is_gone_because_reddit_does_not_answer(stub: StubReddit) -> None:
    stub.trouble.extend([BUSY] * 4)
    with pytest.raises(SourceFailed, match="gone: Reddit answered 503"):
        missing(stub, ["a"])


def test_of_no_posts_none_is_gone(stub: StubReddit) -> None:
    assert missing(stub, []) == set()
    assert stub.asked == []
