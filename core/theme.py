"""The colours of both windows: paper and ink, by day and by night."""

from collections.abc import Mapping
from typing import Final

__all__ = ["CHART_INK", "THEME"]

THEME: Final[Mapping[str, str | list[str]]] = {
    "theme.light.primaryColor": "#a8113a",
    "theme.light.backgroundColor": "#faf8f4",
    "theme.light.secondaryBackgroundColor": "#efeae0",
    "theme.light.textColor": "#1c1a17",
    "theme.light.borderColor": "#cfc6b8",
    "theme.light.redTextColor": "#a8113a",
    "theme.light.linkColor": "#7d0f2e",
    "theme.dark.primaryColor": "#ff8fa9",
    "theme.dark.backgroundColor": "#171512",
    "theme.dark.secondaryBackgroundColor": "#26221d",
    "theme.dark.textColor": "#f1ece4",
    "theme.dark.borderColor": "#4b443b",
    "theme.dark.redTextColor": "#ff8fa9",
    "theme.light.blueColor": "#8a6d3b",
    "theme.light.blueBackgroundColor": "#efeae0",
    "theme.light.blueTextColor": "#5c4526",
    "theme.dark.linkColor": "#ffb3c4",
    "theme.dark.blueColor": "#d9b98a",
    "theme.dark.blueBackgroundColor": "#26221d",
    "theme.dark.blueTextColor": "#ecd3ab",
    "theme.light.chartCategoricalColors": [
        *("#a8113a", "#b9751a", "#1f6a6e", "#c65f7b", "#3a5f9e"),
        *("#66812f", "#6a4a93", "#9a7b4a", "#5c4526", "#857d71"),
    ],
    "theme.dark.chartCategoricalColors": [
        *("#ff8fa9", "#b98a3f", "#58b0ad", "#cc5f7a", "#84a9e2"),
        *("#a8c069", "#b392e0", "#a88a5c", "#b0764f", "#9d9486"),
    ],
}
"""As Streamlit's settings; words on their ground reach 4.5 to 1 (WCAG 1.4.3), bars of charts 3 to 1
(1.4.11), and neighbours among those differ in lightness as well as in hue."""

CHART_INK: Final[Mapping[str, str]] = {"light": "#5c554b", "dark": "#b9b0a3"}
"""Of the words in charts, which Streamlit leaves paler than 4.5 to 1 by day."""
