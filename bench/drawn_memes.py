"""Draws memes on blank templates: distinct ones, twins that differ in a word, and their reposts."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from PIL import Image, ImageDraw, ImageFont

from demo.drawing.fonts import Face, font
from demo.drawing.lettering import wrap

__all__ = ["Drawn", "Style", "distinct_memes", "faces", "twins"]

# Looked for beyond the faces that the demo's own drawings use; those absent are passed over.
_SYSTEM_FACES: Final = (
    "bebas-neue/BebasNeue-Bold.otf", "comic-neue/ComicNeue-Bold.otf", "lato/Lato-Black.ttf",
    "liberation2/LiberationSans-Bold.ttf", "liberation2/LiberationSansNarrow-Bold.ttf",
    "open-sans/OpenSans-ExtraBold.ttf", "roboto/unhinted/RobotoCondensed-Bold.ttf",
    "lobster/lobster.otf",
)  # fmt: skip
_FONT_ROOTS: Final = tuple(Path("/usr/share/fonts") / kind for kind in ("truetype", "opentype"))


class Place(StrEnum):
    """Where the caption stands."""

    TOP_BOTTOM = "top_bottom"  # outlined capitals, as of the image macro
    BAR_ABOVE = "bar_above"  # dark on white above the picture, which grows by it
    BOX = "box"  # on a plain rectangle somewhere in the picture
    FREE = "free"  # outlined, anywhere


@dataclass(frozen=True, slots=True)
class Style:
    """How a caption is set; two memes of one style differ in their words alone."""

    place: Place
    face: Path | None  # none: the demo's own bold one
    size: float  # height of a line, as a share of the picture's width
    squeeze: float  # width of the letters against the face's own
    at: tuple[float, float]  # of a box or free text: its centre, as shares of the sides
    dark: bool  # light letters on dark ground; of outlined text: yellow instead of white


@dataclass(frozen=True, slots=True)
class Drawn:
    """One meme: its picture and what it was made from."""

    template: str
    caption: tuple[str, ...]
    image: Image.Image  # RGB


def faces() -> list[Path | None]:
    """The typefaces that this machine has, of those that are looked for."""
    found = [root / face for face in _SYSTEM_FACES for root in _FONT_ROOTS]
    return [None, *(path for path in found if path.is_file())]


def distinct_memes(
    template: Path, captions: Sequence[Sequence[str]], rng: random.Random
) -> list[Drawn]:
    """A meme for each caption, each in a style of its own."""
    return [_drawn(template, caption, _style(rng)) for caption in captions]


def twins(
    template: Path, captions: Sequence[Sequence[str]], n_pairs: int, rng: random.Random
) -> list[Drawn]:
    """Pairs of memes in one style, side by side in the list, that differ in a single word.

    The captions are short, so that the word is a good part of it; the other word comes from
    another caption and is not a mere variant of the first.
    """
    short = [c for c in captions if 2 <= len(" ".join(c).split()) <= 5]
    words = sorted({w for c in captions for line in c for w in line.split() if len(w) >= 3})
    drawn = []
    for caption in rng.sample(short, n_pairs):
        style = _style(rng)
        lines = [line.split() for line in caption]
        places = [(i, j) for i, line in enumerate(lines) for j in range(len(line))]
        i, j = rng.choice(places)
        old = lines[i][j]
        lines[i][j] = rng.choice(
            [w for w in words if w[:2].lower() != old[:2].lower() and abs(len(w) - len(old)) <= 2]
        )
        drawn.append(_drawn(template, caption, style))
        drawn.append(_drawn(template, [" ".join(line) for line in lines], style))
    return drawn


def _style(rng: random.Random) -> Style:
    return Style(
        place=rng.choices(list(Place), weights=(5, 2, 2, 2))[0],
        face=rng.choice(faces()),
        size=rng.uniform(0.05, 0.11),
        squeeze=rng.uniform(0.75, 1),
        at=(rng.uniform(0.3, 0.7), rng.uniform(0.2, 0.8)),
        dark=rng.random() < 0.3,
    )


def _drawn(template: Path, caption: Sequence[str], style: Style) -> Drawn:
    with Image.open(template) as opened:
        picture = opened.convert("RGB")
    match style.place:
        case Place.BAR_ABOVE:
            picture = _with_bar(picture, " ".join(caption), style)
        case Place.TOP_BOTTOM:
            top, bottom = ([*caption, ""] if len(caption) == 1 else caption)[:2]
            _write(picture, top.upper(), style, centre=None, from_top=True)
            _write(picture, bottom.upper(), style, centre=None, from_top=False)
        case Place.BOX | Place.FREE:
            for i, line in enumerate(caption):
                x, y = style.at
                centre = (x, (y + 0.45 * i) % 1 * 0.8 + 0.1)
                _write(picture, line, style, centre=centre, from_top=True)
    return Drawn(template.stem, tuple(caption), picture)


def _with_bar(picture: Image.Image, text: str, style: Style) -> Image.Image:
    block = _block(text, picture.width, style, ink=(255, 255, 255) if style.dark else (0, 0, 0))
    margin = picture.width // 40
    ground = (0, 0, 0) if style.dark else (255, 255, 255)
    whole = Image.new("RGB", (picture.width, picture.height + block.height + 2 * margin), ground)
    whole.paste(block, (margin, margin), block)
    whole.paste(picture, (0, block.height + 2 * margin))
    return whole


def _write(
    picture: Image.Image,
    text: str,
    style: Style,
    *,
    centre: tuple[float, float] | None,
    from_top: bool,
) -> None:
    if not text:
        return
    width, height = picture.size
    if style.place is Place.BOX:
        block = _block(text, int(width * 0.5), style, ink=(255,) * 3 if style.dark else (0,) * 3)
    else:
        ink = (255, 235, 60) if style.dark else (255, 255, 255)
        block = _block(text, int(width * (0.95 if centre is None else 0.6)), style, ink, True)
    if block.height > height * 0.45:
        share = height * 0.45 / block.height
        block = block.resize((max(1, int(block.width * share)), int(block.height * share)))
    if centre is None:
        margin = height // 50
        at = ((width - block.width) // 2, margin if from_top else height - block.height - margin)
    else:
        x = int(centre[0] * width) - block.width // 2
        y = int(centre[1] * height) - block.height // 2
        at = (min(max(x, 2), width - block.width - 2), min(max(y, 2), height - block.height - 2))
    if style.place is Place.BOX:
        ground = (15, 15, 15) if style.dark else (250, 250, 250)
        pad = width // 60
        box = (at[0] - pad, at[1] - pad, at[0] + block.width + pad, at[1] + block.height + pad)
        ImageDraw.Draw(picture).rectangle(box, fill=ground)
    picture.paste(block, at, block)


def _block(
    text: str, width_px: int, style: Style, ink: tuple[int, ...], outlined: bool = False
) -> Image.Image:
    """Wrapped, centred lines as an RGBA picture just large enough."""
    size_px = max(10, int(width_px * style.size * (1 if width_px > 500 else 1.4)))
    face = _face(style.face, size_px)
    stroke = max(1, size_px // 14) if outlined else 0
    lines = wrap(text, face, (width_px - 4 * stroke) / style.squeeze)
    step = int(size_px * 1.15)
    full = int(max(face.getlength(line) for line in lines)) + 4 * stroke + 4
    block = Image.new("RGBA", (full, step * len(lines) + size_px // 3), (0, 0, 0, 0))
    draw = ImageDraw.Draw(block)
    for i, line in enumerate(lines):
        x = (full - face.getlength(line)) / 2
        draw.text((x, i * step), line, ink, face, stroke_width=stroke, stroke_fill=(0, 0, 0))
    return block.resize((max(1, int(min(full * style.squeeze, width_px))), block.height))


def _face(path: Path | None, size_px: int) -> ImageFont.FreeTypeFont:
    if path is None:
        return font(Face.SANS_BOLD, size_px)
    return ImageFont.truetype(path, size_px)
