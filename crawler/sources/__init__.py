"""One short file a source; what all sources share."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from core.errors import MemeEraError, Reject

if TYPE_CHECKING:
    from crawler.robots import Rules

__all__ = [
    "Answer",
    "Fetch",
    "Malformed",
    "Page",
    "Post",
    "Probe",
    "Source",
    "SourceFailed",
    "Visit",
]

Fetch = Callable[[str], Awaitable[bytes]]
"""Fetches one listing page under the crawler's limits and politeness; raises SourceFailed."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a site answered."""

    url: str  # the last one that it led to
    body: bytes
    content_type: str | None = None


class Visit(Protocol):
    """Fetches for a source: what was made for programs, or as a guest of pages made for people."""

    async def __call__(self, url: str, /) -> bytes:
        """As `Fetch`."""
        ...

    async def page(self, url: str) -> Answer:
        """A page made for people, where the robots.txt of no host that it leads to forbids it.

        Raises:
            SourceFailed: one does, or there is no answer.
        """
        ...

    async def rules(self, url: str) -> "Rules":
        """What robots.txt says at this address's host.

        Raises:
            SourceFailed: it is out of reach.
        """
        ...


@dataclass(frozen=True, slots=True)
class Post:
    """One post of a source, with the addresses of its pictures in their order."""

    source: str
    post_id: str  # one post has one id, whichever listing shows it
    media: tuple[str, ...]  # empty: a post without a picture, for a reason
    community: str | None = None
    permalink: str | None = None
    title: str | None = None
    flair: str | None = None
    score: int | None = None
    posted_at: datetime | None = None
    nsfw: bool = False
    author: str | None = None  # as the source names them; only a pseudonym is kept
    licence: str | None = None  # as the source states it
    reason: Reject = Reject.NO_PICTURE  # why there are no media


@dataclass(frozen=True, slots=True)
class Malformed:
    """A post that lacks what the source's posts have; it is counted, and the listing goes on."""

    detail: str


@dataclass(frozen=True, slots=True)
class Page:
    """Some posts that are listed together."""

    posts: Sequence[Post | Malformed]
    mark: str | None = None
    """How far the listing has come with these posts; kept with them, in one transaction, and given
    to the next run of the same listing. None: no further than it was."""
    remark: str | None = None
    """What people are to be told of the listing: that there is nothing of what they asked for."""


@dataclass(frozen=True, slots=True)
class Probe:
    """What to ask for, to learn whether a post is still there: 404 and 410 say that it is not."""

    url: str
    accept: str = "*/*"
    obey_robots: bool = False  # for what is made for people, not for programs


class SourceFailed(MemeEraError):
    """A source could not be listed, or not further; other sources go on.

    Args:
        message: why, and what to do about it.
        status: of the HTTP answer, where there was one.
    """

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


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

    @property
    def newest_first(self) -> bool:
        """Whether older posts follow newer ones: behind a page of old ones nothing new comes."""
        ...

    @property
    def listing(self) -> str:
        """What the mark belongs to: two sources that list the same posts alike have the same."""
        ...

    def pages(self, fetch: Visit, mark: str | None) -> AsyncIterator[Page]:
        """List the posts that are new since a mark, page by page.

        Args:
            fetch: gets a page of the source.
            mark: the last one of this listing; None: it was never listed to its end.

        Raises:
            SourceFailed: the listing ended before its end. What was given stays.
        """
        ...
