"""The square a network sees."""

import io

import numpy as np
import pytest
from PIL import Image, ImageFilter

from core.errors import ImageRejected
from training.picture import fit, fit_square, laid_out, picture_of

GREY = [128, 128, 128]


@pytest.mark.parametrize(("width", "height"), [(100, 100), (200, 100), (100, 200), (37, 91)])
def test_proportions_are_kept_and_the_rest_is_grey(width: int, height: int) -> None:
    square = np.asarray(fit_square(Image.new("RGB", (width, height), "red"), 64))
    assert square.shape == (64, 64, 3)
    red = (square == [255, 0, 0]).all(axis=2)
    assert (red | (square == GREY).all(axis=2)).all()
    seen = (red.any(axis=0).sum(), red.any(axis=1).sum())
    scale = 64 / max(width, height)
    assert seen == (round(width * scale), round(height * scale))
    assert (red == red[::-1, ::-1]).all()  # centred: even margins differ in nothing, here


def test_a_comic_36_times_as_tall_lies_in_six_columns_and_nothing_is_lost() -> None:
    comic = Image.new("RGB", (100, 3600))
    for i in range(36):
        comic.paste((i * 7, 255 - i * 7, 0), (0, 100 * i, 100, 100 * (i + 1)))
    square = np.asarray(fit_square(comic, 120)).astype(int)
    for i in range(36):
        column, row = divmod(i, 6)  # down the first column, then down the second
        middle = square[20 * row + 10, 20 * column + 10]
        assert np.abs(middle - [i * 7, 255 - i * 7, 0]).max() <= 2, i


def test_a_wide_strip_lies_in_rows() -> None:
    strip = Image.new("RGB", (900, 100), "red")
    strip.paste("blue", (600, 0, 900, 100))
    square = np.asarray(fit_square(strip, 90))
    assert (square[45, 45] == [255, 0, 0]).all()
    assert (square[75, 45] == [0, 0, 255]).all()
    assert not (square == GREY).all(axis=2).any()


@pytest.mark.parametrize("aspect", [2.4, 2.6, 4, 9, 100, 1000])
def test_whatever_the_proportions_it_fits_and_fills_one_side(aspect: float) -> None:
    fitted = fit(Image.new("RGB", (20, round(20 * aspect)), "red"), 96)
    assert 96 - 8 < max(fitted.size) <= 96  # columns are of whole pixels
    assert min(fitted.size) * 2.6 > max(fitted.size)


def test_bytes_and_picture_give_the_same_square_but_for_the_quicker_decoding() -> None:
    ramp = np.add.outer(np.arange(600), np.arange(900)) % 256
    image = Image.fromarray(np.stack([ramp] * 3, axis=2).astype(np.uint8)).resize((900, 600))
    file = io.BytesIO()
    image.save(file, "PNG")
    assert (picture_of(file.getvalue(), 64) == np.asarray(fit_square(image, 64))).all()
    file = io.BytesIO()
    image.filter(ImageFilter.GaussianBlur(4)).save(file, "JPEG", quality=95)
    full = fit_square(Image.open(io.BytesIO(file.getvalue())).convert("RGB"), 64)
    quick = picture_of(file.getvalue(), 64)
    assert np.abs(quick.astype(int) - np.asarray(full).astype(int)).mean() < 2  # of 255


def test_what_is_no_picture_is_rejected() -> None:
    with pytest.raises(ImageRejected):
        picture_of(b"no picture", 64)


@pytest.mark.parametrize("size", [(300, 300), (400, 200), (90, 240), (100, 1600), (1600, 100)])
def test_what_lies_on_the_square_is_laid_out_as_the_picture_it_was(size: tuple[int, int]) -> None:
    width, height = size
    ramp = np.add.outer(np.linspace(0, 160, height), np.linspace(0, 90, width))
    image = Image.fromarray(ramp.astype(np.uint8)).convert("RGB")
    again = laid_out(fit_square(image, 96), width, height)
    assert max(again.size) == pytest.approx(96, abs=1)
    assert again.width / again.height == pytest.approx(width / height, rel=0.1)
    expected = np.asarray(image.resize(again.size), np.int64)
    assert np.abs(np.asarray(again, np.int64) - expected).max() <= 8


def test_of_a_picture_too_tall_to_be_seen_whole_the_rest_is_laid_out_black() -> None:
    again = np.asarray(laid_out(fit_square(Image.new("RGB", (10, 3200), "white"), 96), 10, 3200))
    assert (again[:46] == 255).all()
    assert (again[50:] == 0).all()
