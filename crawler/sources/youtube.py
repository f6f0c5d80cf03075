"""YouTube channels: the feed of each names its newest videos, and their stills, without a key."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import ClassVar, Final
from urllib.parse import urlencode

from parsel import Selector

from core.errors import BadInput
from crawler.sources import Fetch, Malformed, Page, Post, Probe, SourceFailed
from crawler.sources.fields import moment_of_text, score
from db.deletions import SeenPost

__all__ = ["YouTube", "probe"]

_NAMESPACES: Final = {
    "atom": "http://www.w3.org/2005/Atom",
    "media": "http://search.yahoo.com/mrss/",
    "yt": "http://www.youtube.com/xml/schemas/2015",
}
_CHANNEL_ID: Final = re.compile(r"(?:^|/channel/|[?&]channel_id=)(UC[0-9A-Za-z_-]{22})(?![\w-])")
_VIDEO_ID: Final = re.compile(r"[0-9A-Za-z_-]{1,64}")  # eleven today
_COMMUNITY: Final = "media:group/media:community"


@dataclass(frozen=True, slots=True)
class YouTube:
    """The newest videos of one channel, each with its still; the feed has 15.

    Args:
        channel: its id, or an address that holds the id; it becomes the id.
        base_url: where YouTube is.
        limit: videos.

    Raises:
        BadInput: no id of a channel is in it.
    """

    name: ClassVar[str] = "youtube"
    newest_first: ClassVar[bool] = True

    channel: str
    base_url: str = "https://www.youtube.com"
    limit: int | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "channel", _channel_id(self.channel))

    @property
    def target(self) -> str:
        """For people."""
        return f"YouTube channel {self.channel}"

    @property
    def listing(self) -> str:
        """The channel."""
        return f"{self.name}:{self.channel}"

    async def pages(self, fetch: Fetch, mark: str | None) -> AsyncIterator[Page]:
        """List the feed, which is one page and so short that no mark is worth keeping.

        Raises:
            SourceFailed: the feed could not be fetched or is none.
        """
        feed = _parse(await fetch(self._feed_url()), self.target)
        posts = [self._post(entry) for entry in feed.xpath("atom:entry")]
        yield Page(posts[: self.limit])

    def _feed_url(self) -> str:
        return f"{self.base_url.rstrip('/')}/feeds/videos.xml?channel_id={self.channel}"

    def _post(self, entry: Selector) -> Post | Malformed:
        named = _text(entry, "yt:videoId"), _text(entry, "atom:id").removeprefix("yt:video:")
        video_id = next(filter(_VIDEO_ID.fullmatch, named), None)
        if video_id is None:
            return Malformed(f"{self.target}: an entry of the feed names no video")
        return Post(
            source=self.name,
            post_id=video_id,
            media=(_still(entry, video_id),),
            # A name is for its owner to change, and for others to have as well; an id is not.
            community=self.channel,
            permalink=_text(entry, "atom:link[@rel='alternate']/@href")
            or f"https://www.youtube.com/watch?v={video_id}",
            title=_text(entry, "atom:title") or None,
            score=_score(entry),
            posted_at=moment_of_text(_text(entry, "atom:published")),
            author=self.channel,
        )


def probe(post: SeenPost) -> Probe:
    """What says whether a video is still there: the page itself answers 200, whatever it shows."""
    video = urlencode({"url": f"https://www.youtube.com/watch?v={post.post_id}", "format": "json"})
    return Probe(f"https://www.youtube.com/oembed?{video}")


def _channel_id(channel: str) -> str:
    found = _CHANNEL_ID.search(channel.strip())
    if found is None:
        raise BadInput(
            f"{channel!r} holds no id of a YouTube channel, which is UC and 22 more characters; "
            "handles and names have no feed. To find the id, open the channel's page, then its "
            "description (more), Share channel, Copy channel ID"
        )
    return found[1]


def _parse(body: bytes, target: str) -> Selector:
    # Without huge_tree, libxml2 bounds what entities expand to while it reads them. Nothing is read
    # from a document that defines any: a feed has no need to.
    document = Selector(body=body or b"-", type="xml", namespaces=_NAMESPACES, huge_tree=False)
    feeds = document.xpath("/atom:feed")
    if not feeds or document.root.getroottree().docinfo.internalDTD is not None:
        raise SourceFailed(f"{target}: the answer is no feed; is there such a channel?")
    return feeds[0]


def _text(entry: Selector, path: str) -> str:
    return (entry.xpath(f"string({path})").get() or "").strip()


def _still(entry: Selector, video_id: str) -> str:
    url = _text(entry, "media:group/media:thumbnail/@url")
    is_web = url.startswith(("http://", "https://"))
    return url if is_web else f"https://i.ytimg.com/vi/{video_id}/hqdefault.jpg"


def _score(entry: Selector) -> int | None:
    views = score(_text(entry, f"{_COMMUNITY}/media:statistics/@views"))
    return score(_text(entry, f"{_COMMUNITY}/media:starRating/@count")) if views is None else views
