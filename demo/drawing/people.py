"""People who do not exist, from the chest up."""

import random
from dataclasses import dataclass
from enum import StrEnum

from PIL import ImageDraw

from demo.drawing.paint import Colour, Point, any_colour, mix


class Mood(StrEnum):
    """What a face shows."""

    CALM = "calm"
    SMILING = "smiling"
    SHOCKED = "shocked"
    SPEAKING = "speaking"
    GRIM = "grim"


@dataclass(frozen=True, slots=True)
class Look:
    """How somebody looks, so that the same person can be drawn twice."""

    skin: Colour
    hair: Colour
    haircut: str
    clothes: Colour
    tie: Colour | None
    glasses: bool
    beard: bool
    wide: float


_SKINS = ((250, 220, 195), (235, 195, 160), (205, 155, 115), (150, 100, 65), (95, 62, 42))
_HAIRS = ((30, 25, 22), (85, 55, 30), (190, 150, 80), (150, 60, 30), (190, 190, 190), (60, 60, 80))
_HAIRCUTS = ("short", "bald", "parted", "long", "curly", "tall")


def any_look(rng: random.Random, formal: bool = False) -> Look:
    """Somebody new; formal is a dark suit with a tie, or without."""
    suit = any_colour(rng, (0.1, 0.5), (0.12, 0.35))
    return Look(
        skin=rng.choice(_SKINS),
        hair=rng.choice(_HAIRS),
        haircut=rng.choice(_HAIRCUTS),
        clothes=suit if formal else any_colour(rng),
        tie=any_colour(rng, (0.6, 1.0), (0.4, 0.9)) if formal and rng.random() < 0.7 else None,
        glasses=rng.random() < 0.3,
        beard=rng.random() < 0.25,
        wide=rng.uniform(0.78, 0.95),
    )


def bust(
    draw: ImageDraw.ImageDraw, look: Look, mood: Mood, centre: Point, radius_px: float
) -> None:
    """Draw head and shoulders; the radius is that of the head, the centre its middle."""
    _shoulders(draw, look, centre, radius_px)
    if look.haircut == "long":
        _oval(draw, centre, radius_px, (0, 0.25), (look.wide + 0.22, 1.25), look.hair)
    shade = mix(look.skin, (60, 20, 10), 0.25)
    _oval(draw, centre, radius_px, (-look.wide, 0.1), (0.16, 0.24), shade)
    _oval(draw, centre, radius_px, (look.wide, 0.1), (0.16, 0.24), shade)
    _oval(draw, centre, radius_px, (0, 0), (look.wide, 1.1), look.skin)
    if look.beard:
        _oval(draw, centre, radius_px, (0, 0.68), (look.wide * 0.75, 0.5), look.hair)
    _hair(draw, look, centre, radius_px)
    _eyes(draw, look, mood, centre, radius_px)
    _oval(draw, centre, radius_px, (0, 0.22), (0.13, 0.18), shade)
    _mouth(draw, mood, centre, radius_px)


def _oval(
    draw: ImageDraw.ImageDraw, centre: Point, unit: float, at: Point, radii: Point, fill: Colour
) -> None:
    x, y = centre[0] + at[0] * unit, centre[1] + at[1] * unit
    rx, ry = radii[0] * unit, radii[1] * unit
    draw.ellipse((x - rx, y - ry, x + rx, y + ry), fill=fill)


def _shoulders(draw: ImageDraw.ImageDraw, look: Look, centre: Point, r: float) -> None:
    x, y = centre
    draw.rounded_rectangle(
        (x - r * 1.9, y + r * 1.35, x + r * 1.9, y + r * 6), r * 0.8, look.clothes
    )
    neck = mix(look.skin, (60, 20, 10), 0.15)
    draw.rectangle((x - r * 0.4, y + r * 0.7, x + r * 0.4, y + r * 1.5), fill=neck)
    if look.tie is not None:
        draw.polygon(
            [(x - r * 0.7, y + r * 1.35), (x + r * 0.7, y + r * 1.35), (x, y + r * 3.2)],
            (240, 240, 240),
        )
        draw.polygon(
            [(x - r * 0.18, y + r * 1.4), (x + r * 0.18, y + r * 1.4), (x, y + r * 3)], look.tie
        )


def _hair(draw: ImageDraw.ImageDraw, look: Look, centre: Point, r: float) -> None:
    x, y = centre
    w = look.wide * r
    match look.haircut:
        case "bald":
            return
        case "curly":
            for i in range(7):
                at = (-0.85 + i * 0.283, -0.75 - 0.3 * (1 - abs(i - 3) / 3))
                _oval(draw, centre, r, at, (0.33, 0.33), look.hair)
        case "tall":
            draw.polygon(
                [(x - w, y - r * 0.45), (x - w * 0.9, y - r * 1.6), (x + w * 0.8, y - r * 1.75),
                 (x + w, y - r * 0.45), (x + w * 0.5, y - r * 0.75), (x - w * 0.6, y - r * 0.65)],
                look.hair,
            )  # fmt: skip
        case "parted":
            draw.chord(
                (x - w * 1.05, y - r * 1.25, x + w * 1.05, y + r * 0.75), 180, 360, look.hair
            )
            draw.polygon([(x - w * 0.3, y - r * 0.2), (x + w * 0.95, y - r * 0.22),
                          (x + w * 0.3, y - r * 0.75)], look.skin)  # fmt: skip
        case _:
            draw.chord(
                (x - w * 1.05, y - r * 1.22, x + w * 1.05, y + r * 0.35), 180, 360, look.hair
            )


def _eyes(draw: ImageDraw.ImageDraw, look: Look, mood: Mood, centre: Point, r: float) -> None:
    open_ = {Mood.SHOCKED: 0.3, Mood.GRIM: 0.1}.get(mood, 0.15)
    brow = {Mood.SHOCKED: -0.5, Mood.GRIM: -0.18}.get(mood, -0.32)
    for side in (-1, 1):
        at = (0.38 * side, -0.05)
        _oval(draw, centre, r, at, (0.22, open_), (250, 250, 250))
        _oval(draw, centre, r, at, (0.08, 0.08), (25, 20, 20))
        inner, outer = centre[0] + 0.17 * side * r, centre[0] + 0.62 * side * r
        y = centre[1] + brow * r
        slant = 0.13 * r if mood is Mood.GRIM else -0.04 * r
        dark = mix(look.hair, (0, 0, 0), 0.4)
        draw.line([(inner, y + slant), (outer, y)], fill=dark, width=round(r * 0.09) + 1)
        if look.glasses:
            x, y = centre[0] + at[0] * r, centre[1] + at[1] * r
            frame = (x - r * 0.32, y - r * 0.27, x + r * 0.32, y + r * 0.27)
            draw.rounded_rectangle(frame, r * 0.1, outline=(20, 20, 20), width=round(r * 0.06) + 1)


def _mouth(draw: ImageDraw.ImageDraw, mood: Mood, centre: Point, r: float) -> None:
    x, y = centre[0], centre[1] + r * 0.62
    lip, pen_px = (140, 50, 50), round(r * 0.08) + 1
    match mood:
        case Mood.SHOCKED:
            _oval(draw, centre, r, (0, 0.68), (0.27, 0.36), (60, 15, 20))
            _oval(draw, centre, r, (0, 0.86), (0.17, 0.13), (200, 80, 90))
        case Mood.SPEAKING:
            _oval(draw, centre, r, (0, 0.62), (0.3, 0.18), (70, 20, 25))
            draw.rectangle(
                (x - r * 0.2, y - r * 0.16, x + r * 0.2, y - r * 0.07), fill=(245, 245, 240)
            )
        case Mood.SMILING:
            box = (x - r * 0.42, y - r * 0.35, x + r * 0.42, y + r * 0.25)
            draw.chord(box, 10, 170, (250, 250, 245), lip, pen_px)
        case Mood.GRIM:
            draw.arc((x - r * 0.35, y, x + r * 0.35, y + r * 0.4), 200, 340, lip, pen_px)
        case Mood.CALM:
            draw.line([(x - r * 0.3, y), (x + r * 0.3, y)], fill=lip, width=pen_px)
