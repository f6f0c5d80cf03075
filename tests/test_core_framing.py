"""What a screenshot frames."""

import numpy as np
import pytest
from PIL import Image

from core.framing import framed_part
from tests.captioned import captioned, screenshot, with_bar
from tests.pictures import draw


def grey(image: Image.Image) -> np.ndarray[tuple[int, int], np.dtype[np.uint8]]:
    return np.asarray(image.convert("L"))


def test_of_a_screenshot_it_is_the_picture_in_the_middle() -> None:
    meme = captioned(4, "hello", "there")
    screen = screenshot(meme)
    box = framed_part(grey(screen))
    assert box is not None
    left, top, right, bottom = box
    assert (left, right) == (0, 720)
    assert top == pytest.approx(220, abs=3)
    assert bottom == pytest.approx(screen.height - 420, abs=3)


def test_a_dark_screen_frames_as_well() -> None:
    screen = Image.new("RGB", (300, 600), (15, 17, 21))
    screen.paste(draw(1).resize((260, 260)), (20, 150))
    assert framed_part(grey(screen)) == (20, 150, 280, 410)


@pytest.mark.parametrize(
    "image",
    [
        captioned(4, "hello", "there"),
        draw(1),
        with_bar(captioned(4, ""), "a caption of today"),
        Image.new("RGB", (200, 300), "white"),
        Image.new("RGB", (8, 8), "black"),
    ],
    ids=["a meme", "a picture", "a caption above", "nothing at all", "tiny"],
)
def test_what_is_no_screenshot_frames_nothing(image: Image.Image) -> None:
    assert framed_part(grey(image)) is None


def test_a_thin_border_is_no_frame() -> None:
    bordered = Image.new("RGB", (136, 136), "white")
    bordered.paste(draw(2), (4, 4))
    assert framed_part(grey(bordered.resize((400, 400)))) is None
