"""Draws memes of every genre from a seed, with nothing but Pillow, numpy and invented words.

The pictures show what the eye finds in each genre, so that a small network can learn from a few
dozen of them; they stand in for real memes wherever those may not be kept.
"""

import random
from collections.abc import Callable, Mapping

from PIL import Image

from demo.drawing import (
    experimental,
    ironic,
    political,
    post_ironic,
    rage_comic,
    text_post,
    top_bottom_text,
    viral_video,
)
from demo.drawing.top_bottom_text import caption, draw_captioned

DRAWERS: Mapping[str, Callable[[random.Random], Image.Image]] = {
    "rage_comic": rage_comic.draw,
    "top_bottom_text": top_bottom_text.draw,
    "text_post": text_post.draw,
    "ironic": ironic.draw,
    "post_ironic": post_ironic.draw,
    "viral_video": viral_video.draw,
    "political": political.draw,
    "experimental": experimental.draw,
}

__all__ = ["DRAWERS", "caption", "draw", "draw_captioned"]


def draw(genre: str, rng: random.Random) -> Image.Image:
    """A new meme of a genre, RGB; the same state of `rng` gives the same pixels.

    Raises:
        KeyError: there is no drawer for that genre.
    """
    return DRAWERS[genre](rng)
