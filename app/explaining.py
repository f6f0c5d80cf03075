"""One picture with all that a model says of it: where it looked, what it read, how sure it is."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from core.genres import genre
from core.words import Line
from training.classifier import Classifier, Prediction
from training.heat import heat, on_picture, overlaid

__all__ = ["explained"]

_PICTURE_PX: Final = 800  # the longer side
_PANEL_PX: Final = 420
_MARGIN: Final = 24
_INK: Final = "#1c1a17"
_PALE: Final = "#ddd5c8"
_ACCENT: Final = "#a8113a"
_BOX: Final = "#0b6e99"


def explained(image: Image.Image, classifier: Classifier, said: Prediction) -> Image.Image:
    """The picture in grey with the places in colour that spoke for its first genre, a box around
    each line of words, and beside it the genres and the years.

    Args:
        image: RGB and upright, as it was classified.
        classifier: that said it.
        said: what it said.
    """
    label = said.genre[0].label
    hot = heat(said.answer.map, classifier.classes.index(label))
    picture = image.copy()
    picture.thumbnail((_PICTURE_PX, _PICTURE_PX))
    laid = on_picture(hot, classifier.side_px, *picture.size)
    shown = _boxed(overlaid(picture, laid), said.words or ())
    height = max(shown.height, 640) + 2 * _MARGIN
    page = Image.new("RGB", (shown.width + _PANEL_PX + 3 * _MARGIN, height), "white")
    page.paste(shown, (_MARGIN, _MARGIN))
    pen = ImageDraw.Draw(page)
    _panel(pen, shown.width + 2 * _MARGIN, said, said.answer.years, classifier.first_year)
    return page


def _boxed(picture: Image.Image, lines: Sequence[Line]) -> Image.Image:
    pen = ImageDraw.Draw(picture)
    for line in lines:
        left, top, right, bottom = line.box
        corners = (
            left * picture.width,
            top * picture.height,
            right * picture.width,
            bottom * picture.height,
        )
        pen.rectangle(corners, outline=_BOX, width=2)
    return picture


def _panel(
    pen: ImageDraw.ImageDraw,
    left: int,
    said: Prediction,
    years: npt.NDArray[np.float32],
    first_year: int,
) -> None:
    best = genre(said.genre[0].label).name
    title = f"Not sure; perhaps {best}" if said.abstain else best
    pen.text((left, _MARGIN), title, _INK, ImageFont.load_default(24))
    y = _MARGIN + 48
    small = ImageFont.load_default(16)
    for one in said.genre:
        pen.text((left, y), f"{genre(one.label).name}  {one.score:.0%}", _INK, small)
        _bar(pen, (left, y + 22), one.score)
        y += 44
    pen.text((left, y + 6), f"Made {said.year.text}", _INK, small)
    for reason in said.year.reasons:
        y += 22
        pen.text((left, y + 6), reason, _INK, small)
    if said.year.is_vague:
        return
    _curve(pen, (left, y + 36), years)
    y += 36 + _CURVE_PX + 4
    pen.text((left, y), str(first_year), _INK, small)
    pen.text((left + _WIDTH, y), str(first_year + len(years) - 1), _INK, small, anchor="ra")


_WIDTH: Final = _PANEL_PX - _MARGIN
_CURVE_PX: Final = 64


def _bar(pen: ImageDraw.ImageDraw, at: tuple[int, int], share: float) -> None:
    x, y = at
    pen.rectangle((x, y, x + _WIDTH, y + 10), fill=_PALE)
    if share * _WIDTH >= 1:
        pen.rectangle((x, y, x + share * _WIDTH, y + 10), fill=_ACCENT)


def _curve(pen: ImageDraw.ImageDraw, at: tuple[int, int], years: npt.NDArray[np.float32]) -> None:
    x, y = at
    step = _WIDTH / len(years)
    for i, share in enumerate((years / max(float(years.max()), 1e-6)).tolist()):
        top = y + _CURVE_PX * (1 - share)
        pen.rectangle((x + i * step, top, x + (i + 1) * step - 2, y + _CURVE_PX), fill=_ACCENT)
    pen.line((x, y + _CURVE_PX, x + _WIDTH, y + _CURVE_PX), fill=_INK)
