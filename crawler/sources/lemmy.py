"""Lemmy sites: their public API lists a community's posts without a key."""

import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar, Final
from urllib.parse import urlencode, urlsplit

from core.errors import Reject
from crawler.links import picture_at
from crawler.sources import Fetch, Malformed, Page, Post, Probe, SourceFailed
from crawler.sources.newest import Progress, Sort
from db.deletions import SeenPost

__all__ = ["Lemmy", "Sort", "probe"]

_PAGE_SIZE: Final = 50  # the most the API gives
_MAX_SCORE: Final = 2**31 - 1  # what an integer column holds
_WORDS: Final[Mapping[Sort, str]] = {
    Sort.new: "New",
    Sort.hot: "Hot",
    Sort.top: "TopAll",
    Sort.rising: "Active",
}


@dataclass(frozen=True, slots=True)
class Lemmy:
    """One community as one site shows it."""

    site_url: str
    community: str  # "memes", or "memes@lemmy.ml" for another site's community seen from here
    sort: Sort = Sort.new
    limit: int | None = None  # posts

    name: ClassVar[str] = "lemmy"

    @property
    def target(self) -> str:
        """For people: c/memes at lemmy.world."""
        return f"c/{self.community} at {urlsplit(self.site_url).netloc}"

    @property
    def listing(self) -> str:
        """The community at its site, in one order."""
        return f"lemmy:{self.site_url}/c/{self.community.lower()}:{self.sort}"

    @property
    def newest_first(self) -> bool:
        """Whether older posts follow newer ones."""
        return self.sort is Sort.new

    async def pages(self, fetch: Fetch, mark: str | None) -> AsyncIterator[Page]:
        """List the posts page by page, following the site's cursor.

        The mark is the time of the newest post. Posts from other sites may come in late, so that
        those of a day before it are listed again.

        Raises:
            SourceFailed: a page could not be fetched or is not what Lemmy answers.
        """
        progress = Progress(mark, self.limit, newest_first=self.newest_first)
        cursor = None
        while True:
            answer = _parse(await fetch(self._page_url(cursor)), self.target)
            posts = [_post(view) for view in answer["posts"]]
            after = answer.get("next_page")
            # Some versions repeat the last cursor, or give one behind an empty last page.
            is_last = not posts or not after or after == cursor
            yield progress.page(posts, is_last=is_last)
            if is_last or progress.is_done:
                return
            cursor = after

    def _page_url(self, cursor: str | None) -> str:
        query = {
            "community_name": self.community,
            "sort": _WORDS[self.sort],
            "type_": "All",
            "limit": str(_PAGE_SIZE),
        }
        if cursor is not None:
            query["page_cursor"] = cursor
        return f"{self.site_url}/api/v3/post/list?{urlencode(query)}"


def probe(post: SeenPost) -> Probe:
    """What says whether a post is still there: its own site, asked as other sites ask it.

    A post that was deleted or removed is a tombstone there, with status 410.
    """
    return Probe(post.post_id, accept="application/activity+json")


def _parse(body: bytes, target: str) -> dict[str, Any]:
    try:
        page = json.loads(body)
    except ValueError as error:
        raise SourceFailed(f"{target}: the answer is not JSON; is this a Lemmy site?") from error
    if not isinstance(page, dict) or not isinstance(page.get("posts"), list):
        raise SourceFailed(f"{target}: the answer has no list of posts; is this a Lemmy site?")
    return page


def _post(view: Any) -> Post | Malformed:
    try:
        post, community = view["post"], view["community"]
        return Post(
            source=Lemmy.name,
            # A post has one ap_id on all sites that show it, and another number on each.
            post_id=str(post["ap_id"]),
            media=_media(post),
            community=str(community["name"]),
            permalink=str(post["ap_id"]),
            title=str(post["name"]),
            score=_score(view),
            posted_at=_time(post["published"]),
            nsfw=bool(post.get("nsfw") or community.get("nsfw")),
            author=_author(view),
            reason=_removed(post),
        )
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        return Malformed(f"a post lacks what Lemmy's posts have: {error!r}")


def _author(view: dict[str, Any]) -> str | None:
    address = view.get("creator", {}).get("actor_id")  # a person has one on all sites
    return str(address) if address else None


def _removed(post: dict[str, Any]) -> Reject:
    gone = post.get("removed") or post.get("deleted")
    return Reject.REMOVED if gone else Reject.NO_PICTURE


def _score(view: dict[str, Any]) -> int | None:
    if "counts" not in view:
        return None
    score = int(view["counts"]["score"])
    if abs(score) > _MAX_SCORE:
        raise ValueError(f"score {score}")
    return score


def _media(post: dict[str, Any]) -> tuple[str, ...]:
    if post.get("removed") or post.get("deleted"):
        return ()
    url = post.get("url")
    if not isinstance(url, str) or not url.startswith(("http://", "https://")):
        return ()
    picture = picture_at(url) or url
    # Newer versions say what is behind a link; without a word, the bytes will tell.
    kind = post.get("url_content_type")
    is_one = kind is None or str(kind).startswith("image/") or picture != url
    return (picture,) if is_one else ()


def _time(text: str) -> datetime:
    time = datetime.fromisoformat(text)
    if time.tzinfo is None:
        return time.replace(tzinfo=UTC)  # versions before 0.19 name no zone
    return time.astimezone(UTC)
