"""Memes about politics in a country that does not exist: flags, podiums, parties, slogans."""

import random

from PIL import Image, ImageDraw, ImageOps

from demo.drawing.fonts import Face, font
from demo.drawing.lettering import Capitals, outlined, paragraph
from demo.drawing.paint import BLACK, WHITE, any_colour, grain, mix, vertical_gradient
from demo.drawing.people import Mood, any_look, bust
from demo.drawing.politics import PARTIES, Party, flag, hall, podium
from demo.drawing.wording import SLOTS, surname

_TITLES = ("Senator", "President", "Minister", "Mayor", "Governor")
_SLOGANS = (
    "forward, sideways", "{x} you can trust", "vote {x}", "{x} for everyone", "make lunch longer",
    "no new taxes on {x}", "yes, probably", "stronger {x} now", "a {x} in every home",
)  # fmt: skip
_SETUPS = (
    ("promises {x}", "raises taxes"), ("when the {p}", "wins by one vote"),
    ("election year", "suddenly likes {x}"), ("the {p} after 4 years", "nobody mentions {x}"),
    ("asked about the budget", "talks about {x}"),
    ("they called it democracy", "but nobody got {x}"),
    ("vote for me", "and i will fix {x}"), ("voters wanted {x}", "got a committee"),
)  # fmt: skip
_DEEDS = ("denies", "discovers", "bans", "apologises to", "debates")
_TOPICS = ("bridges", "bread", "trains", "the budget", "pensions", "potholes", "borders", "ballots")


def draw(rng: random.Random) -> Image.Image:
    """One of the forms that political jokes take."""
    form = rng.choice((_speech, _speech, _poster, _debate, _news, _parliament, _macro, _macro))
    width = rng.randint(340, 600)
    return form(width, rng)


def _speech(width: int, rng: random.Random) -> Image.Image:
    """Somebody at a podium before flags, with a line of text or none."""
    size = (width, round(width * rng.uniform(0.65, 1.0)))
    party = rng.choice(PARTIES)
    canvas = hall((size[0] * 2, size[1] * 2), party, rng)
    pen = ImageDraw.Draw(canvas)
    w, h = canvas.size
    bust(
        pen,
        any_look(rng, formal=True),
        rng.choice((Mood.SPEAKING, Mood.GRIM, Mood.SMILING)),
        (w / 2, h * 0.36),
        h * 0.15,
    )
    podium(pen, (w, h), party)
    image = grain(canvas.reduce(2), rng, 8)
    if rng.random() < 0.7:
        topic = rng.choice(_TOPICS)
        outlined(
            image,
            _filled(rng.choice(_SLOGANS), topic, party),
            rng.choice((0.0, 1.0)),
            _letters(rng),
        )
    return image


def _macro(width: int, rng: random.Random) -> Image.Image:
    """The image macro with politics as its subject."""
    size = (width, round(width * rng.uniform(0.7, 1.1)))
    party, topic = rng.choice(PARTIES), rng.choice(_TOPICS)
    ground = (
        flag((size[0] * 2, size[1] * 2), rng)
        if rng.random() < 0.6
        else hall((size[0] * 2, size[1] * 2), party, rng)
    )
    r = min(ground.size) * rng.uniform(0.2, 0.25)
    bust(
        ImageDraw.Draw(ground),
        any_look(rng, formal=True),
        rng.choice(tuple(Mood)),
        (ground.width / 2, ground.height * 0.47),
        r,
    )
    image = grain(ground.reduce(2), rng, 8)
    style = _letters(rng)
    for y, text in zip((0.0, 1.0), rng.choice(_SETUPS), strict=True):
        outlined(image, _filled(text, topic, party), y, style)
    return image


def _poster(width: int, rng: random.Random) -> Image.Image:
    """A campaign poster in a few flat inks."""
    height = round(width * rng.uniform(1.1, 1.4))
    party = rng.choice(PARTIES)
    canvas = vertical_gradient((width * 2, height * 2), WHITE, (120, 120, 120))
    r = width * 0.42
    bust(
        ImageDraw.Draw(canvas),
        any_look(rng, formal=True),
        rng.choice((Mood.CALM, Mood.SMILING)),
        (width, height * 0.75),
        r,
    )
    dark, other = mix(party.colour, BLACK, 0.5), rng.choice(PARTIES).colour
    grey = ImageOps.posterize(canvas.reduce(2).convert("L"), 2)
    image = ImageOps.colorize(grey, dark, (250, 235, 205), mid=mix(party.colour, other, 0.4))
    band = round(height * 0.2)
    image.paste(party.colour, (0, height - band, width, height))
    words = rng.choice(
        ("HOPE-ISH", "MAYBE", "FORWARD", "TRUST", "EVENTUALLY", surname(rng).upper())
    )
    style = Capitals(squeeze=0.9, height=0.17, outline=party.colour)
    outlined(image, words, 0.97, style)
    return image


def _debate(width: int, rng: random.Random) -> Image.Image:
    """Two candidates, two colours."""
    size = (width, round(width * rng.uniform(0.55, 0.8)))
    canvas = Image.new("RGB", (size[0] * 2, size[1] * 2))
    parties = rng.sample(PARTIES, 2)
    for i, party in enumerate(parties):
        half = vertical_gradient(
            (size[0], size[1] * 2), party.colour, mix(party.colour, BLACK, 0.5)
        )
        pen = ImageDraw.Draw(half)
        bust(
            pen,
            any_look(rng, formal=True),
            rng.choice(tuple(Mood)),
            (size[0] / 2, size[1] * 0.85),
            size[0] * 0.24,
        )
        canvas.paste(half, (i * size[0], 0))
    image = canvas.reduce(2)
    pen = ImageDraw.Draw(image)
    face = font(Face.SANS_BOLD, max(11, width // 26))
    pen.rectangle((0, size[1] * 0.78, *size), fill=(15, 15, 25))
    for i, party in enumerate(parties):
        label = f"{rng.choice(_TITLES)} {surname(rng)}\n{party.name}"
        paragraph(pen, (i * width / 2, size[1] * 0.8), label, face, width / 2, WHITE, centred=True)
    outlined(
        image, rng.choice(("who wins?", "debate night", "choose", "same picture")), 0, _letters(rng)
    )
    return image


def _news(width: int, rng: random.Random) -> Image.Image:
    """A news programme with a line that no news programme would run."""
    size = (width, round(width * 0.6))
    party = rng.choice(PARTIES)
    canvas = hall((size[0] * 2, size[1] * 2), party, rng)
    bust(
        ImageDraw.Draw(canvas),
        any_look(rng, formal=True),
        Mood.SPEAKING,
        (canvas.width * 0.5, canvas.height * 0.38),
        canvas.height * 0.19,
    )
    image = canvas.reduce(2)
    pen = ImageDraw.Draw(image)
    y, unit = size[1] * 0.74, width / 26
    pen.rectangle((0, y, width, size[1]), fill=rng.choice((WHITE, (20, 30, 80))))
    pen.rectangle((0, y - unit * 1.4, width * 0.42, y), fill=(190, 20, 25))
    pen.text(
        (unit * 0.6, y - unit * 1.25),
        "BREAKING NEWS",
        font=font(Face.SANS_BOLD, round(unit * 1.05)),
        fill=WHITE,
    )
    ink = BLACK if sum(_pixel(image, (width - 3, size[1] - 3))) > 400 else WHITE
    who = f"{rng.choice(_TITLES)} {surname(rng)} ({party.name})"
    line = f"{who} {rng.choice(_DEEDS)} {rng.choice(SLOTS['thing'])}"
    paragraph(
        pen,
        (unit * 0.6, y + unit * 0.4),
        line,
        font(Face.SANS_BOLD, round(unit * 1.1)),
        width - unit,
        ink,
    )
    return image


def _parliament(width: int, rng: random.Random) -> Image.Image:
    """The building with columns and a flag on it, and a caption."""
    size = (width, round(width * rng.uniform(0.6, 0.85)))
    w, h = size[0] * 2, size[1] * 2
    canvas = vertical_gradient((w, h), any_colour(rng, (0.2, 0.6), (0.6, 0.95)), (235, 235, 240))
    pen = ImageDraw.Draw(canvas)
    stone = mix((235, 230, 215), any_colour(rng), 0.1)
    dark = mix(stone, BLACK, 0.35)
    pen.rectangle((0, h * 0.8, w, h), fill=any_colour(rng, (0.3, 0.6), (0.35, 0.55)))
    if rng.random() < 0.6:
        pen.chord((w * 0.38, h * 0.18, w * 0.62, h * 0.62), 180, 360, stone, dark, 4)
    pen.polygon([(w * 0.12, h * 0.48), (w * 0.88, h * 0.48), (w * 0.5, h * 0.3)], stone, dark, 4)
    pen.rectangle((w * 0.14, h * 0.48, w * 0.86, h * 0.82), fill=dark)
    n_columns = rng.randint(5, 9)
    for i in range(n_columns):
        x = w * (0.16 + 0.68 * (i + 0.5) / n_columns)
        pen.rectangle((x - w * 0.022, h * 0.5, x + w * 0.022, h * 0.8), fill=stone)
    pen.rectangle((w * 0.1, h * 0.8, w * 0.9, h * 0.84), fill=stone)
    pole = w * rng.choice((0.5, 0.12, 0.88))
    pen.line([(pole, h * 0.05), (pole, h * 0.3)], fill=(90, 90, 90), width=8)
    canvas.paste(flag((w // 6, h // 8), rng), (round(pole), round(h * 0.05)))
    image = grain(canvas.reduce(2), rng, 8)
    above, below = rng.choice(_SETUPS)
    topic, party, style = rng.choice(_TOPICS), rng.choice(PARTIES), _letters(rng)
    outlined(image, _filled(above, topic, party), 0, style)
    outlined(image, _filled(below, topic, party), 1, style)
    return image


def _letters(rng: random.Random) -> Capitals:
    return Capitals(squeeze=rng.uniform(0.66, 0.85), height=rng.uniform(0.09, 0.13))


def _filled(text: str, topic: str, party: Party) -> str:
    return text.replace("{x}", topic).replace("{p}", party.name)


def _pixel(image: Image.Image, at: tuple[int, int]) -> tuple[int, ...]:
    value = image.getpixel(at)
    assert isinstance(value, tuple)
    return tuple(int(v) for v in value)
