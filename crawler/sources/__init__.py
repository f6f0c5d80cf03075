"""One short file a source; what all sources share."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from core.errors import MemeEraError

__all__ = ["Fetch", "Malformed", "Post", "Source", "SourceFailed"]

Fetch = Callable[[str], Awaitable[bytes]]
"""Fetches one listing page under the crawler's limits and politeness; raises SourceFailed."""


@dataclass(frozen=True, slots=True)
class Post:
    """One post of a source, with the addresses of its pictures in their order."""

    source: str
    post_id: str
    media: tuple[str, ...]  # empty: a post without a picture
    community: str | None = None
    permalink: str | None = None
    title: str | None = None
    flair: str | None = None
    score: int | None = None
    posted_at: datetime | None = None
    nsfw: bool = False


@dataclass(frozen=True, slots=True)
class Malformed:
    """A post that lacks what the source's posts have; it is counted, and the listing goes on."""

    detail: str


class SourceFailed(MemeEraError):
    """A source could not be listed, or not further; other sources go on."""


class Source(Protocol):
    """A place that posts are listed from."""

    @property
    def name(self) -> str:
        """What sightings and runs call the source: lemmy."""
        ...

    @property
    def target(self) -> str:
        """What of the source is listed, for people: a community, a site."""
        ...

    def posts(self, fetch: Fetch) -> AsyncIterator[Post | Malformed]:
        """List the posts, newest first where the source can.

        Raises:
            SourceFailed: the listing ended before its end.
        """
        ...
