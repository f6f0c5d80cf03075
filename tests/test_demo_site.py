"""The demo's site over real HTTP on loopback."""

import json
from collections import Counter
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPResponse
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import urlopen

import pytest

from demo.collection import COMMUNITIES, DemoPost, posts
from demo.site import serve

LIST = "/api/v3/post/list"
N_PICTURELESS = 5


@pytest.fixture(scope="module")
def collection() -> list[DemoPost]:
    return posts(2, 3)


@pytest.fixture(scope="module")
def base_url(collection: list[DemoPost]) -> Iterator[str]:
    with serve(collection) as url:
        yield url


def test_the_site_is_on_loopback_and_gone_afterwards(collection: list[DemoPost]) -> None:
    with serve(collection) as url:
        assert url.startswith("http://127.0.0.1:")
        assert _get(f"{url}/").status == 200
    with pytest.raises(OSError, match="refused"):
        _get(f"{url}/")


def test_a_picture_comes_as_the_bytes_that_were_posted(
    base_url: str, collection: list[DemoPost]
) -> None:
    for post in collection:
        reply = _get(f"{base_url}/pictrs/image/{post.file_name}")
        assert reply.read() == post.data


def test_a_listing_gives_ten_posts_where_no_limit_is_named(base_url: str) -> None:
    assert len(_listing(base_url)["posts"]) == 10


def test_following_the_cursor_meets_every_post_once(
    base_url: str, collection: list[DemoPost]
) -> None:
    met = [view["post"]["id"] for view in _every_page(base_url, limit="7", sort="New")]
    assert len(met) == len(set(met)) == len(collection) + N_PICTURELESS
    assert {post.id for post in collection} < set(met)


def test_only_an_empty_page_names_no_next_one(base_url: str) -> None:
    last = _listing(base_url, community_name="f7u12", limit="50")
    assert last["posts"]
    beyond = _listing(base_url, community_name="f7u12", limit="50", page_cursor=last["next_page"])
    assert beyond == {"posts": []}


def test_a_community_lists_its_own_posts_newest_first(
    base_url: str, collection: list[DemoPost]
) -> None:
    views = _every_page(base_url, community_name="tumblr", sort="New")
    pictured = [view["post"]["id"] for view in views if _is_pictured(view, base_url)]
    own = [post.id for post in collection if post.community == "tumblr"]
    assert own
    assert pictured == sorted(own, reverse=True)
    assert {view["community"]["name"] for view in views} == {"tumblr"}


def test_old_turns_the_order_round_and_top_orders_by_score(base_url: str) -> None:
    dates = [v["post"]["published"] for v in _every_page(base_url, sort="Old")]
    assert dates == sorted(dates)
    scores = [v["counts"]["score"] for v in _every_page(base_url, sort="TopAll")]
    assert scores == sorted(scores, reverse=True)


def test_every_community_of_the_table_is_known(base_url: str) -> None:
    for name in (name for names in COMMUNITIES.values() for name in names):
        assert _listing(base_url, community_name=name)["posts"]


@pytest.mark.parametrize(
    ("query", "error"),
    [
        ({"community_name": "nosuch"}, "couldnt_find_community"),
        ({"limit": "51"}, "couldnt_get_posts"),
        ({"limit": "0"}, "couldnt_get_posts"),
        ({"limit": "many"}, "unknown"),
        ({"sort": "Sideways"}, "unknown"),
        ({"page_cursor": "nonsense"}, "couldnt_parse_pagination_token"),
    ],
)
def test_a_bad_question_is_answered_400_with_a_reason(
    base_url: str, query: dict[str, str], error: str
) -> None:
    with pytest.raises(HTTPError) as refusal:
        _listing(base_url, **query)
    with refusal.value as reply:
        assert reply.code == 400
        assert json.load(reply)["error"] == error


def test_a_view_has_the_fields_that_a_client_reads(
    base_url: str, collection: list[DemoPost]
) -> None:
    post = collection[0]
    view = next(v for v in _every_page(base_url) if v["post"]["id"] == post.id)
    url = f"{base_url}/pictrs/image/{post.file_name}"
    expected = {
        "name": post.title,
        "url": url,
        "thumbnail_url": url,
        "ap_id": f"https://demo.example/post/{post.id}",  # whatever the port
        "published": post.published.strftime("%Y-%m-%dT%H:%M:%S.000000Z"),
        "nsfw": False,
        "removed": False,
        "deleted": False,
        "featured_community": False,
    }
    assert {key: view["post"][key] for key in expected} == expected
    assert view["community"]["name"] == post.community
    assert view["community"]["actor_id"] == f"{base_url}/c/{post.community}"
    assert {"id", "name", "actor_id"} <= view["creator"].keys()
    assert view["counts"]["score"] == post.score


def test_some_posts_have_no_picture_to_fetch(base_url: str) -> None:
    views = [v["post"] for v in _every_page(base_url)]
    assert sum("url" not in post and "body" in post for post in views) == 3
    [page] = [post["url"] for post in views if post.get("url", "").endswith(".html")]
    assert b"<html>" in _get(page).read()
    [gone] = [post["url"] for post in views if post.get("url", "").endswith("gone.jpg")]
    with pytest.raises(HTTPError) as refusal:
        _get(gone)
    with refusal.value as reply:
        assert reply.code == 404


def test_a_pinned_post_comes_first_in_its_community_alone(base_url: str) -> None:
    [pinned] = [v for v in _every_page(base_url, sort="Old") if v["post"]["featured_community"]]
    name = pinned["community"]["name"]
    first = _listing(base_url, community_name=name, sort="Old")["posts"][0]
    assert first["post"]["id"] == pinned["post"]["id"]
    assert _listing(base_url, sort="Old")["posts"][0]["post"]["id"] != pinned["post"]["id"]


def test_requests_are_counted_by_path(collection: list[DemoPost]) -> None:
    hits: Counter[str] = Counter()
    with serve(collection, hits) as url:
        _listing(url, limit="3")
        _listing(url, limit="4")
        _get(f"{url}/robots.txt")
    assert hits == {LIST: 2, "/robots.txt": 1}


def test_one_connection_serves_many_requests(base_url: str) -> None:
    connection = HTTPConnection(base_url.removeprefix("http://"), timeout=5)
    connection.connect()
    socket = connection.sock
    for path in ("/", "/nothing", f"{LIST}?limit=50", "/robots.txt"):
        connection.request("GET", path)
        connection.getresponse().read()
        assert connection.sock is socket
    connection.close()


def test_head_gives_the_length_and_sends_no_body(base_url: str, collection: list[DemoPost]) -> None:
    post = max(collection, key=lambda post: len(post.data))
    connection = HTTPConnection(base_url.removeprefix("http://"), timeout=5)
    connection.request("HEAD", f"/pictrs/image/{post.file_name}")
    reply = connection.getresponse()
    reply.read()
    assert reply.headers["Content-Length"] == str(len(post.data))
    # a body after all would be taken for the head of the next reply
    connection.request("GET", "/robots.txt")
    assert b"User-agent" in connection.getresponse().read()
    connection.close()


def _get(url: str) -> HTTPResponse:
    reply = urlopen(url, timeout=5)
    assert isinstance(reply, HTTPResponse)
    return reply


def _listing(base_url: str, **query: str) -> Any:
    return json.load(_get(f"{base_url}{LIST}?{urlencode(query)}"))


def _every_page(base_url: str, **query: str) -> list[Any]:
    views: list[Any] = []
    page = _listing(base_url, **query)
    while page["posts"]:
        views += page["posts"]
        page = _listing(base_url, **query, page_cursor=page["next_page"])
    return views


def _is_pictured(view: Any, base_url: str) -> bool:
    url = view["post"].get("url", "")
    return url.startswith(f"{base_url}/pictrs/") and not url.endswith("gone.jpg")
