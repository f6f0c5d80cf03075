"""The page on which memes are dropped; what happens there happens in the browser and the API."""

from collections.abc import Callable
from dataclasses import asdict
from functools import cache
from typing import Any

import streamlit as st

from app.browser_routes import BASE, FOLDER
from core.browser import component
from core.genres import GENRES
from core.settings import Settings

__all__ = ["draw"]


def draw(settings: Settings, version: str) -> None:
    """Draw it.

    Args:
        settings: whether corrections are taken, and how large a picture may be.
        version: of the model that answers.
    """
    st.header("What kind of meme is this?", anchor=False)
    _component()(
        key="window",
        data={
            "base": BASE,
            "genres": [asdict(genre) for genre in GENRES],
            "maxBytes": settings.max_bytes,
            "model": version,
            "takesCorrections": settings.corrections,
        },
    )


@cache
def _component() -> Callable[..., Any]:
    return component(FOLDER, "window", "window")
