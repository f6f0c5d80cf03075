"""Draws the window: Streamlit runs memeEraML.py, and that this, for each page.

Text that was crawled goes through the component's text nodes or `st.text` alone.
"""

from typing import Final

import streamlit as st

from app.classify_page import draw as draw_classify
from app.model_page import draw as draw_model
from app.running import running
from core.errors import MemeEraError

__all__ = ["draw"]

_STYLE: Final = """
<style>
  .stMainBlockContainer { padding: 4.2rem clamp(0.8rem, 4vw, 3rem) 2rem; max-width: 78rem; }
</style>
"""


def draw() -> None:
    """Draw the page that is asked for."""
    st.set_page_config(page_title="memeEra", page_icon="🖼️", layout="wide")
    st.html(_STYLE)
    try:
        service = running()
        settings, version = service.settings, service.version
        pages = [
            st.Page(lambda: draw_classify(settings, version), title="Classify", default=True),
            st.Page(lambda: draw_model(settings, version), title="Model", url_path="model"),
        ]
        st.navigation(pages, position="top").run()
    except MemeEraError as error:
        st.error("There is nothing to answer with:")
        st.text(str(error))
