"""The charts of the Progress page.

Names from the web are values of their data, which Vega draws as text: nothing reads Markdown there.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

import altair as alt

from db.progress import DayVotes, Status

__all__ = ["N_NAMED", "GenreBar", "by_day", "by_genre", "by_source", "by_status", "by_year"]

# Colours that can be told from one another, and from a light and a dark page.
_STATUSES: Final = {
    Status.LABELLED: ("Agreed", "#3f8f6b"),
    Status.DISPUTED: ("Disputed", "#d9902f"),
    Status.NO_GENRE: ("Unsure or not a meme", "#8d6bb8"),
    Status.WAITING: ("Waiting for an answer", "#a39a8c"),
    Status.REMOVED: ("Removed", "#d0584f"),
}
_BY_PEOPLE: Final = "Labelled by people"
_WEAK: Final = "Suggested by communities"

N_NAMED: Final = 9
"""Annotators: as many as the theme has colours, less one for all others."""
_THE_OTHERS: Final = "everybody else"
_LEAST_DAYS: Final = 14


@dataclass(frozen=True, slots=True)
class GenreBar:
    """What is told of one genre."""

    name: str
    n: int  # memes that people labelled
    n_weak: int
    goal: str


def by_status(statuses: Mapping[Status, int]) -> alt.Chart:
    """One bar of all memes."""
    rows = [
        {"status": name, "memes": statuses[status], "order": order}
        for order, (status, (name, _)) in enumerate(_STATUSES.items())
    ]
    names, colours = zip(*_STATUSES.values(), strict=True)
    chart: alt.Chart = (
        _of(rows)
        .mark_bar(size=36)
        .encode(
            x=alt.X("memes:Q", title=None, stack="zero", axis=_COUNTS, scale=alt.Scale(nice=False)),
            color=alt.Color(
                "status:N",
                title=None,
                scale=alt.Scale(domain=names, range=colours),
                legend=alt.Legend(orient="bottom", columns=2, labelLimit=0, offset=8),
            ),
            order="order:Q",
            tooltip=["status:N", _N_MEMES],
        )
    )
    return chart


def by_genre(bars: Sequence[GenreBar]) -> alt.LayerChart:
    """Two bars a genre, in the order given: what people said; paler, what communities suggest.

    Their numbers stand beside them: where few memes are labelled, those bars are hard to see.
    """
    rows: list[dict[str, Any]] = []
    for bar in bars:
        shared: dict[str, Any] = {"genre": bar.name, "next goal": bar.goal}
        rows += [
            shared | {"series": _BY_PEOPLE, "memes": bar.n},
            shared | {"series": _WEAK, "memes": bar.n_weak},
        ]
    most = max(row["memes"] for row in rows)
    base = _of(rows).encode(
        x=alt.X(
            "memes:Q",
            title=None,
            axis=_COUNTS,
            scale=alt.Scale(domain=[0, 1.15 * most or 1]),  # there is room for the numbers
        ),
        y=alt.Y("genre:N", title=None, sort=[bar.name for bar in bars], axis=_NAMES),
        yOffset=alt.YOffset("series:N", sort=[_BY_PEOPLE, _WEAK]),
        tooltip=["genre:N", "series:N", _N_MEMES, "next goal:N"],
    )
    paler = alt.Opacity(
        "series:O",
        title=None,
        sort=[_BY_PEOPLE, _WEAK],
        scale=alt.Scale(domain=[_BY_PEOPLE, _WEAK], range=[1.0, 0.35]),
        legend=alt.Legend(orient="bottom", columns=1, labelLimit=0),
    )
    numbers = base.mark_text(align="left", dx=4, fontSize=12).encode(
        text=alt.Text("memes:Q", format=",")
    )
    chart: alt.LayerChart = base.mark_bar().encode(opacity=paler) + numbers
    return chart


def by_source(sources: Mapping[str, int]) -> alt.Chart:
    """A bar a source, in the order given."""
    chart: alt.Chart = (
        _of([{"source": source, "memes": n} for source, n in sources.items()])
        .mark_bar()
        .encode(
            x=alt.X("memes:Q", title=None, axis=_COUNTS),
            y=alt.Y("source:N", title=None, sort=list(sources), axis=_NAMES),
            tooltip=["source:N", _N_MEMES],
        )
    )
    return chart


def by_year(years: Mapping[int, int]) -> alt.Chart:
    """A bar a year; years without memes have their place, so that the axis tells time."""
    every = range(min(years), max(years) + 1)
    chart: alt.Chart = (
        _of([{"year": year, "memes": n} for year, n in years.items()])
        .mark_bar()
        .encode(
            x=alt.X(
                "year:O",
                title=None,
                scale=alt.Scale(domain=list(every)),
                axis=alt.Axis(labelAngle=0, labelOverlap="parity", labelFlush=False),
            ),
            y=alt.Y("memes:Q", title=None, axis=_COUNTS),
            tooltip=["year:O", _N_MEMES],
        )
    )
    return chart


def by_day(days: Sequence[DayVotes], today: date) -> alt.Chart:
    """A bar a day, of the people who answered; from the first of these days, in UTC, to today."""
    totals: Counter[str] = Counter()
    for one in days:
        totals[one.annotator] += one.n
    names = [name for name, _ in totals.most_common(N_NAMED)]
    rows = [
        {
            "day": one.day.isoformat(),
            "annotator": one.annotator if one.annotator in names else _THE_OTHERS,
            "votes": one.n,
        }
        for one in days
    ]
    if len(totals) > len(names):
        names.append(_THE_OTHERS)
    first = min(days[0].day, today - timedelta(days=_LEAST_DAYS - 1))
    last = max(days[-1].day, today) + timedelta(days=1)
    chart: alt.Chart = (
        _of(rows)
        .mark_bar(binSpacing=0.5)
        .encode(
            x=alt.X(
                "utcyearmonthdate(day):T",
                title=None,
                scale=alt.Scale(type="utc", domain=[_start_of(first), _start_of(last)]),
                axis=alt.Axis(format="%d %b", labelOverlap="greedy", tickCount=6),
            ),
            y=alt.Y("sum(votes):Q", title=None, axis=_COUNTS),
            color=alt.Color(
                "annotator:N",
                title=None,
                sort=names,
                legend=alt.Legend(orient="bottom", columns=2, labelLimit=130),
            ),
            tooltip=[
                alt.Tooltip("utcyearmonthdate(day):T", title="day", format="%d %b %Y"),
                "annotator:N",
                alt.Tooltip("sum(votes):Q", title="votes", format=","),
            ],
        )
    )
    return chart


def _of(rows: Sequence[Mapping[str, Any]]) -> alt.Chart:
    return alt.Chart(alt.InlineData(values=[dict(row) for row in rows]))


def _start_of(day: date) -> alt.DateTime:
    return alt.DateTime(year=day.year, month=day.month, date=day.day, utc=True)


# Without the offset, which the theme sets, the last number is not cut off at the edge.
_COUNTS: Final = alt.Axis(format=",d", tickCount=5, tickMinStep=1, labelFlushOffset=0)
_NAMES: Final = alt.Axis(labelLimit=160, ticks=False, domain=False)
_N_MEMES: Final = alt.Tooltip("memes:Q", format=",")
