"""What one post of Reddit shows: from its JSON, as the API and the monthly dumps give it."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import urlsplit

from core.errors import Reject
from crawler.links import VIDEO_SUFFIXES, picture_at, suffix_of
from crawler.placeholders import is_placeholder
from crawler.sources import Malformed, Post

__all__ = ["post_of"]

# Where one picture may be had, best first; what is no address is passed over.
_Places = Sequence[str | None]

_SITE: Final = "https://www.reddit.com"
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MAX_SCORE: Final = 2**31 - 1  # what an integer column holds
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

_POST_ID: Final = re.compile(r"[0-9a-z]+")
_ADDRESS: Final = re.compile(r"https?://[^/?#\s]", re.IGNORECASE)
_YOUTUBE_ID: Final = re.compile(
    r"(?:[?&;]v=|%3Fv%3D|youtu\.be/|/(?:embed|live|shorts|v)/)([\w-]{11})(?![\w-])", re.ASCII
)
# Words that Reddit gives instead of the address of a thumbnail.
_NO_ADDRESS: Final = frozenset({"default", "image", "nsfw", "self", "spoiler"})


def post_of(data: Mapping[str, Any]) -> Post | Malformed:
    """The post that a submission's JSON describes.

    A crosspost is a sighting of its own, of the pictures that its parent shows. Of a video, the
    picture is a still. Media addresses and titles are unescaped: the dumps, and the API where it is
    not asked for raw JSON, write `&amp;` in them.
    """
    try:
        shown = _shown(data)
        media, reason = _media(data, shown)
        post_id = _required(data, "id").removeprefix("t3_")
        if not _POST_ID.fullmatch(post_id):
            raise ValueError(f"id {post_id[:20]!r}")
        return Post(
            source="reddit",
            post_id=post_id,
            media=media,
            community=_required(data, "subreddit"),
            permalink=_SITE + _path(data, post_id),
            title=_unescaped(_required(data, "title")),
            flair=_unescaped(_text(data, "link_flair_text")) or None,
            score=_score(data),
            posted_at=_time(data["created_utc"]),
            nsfw=bool(data.get("over_18") or shown.get("over_18")),
            author=_author(data),
            reason=reason,
        )
    except (LookupError, TypeError, ValueError, AttributeError, OverflowError) as error:
        return Malformed(f"a post lacks what Reddit's posts have: {error!r}")


def _required(data: Mapping[str, Any], key: str) -> str:
    value = data[key]
    if not isinstance(value, str) or not value:
        raise TypeError(f"{key} is of type {type(value).__name__}, or empty")
    return value


def _text(data: Mapping[str, Any], key: str) -> str:
    value = data.get(key)
    return value if isinstance(value, str) else ""


def _path(data: Mapping[str, Any], post_id: str) -> str:
    path = _text(data, "permalink")
    return path if path.startswith("/") else f"/comments/{post_id}/"


def _author(data: Mapping[str, Any]) -> str | None:
    author = _text(data, "author")
    return author if author and author not in _GONE else None


def _score(data: Mapping[str, Any]) -> int | None:
    if data.get("score") is None:
        return None
    score = int(data["score"])
    if abs(score) > _MAX_SCORE:
        raise ValueError(f"score {score}")
    return score


def _time(seconds: Any) -> datetime:
    if isinstance(seconds, bool) or not isinstance(seconds, int | float | str):
        raise TypeError(f"created_utc is of type {type(seconds).__name__}")
    return _EPOCH + timedelta(seconds=float(seconds))  # dumps of some years write strings


def _unescaped(text: str) -> str:
    # Not html.unescape, which would make of ?a=1&copy=2 a copyright sign.
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _shown(data: Mapping[str, Any]) -> Mapping[str, Any]:
    """The post whose pictures this one shows: itself, or what it is a crosspost of."""
    parents = data.get("crosspost_parent_list") or [data]
    parent: Mapping[str, Any] = parents[0]
    return parent


def _media(data: Mapping[str, Any], shown: Mapping[str, Any]) -> tuple[tuple[str, ...], Reject]:
    """The addresses of the pictures, and why there are none."""
    if _is_removed(data) or _is_removed(shown):
        return (), Reject.REMOVED
    if data.get("promoted") or data.get("is_created_from_ads_ui"):
        return (), Reject.FILTERED
    media, has_placeholder = _chosen(_pictures(shown))
    if media:
        return media, Reject.NO_PICTURE
    if _text(shown, "selftext") in _GONE or _text(data, "author") == "[removed]":
        return (), Reject.REMOVED
    return (), Reject.PLACEHOLDER if has_placeholder else Reject.NO_PICTURE


def _is_removed(data: Mapping[str, Any]) -> bool:
    return bool(data.get("removed_by_category") or data.get("removed"))


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


def _pictures(data: Mapping[str, Any]) -> Iterator[_Places]:
    if data.get("is_gallery") or data.get("gallery_data"):
        yield from _in_gallery(data)
    elif data.get("is_self"):
        yield from _in_text(data)
    else:
        yield _linked(data)


def _in_gallery(data: Mapping[str, Any]) -> Iterator[_Places]:
    described = data.get("media_metadata") or {}
    for item in (data.get("gallery_data") or {}).get("items") or ():
        if not item.get("is_deleted"):
            yield _described(described.get(item["media_id"]))


def _in_text(data: Mapping[str, Any]) -> Iterator[_Places]:
    text = _text(data, "selftext")
    described = data.get("media_metadata") or {}
    # An emote is a sign of some 20 pixels among the words, not a picture.
    shown = [key for key in described if key in text and not key.startswith("emote|")]
    for key in sorted(shown, key=text.index):
        yield _described(described[key])


def _described(described: Mapping[str, Any] | None) -> _Places:
    """The picture of an entry of media_metadata; videos have none there."""
    if not described or described.get("status") != "valid":
        return ()
    if described.get("e") not in ("Image", "AnimatedImage"):
        return ()
    full = described.get("s") or {}
    largest = max(described.get("p") or [{}], key=lambda one: one.get("x", 0))
    return full.get("u"), full.get("gif"), largest.get("u")


def _linked(data: Mapping[str, Any]) -> _Places:
    """The picture at the address that the post links to, or a still of the video there."""
    url = (_text(data, "url_overridden_by_dest") or _text(data, "url")).strip()
    try:
        parts = urlsplit(url)
    except ValueError:  # such as a bracket in the host's place
        return ()
    host, suffix = (parts.hostname or "").removeprefix("www."), suffix_of(parts)
    if (picture := picture_at(url)) is not None:
        return (_preview(data), picture) if suffix in VIDEO_SUFFIXES else (picture,)
    if host in _IMGUR_HOSTS:  # an album: its address does not say what is in it
        return (_preview(data),)
    if _is_video(data, host, suffix):
        still = _youtube_still(url) if host in _YOUTUBE_HOSTS else None
        return _preview(data), still, data.get("thumbnail")
    # The preview of any other link is the picture beside an article.
    return (_preview(data),) if data.get("post_hint") == "image" else ()


def _is_video(data: Mapping[str, Any], host: str, suffix: str) -> bool:
    is_said = bool(data.get("is_video")) or data.get("post_hint") in _VIDEO_HINTS
    return is_said or host in _VIDEO_HOSTS or suffix in VIDEO_SUFFIXES


def _youtube_still(url: str) -> str | None:
    found = _YOUTUBE_ID.search(url)
    return found and f"https://i.ytimg.com/vi/{found[1]}/hqdefault.jpg"


def _preview(data: Mapping[str, Any]) -> str | None:
    images = (data.get("preview") or {}).get("images")
    return images[0]["source"]["url"] if images else None
