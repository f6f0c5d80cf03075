"""What is written in many memes, packed in arrays: some 500 bytes a meme."""

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
        ids: Which n-grams, (n,) int32.
        values: 1 + ln of how often each occurs, (n,) float32.
        layout: (N, len(LAYOUT)) float32.
        known: Whether the words were read, (N,) bool.
    """

    starts: npt.NDArray[np.int64]
    ids: npt.NDArray[np.int32]
    values: npt.NDArray[np.float32]
    layout: npt.NDArray[np.float32]
    known: npt.NDArray[np.bool_]

    @classmethod
    def of(cls, texts: Iterable[Written | None]) -> Self:
        """Pack these; None stands for a meme whose words were not read."""
        nothing = Written(
            np.empty(0, np.uint16), np.empty(0, np.uint8), np.zeros(len(LAYOUT), np.float32)
        )
        listed = list(texts)
        all_of = [text or nothing for text in listed]
        counts = np.concatenate([text.counts for text in all_of] or [nothing.counts])
        return cls(
            starts=np.cumsum([0, *(len(text.ids) for text in all_of)], dtype=np.int64),
            ids=np.concatenate([text.ids for text in all_of] or [nothing.ids]).astype(np.int32),
            values=1 + np.log(counts, dtype=np.float32),
            layout=np.array([text.layout for text in all_of], np.float32).reshape(-1, len(LAYOUT)),
            known=np.array([text is not None for text in listed], np.bool_),
        )

    def rarity(self) -> npt.NDArray[np.float32]:
        """The inverse document frequency of each n-gram: 1 + ln((1 + N) / (1 + n)). (N_GRAMS,)

        As scikit-learn's TfidfTransformer smooths it.
        """
        n_memes = int(self.known.sum())
        n_with = np.bincount(self.ids, minlength=N_GRAMS)
        return np.asarray(1 + np.log((1 + n_memes) / (1 + n_with)), np.float32)
