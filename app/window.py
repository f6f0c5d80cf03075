"""Draws the window: drop a picture, see the genres as bars. Streamlit runs memeEraML.py for it."""

from typing import Final

import streamlit as st

from core.errors import ImageRejected, MemeEraError
from core.genres import genre
from core.images import decode
from core.settings import Settings
from training.classifier import Classifier, Prediction
from training.registry import Registry

__all__ = ["draw"]

_STYLE: Final = """
<style>
  .stMainBlockContainer { padding-top: 2rem; padding-bottom: 1rem; }
  .stImage img { width: auto !important; max-height: 74vh; }
</style>
"""


def draw() -> None:
    """Draw the page."""
    st.set_page_config(page_title="memeEra", page_icon="🖼️", layout="wide")
    st.html(_STYLE)
    st.title("What kind of meme is this?")
    try:
        settings = Settings.load()
        classifier = _loaded(settings, Registry(settings.models_dir).answering())
    except MemeEraError as error:
        st.error("There is nothing to answer with yet.")
        st.text(str(error))
        return
    upload = st.file_uploader(
        "Drop a picture here", type=None, max_upload_size=settings.max_bytes // 2**20
    )
    if upload is None:
        st.caption(f"Model {classifier.version}. Nothing that you drop here is kept.")
        return
    try:
        prediction = classifier.classify(upload.getvalue())
    except ImageRejected as error:
        st.error("This file is not a picture that can be read.")
        st.text(error.detail)
        return
    _draw_answer(upload.getvalue(), prediction)


@st.cache_resource(hash_funcs={Settings: hash}, max_entries=2)
def _loaded(settings: Settings, version: str) -> Classifier:
    return Classifier.load(settings, version)


def _draw_answer(data: bytes, prediction: Prediction) -> None:
    left, right = st.columns(2, gap="large")
    left.image(decode(data))
    best = genre(prediction.genre[0].label)
    with right, st.container(gap="xsmall"):
        st.subheader(f"Not sure; perhaps {best.name}" if prediction.abstain else best.name)
        st.write(best.definition)
        for score in prediction.genre:
            st.progress(score.score, text=f"{genre(score.label).name} · {score.score:.0%}")
        year = prediction.year
        st.write(f"Made between **{year.low}** and **{year.high}**, about {year.value}.")
        st.caption(f"{prediction.ms:.0f} ms, model {prediction.model}")
