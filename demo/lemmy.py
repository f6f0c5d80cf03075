"""Replies in the shape of Lemmy's API, version 3: listings of posts, a page at a time.

Field names and errors follow Lemmy 0.19. As there, a page that is not empty always names a next
one, so a client has to ask once more to learn that it has reached the end.
"""

import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus

from demo.collection import DemoPost

DEFAULT_LIMIT = 10
MAX_LIMIT = 50
# A post keeps its name when its site is served on another port, or shown by another site.
_HOME = "https://demo.example"
_JSON = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Listed:
    """A post as the listing knows it.

    Attributes:
        id: Unique on the site.
        community: Its name.
        title: The post's `name`.
        published: Aware UTC.
        score: Votes.
        url_path: Where its link leads on this site; None for a post of text alone.
        body: Its text, where it has one.
        nsfw: Whether it is marked so.
        pinned: Shown above all others of its community.
    """

    id: int
    community: str
    title: str
    published: datetime
    score: int
    url_path: str | None
    body: str | None = None
    nsfw: bool = False
    pinned: bool = False


@dataclass(frozen=True, slots=True)
class Reply:
    """A status with a JSON body."""

    status: HTTPStatus
    body: _JSON


def listed(post: DemoPost) -> Listed:
    """A post with a picture."""
    return Listed(
        id=post.id,
        community=post.community,
        title=post.title,
        published=post.published,
        score=post.score,
        url_path=f"/pictrs/image/{post.file_name}",
        nsfw=post.nsfw,
    )


def pictureless(posts: Sequence[Listed]) -> list[Listed]:
    """Posts that have no picture to fetch, spread over the communities of the others.

    Three of text alone, the first of them pinned; one that links to a page; one whose picture
    is gone.
    """
    communities = sorted({post.community for post in posts})
    if not communities:
        return []
    links = (None, None, None, "/page.html", "/pictrs/image/gone.jpg")
    first_id, latest = max(post.id for post in posts) + 1, max(post.published for post in posts)
    return [
        Listed(
            id=first_id + i,
            community=communities[i % len(communities)],
            title=("Rules of this community", "Weekly thread", "A question")[i % 3],
            published=latest,
            score=1,
            url_path=link,
            body="Words only." if link is None else None,
            pinned=i == 0,
        )
        for i, link in enumerate(links)
    ]


def post_list(posts: Sequence[Listed], query: Mapping[str, str], base_url: str) -> Reply:
    """What `GET /api/v3/post/list` answers.

    Args:
        posts: All of the site.
        query: community_name, sort, limit and page_cursor count; others are ignored.
        base_url: Of the site, without a slash at its end.
    """
    name = query.get("community_name", "").partition("@")[0]
    if name:
        posts = [post for post in posts if post.community == name]
        if not posts:
            return _error("couldnt_find_community")
    key = _SORTS.get(query.get("sort", "Active"))
    if key is None:
        return _error("unknown", "Query deserialize error: unknown variant of sort")
    limit_text = query.get("limit", str(DEFAULT_LIMIT))
    if not limit_text.isascii() or not limit_text.isdigit():
        return _error("unknown", "Query deserialize error: invalid digit found in string")
    if not 1 <= int(limit_text) <= MAX_LIMIT:
        return _error("couldnt_get_posts")
    # pinned ones come first in their community only, whatever the order
    in_order = sorted(posts, key=lambda post: (not (name and post.pinned), key(post), -post.id))
    start = _start(in_order, query.get("page_cursor"))
    if start is None:
        return _error("couldnt_parse_pagination_token")
    page = in_order[start : start + int(limit_text)]
    next_page = {"next_page": _cursor(page[-1])} if page else {}
    views = [_view(post, base_url) for post in page]
    return Reply(HTTPStatus.OK, {"posts": views, **next_page})


def _newest(post: Listed) -> float:
    return -post.published.timestamp()


def _oldest(post: Listed) -> float:
    return post.published.timestamp()


def _best(post: Listed) -> float:
    return -post.score


_SORTS: Mapping[str, Callable[[Listed], float]] = {
    **dict.fromkeys(("Active", "Hot", "New", "NewComments", "Scaled"), _newest),
    "Old": _oldest,
    **dict.fromkeys(("TopAll", "TopYear", "TopMonth", "TopWeek", "TopDay", "MostComments"), _best),
}


def _error(name: str, message: str | None = None) -> Reply:
    body = {"error": name} if message is None else {"error": name, "message": message}
    return Reply(HTTPStatus.BAD_REQUEST, body)


def _cursor(post: Listed) -> str:
    return f"P{post.id:x}"


def _start(in_order: Sequence[Listed], cursor: str | None) -> int | None:
    """Where the page after a cursor begins; None where there is no such cursor."""
    if cursor is None:
        return 0
    places = (i for i, post in enumerate(in_order, start=1) if _cursor(post) == cursor)
    return next(places, None)


def _view(post: Listed, base_url: str) -> _JSON:
    url = None if post.url_path is None else base_url + post.url_path
    row: dict[str, object] = {
        "id": post.id,
        "name": post.title,
        "creator_id": 2,
        "community_id": _community_id(post.community),
        "removed": False,
        "locked": False,
        "published": _timestamp(post.published),
        "deleted": False,
        "nsfw": post.nsfw,
        "ap_id": f"{_HOME}/post/{post.id}",
        "local": True,
        "language_id": 0,
        "featured_community": post.pinned,
        "featured_local": False,
    }
    # Lemmy leaves an empty field out rather than sending null
    if url is not None:
        row["url"] = url
        if not url.endswith(".html"):
            row["thumbnail_url"] = url
    if post.body is not None:
        row["body"] = post.body
    return {
        "post": row,
        "creator": _creator(base_url),
        "community": _community(post, base_url),
        "creator_banned_from_community": False,
        "counts": _counts(post),
        "subscribed": "NotSubscribed",
        "saved": False,
        "read": False,
        "creator_blocked": False,
        "unread_comments": 0,
    }


def _creator(base_url: str) -> _JSON:
    return {
        "id": 2,
        "name": "demo",
        "banned": False,
        "published": "2008-01-01T00:00:00.000000Z",
        "actor_id": f"{base_url}/u/demo",
        "local": True,
        "deleted": False,
        "bot_account": False,
        "instance_id": 1,
    }


def _community(post: Listed, base_url: str) -> _JSON:
    return {
        "id": _community_id(post.community),
        "name": post.community,
        "title": post.community,
        "removed": False,
        "published": "2008-01-01T00:00:00.000000Z",
        "deleted": False,
        "nsfw": False,
        "actor_id": f"{base_url}/c/{post.community}",
        "local": True,
        "hidden": False,
        "posting_restricted_to_mods": False,
        "instance_id": 1,
        "visibility": "Public",
    }


def _counts(post: Listed) -> _JSON:
    return {
        "post_id": post.id,
        "comments": 0,
        "score": post.score,
        "upvotes": post.score,
        "downvotes": 0,
        "published": _timestamp(post.published),
        "newest_comment_time": _timestamp(post.published),
    }


def _community_id(name: str) -> int:
    return zlib.crc32(name.encode())  # stable between runs, unlike hash()


def _timestamp(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
