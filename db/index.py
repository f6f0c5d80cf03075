"""Binary codes in memory, searched exactly, that follow what becomes of their memes."""

from collections.abc import Mapping, Sequence
from threading import RLock
from typing import Final, TypeVar

import faiss
import numpy as np
import numpy.typing as npt

__all__ = ["HashIndex", "codes"]

# Of the codes held: those of memes that are gone are cleared away when there are so many.
_MAX_DEAD: Final = 1 / 8
# Codes compared at a time: their distances stay in the processor's cache.
_BLOCK: Final = 1 << 18

Item = TypeVar("Item", np.int64, np.uint8)
Codes = npt.NDArray[np.uint8]  # (N, bits / 8)
Integers = npt.NDArray[np.int64]  # memes by id, or positions
Distances = npt.NDArray[np.int32]  # in bits


class HashIndex:
    """Codes of one or more lengths of each meme, the shortest first.

    Args:
        n_bits: of each code.
    """

    def __init__(self, *n_bits: int) -> None:
        self._memes = np.empty(0, dtype=np.int64)  # by position; 0: dead
        self._codes = [np.empty((0, bits // 8), dtype=np.uint8) for bits in n_bits]
        self._n = 0  # positions in use; the arrays may be longer
        self._n_dead = 0
        self._greatest = 0  # of the meme ids ever held
        self._lock = RLock()  # what is held moves in memory when more is taken in

    def __len__(self) -> int:
        return self._n - self._n_dead

    def append(self, memes: Sequence[int], *hashes: Sequence[str]) -> None:
        """Take in the codes, in hex, of memes that have none here: of each length, one a meme."""
        if not memes:
            return
        with self._lock:
            end = self._n + len(memes)
            if end > len(self._memes):
                capacity = 2 * end
                self._memes = _longer(self._memes[: self._n], capacity)
                self._codes = [_longer(held[: self._n], capacity) for held in self._codes]
            self._memes[self._n : end] = memes
            for held, of_length in zip(self._codes, hashes, strict=True):
                held[self._n : end] = codes(of_length)
            self._n = end
            self._greatest = max(self._greatest, max(memes))

    def update(self, wanted: Mapping[int, Sequence[str] | None]) -> None:
        """Let each of these memes have just these codes; None: it is gone."""
        with self._lock:
            same = self._kill_others(wanted)
            fresh = {meme: held for meme, held in wanted.items() if held and meme not in same}
            self.append(list(fresh), *zip(*(held for held in fresh.values() if held), strict=True))
            if self._n_dead > self._n * _MAX_DEAD:
                self._compact()

    def nearest(self, *wanted: tuple[str, int, int]) -> list[list[tuple[int, int]]]:
        """The memes nearest by some codes, with their distances in bits, nearest first.

        Args:
            wanted: codes in hex, of each length or of the shortest few; each with how many bits
                off a meme may be, and how many memes to give. All memes are compared by the first,
                by the next those that are in reach of all before.
        """
        # A single query gains nothing by more threads, and on a busy machine waits for them: 10 ms
        # instead of 10 us. The setting holds for the calling thread alone.
        faiss.omp_set_num_threads(1)
        found = []
        with self._lock:
            at: Integers | None = None
            for held, (phash, within, k) in zip(self._codes, wanted, strict=False):
                among = held[: self._n] if at is None else held[at]
                near, bits = _in_reach(among, phash, within)
                at = near if at is None else at[near]
                found.append(_first(self._memes[at], bits, k))
        return found

    def _kill_others(self, wanted: Mapping[int, Sequence[str] | None]) -> set[int]:
        """Mark what is held and not wanted as dead; gives the memes that need no change."""
        known = [meme for meme in wanted if meme <= self._greatest]
        if not known:  # the usual case: a new meme
            return set()
        same = set()
        for position in np.flatnonzero(np.isin(self._memes[: self._n], known)).tolist():
            meme = int(self._memes[position])
            if [held[position].tobytes().hex() for held in self._codes] == list(wanted[meme] or ()):
                same.add(meme)
            else:
                self._memes[position] = 0
                self._n_dead += 1
        return same

    def _compact(self) -> None:
        alive = self._memes[: self._n] > 0
        self._memes = self._memes[: self._n][alive]
        self._codes = [held[: self._n][alive] for held in self._codes]
        self._n, self._n_dead = len(self._memes), 0


def _longer(array: npt.NDArray[Item], capacity: int) -> npt.NDArray[Item]:
    longer = np.empty((capacity, *array.shape[1:]), dtype=array.dtype)
    longer[: len(array)] = array
    return longer


def _first(memes: Integers, bits: Distances, k: int) -> list[tuple[int, int]]:
    """The k memes with the fewest bits, of equals the older ones."""
    if k == 0:
        return []
    alive = memes > 0
    memes, bits = memes[alive], bits[alive]
    if len(bits) > k:  # thousands on a popular template: sort a few alone
        few = bits <= np.partition(bits, k - 1)[k - 1]
        memes, bits = memes[few], bits[few]
    first = np.lexsort((memes, bits))[:k]
    return [(int(memes[i]), int(bits[i])) for i in first]


def _in_reach(held: Codes, phash: str, within: int) -> tuple[Integers, Distances]:
    """Which of the codes lie so near to one, and how near."""
    query = codes([phash])
    distances = np.empty(min(_BLOCK, len(held)), dtype=np.int32)
    found: list[Integers] = [np.empty(0, dtype=np.int64)]
    bits: list[Distances] = [np.empty(0, dtype=np.int32)]
    for start in range(0, len(held), _BLOCK):
        block = held[start : start + _BLOCK]
        n, size = block.shape
        faiss.hammings(  # type: ignore[attr-defined]  # missing in the stubs
            *map(faiss.swig_ptr, (query, block)), 1, n, size, faiss.swig_ptr(distances)
        )
        near = np.flatnonzero(distances[:n] <= within)
        found.append(near + start)
        bits.append(distances[near])
    return np.concatenate(found), np.concatenate(bits)


def codes(hashes: Sequence[str]) -> Codes:
    """Hex hashes as FAISS wants them: (N, bits / 8) uint8."""
    return np.frombuffer(bytes.fromhex("".join(hashes)), dtype=np.uint8).reshape(len(hashes), -1)
