"""The window's colours: paper and ink, by day and by night."""

from typing import Final

__all__ = ["THEME"]

THEME: Final = {
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
    "theme.dark.linkColor": "#ffb3c4",
}
"""As Streamlit's settings; words on their ground reach 4.5 to 1 (WCAG 1.4.3)."""
