"""How far long work has come: a bar on a terminal; elsewhere, in a log, a line now and then."""

import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import Final, Self

from tqdm import tqdm

from core.cli import warn

__all__ = ["Pace"]

_EVERY_S: Final = 30.0  # a line; the first comes before the work


class Pace:
    """Tells of work on a known number of things, within a `with`."""

    def __init__(
        self,
        doing: str,
        total: int,
        *,
        say: Callable[[str], None] = warn,
        every_s: float = _EVERY_S,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """Begin.

        Args:
            doing: what is done to them: "reading memes".
            total: how many there are.
            say: takes a line for people.
            every_s: seconds from one line to the next.
            now: a clock.
        """
        self._doing, self._total, self._say = doing, total, say
        self._every_s, self._now = every_s, now
        self._started = self._told = now()
        self._done = 0
        self._bar = tqdm(total=total, desc=doing, unit="", disable=None, file=sys.stderr)

    def __enter__(self) -> Self:
        if self._bar.disable and self._total:
            self._say(f"{self._doing}: {self._total:,} to go")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._bar.close()

    def update(self, n: int) -> None:
        """So many more are done."""
        self._bar.update(n)
        self._done += n
        now = self._now()
        if self._bar.disable and now - self._told >= self._every_s:
            self._told = now
            rate = self._done / (now - self._started)
            left_min = (self._total - self._done) / rate / 60 if rate else 0
            self._say(
                f"{self._doing}: {self._done:,} of {self._total:,}, {rate:.1f} a second, "
                f"some {left_min:.0f} min to go"
            )
