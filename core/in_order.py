"""Work done by several at once, its results in the order of what it was done to."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future
from typing import Final, TypeVar

__all__ = ["in_order"]

_N_AHEAD: Final = 4  # items a worker has waiting: enough never to idle, few enough to hold

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


def in_order(
    pool: Executor, n_workers: int, work: Callable[[_Item], _Result], items: Iterable[_Item]
) -> Iterator[_Result]:
    """The result of each item, in their order; of what the caller does not wait for, none is begun.

    Args:
        pool: of threads or processes; it is shut down at the end.
        n_workers: how many it has.
        work: is called by several of them at once.
        items: any number; few are held at a time.
    """
    ahead: deque[Future[_Result]] = deque()
    try:
        for item in items:
            ahead.append(pool.submit(work, item))
            if len(ahead) >= n_workers * _N_AHEAD:
                yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
