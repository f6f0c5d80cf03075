"""A sequence in pieces of one size."""

from collections.abc import Iterator, Sequence
from typing import TypeVar

__all__ = ["batched"]

_T = TypeVar("_T")


def batched(items: Sequence[_T], size: int) -> Iterator[Sequence[_T]]:
    """The items in turn, so many at a time; the last piece may be shorter.

    As itertools.batched, which Python has from 3.12 on.
    """
    for start in range(0, len(items), size):
        yield items[start : start + size]
