"""What the windows send to browsers: modules of ours, parts of pages, the collection's pictures."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from starlette.responses import Response
from starlette.staticfiles import StaticFiles

__all__ = ["EXAMPLES", "PICTURE_HEADERS", "Modules", "component"]

EXAMPLES: Final = Path(__file__).with_name("examples")
"""The folder of one drawn meme of each genre, GENRE.jpg, for where there is no real one yet."""

# What is crawled is shown as a picture and as nothing else, whatever it holds.
PICTURE_HEADERS: Final[Mapping[str, str]] = {
    "Cache-Control": "private, max-age=31536000, immutable",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}
"""Of an answer that is a picture, by the hash of its bytes."""

# The component's own code has no address that a module could be imported from by a relative path.
_LOADER: Final = """
export default async (component) => {
  const url = new URL(`${component.data.base}/browser/%s.js`, window.location.href);
  return (await import(url.href)).default(component);
};
"""


class Modules(StaticFiles):
    """The pages' own JavaScript; browsers ask each time whether it is still the same."""

    def file_response(self, *args: Any, **kwargs: Any) -> Response:
        """As Starlette has it."""
        response = super().file_response(*args, **kwargs)
        response.headers["Cache-Control"] = "no-cache"
        return response


def component(folder: Path, name: str, *sheets: str) -> Callable[..., Any]:
    """What puts a part on a Streamlit page that runs in the browser; call it once for each part.

    Its module gets the data; `base` in it says under which address `Modules` serves the folder, as
    BASE/browser.

    Args:
        folder: has NAME.html, NAME.js, and the style sheets.
        name: of the part.
        sheets: the style sheets, without .css, in their order.
    """
    import streamlit as st  # a second to load, for those who serve

    return st.components.v2.component(
        f"memeera_{name}",
        html=(folder / f"{name}.html").read_text(encoding="utf-8"),
        css="".join((folder / f"{sheet}.css").read_text(encoding="utf-8") for sheet in sheets),
        js=_LOADER % name,
    )
