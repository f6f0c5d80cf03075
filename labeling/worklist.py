"""The order in which memes are asked about, and who gets which of them next."""

import time
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from threading import Lock, Thread
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from sqlalchemy import Row

from db.session import Database
from db.worklist import (
    Filters,
    Overlap,
    answered_by,
    corrected,
    judged_families,
    labels_by_genre,
    lease,
    wanting,
)

__all__ = ["Worklist", "alike", "ordered"]

Integers = npt.NDArray[np.int64]

# What asking about the uncertain first gains is contested, and what is asked by chance alone tells
# how the collection as a whole is: one in five.
_RANDOM_EVERY: Final = 5
_RARE: Final = 0.5  # what a genre without any label weighs, beside an uncertainty of 0 to 1
_UNKNOWN: Final = 0.5  # the uncertainty of a meme that no model has seen

# An order is right but for what was answered, added or predicted since: leases settle the first.
_FRESH_S: Final = 30.0
_N_ORDERS: Final = 8  # filters in use at a time
_N_LOOKED_AT: Final = 3  # times as many as are wanted, at a time


def ordered(
    memes: Sequence[Row[Any]],
    judged: Mapping[int, int],
    labels: Mapping[str, int],
    seed: int = 0,
    corrected: Mapping[int, int] | None = None,
) -> Integers:
    """The ids of memes in the order in which they are to be asked about.

    First those that visitors corrected, as they came. Then those of which the model is least sure,
    and of them those that it takes for a genre with few labels; one of each template family, before
    any family has its second turn. Every fifth is drawn by chance.

    Args:
        memes: as `db.worklist.wanting` gives them.
        judged: how many memes of each template family have an answer; such a family has had as many
            turns.
        labels: how many labels each genre has.
        seed: of chance.
        corrected: the memes that visitors corrected, with what tells which came first.
    """
    if not memes:
        return np.empty(0, dtype=np.int64)
    ids, templates, entropies, genres = zip(*memes, strict=True)
    most = max(labels.values(), default=0) or 1
    rare = {genre: _RARE * (1 - n / most) for genre, n in labels.items()}
    priority = np.array(
        [
            _UNKNOWN if entropy is None else entropy + rare.get(genre, 0.0)
            for entropy, genre in zip(entropies, genres, strict=True)
        ]
    )
    rng = np.random.default_rng(seed)
    chance = rng.permutation(len(ids))
    turns = _turns(np.array(templates), priority, chance, judged)
    best = np.lexsort((chance, -priority, turns))
    mixed = _mixed(best, chance)
    order = np.array(ids)[mixed]
    came = np.array([(corrected or {}).get(meme, np.inf) for meme in order.tolist()])
    return order[np.argsort(came, kind="stable")]


def alike(memes: Sequence[Row[Any]]) -> Integers:
    """The ids of memes, those of one family together, and first those of which the model is sure.

    Args:
        memes: as `db.worklist.wanting` gives them.
    """
    if not memes:
        return np.empty(0, dtype=np.int64)
    ids, templates, entropies, _ = zip(*memes, strict=True)
    unsure = np.array([1.0 if entropy is None else entropy for entropy in entropies])
    families, family = np.unique(np.array(templates), return_inverse=True)
    least = np.ones(len(families))
    np.minimum.at(least, family, unsure)
    return np.array(ids)[np.lexsort((np.array(ids), unsure, family, least[family]))]


def _turns(
    templates: Integers,
    priority: npt.NDArray[np.float64],
    chance: Integers,
    judged: Mapping[int, int],
) -> Integers:
    """In which turn of its family each meme is."""
    by_family = np.lexsort((chance, -priority, templates))
    sorted_templates = templates[by_family]
    starts = np.flatnonzero(np.r_[True, sorted_templates[1:] != sorted_templates[:-1]])
    sizes = np.diff(np.r_[starts, len(templates)])
    first_turns = np.array(
        [judged.get(int(t), 0) for t in sorted_templates[starts]], dtype=np.int64
    )
    turns = np.empty(len(templates), dtype=np.int64)
    turns[by_family] = np.arange(len(templates)) - np.repeat(starts - first_turns, sizes)
    return turns


def _mixed(best: Integers, chance: Integers) -> Integers:
    """Positions in the order of the first, each fifth from the second; every one once."""
    n = len(best)
    at_best = np.arange(n) * _RANDOM_EVERY / (_RANDOM_EVERY - 1)
    at_chance = np.arange(n) * _RANDOM_EVERY + (_RANDOM_EVERY - 0.5)
    both = np.concatenate([best, chance])[np.argsort(np.r_[at_best, at_chance], kind="stable")]
    _, first = np.unique(both, return_index=True)
    return both[np.sort(first)]


@dataclass(slots=True)
class _Order:
    """What is asked about under some filters, as it was at one moment."""

    memes: Integers
    made_at: float  # by time.monotonic
    is_being_made: bool = False
    # What each person has left of it.
    left: dict[str, Integers] = field(default_factory=dict)


_Asked = tuple[Filters, bool]  # the filters, and whether what looks alike is to come together


class Worklist:
    """Gives people memes to label, from one process; what others give away, leases tell.

    Args:
        database: the collection.
        overlap: how many people judge each meme.
    """

    def __init__(self, database: Database, overlap: Overlap | None = None) -> None:
        self._database = database
        self._overlap = overlap or Overlap()
        self._orders: OrderedDict[_Asked, _Order] = OrderedDict()
        self._lock = Lock()

    def take(
        self,
        annotator: str,
        filters: Filters,
        n: int,
        again: Sequence[int] = (),
        *,
        alike: bool = False,
    ) -> list[int]:
        """The ids of the next memes for a person, at most n, kept for them; in their order.

        Args:
            annotator: who is asked.
            filters: which memes are wanted.
            n: at most so many.
            again: what this person had before them when the page was closed; it comes first.
            alike: in the order of `alike`, and not in that of `ordered`.
        """
        asked = filters, alike
        taken: list[int] = []
        if again:
            with self._database.writing() as session:
                taken += lease(session, annotator, again, n, self._overlap, held_too=True)
        order, is_new = self._order(asked)
        taken += self._take_of(order, annotator, n - len(taken))
        if len(taken) < n and not is_new:  # there may be new ones
            taken += self._take_of(self._make(asked), annotator, n - len(taken))
        return taken

    def prepare(self) -> None:
        """Make the usual order before anybody asks: of 100,000 memes it takes a second."""
        Thread(target=self._order, args=((Filters(), False),), daemon=True).start()

    def n_left(self, filters: Filters, *, alike: bool = False) -> int:
        """How many memes wanted another answer when this was last looked up."""
        return len(self._order((filters, alike))[0].memes)

    def _take_of(self, order: _Order, annotator: str, n: int) -> list[int]:
        taken: list[int] = []
        left = self._left(order, annotator)
        while len(taken) < n and len(left) > 0:
            some = [int(meme) for meme in left[: _N_LOOKED_AT * n]]
            with self._database.writing() as session:
                free = lease(session, annotator, some, n - len(taken), self._overlap)
            taken += free
            left = left[some.index(free[-1]) + 1 if len(taken) == n else len(some) :]
        order.left[annotator] = left
        return taken

    def _left(self, order: _Order, annotator: str) -> Integers:
        """What an order still holds for a person; what they passed by comes with the next order."""
        if annotator not in order.left:
            with self._database.reading() as session:
                answered = np.array(sorted(answered_by(session, annotator)), dtype=np.int64)
            order.left[annotator] = order.memes[~np.isin(order.memes, answered)]
        return order.left[annotator]

    def _order(self, asked: _Asked) -> tuple[_Order, bool]:
        """An order that is new enough, or being made anew; and whether it was made just now."""
        with self._lock:
            order = self._orders.get(asked)
            if order is not None:
                self._orders.move_to_end(asked)
                is_old = time.monotonic() - order.made_at > _FRESH_S and not order.is_being_made
                order.is_being_made |= is_old
        if order is None:
            return self._make(asked), True
        if is_old:  # nobody waits for it
            Thread(target=self._make, args=(asked,), daemon=True).start()
        return order, False

    def _make(self, asked: _Asked) -> _Order:
        filters, by_likeness = asked
        try:
            with self._database.reading() as session:
                memes = wanting(session, filters, self._overlap)
                judged, labels = judged_families(session), labels_by_genre(session)
                asked_by_visitors = corrected(session)
        except BaseException:
            with self._lock:
                if (old := self._orders.get(asked)) is not None:
                    old.is_being_made = False  # the next one who asks tries again
            raise
        if by_likeness:
            in_turn = alike(memes)
        else:
            in_turn = ordered(memes, judged, labels, corrected=asked_by_visitors)
        order = _Order(in_turn, time.monotonic())
        with self._lock:
            self._orders[asked] = order
            self._orders.move_to_end(asked)
            while len(self._orders) > _N_ORDERS:
                self._orders.popitem(last=False)
        return order
