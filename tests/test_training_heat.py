"""Which places of a picture spoke for a genre."""

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from training.heat import heat, on_picture, overlaid


def places_at(row: int, column: int) -> npt.NDArray[np.float32]:
    places = np.zeros((4, 4, 2), np.float32)
    places[row, column, 1] = 5
    return places


def test_the_heat_is_where_most_speaks_for_the_genre_and_nowhere_else() -> None:
    hot = heat(places_at(0, 3), 1)
    assert hot[0, 3] == pytest.approx(1)
    assert hot.sum() == pytest.approx(1)
    assert heat(np.zeros((4, 4, 2), np.float32), 1).max() == 0


def test_the_overlay_colours_the_places_that_speak_for_the_genre() -> None:
    picture = Image.new("RGB", (64, 64), (100,) * 3)
    overlay = np.asarray(overlaid(picture, heat(places_at(0, 0), 1)), np.int64)
    red = overlay[..., 0] - overlay[..., 2]
    assert red[:16, :16].mean() > 50
    assert abs(red[32:, 32:]).max() <= 1


def test_on_a_wide_picture_the_heat_lies_where_its_part_of_the_square_was() -> None:
    # Twice as wide as high, it lies on the middle rows of the square: 1 and 2 of 4.
    laid = on_picture(heat(places_at(1, 3), 1), 96, 800, 400)
    assert laid.shape == (48, 96)
    row, column = np.unravel_index(laid.argmax(), laid.shape)
    assert row < 24
    assert column >= 72
    assert laid[36:].max() < 0.1
    # What is hot beside the picture is on none of it.
    assert on_picture(heat(places_at(0, 0), 1), 96, 800, 400)[10:].max() < 0.2
