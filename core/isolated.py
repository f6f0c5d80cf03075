"""Processes that work for this one; what ends one of them costs its own work and no other.

    submit ─► a thread ─► its process: makes a state once, then does one thing at a time with it

Each process has a line of its own to the thread that it works for. A pool of `concurrent.futures`
has one queue for all, and one death breaks it for good (docs/decisions/0015).
"""

import multiprocessing
import pickle
import signal
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection
from queue import SimpleQueue
from threading import Lock, Thread
from typing import Any, Concatenate, Final, Generic, ParamSpec, Self, TypeVar

from core.errors import MemeEraError
from core.processes import live_with_parent

__all__ = ["Stopped", "TooSlow", "WorkerDied", "Workers", "within"]

_S = TypeVar("_S")  # the state of a process
_T = TypeVar("_T")
_P = ParamSpec("_P")

_TO_END_S: Final = 5.0  # for a process that has nothing more to do
# Who computes nothing waits for a database or a store, which is not the work's fault; but not for
# ever.
_WAITING: Final = 10  # times what it may compute
_OUT_OF_TIME: Final = (signal.SIGPROF, signal.SIGALRM)
_TOLD_TO_END: Final = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
_STOPPED: Final = "it was stopped before it was done"


class WorkerDied(MemeEraError):
    """The process that did some work ended before the work did: by it, or for want of memory."""


class TooSlow(WorkerDied):
    """The work took longer than it may (`within`)."""


class Stopped(WorkerDied):
    """The process was told to end, and the work is not to blame."""


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Let the block compute for so long; then its process ends, whatever library it is in.

    The system ends it: a decoder that runs wild lets no Python run beside it. For the main thread
    of a process of `Workers`.
    """
    signal.setitimer(signal.ITIMER_PROF, seconds)
    signal.setitimer(signal.ITIMER_REAL, seconds * _WAITING)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.setitimer(signal.ITIMER_REAL, 0)


@dataclass(frozen=True, slots=True)
class _Call:
    """Some work, with what it is given beside the state."""

    work: Callable[..., Any]
    arguments: tuple[Any, ...]
    options: dict[str, Any]

    def on(self, state: object) -> Any:
        return self.work(state, *self.arguments, **self.options)


class Workers(Generic[_S]):
    """Processes that each make a state and then work with it; they end with this one.

    Args:
        n: how many processes; they start at once.
        make: makes the state of a process: a class, or a function of a module.
        arguments: for `make`.
    """

    def __init__(self, n: int, make: Callable[..., _S], *arguments: object) -> None:
        self._make = make
        self._arguments = arguments
        self._waiting: SimpleQueue[tuple[Future[Any], _Call] | None] = SimpleQueue()
        self._lock = Lock()  # also for multiprocessing, whose account of its children needs one
        self._running: set[_Worker] = set()
        self._is_closed = self._is_killed = False
        # Daemons: at the program's end, nobody waits for a process that hangs.
        self._threads = [Thread(target=self._serve, daemon=True) for _ in range(n)]
        for thread in self._threads:
            thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None:
            self.close()
        else:
            self.kill()

    def submit(
        self,
        work: Callable[Concatenate[_S, _P], _T],
        /,
        *arguments: _P.args,
        **options: _P.kwargs,
    ) -> Future[_T]:
        """Have a process do some work with its state, such as a method of it.

        The future raises what the work or `make` raised, or WorkerDied: the process ended, and this
        work alone is lost.
        """
        future: Future[_T] = Future()
        with self._lock:
            if self._is_closed:
                future.set_exception(Stopped(_STOPPED))
            else:
                self._waiting.put((future, _Call(work, arguments, options)))
        return future

    def close(self) -> None:
        """End the processes once all work is done."""
        with self._lock:
            if not self._is_closed:
                self._is_closed = True
                for _ in self._threads:
                    self._waiting.put(None)
        for thread in self._threads:
            thread.join()

    def kill(self) -> None:
        """End the processes at once; work under way, and what waits, raises Stopped."""
        with self._lock:
            self._is_killed = True
            for worker in self._running:
                worker.process.kill()
        self.close()

    def _serve(self) -> None:
        """Pass on work to one process, and start another where it died."""
        worker: _Worker | None = None
        with suppress(Exception):  # it is tried again, and told, with the first work
            worker = self._start()
        while (task := self._waiting.get()) is not None:
            future, call = task
            if not future.set_running_or_notify_cancel():
                continue
            try:
                if worker is None or not worker.is_alive():
                    self._end(worker)
                    worker = None
                    worker = self._start()
                result = worker.do(call)
            except BaseException as error:  # noqa: BLE001  # it is for whoever waits for the work
                of_pool = isinstance(error, WorkerDied) and self._is_killed
                future.set_exception(Stopped(_STOPPED) if of_pool else error)
            else:
                future.set_result(result)
        self._end(worker)

    def _start(self) -> "_Worker":
        with self._lock:
            if self._is_killed:
                raise Stopped(_STOPPED)
            worker = _Worker(self._make, self._arguments, self._lock)
            self._running.add(worker)
        try:
            worker.answer()
        except BaseException:
            self._end(worker)
            raise
        return worker

    def _end(self, worker: "_Worker | None") -> None:
        if worker is not None:
            worker.end()
            with self._lock:
                self._running.discard(worker)


class _Worker:
    """One process, and the line to it; whoever makes one holds the lock."""

    def __init__(self, make: Callable[..., Any], arguments: tuple[object, ...], lock: Lock) -> None:
        context = multiprocessing.get_context("spawn")  # a fork lacks the threads of its libraries
        self._lock = lock
        self._line, its_end = context.Pipe()
        self.process = context.Process(
            target=_work, args=(its_end, make, arguments), name="worker", daemon=True
        )
        self.process.start()
        its_end.close()

    def is_alive(self) -> bool:
        with self._lock:
            return self.process.is_alive()

    def do(self, call: _Call) -> Any:
        try:
            self._line.send(call)
        except ConnectionError as gone:  # it was gone before it heard of it
            raise Stopped(_STOPPED) from gone
        return self.answer()

    def answer(self) -> Any:
        """What the process says of what it did last, or raises."""
        try:
            result, error = self._line.recv()
        except (EOFError, ConnectionError) as gone:
            raise self._death() from gone
        if error is not None:
            raise error
        return result

    def end(self) -> None:
        """Let it end, as it does where nobody listens any more; or kill it."""
        self._line.close()
        self._exit_code()

    def _exit_code(self) -> int:
        with self._lock:
            self.process.join(_TO_END_S)
            if self.process.is_alive():
                self.process.kill()
                self.process.join()
            assert self.process.exitcode is not None
            return self.process.exitcode

    def _death(self) -> WorkerDied:
        code = self._exit_code()
        if code >= 0:
            return WorkerDied(f"the process that worked on it ended with code {code}")
        number = signal.Signals(-code)
        if number in _OUT_OF_TIME:
            return TooSlow("it took longer than it may")
        if number in _TOLD_TO_END:
            return Stopped(_STOPPED)
        return WorkerDied(f"the process that worked on it died ({number.name})")


def _work(line: Connection, make: Callable[..., Any], arguments: tuple[object, ...]) -> None:
    """All that a process does, until the one that it works for is gone."""
    live_with_parent()
    state, error = _outcome(lambda: make(*arguments))
    _say(line, None, error)
    try:
        while error is None:
            _say(line, *_outcome(partial(_do, line.recv_bytes(), state)))
    except EOFError:
        pass


def _do(call: bytes, state: object) -> Any:
    return pickle.loads(call).on(state)  # noqa: S301  # what another process of ours wrote


def _outcome(work: Callable[[], _T]) -> tuple[_T | None, Exception | None]:
    try:
        return work(), None
    except Exception as error:  # noqa: BLE001  # it is for whoever waits for the work
        error.add_note(traceback.format_exc())  # tracebacks do not travel, notes do
        return None, error


def _say(line: Connection, result: object, error: Exception | None) -> None:
    try:
        line.send((result, error))
    except (AttributeError, TypeError, pickle.PicklingError):  # it cannot travel
        line.send((None, MemeEraError(repr(error or result))))
