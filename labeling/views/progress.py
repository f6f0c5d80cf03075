"""The Progress page: how far labeling has come, at which pace, and how long it is to the goal."""

from collections.abc import Sequence
from datetime import UTC, datetime

import altair as alt
import streamlit as st

from core.theme import CHART_INK
from db.progress import (
    FIRST_GOAL,
    FIRST_GOAL_OF_GENRE,
    Person,
    Progress,
    Status,
    minutes_to,
    next_goal,
    progress,
)
from labeling.opened import Opened
from labeling.views.choosing import GENRE_NAMES, there_is_something
from labeling.views.noting import note
from labeling.views.progress_charts import (
    GenreBar,
    by_day,
    by_genre,
    by_source,
    by_status,
    by_year,
)

__all__ = ["draw"]


def draw(collection: Opened, annotator: str) -> None:
    """Draw it for one person."""
    if there_is_something(collection) is None:
        return
    st.text(annotator)
    now = _progress(collection)
    _figures(now)
    st.markdown(_to_goal(now))
    _chart("Memes by status", by_status(now.statuses), height=170)
    left, right = st.columns(2, gap="medium")
    with left:
        _chart("Memes by genre", by_genre(_genre_bars(now)), height=440)
        note(
            "Paler: memes that nobody has answered, by their weak labels, which are what the "
            "places they were seen in usually post; training weighs those less, and drops them "
            f"once somebody answers. {_to_goal_of_genre(now)}"
        )
    with right:
        _days(now)
    left, right = st.columns(2, gap="medium")
    with left:
        _years(now)
    with right:
        _chart("Memes by source", by_source(now.sources), height=50 + 28 * len(now.sources))
        _annotators(now.people)


@st.cache_data(ttl=10, hash_funcs={Opened: id}, show_spinner=False)
def _progress(collection: Opened) -> Progress:
    with collection.database.reading() as session:
        return progress(session, datetime.now(UTC))


def _figures(now: Progress) -> None:
    with st.container(horizontal=True, gap="medium"):
        for label, figure, explained in (
            ("Memes", f"{now.n_memes:,}", "That may be shown."),
            (
                "Labelled",
                f"{now.n_labelled:,}",
                "What most people say is a genre; those on which some differ are among them.",
            ),
            ("Waiting", f"{now.statuses[Status.WAITING]:,}", "Nobody has answered."),
            (
                "Disputed",
                f"{now.statuses[Status.DISPUTED]:,}",
                "People differ, and nobody has settled it on the Review page.",
            ),
            ("Unsure or not a meme", f"{now.statuses[Status.NO_GENRE]:,}", None),
            (
                "Labels a minute",
                "not yet" if now.pace is None else _rate(now.pace.a_minute()),
                "In the last half hour of work, of all people together. While nobody answers for "
                "five minutes, nobody works.",
            ),
        ):
            st.metric(label, figure, help=explained, width="content")


def _to_goal(now: Progress) -> str:
    n, goal = now.n_labelled, next_goal(now.n_labelled, FIRST_GOAL)
    at_most = n + now.statuses[Status.WAITING]
    if at_most < goal:
        return (
            f"The next goal is **{goal:,} labelled memes**. With all that wait for an answer, "
            f"there would be {at_most:,}: collect more."
        )
    minutes = _minutes(now, n, goal)
    if now.pace is None or minutes is None:
        return f"{goal - n:,} to go to **{goal:,} labelled memes**."
    return (
        f"{_duration(minutes).capitalize()} to **{goal:,} labelled memes** at the present pace of "
        f"{_rate(now.pace.a_minute())} a minute."
    )


def _genre_bars(now: Progress) -> list[GenreBar]:
    bars = []
    for key, name in GENRE_NAMES.items():
        goal = next_goal(now.genres[key], FIRST_GOAL_OF_GENRE)
        minutes = _minutes(now, now.genres[key], goal, key)
        told = f"{goal:,}" if minutes is None else f"{goal:,}, {_duration(minutes)} at its pace"
        bars.append(GenreBar(name, now.genres[key], now.weak[key], told))
    return bars


def _to_goal_of_genre(now: Progress) -> str:
    """Of the genre that is nearest to its next goal."""
    goals = {key: next_goal(n, FIRST_GOAL_OF_GENRE) for key, n in now.genres.items()}
    key = min(goals, key=lambda one: goals[one] - now.genres[one])
    n, goal = now.genres[key], goals[key]
    told = f"Nearest to its next goal: {GENRE_NAMES[key]}, {n:,} of {goal:,}"
    minutes = _minutes(now, n, goal, key)
    return f"{told}." if minutes is None else f"{told}, {_duration(minutes)} at its pace."


def _minutes(now: Progress, n: int, goal: int, genre: str | None = None) -> float | None:
    return None if now.pace is None else minutes_to(goal, n, now.pace.a_minute(genre))


def _duration(minutes: float) -> str:
    if minutes < 1.5:
        return "about a minute"
    if minutes < 100:
        return f"about {minutes:.0f} minutes"
    return f"about {minutes / 60:,.0f} hours"


def _rate(a_minute: float) -> str:
    return f"{a_minute:,.0f}" if a_minute >= 10 else f"{a_minute:.2g}"


def _chart(title: str, chart: alt.Chart | alt.LayerChart, height: int) -> None:
    st.subheader(title, anchor=False)
    ink = CHART_INK[st.context.theme.type or "light"]
    told = (
        chart.properties(height=height)
        .configure_axis(labelColor=ink)
        .configure_legend(labelColor=ink)
        .configure_text(color=ink)  # black, otherwise, by night as well
    )
    st.altair_chart(told, theme="streamlit", alt=title)


def _days(now: Progress) -> None:
    if not now.people:
        st.info("Nobody has answered yet: the Label page asks.")
        return
    if not now.days:
        st.info("Nobody has answered for 90 days.")
        return
    _chart("Votes a day", by_day(now.days, datetime.now(UTC).date()), height=440)
    note("Days in UTC. Skips do not count, nor what was taken back.")


def _years(now: Progress) -> None:
    dated = {year: n for year, n in now.years.items() if year is not None}
    if not dated:
        st.info("Of no meme anybody says when it was posted.")
        return
    _chart("Memes by year", by_year(dated), height=300)
    note(f"As far as sightings and people tell; without a year: {now.years.get(None, 0):,}.")


def _annotators(people: Sequence[Person]) -> None:
    if not people:
        return
    st.subheader("Annotators", anchor=False)
    st.dataframe(
        [
            {"annotator": one.annotator, "answers": one.n, "seconds a vote": one.median_s}
            for one in people
        ],
        hide_index=True,
        column_config={
            "answers": st.column_config.NumberColumn(format="localized"),
            "seconds a vote": st.column_config.NumberColumn(
                format="%.1f",
                help="Median of the last 1,000 votes; pauses of more than five minutes are left "
                "out, and labels that were imported.",
            ),
        },
        alt="Annotators",
        placeholder="",
    )
