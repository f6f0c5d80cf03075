"""The labeling tool: `python -m labeling` serves it. Streamlit runs this file for each page.

Text that was crawled goes through `st.text` alone: everything else reads Markdown.
"""

from collections.abc import Callable
from functools import partial

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from core.errors import MemeEraError
from core.settings import Settings
from labeling.opened import opened
from labeling.people import annotator
from labeling.views import duplicates, grid, history, label, progress, review

_STYLE = """
<style>
  .stMainBlockContainer { padding: 3.9rem 1.5rem 1rem; max-width: none; }
</style>
"""


def main() -> None:
    """Draw the page that is asked for, for whoever is labeling."""
    st.set_page_config(page_title="memeEra labeling", page_icon="🏷️", layout="wide")
    st.html(_STYLE)
    who = annotator()
    if not who:
        return
    try:
        collection = opened(Settings.load())
        pages = {
            "Label": label.draw,
            "Grid": grid.draw,
            "Review": review.draw,
            "Duplicates": duplicates.draw,
            "History": history.draw,
            "Progress": progress.draw,
        }
        st.navigation(
            [_page(title, partial(draw, collection, who)) for title, draw in pages.items()],
            position="top",
        ).run()
    except MemeEraError as error:
        st.error("The collection does not answer; reload the page to try again:")
        st.text(str(error))


def _page(title: str, draw: Callable[[], None]) -> StreamlitPage:
    return st.Page(draw, title=title, url_path=title.lower(), default=title == "Label")


if __name__ == "__main__":
    main()
