"""Runs the crawls of a plan when they are due, one at a time, each in a process of its own."""

import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from threading import Event
from typing import Final, Protocol

from crawler.plan import Crawl
from db.frontier import mark_of, move_mark
from db.session import Database

__all__ = [
    "Clock",
    "DatabaseMemory",
    "Memory",
    "Scheduler",
    "WallClock",
    "crawl_in_process",
    "next_due",
]

_LONGEST_WAIT_S: Final = 60.0  # then the clock is looked at again: somebody may have set it
_LOOK_AGAIN_S: Final = 0.2
_GRACE_S: Final = 60.0  # from being told to end to being killed


class Clock(Protocol):
    """Tells the time, and waits."""

    def now(self) -> datetime:
        """The time, with its zone."""
        ...

    def wait(self, seconds: float) -> bool:
        """Wait so long, or until asked to stop: then True."""
        ...


class Memory(Protocol):
    """Keeps when each crawl was last begun, over restarts."""

    def last(self, name: str) -> datetime | None:
        """When it was; None: never."""
        ...

    def keep(self, name: str, began_at: datetime) -> None:
        """Keep when a crawl that is over was begun."""
        ...


class Scheduler:
    """Runs each crawl at its times; those missed meanwhile are made up for once.

    One at a time, so that none overlaps with itself or another. Times are the plan's own, however
    long a crawl takes: nothing drifts. A crawl that never ran is due at once.
    """

    def __init__(
        self,
        crawls: Sequence[Crawl],
        run: Callable[[Crawl], None],
        memory: Memory,
        clock: Clock,
    ) -> None:
        self._crawls = crawls
        self._run = run
        self._memory = memory
        self._clock = clock

    def run(self) -> None:
        """Run what is due, until asked to stop."""
        while (due := next_due(self._crawls, self._memory, now := self._clock.now())) is not None:
            at, crawl = due
            if at > now:
                wait_s = min((at - now).total_seconds(), _LONGEST_WAIT_S)
                if self._clock.wait(wait_s):
                    return
                continue
            self._run(crawl)
            if self._clock.wait(0):
                return  # it was cut short: it is due again
            self._memory.keep(crawl.name, now)


def next_due(
    crawls: Sequence[Crawl], memory: Memory, now: datetime
) -> tuple[datetime, Crawl] | None:
    """Which crawl is due next, and since or from when; None: none has a time."""
    due = []
    for crawl in crawls:
        if crawl.times is not None:
            last = memory.last(crawl.name)
            just_after = last and last + timedelta(microseconds=1)
            at = crawl.times.get_next_fire_time(None, just_after) if just_after else now
            if at is not None:
                due.append((at, crawl))
    return min(due, key=lambda one: one[0], default=None)


class DatabaseMemory:
    """Keeps it among the marks of listings."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def last(self, name: str) -> datetime | None:
        """When a crawl was last begun."""
        with self._database.reading() as session:
            mark = mark_of(session, f"schedule:{name}")
        return None if mark is None else datetime.fromisoformat(mark)

    def keep(self, name: str, began_at: datetime) -> None:
        """Keep when a crawl was begun."""
        with self._database.writing() as session:
            move_mark(session, f"schedule:{name}", began_at.isoformat())


class WallClock:
    """The machine's clock."""

    def __init__(self) -> None:
        self._stop = Event()

    def end_on_signals(self) -> None:
        """From now on, those who wait are asked to stop by SIGTERM and SIGINT."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self._stop.set())

    def now(self) -> datetime:
        """The time here."""
        return datetime.now().astimezone()

    def wait(self, seconds: float) -> bool:
        """Wait, unless asked to stop."""
        return self._stop.wait(seconds)


def crawl_in_process(crawl: Crawl, clock: Clock) -> None:
    """Run one crawl; asked to stop meanwhile, let it end in order, or kill it after a while."""
    command = [sys.executable, "-m", "crawler", *crawl.arguments]
    # In a group of its own: Ctrl-C is for this process, which passes it on.
    with subprocess.Popen(command, start_new_session=True) as process:  # noqa: S603  # ourselves
        while process.poll() is None:
            if clock.wait(_LOOK_AGAIN_S):
                process.terminate()
                try:
                    process.wait(_GRACE_S)
                except subprocess.TimeoutExpired:
                    process.kill()
