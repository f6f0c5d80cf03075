"""The page about the model: how good it is, what it confuses, and what the genres are."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import altair as alt
import streamlit as st

from app.browser_routes import BASE
from app.stored import Stored
from core.errors import MemeEraError
from core.genres import GENRES, genre
from core.settings import Settings
from core.theme import CHART_INK
from training.registry import Registry

__all__ = ["draw"]

_N_EXAMPLES: Final = 4  # of each genre


def draw(settings: Settings, version: str) -> None:
    """Draw it.

    Args:
        settings: which models, and which collection the examples are from.
        version: of the model that answers.

    Raises:
        MemeEraError: its card is damaged.
    """
    card = Registry(settings.models_dir).card(version)
    st.header("The model that answers", anchor=False)
    st.text(_told(version, card))
    _draw_figures(card["metrics"])
    st.subheader("What it takes for what", anchor=False)
    _draw_small(
        "Each row is a genre as people see it; the figures are memes kept aside for testing."
    )
    _draw_confusion(card["metrics"]["confusion"])
    st.subheader("The eight genres", anchor=False)
    _draw_genres(card["metrics"]["per_genre"], _examples(settings))


def _told(version: str, card: Mapping[str, Any]) -> str:
    n_train = card["snapshot"]["splits"]["train"]
    first, last = card["years"]
    reads = "pictures and the words in them" if card["reads_words"] else "pictures alone"
    made = f"made on {card['created_at'][:10]}" if "created_at" in card else "made"
    return (
        f"Version {version}, {made} from {n_train:,} memes; it learned "
        f"from {reads}, and tells years from {first} to {last}."
    )


def _draw_small(text: str) -> None:
    """Not st.caption, whose grey on this ground is 4.46 to 1 (WCAG 1.4.3 asks for 4.5)."""
    st.markdown(f":small[{text}]")


def _draw_figures(metrics: Mapping[str, Any]) -> None:
    low, high = metrics.get("macro_f1_interval", (None, None))
    with st.container(horizontal=True, gap="large"):
        st.metric(
            "Macro F1",
            f"{metrics['macro_f1']:.2f}",
            help="The mean over the genres of how well each is found and told from the others: 1 "
            "is perfect."
            + (f" In 95 of 100 such tests it lies in {low:.2f} to {high:.2f}." if low else ""),
            width="content",
        )
        st.metric("Right", f"{metrics['accuracy']:.0%}", width="content")
        if "top_2" in metrics:
            st.metric("Right in the first two", f"{metrics['top_2']:.0%}", width="content")
        if "ece" in metrics:
            st.metric(
                "Calibration error",
                f"{metrics['ece']:.1%}",
                help="By how much its percentages are off, on the whole.",
                width="content",
            )
        st.metric("Tested on", f"{metrics['n']:,} memes", width="content")


def _draw_confusion(confusion: Mapping[str, Any]) -> None:
    names = [genre(key).name for key in confusion["classes"]]
    cells = [
        {
            "People say": names[i],
            "The model says": names[j],
            "memes": n,
            "share": n / (sum(row) or 1),
        }
        for i, row in enumerate(confusion["rows"])
        for j, n in enumerate(row)
    ]
    base = alt.Chart(alt.InlineData(values=cells)).encode(
        x=alt.X(
            "The model says:N",
            sort=names,
            # All of them, on a phone as well: so slanted, they do not overlap.
            axis=alt.Axis(labelAngle=-35, labelLimit=160, labelOverlap=False),
        ),
        y=alt.Y("People say:N", sort=names, axis=alt.Axis(labelLimit=160)),
    )
    shades = alt.Scale(domain=[0, 1], range=["#f3e3dc", "#a8113a"])
    boxes = base.mark_rect().encode(
        color=alt.Color("share:Q", scale=shades, legend=None),
        tooltip=["People say:N", "The model says:N", "memes:Q"],
    )
    text = base.mark_text(fontSize=13).encode(
        text="memes:Q",
        color=alt.condition("datum.share > 0.66", alt.value("white"), alt.value("#1c1a17")),
    )
    ink = CHART_INK[st.context.theme.type or "light"]
    st.altair_chart(
        (boxes + text).properties(height=420).configure_axis(labelColor=ink, titleColor=ink),
        alt="For each genre that people see, what the model takes its memes for",
    )


def _draw_genres(
    per_genre: Mapping[str, Mapping[str, float]], examples: Mapping[str, Sequence[str]]
) -> None:
    for one in GENRES:
        figures = per_genre.get(one.key)
        with st.container(border=True):
            st.markdown(f"**{one.name}** · {one.definition}")
            if figures is None or not figures["support"]:
                _draw_small("This model was not tested on it.")
            else:
                _draw_small(
                    f"Finds {figures['recall']:.0%} of them; {figures['precision']:.0%} of what "
                    "it calls so are."
                )
            addresses = [f"/v1/memes/{sha256}/thumbnail" for sha256 in examples.get(one.key, ())]
            addresses = addresses or [f"{BASE}/browser/examples/{one.key}.jpg"]
            images = "".join(
                f'<img src="{address}" alt="An example of {one.name}" loading="lazy">'
                for address in addresses
            )
            st.html(f"{_ROW}<div class='examples'>{images}</div>")


_ROW: Final = """<style>
  .examples { display: flex; flex-wrap: wrap; gap: 0.6rem; }
  .examples img { height: 9rem; max-width: 100%; object-fit: contain; border-radius: 0.5rem; }
</style>"""


@st.cache_resource(show_spinner=False, hash_funcs={Settings: hash})
def _stored(settings: Settings) -> Stored:
    return Stored(settings)


@st.cache_data(ttl=60, show_spinner=False, hash_funcs={Settings: hash})
def _examples(settings: Settings) -> dict[str, list[str]]:
    """For each genre, memes that people call so: their files' SHA-256."""
    from db.showing import examples, shown

    try:
        collection = _stored(settings).collection
        if collection is None:
            return {}
        with collection.database.reading() as session:
            return {
                key: [one.sha256 for one in shown(session, memes)]
                for key, memes in examples(session, _N_EXAMPLES).items()
            }
    except MemeEraError:  # the page is about the model; the collection may be away
        return {}
