"""The labeling page: one meme at a time, one key an answer. `python -m labeling` serves it.

Streamlit runs this file from top to bottom at every key press. Text that was crawled goes through
`st.text` alone: everything else reads Markdown.
"""

import logging
from typing import Final

import streamlit as st
from PIL import Image

from core.errors import MemeEraError
from core.images import decode
from core.settings import Settings
from db.labels import Progress, cast, next_unlabelled, progress, undo_last
from db.media import MediaStore
from db.models import Meme, MemeStatus
from db.session import Database
from labeling.browser import GUARD, STYLE
from labeling.showing import GENRE_ANSWERS, OTHER_ANSWERS, SKIP, UNDO_KEY, Answer, Showing

_MAX_NAME: Final = 64  # characters
_HOW_TO_COLLECT: Final = """\
python -m crawler run lemmy --community memes
python -m crawler import FOLDER
"""


def main() -> None:
    """Draw the page for whoever is labeling."""
    st.set_page_config(page_title="memeEra labeling", page_icon="🏷️", layout="wide")
    st.html(STYLE)
    annotator = _clean_name(st.query_params.get("who", ""))
    if not annotator:
        _ask_name()
        return
    try:
        database, media = _collection(Settings.load())
    except MemeEraError as error:
        st.error("The collection does not open:")
        st.text(str(error))
        return
    try:
        showing = _showing(database, annotator)
        with database.reading() as session:
            done = progress(session, annotator)
    except MemeEraError as error:
        st.error("The collection does not answer; reload the page to try again:")
        st.text(str(error))
        return
    _head(annotator, done)
    if showing is None:
        _nothing_left(database, annotator, done)
        return
    try:
        picture = _picture(media, showing)
    except MemeEraError as error:
        logging.getLogger(__name__).warning("meme %d: %s", showing.meme_id, error)
        _offer_to_skip(database, annotator, showing)
        return
    _ask(database, annotator, showing, picture)


def _ask_name() -> None:
    st.title("Who is labeling?")
    st.markdown("Your answers are kept under this name. It stays in the address of the page.")
    with st.form("who", width=420):
        name = st.text_input("Your name", max_chars=_MAX_NAME, autocomplete="nickname")
        if st.form_submit_button("Start", type="primary") and _clean_name(name):
            st.query_params["who"] = _clean_name(name)
            st.rerun()


def _clean_name(name: str) -> str:
    printable = "".join(c if c.isprintable() else " " for c in name)
    return " ".join(printable.split())[:_MAX_NAME].strip()


@st.cache_resource(hash_funcs={Settings: hash})
def _collection(settings: Settings) -> tuple[Database, MediaStore]:
    return Database.open(settings), MediaStore.open(settings)


def _showing(database: Database, annotator: str) -> Showing | None:
    """What is before this person: the same until it is answered, then the next."""
    if st.session_state.get("showing") is None:
        with database.reading() as session:
            meme = next_unlabelled(session, annotator)
            st.session_state["showing"] = Showing.of(meme) if meme else None
    showing: Showing | None = st.session_state["showing"]
    return showing


def _head(annotator: str, done: Progress) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.text(annotator, width="content")
        st.caption(f"{done.n_labelled} labelled · {done.n_left} left", width="content")
        st.space("stretch")
        st.toggle("Keys", value=True, key="keyboard")
        st.button("Not you?", key="rename", on_click=_forget_name, type="tertiary")


def _forget_name() -> None:
    del st.query_params["who"]
    st.session_state["showing"] = None


def _nothing_left(database: Database, annotator: str, done: Progress) -> None:
    if done.n_memes == 0:
        st.info("There are no memes yet. Collect some, then reload this page:")
        st.code(_HOW_TO_COLLECT, language="shell")
        return
    st.success("Nothing is left for you: every meme is labelled, or you have skipped it.")
    _undo_button(database, annotator, None)


def _offer_to_skip(database: Database, annotator: str, showing: Showing) -> None:
    st.error(f"The picture file of meme {showing.meme_id} is missing or damaged: skip it.")
    _answer_button(database, annotator, showing, SKIP)
    _undo_button(database, annotator, showing)


def _picture(media: MediaStore, showing: Showing) -> bytes | Image.Image:
    """What `st.image` can draw.

    Raises:
        MemeEraError: the file is lost or damaged.
    """
    data = media.get(showing.sha256, showing.format)
    # Browsers play a GIF; all else is shown as the model will see it, upright and opaque.
    plays = showing.is_animation and showing.format == "GIF"
    return data if plays else decode(data)


def _ask(
    database: Database, annotator: str, showing: Showing, picture: bytes | Image.Image
) -> None:
    st.html(GUARD, unsafe_allow_javascript=True)
    left, right = st.columns([3, 2], gap="large")
    # The answers reach the browser before the picture: whoever sees it can answer at once.
    with right, st.container(key=f"answers-{showing.meme_id}", gap="xsmall"):
        for answer in (*GENRE_ANSWERS, *OTHER_ANSWERS):
            _answer_button(database, annotator, showing, answer)
        _undo_button(database, annotator, showing)
    with left, st.container(gap="xsmall", horizontal_alignment="center"):
        key = "strip" if showing.is_tall else "picture"
        with st.container(key=key, horizontal_alignment="center"):
            st.image(picture, alt=f"Meme {showing.meme_id}")
        if showing.title:
            st.text(showing.title)
        if showing.community:
            st.text(f"from {showing.community}")


def _answer_button(database: Database, annotator: str, showing: Showing, answer: Answer) -> None:
    st.button(
        f"**{answer.name}**  \n:gray[:small[{answer.definition}]]",
        key=f"{answer.key}-{showing.token}",
        on_click=_record,
        args=(database, annotator, showing, answer),
        shortcut=_shortcut(answer.key),
        width="stretch",
        wrap=True,
    )


def _undo_button(database: Database, annotator: str, showing: Showing | None) -> None:
    st.button(
        "Undo my last answer",
        key=f"undo-{showing.token if showing else 'end'}",
        on_click=_undo,
        args=(database, annotator, showing),
        shortcut=_shortcut(UNDO_KEY),
        type="tertiary",
    )


def _shortcut(key: str) -> str | None:
    return key if st.session_state.get("keyboard", True) else None


def _record(database: Database, annotator: str, showing: Showing, answer: Answer) -> None:
    if st.session_state.get("showing") != showing:
        return  # meant for a picture that is no longer on the page
    try:
        with database.writing() as session:
            cast(
                session,
                showing.meme_id,
                annotator,
                verdict=answer.verdict,
                genre=answer.genre,
                idempotency_key=showing.token,
            )
    except MemeEraError:
        st.toast("The database is busy: your answer was not kept. Please give it again.")
        return
    st.session_state["showing"] = None


def _undo(database: Database, annotator: str, showing: Showing | None) -> None:
    if st.session_state.get("showing") != showing:
        return
    try:
        with database.writing() as session:
            meme_id = undo_last(session, annotator)
            meme = session.get(Meme, meme_id) if meme_id is not None else None
            again = Showing.of(meme) if meme and meme.status == MemeStatus.ACTIVE else showing
    except MemeEraError:
        st.toast("The database is busy: nothing was undone. Please try again.")
        return
    st.session_state["showing"] = again
    if meme_id is None:
        st.toast("There is nothing to undo.")


if __name__ == "__main__":
    main()
