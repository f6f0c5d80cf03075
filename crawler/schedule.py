"""Runs the crawls of a plan when they are due, one at a time, each in a process of its own."""

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from threading import Event, Thread
from typing import IO, Final, Protocol

from core.cli import echo
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
    "say",
]

_LONGEST_WAIT_S: Final = 60.0  # then the clock is looked at again: somebody may have set it
_LOOK_AGAIN_S: Final = 0.2
_WORTH_SAYING: Final = timedelta(minutes=1)  # clocks are set by less each day
_GRACE_S: Final = 60.0  # from being told to end to being killed
_LAST_WORDS_S: Final = 5.0  # for what a crawl said before it ended


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
    long a crawl takes: nothing drifts. A crawl that never ran is due at once; one that ran at a
    time to come, by a clock that was ahead, counts as having run now.
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
        while True:
            now = self._clock.now()
            self._set_back(now)
            due = next_due(self._crawls, self._memory, now)
            if due is None:
                return
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

    def _set_back(self, now: datetime) -> None:
        for crawl in self._crawls:
            last = self._memory.last(crawl.name)
            if last is not None and last > now:
                self._memory.keep(crawl.name, now)
                if last - now > _WORTH_SAYING:
                    say(
                        now,
                        crawl.name,
                        f"it last ran at {last:%Y-%m-%d %H:%M}, by a clock that was ahead; its "
                        "times count from now",
                    )


def say(now: datetime, name: str, *lines: str) -> None:
    """Print lines with the time and the crawl that they are of."""
    for line in lines:
        echo(f"{now:%Y-%m-%d %H:%M:%S} {name}: {line}")


def next_due(
    crawls: Sequence[Crawl], memory: Memory, now: datetime
) -> tuple[datetime, Crawl] | None:
    """Which crawl is due next, and since or from when; None: none has a time."""
    due = []
    for crawl in crawls:
        if crawl.times is not None:
            last = memory.last(crawl.name)
            last = last and min(last, now)
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

    @contextmanager
    def ended_by_signals(self) -> Iterator[None]:
        """Meanwhile, those who wait are asked to stop by SIGTERM and SIGINT."""
        numbers = (signal.SIGTERM, signal.SIGINT)
        before = [signal.signal(number, lambda *_: self._stop.set()) for number in numbers]
        try:
            yield
        finally:
            for number, handler in zip(numbers, before, strict=True):
                signal.signal(number, handler)

    def now(self) -> datetime:
        """The time here."""
        return datetime.now().astimezone()

    def wait(self, seconds: float) -> bool:
        """Wait, unless asked to stop."""
        return self._stop.wait(seconds)


def crawl_in_process(crawl: Crawl, clock: Clock) -> None:
    """Run one crawl; asked to stop meanwhile, let it end in order, or kill it after a while.

    What it says is passed on, each line with the time and the crawl.
    """
    say(clock.now(), crawl.name, f"python -m crawler {' '.join(crawl.arguments)}")
    command = [sys.executable, "-m", "crawler", *crawl.arguments]
    # In a group of its own: Ctrl-C is for this process, which passes it on.
    with subprocess.Popen(  # noqa: S603  # ourselves
        command,
        start_new_session=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="backslashreplace",
    ) as process:
        assert process.stdout is not None
        passing_on = Thread(target=_pass_on, args=(process.stdout, crawl, clock), daemon=True)
        passing_on.start()
        while process.poll() is None:
            if clock.wait(_LOOK_AGAIN_S):
                process.terminate()
                try:
                    process.wait(_GRACE_S)
                except subprocess.TimeoutExpired:
                    process.kill()
        passing_on.join(_LAST_WORDS_S)
    if process.returncode != 0:
        say(clock.now(), crawl.name, f"ended with code {process.returncode}")


def _pass_on(lines: IO[str], crawl: Crawl, clock: Clock) -> None:
    for line in lines:
        if text := line.rstrip():
            say(clock.now(), crawl.name, text)
