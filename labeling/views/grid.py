"""The Grid page: many memes that are alike, and one key for all that are chosen."""

from dataclasses import asdict, replace
from enum import StrEnum
from typing import Any, Final

import streamlit as st

from core.settings import Settings
from db.models import Verdict
from db.worklist import Filters, Overlap, Sources, open_families
from labeling.components import component
from labeling.opened import Opened
from labeling.views.choosing import (
    GENRE_DATA,
    GENRE_NAMES,
    OTHER_DATA,
    choose_memes,
    there_is_something,
)

__all__ = ["draw"]

_N_FAMILIES: Final = 200  # to choose from, the largest


class _By(StrEnum):
    """What the memes of a page have in common."""

    FAMILY = "Family"
    GENRE = "What the model says"
    COMMUNITY = "Community"


def draw(collection: Opened, annotator: str) -> None:
    """Draw it for one person."""
    if (there := there_is_something(collection)) is None:
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.text(annotator, width="content")
        by = st.segmented_control("Together", list(_By), default=_By.FAMILY, required=True)
        alike = _alike(collection, _By(by), there)
        filters = choose_memes(there)
    if alike is None:
        return
    chosen = {key: value for key, value in asdict(alike).items() if value}
    data: dict[str, Any] = collection.browser_data(annotator) | {
        "genres": GENRE_DATA,
        "others": [one for one in OTHER_DATA if one["key"] != Verdict.SKIP],
        "filters": asdict(replace(filters, **chosen)),
        # Who sees memes sorted by what a model says knows what it says.
        "shows_suggestion": by == _By.GENRE or filters.suggested is not None,
    }
    component("grid")(key="grid", data=data)


def _alike(collection: Opened, by: _By, there: Sources) -> Filters | None:
    """What the memes are to have in common; None: there is nothing of the kind, and it says so."""
    match by:
        case _By.GENRE:
            genre = st.selectbox("Genre", list(GENRE_NAMES), format_func=GENRE_NAMES.__getitem__)
            return Filters(suggested=genre)
        case _By.COMMUNITY:
            if not there.communities:
                st.info("No meme here was seen in a community.")
                return None
            return Filters(community=st.selectbox("Community", there.communities))
    families = _families(collection)
    if not families:
        st.info("No template has several memes that want an answer.")
        return None
    template_id = st.selectbox(
        "Family",
        list(families),
        format_func=lambda one: f"Family {one}: {families[one]} open",
    )
    return Filters(template_id=template_id)


@st.cache_data(ttl=10, hash_funcs={Opened: id}, show_spinner=False)
def _families(collection: Opened) -> dict[int, int]:
    settings = Settings.load()
    overlap = Overlap(settings.overlap_share, settings.overlap_votes)
    with collection.database.reading() as session:
        return open_families(session, overlap, _N_FAMILIES)
