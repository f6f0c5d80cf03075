"""Memes with words on them that tests draw: legible to the reader, on templates of the demo's."""

import io

from PIL import Image, ImageDraw

from demo.drawing.lettering import Capitals, outlined
from demo.drawing.top_bottom_text import template

STYLE = Capitals(squeeze=0.75, height=0.12)


def captioned(seed: int, above: str, below: str = "") -> Image.Image:
    """A meme on the template that a seed stands for: outlined capitals above and below."""
    image = template(seed)
    outlined(image, above, 0, STYLE)
    outlined(image, below, 1, STYLE)
    return image


def jpeg(image: Image.Image, quality: int = 88) -> bytes:
    """The image as a file."""
    out = io.BytesIO()
    image.save(out, "JPEG", quality=quality)
    return out.getvalue()


def with_sticker(image: Image.Image, at: tuple[float, float]) -> Image.Image:
    """A round yellow face over it; its centre, as shares of the sides."""
    image = image.copy()
    r = min(image.size) * 0.1
    x, y = at[0] * image.width, at[1] * image.height
    pen = ImageDraw.Draw(image)
    pen.ellipse((x - r, y - r, x + r, y + r), fill="#ffcc22", outline="#b8860b", width=2)
    pen.ellipse((x - r / 2, y - r / 3, x - r / 4, y), fill="black")
    pen.ellipse((x + r / 4, y - r / 3, x + r / 2, y), fill="black")
    return image


def screenshot(image: Image.Image) -> Image.Image:
    """A phone's screen with the image in a post."""
    width = 720
    meme = image.resize((width, round(width * image.height / image.width)))
    screen = Image.new("RGB", (width, meme.height + 640), "white")
    pen = ImageDraw.Draw(screen)
    pen.text((24, 12), "12:30", "black", font_size=22)
    pen.text((24, 90), "somebody.posts", "black", font_size=28)
    pen.text((24, 150), "this is so true", "black", font_size=28)
    screen.paste(meme, (0, 220))
    pen.text((24, meme.height + 250), "Like   Comment   Share", "#555", font_size=28)
    return screen


def with_bar(image: Image.Image, text: str) -> Image.Image:
    """White above the image with words on it, as of a caption of today."""
    height = image.width // 5
    whole = Image.new("RGB", (image.width, image.height + height), "white")
    whole.paste(image, (0, height))
    ImageDraw.Draw(whole).text((10, height // 4), text, "black", font_size=image.width // 12)
    return whole
