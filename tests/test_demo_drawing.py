"""The drawn memes: of every genre, repeatable, and worth learning from."""

import random
from collections.abc import Callable, Sequence

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from demo.drawing import DRAWERS, caption, draw, draw_captioned
from demo.drawing.fonts import Face, font
from demo.drawing.lettering import wrap

Floats = NDArray[np.float64]
N_TRAINED, N_TESTED = 16, 6  # memes a genre


@pytest.mark.parametrize("genre", DRAWERS)
def test_a_meme_is_rgb_and_of_a_size_that_sites_show(genre: str) -> None:
    for seed in range(8):
        image = draw(genre, random.Random(seed))
        assert image.mode == "RGB"
        assert 240 <= image.width <= 700
        assert 240 <= image.height <= (980 if genre == "rage_comic" else 700)
        assert image.height <= 4.2 * image.width


@pytest.mark.parametrize("genre", DRAWERS)
def test_a_seed_gives_the_same_pixels_every_time(genre: str) -> None:
    assert draw(genre, random.Random(5)).tobytes() == draw(genre, random.Random(5)).tobytes()


@pytest.mark.parametrize("genre", DRAWERS)
def test_six_seeds_give_six_pictures(genre: str) -> None:
    assert len({draw(genre, random.Random(seed)).tobytes() for seed in range(6)}) == 6


def test_an_unknown_genre_is_refused() -> None:
    with pytest.raises(KeyError, match="vaporwave"):
        draw("vaporwave", random.Random(0))


def test_captions_of_one_template_share_the_picture_but_not_the_words() -> None:
    letters = [random.Random(3) for _ in range(3)]
    bare, one, two = (
        np.asarray(draw_captioned(77, words, rng), dtype=np.int16)
        for words, rng in zip((("", ""), ("one", "two"), ("three", "four")), letters, strict=True)
    )
    height = bare.shape[0]
    middle = slice(round(height * 0.4), round(height * 0.6))
    assert np.array_equal(bare[middle], one[middle])
    assert np.array_equal(one[middle], two[middle])
    for band in (slice(0, height // 4), slice(height * 3 // 4, height)):
        assert not np.array_equal(bare[band], one[band])
        assert not np.array_equal(one[band], two[band])


def test_another_template_is_another_picture() -> None:
    pictures = [draw_captioned(seed, ("", ""), random.Random(0)) for seed in (1, 2)]
    assert pictures[0].tobytes() != pictures[1].tobytes()


def test_captions_have_no_slot_left_open() -> None:
    words = [part for seed in range(200) for part in caption(random.Random(seed))]
    assert not [part for part in words if "{" in part or "}" in part]
    assert len(set(words)) > 100


def test_wrapped_lines_are_no_wider_than_asked_and_lose_no_word() -> None:
    face = font(Face.SANS, 20)
    text = "one does not simply walk into the waiting room of a dentist"
    lines = wrap(text, face, 150)
    assert len(lines) > 1
    assert max(map(face.getlength, lines)) <= 150
    assert " ".join(lines) == text


def test_a_genre_is_told_by_its_look_and_not_by_its_mean_colour() -> None:
    """Measured: .67 by coarse looks, .25 by mean colours; chance is .125."""
    trained, tested = _drawn("train", N_TRAINED), _drawn("test", N_TESTED)
    assert _accuracy(trained, tested, _look) > 0.5
    assert _accuracy(trained, tested, _mean_colour) < 0.4


def _drawn(split: str, n_per_genre: int) -> Sequence[tuple[int, Image.Image]]:
    return [
        (k, draw(genre, random.Random(f"{split}/{genre}/{i}")))
        for k, genre in enumerate(DRAWERS)
        for i in range(n_per_genre)
    ]


def _accuracy(
    trained: Sequence[tuple[int, Image.Image]],
    tested: Sequence[tuple[int, Image.Image]],
    features: Callable[[Image.Image], Floats],
) -> float:
    """Of a linear model (ridge regression onto the classes)."""
    x = np.array([features(image) for _, image in trained])  # (N, F)
    y = np.eye(len(DRAWERS))[[k for k, _ in trained]]  # (N, genres)
    weights = np.linalg.solve(x.T @ x + 10 * np.eye(x.shape[1]), x.T @ y)
    guesses = np.array([features(image) for _, image in tested]) @ weights
    return float(np.mean(guesses.argmax(axis=1) == [k for k, _ in tested]))


def _mean_colour(image: Image.Image) -> Floats:
    return np.append(_coarse(image, 1).ravel(), 1)


def _look(image: Image.Image) -> Floats:
    """Coarse colours, how busy each part is, and the shape."""
    grey = np.asarray(image.convert("L").resize((128, 128)), dtype=np.float64) / 255
    busy = np.abs(np.diff(grey, axis=0))[:, :-1] + np.abs(np.diff(grey, axis=1))[:-1]
    parts = busy[:126, :126].reshape(9, 14, 9, 14).mean(axis=(1, 3))  # (9, 9)
    shape = [image.width / image.height, 1]
    return np.concatenate([_coarse(image, 8).ravel(), 4 * parts.ravel(), shape])


def _coarse(image: Image.Image, side: int) -> Floats:
    return np.asarray(image.resize((side, side), Image.Resampling.BOX), dtype=np.float64) / 255
