"""Reddit: the listings of a subreddit, and which posts have gone since."""

from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, ClassVar, Final
from urllib.parse import quote

from core.batched import batched
from core.errors import Reject
from crawler.sources import Fetch, Malformed, Page, Post
from crawler.sources.fields import Json, part, text
from crawler.sources.newest import Progress, Sort
from crawler.sources.reddit_client import RedditAccount, RedditClient
from crawler.sources.reddit_posts import post_of

__all__ = ["Reddit", "RedditAccount", "Sort", "TimeFilter", "gone"]

_PAGE_SIZE: Final = 100  # the most the API gives
_MAX_LISTED: Final = 1000  # the most that Reddit lists in one order

Outcome = Post | Malformed


class TimeFilter(StrEnum):
    """Of which time Reddit lists the top posts."""

    hour = "hour"
    day = "day"
    week = "week"
    month = "month"
    year = "year"
    all = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reddit:
    """One subreddit in one order, or in all of them.

    Args:
        account: as whom Reddit is asked; several subreddits may share it.
        subreddit: its name, without r/; several are joined by +.
        sort: of the listing.
        time_filter: for Sort.top.
        limit: posts; Reddit lists 1,000 at most.
        flair: only posts with this one, in capitals or not.
        min_score: of posts, at the time of the crawl.
        allow_nsfw: whether posts that are not safe for work are wanted.
        deep: combine all orders, to get beyond 1,000 posts; `sort` does not count then.
    """

    name: ClassVar[str] = "reddit"

    account: RedditAccount
    subreddit: str
    sort: Sort = Sort.new
    time_filter: TimeFilter = TimeFilter.all
    limit: int | None = None
    flair: str | None = None
    min_score: int | None = None
    allow_nsfw: bool = True
    deep: bool = False

    @property
    def target(self) -> str:
        """For people: r/memes."""
        return f"r/{self.subreddit}"

    @property
    def listing(self) -> str:
        """The subreddit, in which order, and what is asked for."""
        order = "deep" if self.deep else self.sort.value
        if self.sort is Sort.top and not self.deep:
            order += f"-{self.time_filter}"
        asked = [] if self.flair is None else [f"flair={_folded(self.flair)}"]
        asked += [] if self.min_score is None else [f"score={self.min_score}"]
        asked += [] if self.allow_nsfw else ["sfw"]
        return ":".join([f"{self.name}:r/{self.subreddit.lower()}", order, *asked])

    @property
    def newest_first(self) -> bool:
        """Whether older posts follow newer ones."""
        return self.sort is Sort.new and not self.deep

    async def pages(self, fetch: Fetch, mark: str | None) -> AsyncIterator[Page]:
        """List the posts page by page through PRAW, without the crawler's own fetching.

        The mark is the time of the newest post. Posts of a day before it are listed again.

        Raises:
            SourceFailed: Reddit did not list the subreddit, or not further.
        """
        progress = Progress(mark, self.limit, newest_first=self.newest_first)
        listings, n_listed = self._listings(), 0
        with RedditClient(self.account, self.target) as client:
            for listing in listings:
                while not (listing.is_done or progress.is_done):
                    posts = listing.take(await client.ask(listing.path, listing.query))
                    n_listed += len(posts)
                    wanted = [self._filtered(post) for post in posts]
                    page = progress.page(wanted, is_last=listing.is_done)
                    if not n_listed and listing is listings[-1]:
                        said = f"{self.target}: has no posts; see how it is spelled"
                        page = replace(page, remark=said)
                    yield page

    def _listings(self) -> "list[_Listing]":
        if not self.deep:
            return [self._listing(self.sort, self.time_filter)]
        others = [self._listing(sort) for sort in (Sort.new, Sort.hot, Sort.rising)]
        return others + [self._listing(Sort.top, time_filter) for time_filter in TimeFilter]

    def _listing(self, sort: Sort, time_filter: TimeFilter | None = None) -> "_Listing":
        query: dict[str, str | int] = {"limit": _PAGE_SIZE}
        if sort is Sort.top and time_filter is not None:
            query["t"] = time_filter.value
        return _Listing(f"r/{quote(self.subreddit, safe='+')}/{sort}", query)

    def _filtered(self, post: Outcome) -> Outcome:
        if isinstance(post, Malformed) or self._is_asked_for(post):
            return post
        return replace(post, media=(), reason=Reject.FILTERED)

    def _is_asked_for(self, post: Post) -> bool:
        least, flair = self.min_score, self.flair
        return not (
            (post.nsfw and not self.allow_nsfw)
            or (flair is not None and _folded(post.flair or "") != _folded(flair))
            or (least is not None and post.score is not None and post.score < least)
        )


async def gone(account: RedditAccount, post_ids: Iterable[str]) -> set[str]:
    """Those of these posts that were deleted or removed at Reddit, or that it does not know.

    Raises:
        SourceFailed: Reddit did not answer for all of them.
    """
    ids = sorted(set(post_ids))
    missing = set(ids)
    with RedditClient(account, "posts that may be gone") as client:
        for some in batched(ids, _PAGE_SIZE):
            names = [f"t3_{post_id}" for post_id in some]
            # What reddit.info() asks; its objects fetch each field that a post lacks.
            page = await client.ask("api/info", {"id": ",".join(names)})
            posts = [post for post in map(_post, page["children"]) if isinstance(post, Post)]
            missing.difference_update(post.post_id for post in posts if not _is_removed(post))
    return missing


@dataclass(slots=True)
class _Listing:
    """One order of the subreddit, and how far it was listed."""

    path: str
    query: dict[str, str | int]
    n_listed: int = 0
    is_done: bool = False

    def take(self, page: dict[str, Any]) -> list[Outcome]:
        """The posts of the next page."""
        posts, after = [_post(child) for child in page["children"]], text(page, "after")
        self.n_listed += len(posts)
        is_last = not after or after == self.query.get("after")
        self.is_done = not posts or is_last or self.n_listed >= _MAX_LISTED
        self.query["after"] = after
        return posts


def _post(child: Any) -> Outcome:
    return post_of(_data(child))


def _data(child: Any) -> Json:
    """What an entry of a page says of a post; nothing, if it is none."""
    is_post = isinstance(child, dict) and child.get("kind") == "t3"
    return part(child, "data") if is_post else {}


def _is_removed(post: Post) -> bool:
    return not post.media and post.reason is Reject.REMOVED


def _folded(flair: str) -> str:
    return flair.strip().casefold()
