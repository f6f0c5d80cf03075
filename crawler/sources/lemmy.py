"""Lemmy sites: their public API lists a community's posts without a key."""

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Final
from urllib.parse import urlencode, urljoin, urlsplit

from core.errors import Reject
from crawler.links import picture_at
from crawler.markup import is_web
from crawler.sources import Fetch, Malformed, Page, Post, Probe, SourceFailed
from crawler.sources.fields import Json, moment_of_text, parse, part, score, text, truth
from crawler.sources.newest import Progress, Sort
from crawler.sources.reddit_posts import is_video
from crawler.sources.shown import shown_in
from db.deletions import SeenPost

__all__ = ["Lemmy", "Sort", "probe"]

_PAGE_SIZE: Final = 50  # the most the API gives
_UNKNOWN: Final = "couldnt_find_community"  # with status 400 or 404, by version
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
            answer = _parse(await self._asked(fetch, cursor), self.target)
            posts = [self._post(view) for view in answer["posts"]]
            after = text(answer, "next_page")
            # Some versions repeat the last cursor, or give one behind an empty last page.
            is_last = not posts or not after or after == cursor
            page = progress.page(posts, is_last=is_last)
            if cursor is None and not posts:
                page = replace(page, remark=f"{self.target}: has no posts; see how it is spelled")
            yield page
            if is_last or progress.is_done:
                return
            cursor = after

    async def _asked(self, fetch: Fetch, cursor: str | None) -> bytes:
        try:
            return await fetch(self._page_url(cursor))
        except SourceFailed as error:
            if _UNKNOWN not in str(error):
                raise
            raise SourceFailed(
                f"{self.target}: there is no such community; see how it is spelled ({_UNKNOWN})",
                error.status,
            ) from error

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

    def _post(self, view: Any) -> Post | Malformed:
        """The post that a view describes; without an address of its own, there is none.

        Of a field that is missing, or of a kind that Lemmy does not give, the post lacks what that
        field would have said.
        """
        view = view if isinstance(view, dict) else {}
        post, community = part(view, "post"), part(view, "community")
        address = self._address(post)
        if not address:
            return Malformed(f"{self.target}: a post without its address (ap_id)")
        is_gone = truth(post, "removed") or truth(post, "deleted")
        return Post(
            source=self.name,
            post_id=address,
            media=() if is_gone else tuple(dict.fromkeys(_pictures(post, address))),
            community=text(community, "name") or self.community.partition("@")[0],
            permalink=address,
            title=text(post, "name") or None,
            score=score(part(view, "counts").get("score")),
            posted_at=moment_of_text(text(post, "published")),
            nsfw=truth(post, "nsfw") or truth(community, "nsfw"),
            author=text(part(view, "creator"), "actor_id") or None,  # one on all sites
            reason=Reject.REMOVED if is_gone else Reject.NO_PICTURE,
        )

    def _address(self, post: Json) -> str:
        """What a post is called on all sites that show it; else where this one shows it."""
        if is_web(address := text(post, "ap_id")):
            return address
        number = post.get("id")  # another one on each site
        return f"{self.site_url}/post/{number}" if type(number) is int and number > 0 else ""


def probe(post: SeenPost) -> Probe:
    """What says whether a post is still there: its own site, asked as other sites ask it.

    A post that was deleted or removed is a tombstone there, with status 410.
    """
    return Probe(post.permalink or post.post_id, accept="application/activity+json")


def _parse(body: bytes, target: str) -> Json:
    try:
        page = parse(body)
    except ValueError as error:
        raise SourceFailed(f"{target}: the answer: {error}; is this a Lemmy site?") from error
    if not isinstance(page, dict) or not isinstance(page.get("posts"), list):
        raise SourceFailed(f"{target}: the answer has no list of posts; is this a Lemmy site?")
    return page


def _pictures(post: Json, address: str) -> Iterator[str]:
    """The picture that a post links to, or a still of the video; then those among its words."""
    for place in (_linked(post), *(place for _, place in shown_in(text(post, "body")))):
        with suppress(ValueError):  # brackets that hold no IPv6 address
            if place and is_web(picture := urljoin(address, place)):
                yield picture_at(picture) or picture


def _linked(post: Json) -> str:
    url = text(post, "url")
    if (picture := picture_at(url) or url) != url:
        return picture
    if _is_video(post, url):
        return text(post, "thumbnail_url")
    # Newer versions say what is behind a link; without a word, the bytes will tell.
    kind = text(post, "url_content_type")
    return url if is_web(url) and (not kind or kind.startswith("image/")) else ""


def _is_video(post: Json, url: str) -> bool:
    kind = text(post, "url_content_type")
    is_said = kind.startswith("video/") or bool(text(post, "embed_video_url"))
    return is_said or is_video(url)
