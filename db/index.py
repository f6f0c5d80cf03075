"""Binary codes in memory, searched exactly with FAISS, that follow what becomes of their memes."""

from array import array
from collections import defaultdict
from collections.abc import Mapping, Sequence
from threading import RLock
from typing import Final

import faiss
import numpy as np
import numpy.typing as npt

__all__ = ["HashIndex", "codes"]

# Of the codes held: a flat index cannot give one up, so it is made anew when so many are dead.
_MAX_DEAD: Final = 1 / 8


class HashIndex:
    """Codes of one length, each a meme's; a meme may have several, or none any more."""

    def __init__(self, n_bits: int) -> None:
        self._index = faiss.IndexBinaryFlat(n_bits)
        self._memes = array("q")  # by position; 0: dead. A list would take 36 bytes a meme, not 8
        self._greatest = 0  # of the meme ids ever held
        self._n_dead = 0
        self._lock = RLock()  # FAISS moves its codes in memory when it takes in more

    def __len__(self) -> int:
        return len(self._memes) - self._n_dead

    def append(self, memes: Sequence[int], hashes: Sequence[str]) -> None:
        """Take in one more code, in hex, of each of these memes."""
        if not memes:
            return
        with self._lock:
            self._index.add(codes(hashes))
            self._memes.extend(memes)
            self._greatest = max(self._greatest, max(memes))

    def update(self, wanted: Mapping[int, Sequence[str]]) -> None:
        """Let each of these memes have just these codes; none: it is gone."""
        with self._lock:
            same = self._kill_others(wanted)
            fresh = [(m, code) for m, held in wanted.items() if m not in same for code in held]
            self.append([meme for meme, _ in fresh], [code for _, code in fresh])
            if self._n_dead > len(self._memes) * _MAX_DEAD:
                self._compact()

    def nearest(self, phash: str, k: int) -> list[tuple[int, int]]:
        """The k memes nearest to a code, with the distances in bits, nearest first."""
        # A single query gains nothing by more threads, and on a busy machine waits for them: 10 ms
        # instead of 10 us. The setting holds for the calling thread alone.
        faiss.omp_set_num_threads(1)
        query = codes([phash])
        n_looked_at = k
        with self._lock:
            while True:
                found = self._search(query, n_looked_at)
                # The dead, and a meme's second code, take places: look further.
                if len(found) >= k or n_looked_at >= len(self._memes):
                    return sorted(found.items(), key=lambda item: (item[1], item[0]))[:k]
                n_looked_at *= 2

    def _search(self, query: npt.NDArray[np.uint8], k: int) -> dict[int, int]:
        """Of the k codes nearest to a query, the memes that are alive, with their distances."""
        found: dict[int, int] = {}
        for distance, position in zip(
            *(row[0] for row in self._index.search(query, k)), strict=True
        ):
            if position >= 0 and (meme := self._memes[position]):
                found.setdefault(meme, int(distance))
        return found

    def _kill_others(self, wanted: Mapping[int, Sequence[str]]) -> set[int]:
        """Mark what is held and not wanted as dead; gives the memes that need no change."""
        known = [meme for meme in wanted if meme <= self._greatest]
        if not known:  # the usual case: a new meme
            return set()
        memes = np.frombuffer(self._memes, dtype=np.int64)  # a view: positions can be marked
        held: dict[int, list[int]] = defaultdict(list)
        for position in np.flatnonzero(np.isin(memes, known)).tolist():
            held[int(memes[position])].append(position)
        kept = self._codes()
        same = set()
        for meme, positions in held.items():
            if sorted(kept[p].tobytes().hex() for p in positions) == sorted(wanted[meme]):
                same.add(meme)
            else:
                memes[positions] = 0
                self._n_dead += len(positions)
        return same

    def _compact(self) -> None:
        memes = np.frombuffer(self._memes, dtype=np.int64)
        alive = memes > 0
        index = faiss.IndexBinaryFlat(self._index.d)
        index.add(np.ascontiguousarray(self._codes()[alive]))
        self._memes = array("q", memes[alive].tobytes())
        self._index, self._n_dead = index, 0

    def _codes(self) -> npt.NDArray[np.uint8]:
        """A view of all codes, by position: (N, bits / 8) uint8."""
        n_codes, n_bytes = self._index.ntotal, self._index.code_size
        xb = self._index.xb  # type: ignore[attr-defined]  # missing in the stubs
        flat = faiss.rev_swig_ptr(xb.data(), n_codes * n_bytes)
        return np.asarray(flat, dtype=np.uint8).reshape(n_codes, n_bytes)


def codes(hashes: Sequence[str]) -> npt.NDArray[np.uint8]:
    """Hex hashes as FAISS wants them: (N, bits / 8) uint8."""
    return np.frombuffer(bytes.fromhex("".join(hashes)), dtype=np.uint8).reshape(len(hashes), -1)
