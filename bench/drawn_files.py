"""Draws picture files of real size, many at a time."""

import random
import sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image
from tqdm import tqdm

from bench.drawn_reposts import EASY, jpeg
from demo.drawing import caption, draw_captioned

__all__ = ["draw_files"]

_SIDE_PX: Final = 1080
_TEMPLATE_EVERY: Final = 12
_REPOST_EVERY: Final = 20


def draw_files(folder: Path, n: int) -> None:
    """Draw n JPEGs of 1080 px and about 120 KB into a new folder: one in twelve on a template that
    others share, one in twenty a repost."""
    folder.mkdir()
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
        todo = pool.map(_draw_one, [folder] * n, range(n), chunksize=20)
        for _ in tqdm(todo, total=n, desc="drawing", disable=None, file=sys.stderr):
            pass


def _draw_one(folder: Path, i: int) -> None:
    if i % _REPOST_EVERY == _REPOST_EVERY - 1:
        image = _picture(i - 7)
        rng = random.Random(i)
        image = EASY[rng.choice(["jpeg", "resize", "crop_3", "brightness"])](image, rng)
        data = jpeg(image, 80)
    else:
        data = jpeg(_picture(i), 80)
    (folder / f"{i:06}.jpg").write_bytes(data)


def _picture(i: int) -> Image.Image:
    rng = random.Random(i)
    if i % _TEMPLATE_EVERY == 0:
        small: Image.Image = draw_captioned(i // _TEMPLATE_EVERY % 20, caption(rng), rng)
        return small.resize((_SIDE_PX, _SIDE_PX * small.height // small.width))
    noise = np.random.default_rng(i)
    cells = noise.integers(0, 256, (14, 14, 3), dtype=np.uint8)
    coarse = Image.fromarray(cells).resize((_SIDE_PX, _SIDE_PX), Image.Resampling.BICUBIC)
    grain = noise.normal(0, 4, (_SIDE_PX // 4, _SIDE_PX // 4, 1)).repeat(4, 0).repeat(4, 1)
    return Image.fromarray(np.clip(np.asarray(coarse) + grain, 0, 255).astype(np.uint8))
