"""Small print that everybody can read."""

import streamlit as st

__all__ = ["note"]


def note(text: str) -> None:
    """Draw it; of our own words alone, for it is Markdown.

    `st.caption` is paler than WCAG allows: 4.5 to 1 (its 1.4.3).
    """
    st.markdown(f":small[{text}]")
