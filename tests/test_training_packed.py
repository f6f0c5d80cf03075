"""What is written in many memes, in arrays."""

import math

import numpy as np

from core.words import Line
from training.lines import LAYOUT, N_GRAMS, written
from training.packed import Packed

HALLO = written((Line("hallo", (0, 0, 1, 1), 0.9),), 1.0)
HALLO_TWICE = written((Line("hallo hallo", (0, 0, 1, 1), 0.9),), 2.0)


def test_each_meme_has_its_own_part_and_its_layout() -> None:
    packed = Packed.of([HALLO, None, HALLO_TWICE])
    assert packed.known.tolist() == [True, False, True]
    assert packed.starts.tolist() == [0, len(HALLO.ids), len(HALLO.ids), 2 * len(HALLO.ids)]
    assert (packed.ids[: len(HALLO.ids)] == HALLO.ids).all()
    assert (packed.layout[0] == HALLO.layout).all()
    assert not packed.layout[1].any()
    assert (packed.layout[2] == HALLO_TWICE.layout).all()
    dense = np.zeros(N_GRAMS, np.float32)
    counts = packed.counts[packed.starts[2] :].astype(np.float32)
    dense[packed.ids[packed.starts[2] :]] = 1 + np.log(counts)
    assert (dense == HALLO_TWICE.grams()).all()


def test_what_many_memes_have_says_little() -> None:
    packed = Packed.of([HALLO, HALLO_TWICE, None, written((), 1.0)])
    rarity = packed.rarity()
    assert np.allclose(rarity[HALLO.ids], 1 + math.log(4 / 3))  # in two of three that were read
    rare = np.setdiff1d(np.arange(N_GRAMS), HALLO.ids)
    assert np.allclose(rarity[rare], 1 + math.log(4))


def test_nothing_at_all_can_be_packed() -> None:
    packed = Packed.of([])
    assert packed.starts.tolist() == [0]
    assert packed.layout.shape == (0, len(LAYOUT))
