"""The colours of both windows: paper and ink, by day and by night."""

from collections.abc import Mapping
from typing import Final

__all__ = ["THEME"]

THEME: Final[Mapping[str, str]] = {
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
}
"""As Streamlit's settings; words on their ground reach 4.5 to 1 (WCAG 1.4.3)."""
