"""Who is labeling: a name that people give, or the account that they log in with."""

import re
import unicodedata
from typing import Final

import streamlit as st

from labeling.login import account, has_login

__all__ = ["annotator", "clean_name", "is_reserved"]

_MAX_NAME: Final = 64  # characters

# Under which names the machinery keeps votes: imports, the window's visitors, models, accounts.
_RESERVED: Final = re.compile(
    r"(import|window|visitor|model|machine|training|account)\s*:|(visitor|account)(\s|$)",
    re.IGNORECASE,
)


def annotator() -> str:
    """Whose answers these are; empty while that is asked on the page."""
    if has_login():
        return _logged_in()
    # Streamlit's links from page to page leave the address's query behind.
    name = clean_name(st.query_params.get("who") or st.session_state.get("who", ""))
    if not name or is_reserved(name):
        _ask_name(refused=name)
        return ""
    st.session_state["who"] = st.query_params["who"] = name
    return name


def clean_name(name: str) -> str:
    """A name in one line, and in one way of writing its letters."""
    composed = unicodedata.normalize("NFKC", name)
    # What is not seen makes two people of one name, or hides what a name begins with.
    seen = "".join(c for c in composed if unicodedata.category(c) != "Cf")
    printable = "".join(c if c.isprintable() else " " for c in seen)
    return " ".join(printable.split())[:_MAX_NAME].strip()


def is_reserved(name: str) -> bool:
    """Whether votes under a name are not those of a person who labels."""
    return _RESERVED.match(name) is not None


def _logged_in() -> str:
    who = account(st.user.to_dict())
    if not st.user.get("is_logged_in", False):
        st.title("Who is labeling?")
        st.markdown("Your answers are kept under the account that you log in with.")
        st.button("Log in", on_click=st.login, type="primary")
        return ""
    with st.sidebar:
        st.button("Log out", on_click=st.logout)
    if not who:
        st.error("The provider does not say whose account this is: log in with another one.")
    return who


def _ask_name(refused: str) -> None:
    st.title("Who is labeling?")
    st.markdown("Your answers are kept under this name. It stays in the address of the page.")
    if refused:
        st.warning(
            "Names that begin so are kept for imports, visitors of the window and other machinery: "
            "choose another one."
        )
    with st.form("who", width=420):
        name = st.text_input("Your name", max_chars=_MAX_NAME, autocomplete="nickname")
        if st.form_submit_button("Start", type="primary") and clean_name(name):
            st.query_params["who"] = clean_name(name)
            st.rerun()
