"""The colours of charts: enough of them, and seen on both grounds."""

from itertools import pairwise

import pytest

from core.theme import CHART_INK, THEME
from labeling.views.progress_charts import N_NAMED


def lightness(colour: str) -> float:
    """Relative luminance, as WCAG has it."""
    shares = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (s / 12.92 if s <= 0.04 else ((s + 0.055) / 1.055) ** 2.4 for s in shares)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((lightness(one), lightness(other)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_what_charts_draw_is_seen_on_its_ground(scheme: str) -> None:
    ground = str(THEME[f"theme.{scheme}.backgroundColor"])
    colours = list(THEME[f"theme.{scheme}.chartCategoricalColors"])
    assert contrast(CHART_INK[scheme], ground) >= 4.5
    assert min(contrast(colour, ground) for colour in colours) >= 3
    assert len(set(colours)) == N_NAMED + 1  # one for everybody else
    assert all(contrast(one, other) >= 1.15 for one, other in pairwise(colours))
