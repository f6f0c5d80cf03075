"""One picture laid over another."""

import numpy as np
import pytest
from PIL import Image, ImageEnhance

from core.fingerprint import fingerprint
from core.signature import SIGNATURE_PX, unpack
from db.registration import (
    ROUGH_PX,
    Grey,
    Matrix,
    Overlay,
    after,
    inverse,
    moves,
    overlay,
    place,
    reduced,
)
from tests.captioned import captioned, jpeg, with_sticker
from tests.pictures import draw

SIDE = SIGNATURE_PX
MEME = captioned(4, "when the tests pass", "on the first try")


def signature(image: Image.Image) -> Grey:
    return unpack(fingerprint(jpeg(image)).signature).whole


def laid(first: Image.Image, second: Image.Image) -> Overlay | None:
    one, other = signature(first), signature(second)
    rough = place(reduced(one, ROUGH_PX), reduced(other, ROUGH_PX))
    return None if rough is None else overlay(one, other, rough)


def test_a_picture_lies_on_itself() -> None:
    found = laid(MEME, MEME)
    assert found is not None
    assert found.matrix == pytest.approx(np.eye(2, 3), abs=0.01)
    assert found.score == found.changed == 0
    assert found.agreement == 1
    assert abs(found.overhang) < 0.001


def test_a_crop_is_found_where_it_was() -> None:
    w, h = MEME.size
    crop = MEME.crop((w * 4 // 100, h * 6 // 100, w, h))
    found = laid(crop, MEME)
    assert found is not None
    # x of the whole = 4 % of its side + .96 x of the crop
    assert found.matrix[0] == pytest.approx([0.96, 0, 0.04 * SIDE], abs=0.6)
    assert found.matrix[1] == pytest.approx([0, 0.94, 0.06 * SIDE], abs=0.6)
    assert found.score < 0.11
    assert found.overhang == pytest.approx(0.06 / 0.94, abs=0.01)


@pytest.mark.parametrize("factor", [0.6, 1.3])
def test_brightness_is_fitted_away_even_where_it_clips(factor: float) -> None:
    for pair in ((MEME, ImageEnhance.Brightness(MEME).enhance(factor)),):
        for first, second in (pair, pair[::-1]):
            found = laid(first, second)
            assert found is not None
            assert found.score < 0.11


def test_a_sticker_changes_its_place_and_nothing_else() -> None:
    found = laid(with_sticker(MEME, (0.25, 0.5)), MEME)
    assert found is not None
    assert found.score > 0.11
    rows, columns = np.nonzero(found.where)
    assert np.median(rows) / SIDE == pytest.approx(0.5, abs=0.06)
    assert np.median(columns) / SIDE == pytest.approx(0.25, abs=0.06)
    assert found.changed < 0.055


def test_one_word_changes_little_but_clearly() -> None:
    found = laid(captioned(4, "when the tests fail", "on the first try"), MEME)
    assert found is not None
    assert found.score > 0.11
    assert 0.01 < found.changed < 0.08


def test_pictures_that_differ_do_not_fit_or_do_not_agree() -> None:
    for seed in range(8):
        found = laid(draw(seed), draw(seed + 100))
        assert found is None or found.agreement < 0.2


def test_a_plain_picture_fits_nothing() -> None:
    plain = Image.new("RGB", (200, 200), "teal")
    assert laid(plain, plain) is None
    assert laid(plain, MEME) is None


def test_maps_are_put_together_and_turned_round() -> None:
    double: Matrix = np.array([[2.0, 0, 1], [0, 2, 3]])
    shift: Matrix = np.array([[1.0, 0, 10], [0, 1, 20]])
    assert after(shift, double) == pytest.approx(np.array([[2.0, 0, 11], [0, 2, 23]]))
    assert after(double, shift) == pytest.approx(np.array([[2.0, 0, 21], [0, 2, 43]]))
    assert after(inverse(double), double) == pytest.approx(np.eye(2, 3))
    assert moves(shift, 100) == pytest.approx((10**2 + 20**2) ** 0.5 / 100)
