"""What one post of Reddit shows: from its JSON, as the API and the monthly dumps give it."""

import re
from collections.abc import Iterator, Sequence
from typing import Final
from urllib.parse import urlsplit

from core.errors import Reject
from crawler.links import VIDEO_SUFFIXES, picture_at, suffix_of
from crawler.placeholders import is_placeholder
from crawler.sources import Malformed, Post
from crawler.sources.fields import Json, moment, number, part, parts, score, text, truth
from crawler.sources.shown import shown_in

__all__ = ["community_of", "is_video", "post_of"]

# Where one picture may be had, best first; what is no address is passed over.
_Places = Sequence[str | None]

_SITE: Final = "https://www.reddit.com"
_GONE: Final = frozenset({"[deleted]", "[removed]"})

_IMGUR_HOSTS: Final = frozenset({"i.imgur.com", "imgur.com", "m.imgur.com"})
_YOUTUBE_HOSTS: Final = frozenset(
    {"m.youtube.com", "music.youtube.com", "youtu.be", "youtube-nocookie.com", "youtube.com"}
)
_VIDEO_HOSTS: Final = _YOUTUBE_HOSTS | {
    "clips.twitch.tv",
    "dailymotion.com",
    "gfycat.com",
    "redgifs.com",
    "streamable.com",
    "tiktok.com",
    "v.redd.it",
    "vimeo.com",
}
_VIDEO_HINTS: Final = frozenset({"hosted:video", "rich:video"})

_POST_ID: Final = re.compile(r"[0-9a-z]{1,20}")  # seven today
_IN_PERMALINK: Final = re.compile(r"/comments/([0-9a-z]{1,20})(?:/|$)")
_IN_COMMUNITY: Final = re.compile(r"/?r/([\w.-]+)", re.ASCII)
_CATEGORY: Final = re.compile(r"[a-z_]{4,}")  # who took a post away: moderator, deleted, reddit
_ADDRESS: Final = re.compile(r"https?://[^/?#\s]", re.IGNORECASE)
_YOUTUBE_ID: Final = re.compile(
    r"(?:[?&;]v=|%3Fv%3D|youtu\.be/|/(?:embed|live|shorts|v)/)([\w-]{11})(?![\w-])", re.ASCII
)
# Words that Reddit gives instead of the address of a thumbnail.
_NO_ADDRESS: Final = frozenset({"default", "image", "nsfw", "self", "spoiler"})


def post_of(data: Json) -> Post | Malformed:
    """The post that a submission's JSON describes; without an id, there is none.

    Of a field that is missing, or of a kind that Reddit does not give, the post lacks what that
    field would have said. A crosspost is a sighting of its own, of the pictures that its parent
    shows. Of a video, the picture is a still. Media addresses and titles are unescaped: the dumps,
    and the API where it is not asked for raw JSON, write `&amp;` in them.
    """
    post_id = _id(data)
    if post_id is None:
        return Malformed("a post of Reddit without an id")
    shown = next(iter(parts(data, "crosspost_parent_list")), data)
    media, reason = _media(data, shown)
    return Post(
        source="reddit",
        post_id=post_id,
        media=media,
        community=community_of(data),
        permalink=_SITE + _path(data, post_id),
        title=_unescaped(text(data, "title")) or None,
        flair=_unescaped(text(data, "link_flair_text")) or None,
        score=score(data.get("score")),
        posted_at=moment(data.get("created_utc")),
        nsfw=truth(data, "over_18") or truth(shown, "over_18"),
        author=_author(data),
        reason=reason,
    )


def community_of(data: Json) -> str | None:
    """The subreddit of a submission: by its name, or else by the addresses in which it stands."""
    if name := text(data, "subreddit"):
        return name
    prefixed = _IN_COMMUNITY.match(text(data, "subreddit_name_prefixed"))
    found = prefixed or _IN_COMMUNITY.match(text(data, "permalink"))
    return found and found[1]


def _id(data: Json) -> str | None:
    permalink = _IN_PERMALINK.search(text(data, "permalink"))
    candidates = text(data, "id"), text(data, "name"), permalink[1] if permalink else ""
    ids = (candidate.removeprefix("t3_") for candidate in candidates)
    return next(filter(_POST_ID.fullmatch, ids), None)


def _path(data: Json, post_id: str) -> str:
    path = text(data, "permalink")
    return path if path.startswith("/") else f"/comments/{post_id}/"


def _author(data: Json) -> str | None:
    author = text(data, "author")
    return author if author and author not in _GONE else None


def _unescaped(text: str) -> str:
    # Not html.unescape, which would make of ?a=1&copy=2 a copyright sign.
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _media(data: Json, shown: Json) -> tuple[tuple[str, ...], Reject]:
    """The addresses of the pictures, and why there are none."""
    if _is_removed(data) or _is_removed(shown):
        return (), Reject.REMOVED
    if truth(data, "promoted") or truth(data, "is_created_from_ads_ui"):
        return (), Reject.FILTERED
    media, has_placeholder = _chosen(_pictures(shown))
    if not media and shown is not data and not truth(shown, "is_self"):
        # The parent is not told whole: what the crosspost itself says may be enough.
        media, has_placeholder = _chosen(_pictures(data))
    if media:
        return media, Reject.NO_PICTURE
    if text(shown, "selftext") in _GONE or text(data, "author") == "[removed]":
        return (), Reject.REMOVED
    return (), Reject.PLACEHOLDER if has_placeholder else Reject.NO_PICTURE


def _is_removed(data: Json) -> bool:
    by = _CATEGORY.fullmatch(text(data, "removed_by_category"))
    return by is not None or truth(data, "removed")


def _chosen(pictures: Iterator[_Places]) -> tuple[tuple[str, ...], bool]:
    """The best address of each picture; and whether a placeholder was passed over."""
    media: dict[str, None] = {}  # in their order, and each once
    has_placeholder = False
    for places in pictures:
        for place in places:
            address = _unescaped(place).strip() if isinstance(place, str) else ""
            if address in _NO_ADDRESS or is_placeholder(address):
                has_placeholder = True
            elif _ADDRESS.match(address):
                media[address] = None
                break
    return tuple(media), has_placeholder


def _pictures(data: Json) -> Iterator[_Places]:
    items = list(_in_gallery(data))
    yield from items
    if not items and not truth(data, "is_self"):
        yield _linked(data)
    yield from _intext(data)


def _in_gallery(data: Json) -> Iterator[_Places]:
    """The pictures in the order of the gallery; behind them, those whose items are not readable."""
    if not (truth(data, "is_gallery") or data.get("gallery_data")):
        return
    described, listed = part(data, "media_metadata"), part(data, "gallery_data").get("items")
    items = parts(part(data, "gallery_data"), "items")
    names = [name for item in items if (name := text(item, "media_id"))]
    for item in items:
        if not truth(item, "is_deleted"):
            yield _described(part(described, text(item, "media_id")))
    if not listed or not isinstance(listed, list) or len(names) < len(listed):
        for name in described:
            if name not in names:
                yield _described(part(described, name))


def _intext(data: Json) -> Iterator[_Places]:
    """The pictures that stand among the words, in their order."""
    words, described = _unescaped(text(data, "selftext")), part(data, "media_metadata")
    # An emote is a sign of some 20 pixels among the words, not a picture.
    keys = [key for key in described if key in words and not key.startswith("emote|")]
    places: dict[int, _Places] = {
        words.index(key): _described(part(described, key)) for key in keys
    }
    for at, address in shown_in(words, at_reddit=True):
        within = [start for key in keys if at <= (start := words.index(key)) < at + len(address)]
        places[at] = (
            *(one for start in within for one in places.pop(start, ())),
            picture_at(address) or address,
        )
    for at in sorted(places):
        yield places[at]


def _described(described: Json) -> _Places:
    """The picture of an entry of media_metadata; videos have none there."""
    if (text(described, "status") or "valid") != "valid":
        return ()
    if (text(described, "e") or "Image") not in ("Image", "AnimatedImage"):
        return ()
    full, sizes = part(described, "s"), parts(described, "p")
    largest = max(sizes, key=lambda one: number(one.get("x")) or 0, default={})
    return text(full, "u"), text(full, "gif"), text(largest, "u")


def _linked(data: Json) -> _Places:
    """The picture at the address that the post links to, or a still of the video there."""
    urls = (text(data, key).strip() for key in ("url_overridden_by_dest", "url"))
    url = next(filter(_ADDRESS.match, urls), "")
    try:
        parts = urlsplit(url)
    except ValueError:  # such as a bracket in the host's place
        return ()
    host, suffix = (parts.hostname or "").removeprefix("www."), suffix_of(parts)
    if (picture := picture_at(url)) is not None:
        return (_preview(data), picture) if suffix in VIDEO_SUFFIXES else (picture,)
    if host in _IMGUR_HOSTS:  # an album: its address does not say what is in it
        return (_preview(data),)
    is_said = truth(data, "is_video") or text(data, "post_hint") in _VIDEO_HINTS
    if is_said or is_video(url):
        still = _youtube_still(url) if host in _YOUTUBE_HOSTS else None
        return _preview(data), still, text(data, "thumbnail")
    # The preview of any other link is the picture beside an article.
    return (_preview(data),) if text(data, "post_hint") == "image" else ()


def is_video(url: str) -> bool:
    """Whether a video is at an address, by its host or how it ends."""
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").removeprefix("www.")
    except ValueError:
        return False
    return host in _VIDEO_HOSTS or suffix_of(parts) in VIDEO_SUFFIXES


def _youtube_still(url: str) -> str | None:
    found = _YOUTUBE_ID.search(url)
    return found and f"https://i.ytimg.com/vi/{found[1]}/hqdefault.jpg"


def _preview(data: Json) -> str | None:
    """The picture that Reddit made of a link: whole, or else the largest of its smaller ones."""
    for image in parts(part(data, "preview"), "images"):
        sizes = [part(image, "source"), *reversed(parts(image, "resolutions"))]
        if found := next(filter(_ADDRESS.match, (text(size, "url") for size in sizes)), None):
            return found
    return None
