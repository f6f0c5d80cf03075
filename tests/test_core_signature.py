"""The small picture that is kept with a meme."""

import io

import numpy as np
import pytest
from PIL import Image

from core.errors import ImageRejected
from core.fingerprint import fingerprint
from core.signature import SIGNATURE_PX, pack, square, unpack
from tests.captioned import captioned, jpeg, screenshot
from tests.pictures import draw


def test_it_is_the_picture_squeezed_into_a_square() -> None:
    wide = draw(1).convert("L").resize((700, 300))
    kept = unpack(pack(square(wide), None, None))
    again = np.asarray(wide.resize((SIGNATURE_PX, SIGNATURE_PX), Image.Resampling.BOX))
    assert kept.whole.shape == (SIGNATURE_PX, SIGNATURE_PX)
    assert np.abs(kept.whole.astype(int) - again).mean() < 4  # of 255; JPEG noise
    assert kept.inner is None
    assert kept.inner_box is None


def test_of_a_screenshot_it_holds_the_framed_picture_and_where_it_was() -> None:
    meme = captioned(4, "hello", "there")
    kept = unpack(fingerprint(jpeg(screenshot(meme))).signature)
    alone = unpack(fingerprint(jpeg(meme)).signature)
    assert kept.inner is not None
    assert kept.inner_box is not None
    assert np.abs(kept.inner.astype(int) - alone.whole).mean() < 8
    assert (kept.inner_box[0], kept.inner_box[2]) == (0, SIGNATURE_PX)


@pytest.mark.parametrize("size", [(8, 8), (20, 3000), (3000, 20), (1920, 1080)])
def test_every_shape_has_one(size: tuple[int, int]) -> None:
    assert square(draw(2).convert("L").resize(size)).size == (SIGNATURE_PX, SIGNATURE_PX)


def test_it_takes_a_few_kilobytes() -> None:
    for genre in ("hello", "a much longer caption than that, over several lines"):
        image = captioned(4, genre, genre)
        assert len(fingerprint(jpeg(image)).signature) < 8_000
        assert len(fingerprint(jpeg(screenshot(image))).signature) < 14_000


def test_a_damaged_one_is_refused() -> None:
    kept = fingerprint(jpeg(draw(1))).signature
    with pytest.raises(ImageRejected):
        unpack(kept[: len(kept) // 2])


def test_it_is_a_grey_jpeg_that_anything_opens() -> None:
    with Image.open(io.BytesIO(fingerprint(jpeg(draw(1))).signature)) as image:
        assert (image.format, image.mode) == ("JPEG", "L")
