"""A collection for the labeling pages as far as Streamlit draws them, without a browser."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import streamlit as st

from core.settings import Settings
from db.memes import Collection

__all__ = ["collection_of_pages"]


@contextmanager
def collection_of_pages(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Collection]:
    """An empty one, which the pages find by the settings; what they kept of it is forgotten."""
    monkeypatch.setenv("MEMEERA_DATA_DIR", str(data_dir))
    opened = Collection.open(Settings.load())
    yield opened
    opened.database.engine.dispose()
    st.cache_resource.clear()
    st.cache_data.clear()
