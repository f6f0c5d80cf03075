"""The Duplicates page: what was taken for one meme, or for one family, and people's word on it."""

from collections.abc import Sequence
from typing import Any, Final

import streamlit as st
from sqlalchemy.orm import Session

from db.duplicates import Duplicate, Which, duplicates, n_duplicates
from db.models import DecidedBy
from db.places import Place, first_places
from db.templates import Family, Member, families, members, n_families, n_members
from labeling.components import component
from labeling.opened import Opened
from labeling.views.choosing import GREATEST_ID, choose_page, there_is_something
from labeling.views.noting import note

__all__ = ["draw"]

_REPOSTS_AT_A_TIME: Final = 25
_FAMILIES_AT_A_TIME: Final = 10
_OF_EACH_FAMILY: Final = 24  # memes, where several families are on the page
_MEMBERS_AT_A_TIME: Final = 200  # where one is
_PLACES: Final = 2  # told of each file

_DECIDED_BY: Final = {
    DecidedBy.BITS: "hashes alone",
    DecidedBy.PIXELS: "pixels",
    DecidedBy.WORDS: "words in the pictures",
    DecidedBy.PERSON: "a person",
}


def draw(collection: Opened, annotator: str) -> None:
    """Draw it for one person."""
    if there_is_something(collection) is None:
        return
    st.text(annotator)
    with collection.database.reading() as session:
        n_reposts, n_of_templates = n_duplicates(session), n_families(session)
    reposts, of_templates = st.tabs(
        [f"Reposts ({n_reposts:,})", f"Families ({n_of_templates:,})"],
        on_change="rerun",  # what is not looked at is not fetched
    )
    if reposts.open:
        with reposts:
            _reposts(collection, annotator)
    if of_templates.open:
        with of_templates:
            _families(collection, annotator, n_of_templates)


def _reposts(collection: Opened, annotator: str) -> None:
    note(
        "Files that were taken for a meme seen before; the least sure first. The score tells how "
        "unlike they are where they differ most: 0 not at all, 1 as black and white."
    )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        by = st.selectbox(
            "Decided by",
            list(_DECIDED_BY),
            index=None,
            placeholder="anything",
            format_func=_DECIDED_BY.__getitem__,
            width=220,
        )
        low = st.number_input("Score from", 0.0, 1.0, None, 0.01, placeholder="any", width=140)
        high = st.number_input("Score to", 0.0, 1.0, None, 0.01, placeholder="any", width=140)
        which = Which(by, low, high)
        with collection.database.reading() as session:
            n = n_duplicates(session, which)
            at = choose_page("reposts", n, _REPOSTS_AT_A_TIME)
            rows = list(
                duplicates(session, limit=_REPOSTS_AT_A_TIME, offset=at, which=which) if n else ()
            )
            files = [one.sha256 for one in rows] + [one.meme_sha256 for one in rows]
            places = first_places(session, files, _PLACES)
    if not rows:
        st.info("No file of this kind was taken for a meme that was there.")
        return
    data: dict[str, Any] = collection.browser_data(annotator) | {
        "pairs": [_pair(one, places) for one in rows]
    }
    component("reposts", like="review")(key="reposts", data=data)


def _pair(one: Duplicate, places: dict[str, list[Place]]) -> dict[str, Any]:
    return {
        "decision_id": one.decision_id,
        "meme_id": one.meme_id,
        "meme_sha256": one.meme_sha256,
        "meme_lines": _told(places.get(one.meme_sha256, [])),
        "sha256": one.sha256,
        "lines": _told(places.get(one.sha256, [])),
        "about": _about(one),
    }


def _about(one: Duplicate) -> list[str]:
    by = _DECIDED_BY.get(DecidedBy(one.by), one.by) if one.by else "nobody recorded why"
    when = f"{one.decided_at:%Y-%m-%d}" if one.decided_at else ""
    score = "" if one.score is None else f"score {one.score:.3f}"
    return [line for line in (score, f"decided by {by}", when) if line]


def _told(places: Sequence[Place]) -> list[str]:
    """A line of each place, and how many more there are."""
    lines = []
    for place in places:
        when = f"{place.posted_at:%Y-%m-%d}" if place.posted_at else ""
        where = " · ".join(filter(None, [place.community or place.source, when]))
        lines += [where, place.title or place.address]
    more = places[0].n_places - len(places) if places else 0
    return [*lines, f"and {more} more"] if more else lines


def _families(collection: Opened, annotator: str, n: int) -> None:
    note(
        "Memes on one template, which training keeps on one side; the largest families first. "
        "Choose memes, then say: they are the same meme, not of this family, or their families are "
        "one. No machine says otherwise afterwards. Under each: its number, and how unlike it is "
        "the one by which it came into the family."
    )
    if not n:
        st.info("No two memes are of one family yet.")
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        only = st.number_input(
            "Only family", 1, GREATEST_ID, None, placeholder="all families", width=180
        )
        with collection.database.reading() as session:
            found = _all(session, n) if only is None else _one(session, only)
    if not found:
        st.info("There is no family of this number; it may be one with another by now.")
        return
    data: dict[str, Any] = collection.browser_data(annotator) | {"families": found}
    component("families", like="grid")(key="families", data=data)


def _all(session: Session, n: int) -> list[dict[str, Any]]:
    at = choose_page("families", n, _FAMILIES_AT_A_TIME)
    some = list(families(session, limit=_FAMILIES_AT_A_TIME, offset=at))
    return [_family(one, list(members(session, one.id, limit=_OF_EACH_FAMILY))) for one in some]


def _family(one: Family, some: Sequence[Member]) -> dict[str, Any]:
    shown = f", {len(some)} here" if len(some) < one.n_memes else ""
    heading = f"Family {one.id}: {one.n_memes:,} memes{shown}, seen {one.n_sightings:,} times"
    return _data(one.id, heading, some)


def _one(session: Session, template_id: int) -> list[dict[str, Any]]:
    n = n_members(session, template_id)
    at = choose_page("members", n, _MEMBERS_AT_A_TIME)
    some = list(members(session, template_id, limit=_MEMBERS_AT_A_TIME, offset=at))
    return [_data(template_id, f"Family {template_id}: {n:,} memes", some)] if some else []


def _data(template_id: int, heading: str, some: Sequence[Member]) -> dict[str, Any]:
    return {
        "template_id": template_id,
        "heading": heading,
        "members": [
            {
                "meme_id": one.meme_id,
                "sha256": one.sha256,
                "note": str(one.meme_id)
                if one.score is None
                else f"{one.meme_id} · {one.score:.2f}",
            }
            for one in some
        ],
    }
