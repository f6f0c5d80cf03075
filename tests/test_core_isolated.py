"""Work in processes of their own: it is done, or fails, or ends its process and nothing else."""

import multiprocessing
import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import Future
from typing import Any

import numpy as np
import pytest

from core.errors import ImageRejected, Reject
from core.isolated import Stopped, TooSlow, WorkerDied, Workers, within
from core.processes import bound_memory


class Bench:
    """What the processes of these tests work with."""

    def __init__(self, number: int) -> None:
        if number < 0:
            raise ValueError("no such bench")
        self.number = number
        bound_memory(300 * 2**20)

    def add(self, more: int) -> int:
        return self.number + more

    def pid(self) -> int:
        return os.getpid()

    def refuse(self) -> None:
        raise ImageRejected(Reject.CORRUPT, "it is torn")

    def send_what_cannot_travel(self) -> object:
        return lambda: None

    def die(self, number: int) -> None:
        os.kill(os.getpid(), number)

    def compute_for_ever(self) -> None:
        with within(0.2):
            while True:
                pass

    def wait_for_ever(self) -> None:
        with within(0.05):
            time.sleep(60)

    def wait_for_another(self) -> str:
        with within(0.1):
            time.sleep(0.3)  # as for a database: it computes nothing meanwhile
        return "done"

    def take(self, n_bytes: int) -> int:
        return int(np.ones(n_bytes, np.uint8).sum())


@pytest.fixture(scope="module")
def workers() -> Iterator[Workers[Bench]]:
    with Workers(1, Bench, 40) as started:
        yield started


def test_a_process_makes_its_state_once_and_works_with_it(workers: Workers[Bench]) -> None:
    pids = {workers.submit(Bench.pid).result() for _ in range(3)}
    assert len(pids) == 1
    assert os.getpid() not in pids
    assert workers.submit(Bench.add, 2).result() == 42


def test_what_the_work_raises_comes_whole(workers: Workers[Bench]) -> None:
    with pytest.raises(ImageRejected) as raised:
        workers.submit(Bench.refuse).result()
    assert raised.value.reason is Reject.CORRUPT
    with pytest.raises(Exception, match="lambda"):
        workers.submit(Bench.send_what_cannot_travel).result()
    with pytest.raises(TypeError):
        workers.submit(Bench.add).result()  # type: ignore[call-arg]
    assert workers.submit(Bench.add, 1).result() == 41


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV, signal.SIGABRT])
def test_a_death_costs_the_work_that_it_was_of(workers: Workers[Bench], number: int) -> None:
    works: list[Future[Any]] = [
        workers.submit(Bench.add, 1),
        workers.submit(Bench.die, number),
        workers.submit(Bench.add, 2),
    ]
    assert works[0].result() == 41
    with pytest.raises(WorkerDied, match=signal.Signals(number).name):
        works[1].result()
    assert works[2].result() == 42


def test_work_that_never_ends_is_ended(workers: Workers[Bench]) -> None:
    for endless in (Bench.compute_for_ever, Bench.wait_for_ever):
        with pytest.raises(TooSlow):
            workers.submit(endless).result(timeout=30)
    assert workers.submit(Bench.wait_for_another).result() == "done"
    assert workers.submit(Bench.add, 0).result() == 40


def test_a_process_that_was_told_to_end_does_not_blame_the_work(workers: Workers[Bench]) -> None:
    with pytest.raises(Stopped):
        workers.submit(Bench.die, signal.SIGTERM).result()


def test_a_process_that_ended_while_it_waited_is_replaced(workers: Workers[Bench]) -> None:
    pid = workers.submit(Bench.pid).result()
    os.kill(pid, signal.SIGKILL)
    while pid in {child.pid for child in multiprocessing.active_children()}:
        time.sleep(0.01)
    assert workers.submit(Bench.pid).result() != pid


def test_memory_beyond_the_bound_is_a_failure_of_that_work(workers: Workers[Bench]) -> None:
    assert workers.submit(Bench.take, 1000).result() == 1000
    with pytest.raises((MemoryError, WorkerDied)):
        workers.submit(Bench.take, 2**30).result()
    assert workers.submit(Bench.take, 1000).result() == 1000


def test_a_state_that_cannot_be_made_is_told_each_time() -> None:
    with Workers(1, Bench, -1) as workers:
        for _ in range(2):
            with pytest.raises(ValueError, match="no such bench"):
                workers.submit(Bench.pid).result()


def test_work_that_nobody_wants_any_more_is_passed_over(workers: Workers[Bench]) -> None:
    under_way = workers.submit(Bench.wait_for_another)
    waiting = workers.submit(Bench.add, 1)
    assert waiting.cancel()
    assert under_way.result() == "done"
    assert workers.submit(Bench.add, 2).result() == 42


def test_killed_they_end_at_once_and_everything_that_waits_is_told() -> None:
    workers = Workers(1, Bench, 0)
    pid = workers.submit(Bench.pid).result()
    works: list[Future[Any]] = [
        workers.submit(Bench.wait_for_ever),
        workers.submit(Bench.pid),
    ]
    workers.kill()
    works.append(workers.submit(Bench.pid))
    for work in works:
        with pytest.raises(Stopped):
            work.result(timeout=10)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
