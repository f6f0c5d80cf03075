"""How people write the communities to crawl: r/memes, an address, a+b, !memes@lemmy.ml."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from urllib.parse import SplitResult, unquote, urlsplit

from core.errors import BadInput

__all__ = ["LemmyName", "lemmy_names", "subreddit_names"]

# As Reddit allows them today; "reddit.com" is the first of all, u_NAME a person's own page.
_SUBREDDIT: Final = re.compile(
    r"[0-9A-Za-z][0-9A-Za-z_]{0,20}|u_[0-9A-Za-z_-]{2,20}|reddit\.com", re.ASCII
)
_REDDIT: Final = re.compile(r"(?:.+\.)?(?:reddit\.com|redd\.it)", re.IGNORECASE)
_COMMUNITY: Final = re.compile(r"[\w-]{1,255}")
_HOST: Final = re.compile(r"[\w.-]+(?::\d{1,5})?", re.ASCII)
_SCHEME: Final = re.compile(r"https?://", re.IGNORECASE)
_SEPARATOR: Final = re.compile(r"[+,]")


def subreddit_names(written: str) -> tuple[str, ...]:
    """The names of one subreddit, or of several that are joined by +.

    Raises:
        BadInput: it names none.
    """
    paths = [_path_at_reddit(written)] if _is_address(written) else _SEPARATOR.split(written)
    names = [name for path in paths for name in _SEPARATOR.split(_subreddit(path))]
    if not all(map(_SUBREDDIT.fullmatch, names)):
        raise BadInput(f"{written!r} is no name of a subreddit, such as memes or r/memes")
    return tuple(names)


def _subreddit(path: str) -> str:
    """What stands for the subreddit in memes, /r/memes/ or r/memes/top; nothing, if nothing does.

    Raises:
        BadInput: it is a person's.
    """
    first, *behind = path.strip().lstrip("/").split("/")
    if behind and first.lower() in ("u", "user"):
        raise BadInput(
            f"{path!r} is a person, and Reddit is collected by subreddit; name one, such as memes"
        )
    if first.lower() == "r" and behind:
        return behind[0].strip()
    return "" if any(behind) else first.strip()


@dataclass(frozen=True, slots=True)
class LemmyName:
    """One community as people write it."""

    community: str  # "memes", or "memes@lemmy.ml"
    site: str | None = None  # whose address was given: that one is asked, and no other

    def at(self, sites: tuple[str, ...]) -> Iterator[tuple[str, str]]:
        """Which sites are asked, and what each calls the community.

        A site that is named and among those of the settings is asked itself; any other is seen
        from each of them, as Lemmy's sites show the communities of others.
        """
        name, _, home = self.community.partition("@")
        known = [site for site in sites if urlsplit(site).netloc.lower() == home.lower()]
        if self.site is not None:
            yield self.site, self.community
        elif home and known:
            yield known[0], name
        else:
            yield from ((site, self.community) for site in sites)


def lemmy_names(written: str) -> tuple[LemmyName, ...]:
    """The communities in memes, c/memes, !memes@lemmy.ml, or an address; several are joined by +.

    Raises:
        BadInput: it names none.
    """
    if _is_address(written):
        url = _address(written)
        _, kind, *behind = [*unquote(url.path).split("/"), ""]
        named = behind[0] if kind.lower() == "c" and behind else ""
        site = f"{url.scheme.lower()}://{url.netloc.lower()}"
        names = [LemmyName(_without(named, url.netloc), site)]
    else:
        parts = _SEPARATOR.split(written)
        names = [LemmyName(_bare(part).removeprefix("!")) for part in parts]
    if not all(_is_community(name.community) for name in names):
        raise BadInput(
            f"{written!r} is no name of a community, such as memes, memes@lemmy.ml or "
            "https://lemmy.ml/c/memes"
        )
    return tuple(names)


def _is_address(written: str) -> bool:
    """Whether it is one, with or without https:// in front."""
    text = written.strip()
    host, slash, _ = text.partition("/")
    return bool(_SCHEME.match(text)) or (bool(slash) and "." in host.strip(".") and "@" not in host)


def _address(written: str) -> SplitResult:
    text = written.strip()
    try:
        return urlsplit(text if _SCHEME.match(text) else f"https://{text}")
    except ValueError as error:
        raise BadInput(f"{written!r} is no address: {error}") from error


def _path_at_reddit(written: str) -> str:
    """What stands behind the host of an address: r/memes/top."""
    url = _address(written)
    if not _REDDIT.fullmatch(url.hostname or ""):
        raise BadInput(f"{written!r} is no address at reddit.com")
    path = unquote(url.path)
    return path if path.count("/") > 1 else ""  # reddit.com/memes is no subreddit


def _bare(written: str) -> str:
    """A name without the c/ before it, whatever its case and its slashes."""
    name = written.strip().lstrip("/")
    return (name[2:] if name.lower().startswith("c/") else name).rstrip("/")


def _without(community: str, host: str) -> str:
    """A community of the site itself, which need not be named."""
    name, _, home = community.partition("@")
    return name if home.lower() == host.lower() else community


def _is_community(name: str) -> bool:
    community, at, home = name.partition("@")
    return bool(_COMMUNITY.fullmatch(community) and (not at or _HOST.fullmatch(home)))
