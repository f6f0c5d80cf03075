"""What is written in many memes, packed in arrays: some 500 bytes a meme."""

from array import array
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from training.lines import LAYOUT, N_GRAMS, Written

__all__ = ["Packed"]


@dataclass(frozen=True, slots=True)
class Packed:
    """What is written in N memes; the n-grams of meme i lie from starts[i] to starts[i + 1].

    Attributes:
        starts: (N + 1,) int64.
        ids: Which n-grams, (n,) uint16.
        counts: How often each occurs, (n,) uint8, at most 255.
        layout: (N, len(LAYOUT)) float32.
        known: Whether the words were read, (N,) bool.
    """

    starts: npt.NDArray[np.int64]
    ids: npt.NDArray[np.uint16]
    counts: npt.NDArray[np.uint8]
    layout: npt.NDArray[np.float32]
    known: npt.NDArray[np.bool_]

    @classmethod
    def of(cls, texts: Iterable[Written | None]) -> Self:
        """Pack these, one at a time; None stands for a meme whose words were not read."""
        starts, ids, counts, layout = array("q", [0]), array("H"), array("B"), array("f")
        known = bytearray()
        unread = np.zeros(len(LAYOUT), np.float32)
        for text in texts:
            known.append(text is not None)
            layout.frombytes((unread if text is None else text.layout).tobytes())
            if text is not None:
                ids.frombytes(text.ids.tobytes())
                counts.frombytes(text.counts.tobytes())
            starts.append(len(ids))
        return cls(
            starts=np.asarray(starts),
            ids=np.asarray(ids),
            counts=np.asarray(counts),
            layout=np.asarray(layout).reshape(-1, len(LAYOUT)),
            known=np.frombuffer(known, np.bool_),
        )

    def rarity(self) -> npt.NDArray[np.float32]:
        """The inverse document frequency of each n-gram: 1 + ln((1 + N) / (1 + n)). (N_GRAMS,)

        As scikit-learn's TfidfTransformer smooths it.
        """
        n_memes = int(self.known.sum())
        n_with = np.bincount(self.ids, minlength=N_GRAMS)
        return np.asarray(1 + np.log((1 + n_memes) / (1 + n_with)), np.float32)
