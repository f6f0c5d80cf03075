"""The parts of the pages that run in the browser: each loads a module of labeling/browser/."""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, Final

import streamlit as st

__all__ = ["component"]

_BROWSER: Final = Path(__file__).with_name("browser")

# The component's own code has no address that a module could be imported from by a relative path.
_LOADER: Final = """
export default async (component) => {
  const url = new URL(`${component.data.base}/browser/%s.js`, window.location.href);
  return (await import(url.href)).default(component);
};
"""


@cache
def component(name: str, *, like: str | None = None) -> Callable[..., Any]:
    """What puts the component of this name on a page; its module gets the data.

    It looks like that other component, but for what its own style sheet says.
    """
    sheets = ("shared", like, name) if like else ("shared", name)
    return st.components.v2.component(
        f"memeera_{name}",
        html=_text(f"{name}.html"),
        css="".join(_text(f"{sheet}.css") for sheet in sheets),
        js=_LOADER % name,
    )


def _text(name: str) -> str:
    return (_BROWSER / name).read_text(encoding="utf-8")
