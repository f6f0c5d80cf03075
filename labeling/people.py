"""Who is labeling: a name that people give, or the account that they log in with."""

from typing import Final

import streamlit as st
from streamlit.errors import StreamlitSecretNotFoundError

__all__ = ["annotator"]

_MAX_NAME: Final = 64  # characters


def annotator() -> str:
    """Whose answers these are; empty while that is asked on the page."""
    if _has_login():
        return _logged_in()
    # Streamlit's links from page to page leave the address's query behind.
    name = _clean_name(st.query_params.get("who") or st.session_state.get("who", ""))
    if not name:
        _ask_name()
        return ""
    st.session_state["who"] = st.query_params["who"] = name
    return name


def _has_login() -> bool:
    """Whether a provider (OIDC) is configured, in Streamlit's secrets.toml."""
    try:
        return "auth" in st.secrets
    except StreamlitSecretNotFoundError:
        return False


def _logged_in() -> str:
    if not st.user.get("is_logged_in", False):
        st.title("Who is labeling?")
        st.markdown("Your answers are kept under the account that you log in with.")
        st.button("Log in", on_click=st.login, type="primary")
        return ""
    with st.sidebar:
        st.button("Log out", on_click=st.logout)
    return _clean_name(str(st.user.get("email") or st.user.get("sub") or ""))


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
