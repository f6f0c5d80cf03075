"""The collection as the pages use it: opened once, whoever asks."""

from dataclasses import dataclass
from urllib.parse import urlencode

import streamlit as st

from core.settings import Settings
from db.media import MediaStore
from db.session import Database
from labeling.access import Access
from labeling.login import has_login
from labeling.routes import cookie_name
from labeling.serving import page_path, port, prefix

__all__ = ["Opened", "opened"]


@dataclass(frozen=True, slots=True)
class Opened:
    """One collection."""

    database: Database
    media: MediaStore
    access: Access

    def browser_data(self, annotator: str) -> dict[str, str]:
        """What a component needs to ask the server as a person.

        Without the cookie that came with the page, the token opens nothing: the next page load
        brings it.
        """
        cookie = st.context.cookies.get(cookie_name(port()), "")
        who = {} if has_login() else {"who": annotator}
        return {
            "annotator": annotator,
            # Ends in what names a meme: its number follows.
            "history": f"{page_path('history')}?{urlencode(who | {'meme': ''})}",
            "token": self.access.token(cookie, annotator),
            "base": prefix(),
        }


@st.cache_resource(hash_funcs={Settings: hash}, show_spinner=False)
def opened(settings: Settings) -> Opened:
    """The collection that the settings name.

    Raises:
        MemeEraError: it does not open.
    """
    database = Database.open(settings)
    return Opened(database, MediaStore.open(settings), Access.of(database))
