"""The typefaces: what the installed packages carry, so that no system font is needed."""

from enum import StrEnum
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

from PIL import ImageFont


class Face(StrEnum):
    """A typeface by its file name."""

    SANS = "DejaVuSans.ttf"
    SANS_BOLD = "DejaVuSans-Bold.ttf"
    SANS_OBLIQUE = "DejaVuSans-Oblique.ttf"
    MONO = "DejaVuSansMono.ttf"
    SERIF = "DejaVuSerif.ttf"
    SERIF_BOLD = "DejaVuSerif-Bold.ttf"
    TIMES = "STIXGeneral.ttf"
    TIMES_BOLD = "STIXGeneralBol.ttf"


@lru_cache(maxsize=512)
def font(face: Face, size_px: int) -> ImageFont.FreeTypeFont:
    """The typeface at a size; Pillow's own one where the plotting package is not installed."""
    folder = _font_folder()
    if folder is not None and (folder / face).is_file():
        return ImageFont.truetype(folder / face, size_px, layout_engine=ImageFont.Layout.BASIC)
    built_in = ImageFont.load_default(size_px)
    assert isinstance(built_in, ImageFont.FreeTypeFont)  # a size always gives the outline font
    return built_in


@lru_cache(maxsize=1)
def _font_folder() -> Path | None:
    # find_spec only looks: importing the plotting package would take a third of a second
    spec = find_spec("matplotlib")
    if spec is None or spec.origin is None:
        return None
    return Path(spec.origin).parent / "mpl-data" / "fonts" / "ttf"
