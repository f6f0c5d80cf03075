"""The picture that a link leads to, told from its address alone."""

import re
from typing import Final
from urllib.parse import SplitResult, parse_qs, urlsplit

__all__ = ["IMAGE_SUFFIXES", "VIDEO_SUFFIXES", "picture_at", "suffix_of"]

IMAGE_SUFFIXES: Final = frozenset(
    {"avif", "bmp", "gif", "jfif", "jpe", "jpeg", "jpg", "png", "webp"}
)
"""How addresses of pictures end, of the formats that core.images takes."""
VIDEO_SUFFIXES: Final = frozenset({"gifv", "m4v", "mov", "mp4", "webm"})

_IMAGE: Final = "|".join(sorted(IMAGE_SUFFIXES))

# Pages that show one picture, and scaled copies, by host (without www.) and path: where the picture
# itself is. Some end like pictures. The first that fits counts; none: there is no telling.
_PAGES: Final[tuple[tuple[re.Pattern[str], str | None], ...]] = tuple(
    (re.compile(pattern, re.IGNORECASE | re.ASCII), place)
    for pattern, place in (
        (rf"(?:m\.)?imgur\.(?:com|io)/(?:.*/)?([^/]+\.(?:{_IMAGE}))", r"https://i.imgur.com/\1"),
        (rf"i\.imgur\.(?:com|io)/(?:.*/)?[^/]+\.(?:{_IMAGE})", ""),
        # Newer pages have a title: some-words-AbCdEf1. Albums do not say what is in them.
        (
            r"(?:[im]\.)?imgur\.(?:com|io)/(?:r/[^/]+/)?(?:[^/.]+-)?([0-9a-z]{5,})(?:\.\w+)?/?",
            r"https://i.imgur.com/\1.jpg",
        ),
        (r"(?:[im]\.)?imgur\.(?:com|io)/.*", None),
        (r"imgflip\.com/i/([0-9a-z]+)/?", r"https://i.imgflip.com/\1.jpg"),
        (r"imgflip\.com/gif/([0-9a-z]+)/?", r"https://i.imgflip.com/\1.gif"),
        (rf"preview\.redd\.it/(?:[^/]*-)?(\w+\.(?:{_IMAGE}))", r"https://i.redd.it/\1"),
        (
            r"9gag\.com/(?:gag|photo)/([0-9a-z]+)/?",
            r"https://img-9gag-fun.9cache.com/photo/\1_700b.jpg",
        ),
        (r"makeameme\.org/meme/([\w-]+)/?", r"https://media.makeameme.org/created/\1.jpg"),
        (r"gyazo\.com/([0-9a-f]{32})/?", r"https://i.gyazo.com/\1.png"),
        (
            r"(?:(?:media\d*|i)\.)?giphy\.com/(?:gifs|embed|stickers|media)/(?:[^/]*-)?([0-9a-z]{8,})"
            r"(?:/.*)?",
            r"https://i.giphy.com/\1.gif",
        ),
        # Of a file's page, or the viewer above an article.
        (
            r"((?:[\w-]+\.)*(?:wikimedia|wikipedia|wiktionary|wikivoyage)\.org)/wiki/"
            rf"(?!Special:)[^/:]+:(.+\.(?:{_IMAGE}))",  # the word for File differs
            r"https://\1/wiki/Special:FilePath/\2",
        ),
        (
            rf"upload\.wikimedia\.org/(.+)/thumb/(.+\.(?:{_IMAGE}))/[^/]+",
            r"https://upload.wikimedia.org/\1/\2",
        ),
        (rf"(?:static|vignette)\.wikia\.nocookie\.net/.+\.(?:{_IMAGE})/revision/.*", ""),
        (
            rf"github\.com/([^/]+/[^/]+)/(?:blob|raw)/(.+\.(?:{_IMAGE}))",
            r"https://raw.githubusercontent.com/\1/\2",
        ),
        (rf"gitlab\.com/(.+)/-/blob/(.+\.(?:{_IMAGE}))", r"https://gitlab.com/\1/-/raw/\2"),
        (rf"dropbox\.com/(s/.+\.(?:{_IMAGE}))", r"https://dl.dropboxusercontent.com/\1"),
        (
            rf"(?:media\.discordapp\.net|cdn\.discordapp\.com)/(attachments/.+\.(?:{_IMAGE}))",
            r"https://cdn.discordapp.com/\1",
        ),
        # Hosts whose pictures need no suffix.
        (rf"(?:i\.redd\.it|i\.reddituploads\.com)/(?!.*\.(?:{'|'.join(VIDEO_SUFFIXES)})$).+", ""),
        (r"(?:\w+\.)?media\.tumblr\.com/.+\.pnj", ""),
        (r"cdn\.bsky\.app/img/.+@(?:jpe?g|png|webp)", ""),
        (r"lh\d\.googleusercontent\.com/.+", ""),
    )
)
# Whose query is what shows that it is the one who asked: it belongs to the picture's address.
_SIGNED: Final = frozenset({"cdn.discordapp.com"})
_SIGNATURE: Final = ("ex", "is", "hm")

# Addresses that hold that of the picture in their query.
_WRAPPERS: Final = tuple(
    (re.compile(pattern, re.IGNORECASE), key)
    for pattern, key in (
        (r"(?:[\w-]+\.)?reddit\.com/media", "url"),
        (r"out\.reddit\.com/.*", "url"),
        (r"[^/]+/api/v\d/image_proxy", "url"),  # Lemmy's
        (r"google\.[\w.]+/imgres", "imgurl"),
        (r"google\.[\w.]+/url", "url"),
        (r"google\.[\w.]+/url", "q"),
        (r"(?:external-content|proxy)\.duckduckgo\.com/iu/?", "u"),
        (r"(?:images\.weserv|wsrv)\.nl/?", "url"),
        (r"lm?\.facebook\.com/l\.php", "u"),
        (r"t\.umblr\.com/redirect", "z"),
    )
)
_MOST_WRAPPED: Final = 3  # times
_MAX_PLACE: Final = 2000  # characters: longer ones are no page's, and would take long to compare


def picture_at(url: str) -> str | None:
    """The address of the picture that a link leads to; None: its address says of none.

    Of a video at imgur, it is the still.
    """
    for _ in range(_MOST_WRAPPED):
        try:
            parts = urlsplit(url.strip())
        except ValueError:  # such as a bracket in the host's place
            return None
        if parts.scheme.lower() not in ("http", "https") or not parts.hostname:
            return None
        inner = _wrapped(parts)
        if inner is None:
            return _picture(url.strip(), parts)
        url = inner if "://" in inner else f"https://{inner.removeprefix('//')}"
    return None


def suffix_of(parts: SplitResult) -> str:
    """How a path ends, in small letters: jpg."""
    name = parts.path.rpartition("/")[2]
    # Twitter names a size behind it: .jpg:large
    return name.rpartition(".")[2].partition(":")[0].lower() if "." in name else ""


def _place(parts: SplitResult) -> str:
    return (parts.hostname or "").removeprefix("www.") + (parts.path or "/")


def _wrapped(parts: SplitResult) -> str | None:
    place = _place(parts)
    for pattern, key in _WRAPPERS:
        if pattern.fullmatch(place) and (values := parse_qs(parts.query).get(key)):
            return values[0]
    return None


def _picture(url: str, parts: SplitResult) -> str | None:
    place = _place(parts)
    if parts.hostname == "pbs.twimg.com":
        return _at_twitter(url, parts)
    if viewed := re.fullmatch(r"/media/([^/:]+:.+)", parts.fragment):
        place = f"{parts.hostname}/wiki/{viewed[1]}"
    for pattern, to in _PAGES if len(place) <= _MAX_PLACE else ():
        if found := pattern.fullmatch(place):
            return None if to is None else _signed(found.expand(to), parts) if to else url
    return url if suffix_of(parts) in IMAGE_SUFFIXES else None


def _at_twitter(url: str, parts: SplitResult) -> str | None:
    """In full size; older addresses end in .jpg:large, newer ones have a query."""
    query = parse_qs(parts.query)
    if suffix_of(parts) in IMAGE_SUFFIXES:
        return url
    if query.get("format", [""])[0] not in IMAGE_SUFFIXES:
        return None
    return f"https://pbs.twimg.com{parts.path}?format={query['format'][0]}&name=orig"


def _signed(picture: str, parts: SplitResult) -> str:
    if urlsplit(picture).hostname not in _SIGNED:
        return picture
    query = parse_qs(parts.query)
    signature = "&".join(f"{key}={query[key][0]}" for key in _SIGNATURE if key in query)
    return f"{picture}?{signature}" if signature else picture
