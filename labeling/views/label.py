"""The Label page: one meme at a time, one key an answer."""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import streamlit as st

from db.years import FIRST_YEAR
from labeling.components import component
from labeling.opened import Opened
from labeling.views.choosing import GENRE_DATA, OTHER_DATA, choose_memes, there_is_something

__all__ = ["draw"]


def draw(collection: Opened, annotator: str) -> None:
    """Draw it for one person."""
    if (there := there_is_something(collection)) is None:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.text(annotator, width="content")
        filters = choose_memes(there)
    data: dict[str, Any] = collection.browser_data(annotator) | {
        "genres": GENRE_DATA,
        "others": OTHER_DATA,
        "filters": asdict(filters),
        "years": [FIRST_YEAR, datetime.now(UTC).year],
    }
    component("label")(key="label", data=data)
