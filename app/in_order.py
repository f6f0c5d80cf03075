"""Work done by several threads, its results in the order of what it was done to."""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final, TypeVar

__all__ = ["in_order"]

_N_AHEAD: Final = 4  # items a thread has waiting: enough never to idle, few enough to hold

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


def in_order(
    work: Callable[[_Item], _Result], items: Iterable[_Item], n_threads: int | None = None
) -> Iterator[_Result]:
    """The result of each item, in their order; of what the caller does not wait for, none is begun.

    Args:
        work: is called by several threads at once.
        items: any number; few are held at a time.
        n_threads: None: one for each core.
    """
    n_threads = n_threads or len(os.sched_getaffinity(0))
    with ThreadPoolExecutor(n_threads) as pool:
        ahead: deque[Future[_Result]] = deque()
        try:
            for item in items:
                ahead.append(pool.submit(work, item))
                if len(ahead) >= n_threads * _N_AHEAD:
                    yield ahead.popleft().result()
            while ahead:
                yield ahead.popleft().result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
