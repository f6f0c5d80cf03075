"""The window's colours: paper and ink, by day and by night."""

from typing import Final

__all__ = ["PAGE_STYLE", "THEME"]

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

_NAMES: Final = {
    "accent": "primaryColor",
    "ground": "backgroundColor",
    "panel": "secondaryBackgroundColor",
    "ink": "textColor",
}


def _variables(scheme: str) -> str:
    return "".join(f"--{name}:{THEME[f'theme.{scheme}.{key}']};" for name, key in _NAMES.items())


PAGE_STYLE: Final = (
    f":root{{{_variables('light')}}}"
    f"@media(prefers-color-scheme:dark){{:root{{{_variables('dark')}}}}}"
    "body{font:16px/1.6 system-ui,sans-serif;background:var(--ground);color:var(--ink)}"
)
"""What a page that Streamlit does not draw begins its style with: the same colours, by name."""
