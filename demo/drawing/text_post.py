"""Funny posts, cropped and shared again: the text is the point.

Each layout writes downward on a ground that is taller than needed, and cuts it where it ends.
"""

import random
from dataclasses import dataclass

from PIL import Image, ImageDraw

from demo.drawing.cards import TALLEST, avatar, cut, picture, sheet
from demo.drawing.fonts import Face, font
from demo.drawing.lettering import paragraph, wrap
from demo.drawing.paint import BLACK, WHITE, Colour, any_colour, mix
from demo.drawing.wording import count, handle, person, say

_POSTS = (
    "nobody:\n\n{who}: i {done}", "my therapist said to talk about {thing} and now she {does}",
    "just {done} and honestly i have never been so {feeling}",
    "why does {who} always look {feeling} {place}", "{who}: are you ok\nme, who {done}: yes",
    "shoutout to {who} for being {feeling} {place}, you are seen",
    "i am {number} years old and i still think about the time i {done}",
    "imagine explaining {thing} to a medieval peasant. he {does} and leaves",
    "do you ever just {word}", "not to be dramatic but {who} {does} and i {done}",
    "unpopular opinion: {thing} is better {place}. i will not be taking questions",
    "today a kid told me i look {feeling} and then {done}. anyway i have moved to another country",
    "me: i should sleep\nmy brain: what if {who} {does}",
    "the {feeling} to {feeling} pipeline is real and it starts {place}",
)  # fmt: skip
_REPLIES = (
    "i {done}", "this is about {thing} isn't it", "op are you {feeling}", "{who} {does}",
    "i can't believe {who} would do this", "no", "say {thing} again", "the fact that i {done}",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Theme:
    ground: Colour
    ink: Colour
    faint: Colour


_THEMES = (
    _Theme(WHITE, (15, 20, 25), (110, 118, 125)),
    _Theme(WHITE, (15, 20, 25), (110, 118, 125)),
    _Theme((250, 250, 247), (35, 35, 35), (130, 130, 130)),
    _Theme((21, 32, 43), (245, 248, 250), (136, 153, 166)),
    _Theme(BLACK, (231, 233, 234), (113, 118, 123)),
    _Theme((24, 26, 27), (220, 220, 220), (140, 140, 140)),
)


def draw(rng: random.Random) -> Image.Image:
    """A post as one of the sites would show it, cut off at its edges."""
    layout = rng.choice((_short_post, _short_post, _thread, _wall_post, _chat, _board))
    image = layout(rng.randint(340, 620), rng)
    return image if image.height <= 700 else image.crop((0, 0, image.width, 700))


def _short_post(width: int, rng: random.Random) -> Image.Image:
    theme = rng.choice(_THEMES)
    image, pen = sheet(width, theme.ground)
    pad, unit = width * 0.04, width / 24
    y = _byline(image, pen, (pad, pad), unit, theme, rng)
    body = font(Face.SANS, round(unit * rng.uniform(0.95, 1.4)))
    y = paragraph(pen, (pad, y), say(_POSTS, rng), body, width - 2 * pad, theme.ink) + unit * 0.5
    if rng.random() < 0.25:
        y = picture(image, (pad, y), width - 2 * pad, rng) + unit * 0.5
    small = font(Face.SANS, round(unit * 0.75))
    if rng.random() < 0.6:
        hour, minute = rng.randint(1, 12), rng.randint(0, 59)
        when = f"{hour}:{minute:02} PM · {rng.randint(1, 28)} May 20{rng.randint(11, 26)}"
        y = paragraph(pen, (pad, y), when, small, width, theme.faint) + unit * 0.4
    if rng.random() < 0.75:
        pen.line([(pad, y), (width - pad, y)], fill=mix(theme.faint, theme.ground, 0.6))
        y = _counts(pen, (pad, y + unit * 0.5), unit, width, theme, rng)
    return cut(image, y + pad)


def _byline(
    image: Image.Image,
    pen: ImageDraw.ImageDraw,
    at: tuple[float, float],
    unit: float,
    theme: _Theme,
    rng: random.Random,
) -> float:
    x, y = at
    face_px = round(unit * 2.4)
    avatar(image, (round(x), round(y)), face_px, theme.ground, rng)
    left = x + face_px + unit * 0.6
    bold = font(Face.SANS_BOLD, round(unit * 0.95))
    name = person(rng)
    pen.text((left, y + unit * 0.1), name, font=bold, fill=theme.ink)
    if rng.random() < 0.3:  # the tick of a known account
        tick, r = left + bold.getlength(name) + unit * 0.7, unit * 0.4
        pen.ellipse(
            (tick - r, y + unit * 0.25, tick + r, y + unit * 0.25 + 2 * r), fill=(29, 155, 240)
        )
    small = font(Face.SANS, round(unit * 0.8))
    pen.text((left, y + unit * 1.3), f"@{handle(rng)}", font=small, fill=theme.faint)
    return y + face_px + unit * 0.6


def _counts(
    pen: ImageDraw.ImageDraw,
    at: tuple[float, float],
    unit: float,
    width: int,
    theme: _Theme,
    rng: random.Random,
) -> float:
    x, y = at
    signs = font(Face.SANS, round(unit * 0.85))
    columns = rng.choice((("↩", "⇄", "♡"), ("Replies", "Reposts", "Likes"), ("⇄", "♥")))
    for i, sign in enumerate(columns):
        label = f"{sign} {count(rng)}" if len(sign) == 1 else f"{count(rng)} {sign}"
        pen.text((x + i * (width - 2 * x) / len(columns), y), label, font=signs, fill=theme.faint)
    return y + unit * 1.2


def _thread(width: int, rng: random.Random) -> Image.Image:
    """A blog post with answers under one another, on the blue of such a blog or on white."""
    frame = rng.choice(((0, 25, 53), (53, 70, 92), WHITE, (38, 38, 44)))
    image, pen = sheet(width, frame)
    unit = width / 25
    face, bold = font(Face.SANS, round(unit * 1.0)), font(Face.SANS_BOLD, round(unit * 0.9))
    margin = 0 if frame == WHITE else round(unit * rng.uniform(0.4, 1.5))
    y = margin + unit
    pen.rectangle((margin, margin, width - margin, TALLEST), fill=WHITE)
    for i in range(rng.randint(2, 5)):
        left = margin + unit
        if rng.random() < 0.7:
            avatar(image, (round(left), round(y)), round(unit * 1.5), WHITE, rng)
            left += unit * 2
        pen.text((left, y + unit * 0.2), handle(rng), font=bold, fill=(60, 60, 70))
        words = say(_POSTS if i == 0 else _REPLIES, rng)
        column = width - margin * 2 - unit * 2
        y = paragraph(pen, (margin + unit, y + unit * 1.9), words, face, column, (40, 40, 40))
        pen.line([(margin, y + unit * 0.4), (width - margin, y + unit * 0.4)], fill=(225, 225, 225))
        y += unit
    small = font(Face.SANS_BOLD, round(unit * 0.8))
    pen.text((margin + unit, y), f"{count(rng)} notes", font=small, fill=(120, 120, 120))
    y += unit * 1.8
    pen.rectangle((0, y, width, TALLEST), fill=frame)
    return cut(image, y + margin)


def _wall_post(width: int, rng: random.Random) -> Image.Image:
    """A post on a wall, with thumbs under it and perhaps a coloured card."""
    theme = rng.choice(_THEMES[:3])
    image, pen = sheet(width, theme.ground)
    unit = width / 24
    y = _byline(image, pen, (unit, unit), unit, theme, rng)
    words = say(_POSTS, rng)
    if rng.random() < 0.4:
        big = font(Face.SANS_BOLD, round(unit * 1.4))
        rows = len(wrap(words, big, width - unit * 3))
        bottom = y + (rows + 3) * unit * 1.8
        pen.rectangle((0, y, width, bottom), fill=any_colour(rng, (0.5, 0.9), (0.35, 0.7)))
        paragraph(
            pen, (unit * 1.5, y + unit * 2.5), words, big, width - unit * 3, WHITE, centred=True
        )
        y = bottom + unit * 0.5
    else:
        face = font(Face.SANS, round(unit * 1.05))
        y = paragraph(pen, (unit, y), words, face, width - 2 * unit, theme.ink) + unit * 0.5
        if rng.random() < 0.4:
            y = picture(image, (0, y), width, rng) + unit * 0.5
    small, blue = font(Face.SANS_BOLD, round(unit * 0.8)), (66, 103, 178)
    pen.ellipse((unit, y, unit * 2, y + unit), fill=blue)
    pen.text((unit * 2.4, y), count(rng), font=small, fill=theme.faint)
    y += unit * 1.5
    pen.line([(unit, y), (width - unit, y)], fill=(215, 218, 222))
    for i, word in enumerate(("Like", "Comment", "Share")):
        pen.text((unit * (2 + i * 8), y + unit * 0.5), word, font=small, fill=theme.faint)
    return cut(image, y + unit * 2)


def _chat(width: int, rng: random.Random) -> Image.Image:
    """Two people writing to each other in bubbles."""
    dark = rng.random() < 0.4
    ground: Colour = (12, 12, 14) if dark else rng.choice((WHITE, (236, 229, 221)))
    image, pen = sheet(width, ground)
    mine = rng.choice(((10, 132, 255), (52, 199, 89), (220, 248, 198)))
    theirs = (58, 58, 60) if dark else (229, 229, 234)
    unit = width / 22
    face = font(Face.SANS, round(unit))
    y = unit
    if rng.random() < 0.6:
        title = font(Face.SANS_BOLD, round(unit * 0.9))
        pen.text(
            (unit * 4, unit * 0.9), person(rng), font=title, fill=(229, 229, 234) if dark else BLACK
        )
        avatar(image, (round(unit), round(unit * 0.5)), round(unit * 2), ground, rng)
        y = unit * 3.5
    for i in range(rng.randint(3, 6)):
        words = say(_POSTS if i == 1 else _REPLIES, rng)
        rows = wrap(words, face, width * 0.6)
        bubble_px = max(map(face.getlength, rows)) + unit * 1.4
        is_mine = rng.random() < 0.5
        left = width - bubble_px - unit * 0.7 if is_mine else unit * 0.7
        bottom = y + len(rows) * face.size * 1.28 + unit * 0.9
        fill = mine if is_mine else theirs
        pen.rounded_rectangle((left, y, left + bubble_px, bottom), unit * 0.8, fill=fill)
        ink = WHITE if sum(fill) < 480 else BLACK
        paragraph(pen, (left + unit * 0.7, y + unit * 0.4), words, face, width * 0.6, ink)
        y = bottom + unit * rng.choice((0.25, 0.7))
    return cut(image, y + unit)


def _board(width: int, rng: random.Random) -> Image.Image:
    """An anonymous board's post: a head line, a picture, quoted lines in green."""
    ground = rng.choice(((240, 224, 214), (214, 218, 240), (29, 31, 33)))
    image, pen = sheet(width, ground)
    unit = width / 26
    small, bold = font(Face.SANS, round(unit * 0.9)), font(Face.SANS_BOLD, round(unit * 0.9))
    pen.text((unit, unit), "Anonymous", font=bold, fill=(17, 119, 67))
    stamp = f"No.{rng.randint(10**7, 10**9)}"
    pen.text((unit * 8.5, unit), stamp, font=small, fill=(130, 120, 120))
    top, column, left = unit * 3, width - unit * 2, unit
    picture_end = 0.0
    if rng.random() < 0.6:
        picture_end = picture(image, (unit, top), width * 0.33, rng)
        left, column = unit * 2 + width * 0.33, width * 0.67 - unit * 3
    y = top
    for _ in range(rng.randint(4, 7)):
        y = paragraph(pen, (left, y), f">{say(_REPLIES, rng)}", small, column, (120, 153, 34))
    y = paragraph(
        pen,
        (left, y + unit * 0.5),
        say(_REPLIES, rng),
        small,
        column,
        mix(ground, (128, 90, 90), 0.9),
    )
    return cut(image, max(y, picture_end) + unit)
