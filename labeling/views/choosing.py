"""What several pages ask: which memes, and what can be said of them."""

from dataclasses import asdict
from typing import Any, Final

import streamlit as st

from core.genres import GENRES
from db.models import Verdict
from db.worklist import Filters, Sources, sources
from labeling.opened import Opened

__all__ = [
    "GENRE_DATA",
    "GENRE_NAMES",
    "GREATEST_ID",
    "OTHER_DATA",
    "choose_memes",
    "choose_page",
    "there_is_something",
]

GREATEST_ID: Final = 2**53 - 1
"""The greatest number that a browser can tell from the next."""

GENRE_NAMES: Final = {genre.key: genre.name for genre in GENRES}

GENRE_DATA: Final[list[dict[str, Any]]] = [asdict(genre) for genre in GENRES]
"""The genres as the components get them."""

OTHER_DATA: Final[list[dict[str, str]]] = [
    {"key": verdict, "name": name, "definition": definition}
    for verdict, name, definition in (
        (Verdict.UNSURE, "Unsure", "It is a meme, but nobody could say which."),
        (Verdict.NOT_A_MEME, "Not a meme", "An advertisement, a logo, a plain photo."),
        (Verdict.SKIP, "Skip", "Leave it to somebody else."),
    )
]
"""The other answers."""

_HOW_TO_COLLECT: Final = """\
python -m crawler run lemmy --community memes
python -m crawler import FOLDER
"""


def there_is_something(collection: Opened) -> Sources | None:
    """What there is to choose from; None: nothing, and the page says how to change that."""
    there = _sources(collection)
    if there.n_memes:
        return there
    st.info("There are no memes yet. Collect some, then reload this page:")
    st.code(_HOW_TO_COLLECT, language="shell")
    return None


def choose_memes(there: Sources) -> Filters:
    """Which memes this person wants."""
    with st.popover("Which memes"):
        source = st.selectbox("Source", there.sources, index=None, placeholder="all")
        community = st.selectbox("Community", there.communities, index=None, placeholder="all")
        first, last = st.columns(2)
        year_low = first.number_input("From year", 1900, 9999, None, placeholder="any")
        year_high = last.number_input("To year", 1900, 9999, None, placeholder="any")
        words = st.text_input("Words in the picture or title", max_chars=200)
        suggested = st.selectbox(
            "The model says",
            list(GENRE_NAMES),
            index=None,
            placeholder="anything",
            format_func=GENRE_NAMES.__getitem__,
        )
    return Filters(source, community, year_low, year_high, words.strip(), suggested)


def choose_page(key: str, n: int, at_a_time: int) -> int:
    """How many of a list of n come before the page that this person is on."""
    n_pages = -(-n // at_a_time)
    if n_pages <= 1:
        return 0
    key = f"{key}-page"
    if st.session_state.get(key, 1) > n_pages:  # the list is shorter now
        st.session_state[key] = n_pages
    page = st.number_input(f"Page, of {n_pages:,}", 1, n_pages, key=key, width=160)
    return (page - 1) * at_a_time


@st.cache_data(ttl=60, hash_funcs={Opened: id}, show_spinner=False)
def _sources(collection: Opened) -> Sources:
    with collection.database.reading() as session:
        return sources(session)
