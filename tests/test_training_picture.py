"""The square a network sees."""

import io

import numpy as np
import pytest
from PIL import Image, ImageFilter

from core.errors import ImageRejected
from training.picture import fit_square, picture_of

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


def test_a_comic_35_times_as_tall_shows_its_top_not_a_thread() -> None:
    comic = Image.new("RGB", (100, 3500), "blue")
    comic.paste("red", (0, 0, 100, 250))
    square = np.asarray(fit_square(comic, 100))
    red = (square == [255, 0, 0]).all(axis=2)
    assert red.any(axis=0).sum() == 40  # 100 / 2.5
    assert red.any(axis=1).sum() >= 99  # the last line may blend with what was cut


def test_a_wide_strip_is_cut_likewise() -> None:
    square = np.asarray(fit_square(Image.new("RGB", (5000, 100), "red"), 100))
    assert (square == [255, 0, 0]).all(axis=2).any(axis=1).sum() == 40


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
