"""How far a listing has come: its orders, its limit, and the mark of one that is newest first."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final

from crawler.sources import Malformed, Page, Post

__all__ = ["Progress", "Sort", "not_ahead"]

_EVER: Final = datetime.min.replace(tzinfo=UTC)
# A post that is approved late, or comes late from another site, appears with its old time.
_OVERLAP: Final = timedelta(days=1)
# Clocks differ by minutes, and a time whose zone is not known by 14 hours.
_AHEAD: Final = timedelta(days=1)

Outcome = Post | Malformed


class Sort(StrEnum):
    """The orders that every source understands."""

    new = "new"
    hot = "hot"
    top = "top"
    rising = "rising"


class Progress:
    """How far one run of a listing has come.

    The mark is the time of the newest post, and never later than now: one post of the future would
    be newer than all that come. Posts of a day before it are listed again.

    Args:
        mark: where the last run came to; None: there was none. One of the future says nothing.
        limit: of posts; None: all there are.
        newest_first: whether older posts follow newer ones; in another order, no page has a mark
            and none is known to be the last.
    """

    def __init__(self, mark: str | None, limit: int | None, *, newest_first: bool) -> None:
        self._last = None if mark is None else not_ahead(datetime.fromisoformat(mark))
        self._newest = self._last or _EVER
        self._n_left = limit
        self._newest_first = newest_first
        self._is_past = False
        self._seen: set[str] = set()

    @property
    def is_done(self) -> bool:
        """Whether no more is wanted: the limit is reached, or the last run has seen the rest."""
        return self._is_past or self._n_left == 0

    def page(self, posts: Sequence[Outcome], *, is_last: bool) -> Page:
        """Those of the next posts that are within the limit and not seen yet, with the mark.

        Args:
            posts: all that the source gave together.
            is_last: whether the source gives no more.
        """
        self._is_past = self._newest_first and self._is_old(posts)
        unseen = [post for post in posts if not self._is_seen(post)]
        taken = unseen[: self._n_left]
        self._take(taken)
        is_whole = (is_last or self._is_past) and len(taken) == len(unseen)
        return Page(taken, self._mark(is_whole))

    def _take(self, posts: Sequence[Outcome]) -> None:
        self._newest = max([self._newest, *_times(posts)])
        self._seen.update(post.post_id for post in posts if isinstance(post, Post))
        if self._n_left is not None:
            self._n_left -= len(posts)

    def _mark(self, is_whole: bool) -> str | None:
        # What a limit left out of the first listing was not asked for; later, it is a gap.
        is_whole = is_whole or (self._n_left == 0 and self._last is None)
        moves = self._newest_first and is_whole and self._newest > _EVER
        return self._newest.isoformat() if moves else None

    def _is_old(self, posts: Sequence[Outcome]) -> bool:
        times = _times(posts)
        return self._last is not None and bool(times) and max(times) < self._last - _OVERLAP

    def _is_seen(self, post: Outcome) -> bool:
        return isinstance(post, Post) and post.post_id in self._seen


def not_ahead(at: datetime | None) -> datetime | None:
    """When something was posted; a little ahead of our clock is now, further ahead is not known."""
    now = datetime.now(UTC)
    return None if at is None or at > now + _AHEAD else min(at, now)


def _times(posts: Sequence[Outcome]) -> list[datetime]:
    posted = (not_ahead(post.posted_at) for post in posts if isinstance(post, Post))
    return [at for at in posted if at is not None]
