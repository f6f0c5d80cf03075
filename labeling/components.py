"""The parts of the pages that run in the browser: each loads a module of labeling/browser/."""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, Final

from core import browser

__all__ = ["component"]

_BROWSER: Final = Path(__file__).with_name("browser")


@cache
def component(name: str, *, like: str | None = None) -> Callable[..., Any]:
    """What puts the component of this name on a page; its module gets the data.

    It looks like that other component, but for what its own style sheet says.
    """
    sheets = ("shared", like, name) if like else ("shared", name)
    return browser.component(_BROWSER, name, *sheets)
