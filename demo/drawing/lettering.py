"""Words on pictures: plain paragraphs, and the outlined capitals of the image macro."""

from dataclasses import dataclass

from PIL import Image, ImageDraw, ImageFont

from demo.drawing.fonts import Face, font
from demo.drawing.paint import BLACK, WHITE, Colour, Point


def wrap(text: str, face: ImageFont.FreeTypeFont, width_px: float) -> list[str]:
    """The text in lines no wider than the width, unless a single word is."""
    lines: list[str] = []
    for piece in text.split("\n"):
        line = ""
        for word in piece.split():
            longer = f"{line} {word}" if line else word
            if line and face.getlength(longer) > width_px:
                lines.append(line)
                longer = word
            line = longer
        lines.append(line)
    return lines


def paragraph(
    draw: ImageDraw.ImageDraw,
    at: Point,
    text: str,
    face: ImageFont.FreeTypeFont,
    width_px: float,
    fill: Colour = BLACK,
    centred: bool = False,
) -> float:
    """Write wrapped lines downward from a point; returns the y below the last one."""
    x, y = at
    height = face.size * 1.28
    for row in wrap(text, face, width_px):
        indent = (width_px - face.getlength(row)) / 2 if centred else 0
        draw.text((x + indent, y), row, font=face, fill=fill)
        y += height
    return y


@dataclass(frozen=True, slots=True)
class Capitals:
    """How outlined capitals look.

    Attributes:
        squeeze: Width of the letters against the typeface's own: the narrow poster look.
        height: Of one line, as a share of the picture's height.
        fill: Colour of the letters.
        outline: Colour around them.
    """

    squeeze: float = 0.74
    height: float = 0.125
    fill: Colour = WHITE
    outline: Colour = BLACK


def outlined(image: Image.Image, text: str, y_share: float, style: Capitals) -> None:
    """Lay outlined capitals over a picture.

    Args:
        image: Changed in place.
        text: At most three lines of it are used at full size; longer text is set smaller.
        y_share: 0 sets the words at the top, 1 at the bottom, between in between.
        style: How the letters look.
    """
    if not text:
        return
    face, rows = _fitted(text.upper(), image.size, style)
    stroke_px = max(1, round(face.size / 13))
    row_px = round(face.size * 1.12)
    block = (round(image.width / style.squeeze), row_px * len(rows) + 2 * stroke_px)
    around, inside = Image.new("L", block), Image.new("L", block)
    for mask, width in ((around, stroke_px), (inside, 0)):
        draw = ImageDraw.Draw(mask)
        for i, row in enumerate(rows):
            x = (block[0] - face.getlength(row)) / 2
            draw.text((x, i * row_px), row, font=face, fill=255, stroke_width=width)
    _paste_narrowed(image, around, style.outline, y_share)
    _paste_narrowed(image, inside, style.fill, y_share)


def _fitted(
    text: str, size: tuple[int, int], style: Capitals
) -> tuple[ImageFont.FreeTypeFont, list[str]]:
    width_px = size[0] * 0.95 / style.squeeze
    size_px = max(12, round(min(size[1], size[0]) * style.height))
    while True:
        face = font(Face.SANS_BOLD, size_px)
        rows = wrap(text, face, width_px)
        if (len(rows) <= 3 and max(map(face.getlength, rows)) <= width_px) or size_px <= 10:
            return face, rows
        size_px -= 2


def _paste_narrowed(image: Image.Image, mask: Image.Image, colour: Colour, y_share: float) -> None:
    narrow = mask.resize((image.width, mask.height), Image.Resampling.BILINEAR)
    margin = round(image.height * 0.015)
    y = margin + round((image.height - 2 * margin - mask.height) * y_share)
    image.paste(colour, (0, y), narrow)
