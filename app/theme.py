"""The window's colours on pages that Streamlit does not draw."""

from typing import Final

from core.theme import THEME

__all__ = ["PAGE_STYLE", "THEME"]

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
