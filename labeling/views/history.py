"""The History page: one meme, and all that was ever said of it."""

from datetime import datetime
from typing import Any, Final

import streamlit as st

from core.errors import MemeEraError
from core.images import thumbnail
from db.history import History, history, what_became
from db.models import DecisionRecord, MemeStatus, Prediction, Sighting, Vote
from labeling.opened import Opened
from labeling.views.choosing import GENRE_NAMES, GREATEST_ID, there_is_something
from labeling.views.noting import note

__all__ = ["draw"]

_PICTURE_PX: Final = 400
_EXPLAINED: Final = {
    "how": "By which page: label, grid or review; import: with a labelled collection; correction: "
    "a visitor of the window, which asks those who label and does not count.",
    "trust": "How far an imported label is to be trusted, as its collection says: training weighs "
    "it by that.",
    "learned from it": "Whether the model had learned from this meme or its family. Where not, "
    "the meme was held out, and what the model says of it can be compared with people's answers.",
    "score": "How unlike the two pictures are where they differ most: 0 not at all, 1 as black "
    "and white.",
}


def draw(collection: Opened, annotator: str) -> None:
    """Draw it for one person."""
    if there_is_something(collection) is None:
        return
    st.text(annotator)
    meme_id = st.number_input(
        "Meme",
        1,
        GREATEST_ID,
        None,
        key="meme",
        bind="query-params",
        width=180,
        placeholder="its number",
    )
    if meme_id is None:
        st.info("The number of a meme on the other pages leads here.")
        return
    with collection.database.reading() as session:
        found = history(session, meme_id)
        if found is not None:
            _draw(collection, found)
        elif (became := what_became(session, meme_id)) is not None:
            st.info(f"Meme {meme_id} was made a copy of meme {became}.")
        else:
            st.info(f"There is no meme {meme_id}.")


def _draw(collection: Opened, found: History) -> None:
    left, right = st.columns([1, 2], gap="medium")
    with left:
        _picture(collection, found)
        if title := next((one.title for one in found.sightings if one.title), None):
            st.text(title)
        note(f"Family {found.meme.template_id}")
    with right:
        _table("Answers", "Nobody has answered.", map(_vote, found.votes))
        _table("What models say", "No model has seen it.", map(_prediction, found.predictions))
        _table(
            "Which meme its files are",
            "Nothing is recorded of it.",
            [_decision(one, found.meme.sha256) for one in found.decisions],
        )
        _table("Where it was seen", "Nowhere.", map(_sighting, found.sightings))


def _picture(collection: Opened, found: History) -> None:
    if found.meme.status == MemeStatus.REMOVED:
        st.info("It is gone everywhere it was seen: its file was deleted.")
        return
    try:
        data = collection.media.get(found.meme.sha256, found.meme.format)
        st.image(thumbnail(data, _PICTURE_PX, whole=True), alt=f"Meme {found.meme.id}")
    except MemeEraError as error:
        st.text(str(error))


def _table(title: str, nothing: str, rows: Any) -> None:
    st.subheader(title, anchor=False)
    if some := list(rows):
        explained = {name: _EXPLAINED[name] for name in some[0] if name in _EXPLAINED}
        columns = {name: st.column_config.Column(help=text) for name, text in explained.items()}
        st.dataframe(some, hide_index=True, alt=title, placeholder="", column_config=columns)
    else:
        note(nothing)


def _vote(one: Vote) -> dict[str, Any]:
    also = (
        (one.second_genre, f"also {GENRE_NAMES.get(one.second_genre or '', one.second_genre)}"),
        (one.nsfw, "not safe for work"),
        (one.nsfw is False, "safe for work"),
        (one.year_high, f"made {_years(one)}"),
        (one.saw_suggestion, "saw a suggestion"),
        (one.settles, "settles it"),
        (one.copy_id, "of a copy"),
    )
    return {
        "when": _told(one.created_at),
        "who": one.annotator,
        "how": one.channel,
        "trust": one.trust or "",
        "says": GENRE_NAMES.get(one.genre or "", one.genre or one.verdict),
        "and": ", ".join(text for is_so, text in also if is_so),
        "taken back": _told(one.undone_at),
    }


def _years(one: Vote) -> str:
    return "-".join(dict.fromkeys((f"{one.year_low}", f"{one.year_high}")))


def _prediction(one: Prediction) -> dict[str, Any]:
    return {
        "when": _told(one.predicted_at),
        "model": one.model_version,
        "says": GENRE_NAMES.get(one.genre, one.genre),
        "sure": f"{one.scores.get(one.genre, 0):.0%}",
        "year": "" if one.year is None else f"{one.year} ({one.year_low} to {one.year_high})",
        "learned from it": not one.held_out,
    }


def _decision(one: DecisionRecord, own: str) -> dict[str, Any]:
    return {
        "when": _told(one.decided_at),
        "by": one.annotator or one.by,
        "file": "its own" if one.sha256 == own else one.sha256[:12],
        "is": one.outcome.replace("_", " "),
        "beside meme": one.nearest_id,
        "score": one.score,
        "taken back": _told(one.undone_at),
    }


def _sighting(one: Sighting) -> dict[str, Any]:
    return {
        "posted": _told(one.posted_at),
        "source": one.source,
        "community": one.community or "",
        "title": one.title or "",
        "address": one.permalink or one.image_url,
        "gone": _told(one.gone_at),
    }


def _told(when: datetime | None) -> str:
    return f"{when:%Y-%m-%d %H:%M}" if when else ""
