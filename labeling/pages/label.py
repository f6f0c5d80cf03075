"""The Label page: one meme at a time, one key an answer."""

from dataclasses import asdict
from typing import Any, Final

import streamlit as st

from core.genres import GENRES
from db.models import Verdict
from db.worklist import Filters, Sources, sources
from labeling.components import component
from labeling.opened import Opened

__all__ = ["draw"]

_OTHERS: Final = (
    (Verdict.UNSURE, "Unsure", "It is a meme, but nobody could say which."),
    (Verdict.NOT_A_MEME, "Not a meme", "An advertisement, a logo, a plain photo."),
    (Verdict.SKIP, "Skip", "Leave it to somebody else."),
)
_HOW_TO_COLLECT: Final = """\
python -m crawler run lemmy --community memes
python -m crawler import FOLDER
"""


def draw(collection: Opened, annotator: str) -> None:
    """Draw it for one person."""
    there = _sources(collection)
    if not there.n_memes:
        st.info("There are no memes yet. Collect some, then reload this page:")
        st.code(_HOW_TO_COLLECT, language="shell")
        return
    data: dict[str, Any] = collection.browser_data(annotator) | {
        "genres": [asdict(genre) for genre in GENRES],
        "others": [
            {"key": verdict, "name": name, "definition": definition}
            for verdict, name, definition in _OTHERS
        ],
        "filters": asdict(_filters(annotator, there)),
    }
    component("label")(key="label", data=data)


def _filters(annotator: str, there: Sources) -> Filters:
    """Which memes this person wants."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.text(annotator, width="content")
        with st.popover("Which memes"):
            source = st.selectbox("Source", there.sources, index=None, placeholder="all")
            community = st.selectbox("Community", there.communities, index=None, placeholder="all")
            first, last = st.columns(2)
            year_low = first.number_input("From year", 1900, 9999, None, placeholder="any")
            year_high = last.number_input("To year", 1900, 9999, None, placeholder="any")
            words = st.text_input("Words in the picture or title", max_chars=200)
            suggested = st.selectbox(
                "The model says",
                [genre.key for genre in GENRES],
                index=None,
                placeholder="anything",
                format_func={genre.key: genre.name for genre in GENRES}.__getitem__,
            )
    return Filters(source, community, year_low, year_high, words.strip(), suggested)


@st.cache_data(ttl=60, hash_funcs={Opened: id}, show_spinner=False)
def _sources(collection: Opened) -> Sources:
    with collection.database.reading() as session:
        return sources(session)
