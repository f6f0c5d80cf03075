"""The Progress page: its figures, what it says of the goal, and what its charts hold."""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import altair as alt
import pytest
from streamlit.dataframe_util import convert_arrow_bytes_to_pandas_df
from streamlit.testing.v1 import AppTest

from core.genres import GENRES
from db.labels import Prior, set_priors
from db.memes import Collection
from db.models import Meme, MemeStatus, Sighting, Template, Verdict, Vote
from db.progress import DayVotes, Status
from labeling.views.progress_charts import (
    GenreBar,
    by_day,
    by_genre,
    by_source,
    by_status,
    by_year,
)
from tests.labeling_pages import collection_of_pages

HOSTILE = "<img src=x onerror='window.hacked = 1'> **bold** :smile: $x$"
NOW = datetime.now(UTC)
TODAY = date(2026, 3, 31)


@pytest.fixture
def collection(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Collection]:
    with collection_of_pages(tmp_path, monkeypatch) as opened:
        yield opened


def fill(collection: Collection, n: int, **seen: Any) -> None:
    """Memes 1 to n, without picture files, each seen once."""
    with collection.database.writing() as session:
        session.add(Template(id=1))
        session.flush()
        for number in range(1, n + 1):
            meme = Meme(
                sha256=f"{number:064x}",
                phash64="0" * 16,
                phash256="0" * 64,
                format="PNG",
                width=1,
                height=1,
                frames=1,
                n_bytes=1,
                template_id=1,
                added_at=NOW,
            )
            place = {"source": "lemmy", "post_id": str(number), "media_index": 0} | seen
            meme.sightings = [Sighting(image_url="url", crawled_at=NOW, **place)]
            session.add(meme)
            session.flush()


def say(
    collection: Collection, meme: int, who: str, what: str = "ironic", at: datetime = NOW
) -> None:
    is_genre = what not in set(Verdict)
    with collection.database.writing() as session:
        vote = Vote(
            meme_id=meme,
            annotator=who,
            verdict=Verdict.GENRE if is_genre else what,
            genre=what if is_genre else None,
            idempotency_key=f"{meme}-{who}",
            created_at=at,
        )
        session.add(vote)


def page(who: str = "ana") -> AppTest:
    """The page alone, as the app draws it."""

    def script(who: str) -> None:
        from core.settings import Settings
        from labeling.opened import opened
        from labeling.views import progress

        progress.draw(opened(Settings.load()), who)

    app: AppTest = AppTest.from_function(script, default_timeout=20, args=(who,)).run()
    assert not app.exception
    return app


def figures(app: AppTest) -> dict[str, str]:
    return {one.label: one.value for one in app.metric}


def charts(app: AppTest) -> dict[str, list[dict[str, Any]]]:
    """The rows of each chart, as the browser gets them, by title."""
    titles = [one.value for one in app.subheader if one.value != "Annotators"]
    drawn = [one.proto for one in app.get("vega_lite_chart")]
    return {
        title: convert_arrow_bytes_to_pandas_df(proto.datasets[0].data.data).to_dict("records")
        for title, proto in zip(titles, drawn, strict=True)
    }


def read_as_markdown(app: AppTest) -> list[str]:
    """All text on the page that Streamlit reads as Markdown."""
    told = [*app.markdown, *app.caption, *app.subheader, *app.info]
    return [one.value for one in told] + [one.label for one in app.metric]


def rows(chart: alt.Chart | alt.LayerChart) -> list[dict[str, Any]]:
    """The data of a chart that fits the schema of Vega-Lite; else this raises."""
    (values,) = chart.to_dict(validate=True)["datasets"].values()
    return list(values)


def test_an_empty_collection_names_the_commands_that_fill_it(collection: Collection) -> None:
    app = page()
    assert "There are no memes yet" in app.info[0].value
    assert not charts(app)


def test_without_answers_it_tells_what_waits_and_what_communities_suggest(
    collection: Collection,
) -> None:
    fill(collection, 3, community="irony")
    with collection.database.writing() as session:
        set_priors(session, [Prior("irony", "ironic", 0.5)])
    app = page()
    assert figures(app) == {
        "Memes": "3",
        "Labelled": "0",
        "Waiting": "3",
        "Disputed": "0",
        "Unsure or not a meme": "0",
        "Labels a minute": "not yet",
    }
    told = [one.value for one in app.info]
    assert told == [
        "Nobody has answered yet: the Label page asks.",
        "Of no meme anybody says when it was posted.",
    ]
    drawn = charts(app)
    assert list(drawn) == ["Memes by status", "Memes by genre", "Memes by source"]
    suggested = {
        one["genre"]: one["memes"]
        for one in drawn["Memes by genre"]
        if one["series"] == "Suggested by communities"
    }
    assert suggested == {genre.name: 3 * (genre.key == "ironic") for genre in GENRES}
    assert not app.dataframe


def test_with_answers_it_tells_of_each_what_was_counted(collection: Collection) -> None:
    fill(collection, 6, posted_at=datetime(2015, 6, 1, tzinfo=UTC))
    with collection.database.writing() as session:
        session.get_one(Meme, 6).status = MemeStatus.REMOVED
    for meme, who, what in (
        (1, "ana", "ironic"),
        (2, "ana", "ironic"),
        (2, "bo", "political"),
        (3, "bo", "unsure"),
        (4, "bo", "skip"),
    ):
        say(collection, meme, who, what)
    app = page()
    assert figures(app) == {
        "Memes": "5",
        "Labelled": "2",
        "Waiting": "2",
        "Disputed": "1",
        "Unsure or not a meme": "1",
        "Labels a minute": "not yet",
    }
    drawn = charts(app)
    assert [(one["status"], one["memes"]) for one in drawn["Memes by status"]] == [
        ("Agreed", 1),
        ("Disputed", 1),
        ("Unsure or not a meme", 1),
        ("Waiting for an answer", 2),
        ("Removed", 1),
    ]
    today = NOW.date().isoformat()
    assert drawn["Votes a day"] == [
        {"day": today, "annotator": "ana", "votes": 2},
        {"day": today, "annotator": "bo", "votes": 2},
    ]
    assert drawn["Memes by year"] == [{"year": 2015, "memes": 5}]
    assert drawn["Memes by source"] == [{"source": "lemmy", "memes": 5}]
    (people,) = app.dataframe
    assert people.value[["annotator", "answers"]].to_dict("records") == [
        {"annotator": "ana", "answers": 2},
        {"annotator": "bo", "answers": 2},
    ]


def test_answers_of_long_ago_are_told_apart_from_none(collection: Collection) -> None:
    fill(collection, 2)
    say(collection, 1, "ana", at=NOW - timedelta(days=91))
    app = page()
    assert app.info[0].value == "Nobody has answered for 90 days."
    assert len(app.dataframe[0].value) == 1


def test_names_from_elsewhere_are_never_read_as_markdown(collection: Collection) -> None:
    fill(collection, 2, source=HOSTILE, community=HOSTILE)
    say(collection, 1, HOSTILE)
    app = page(HOSTILE)
    drawn = charts(app)
    assert [one["source"] for one in drawn["Memes by source"]] == [HOSTILE]
    assert [one["annotator"] for one in drawn["Votes a day"]] == [HOSTILE]
    assert list(app.dataframe[0].value["annotator"]) == [HOSTILE]
    assert app.text[0].value == HOSTILE
    assert len(read_as_markdown(app)) > 10
    assert not [told for told in read_as_markdown(app) if "bold" in told or "<img" in told]


@pytest.mark.parametrize(
    ("n_memes", "n_labelled", "apart_s", "told"),
    [
        (
            99,
            60,
            4,
            "The next goal is **100 labelled memes**. "
            "With all that wait for an answer, there would be 99: collect more.",
        ),
        (120, 10, 4, "90 to go to **100 labelled memes**."),  # 36 seconds tell no pace
        # 15 a minute: 40 of them
        (
            120,
            60,
            4,
            "About 3 minutes to **100 labelled memes** at the present pace of 15 a minute.",
        ),
        (
            120,
            99,
            4,
            "About a minute to **100 labelled memes** at the present pace of 15 a minute.",
        ),
        # One in four minutes: 40 of them
        (
            120,
            60,
            240,
            "About 3 hours to **100 labelled memes** at the present pace of 0.25 a minute.",
        ),
        (
            250,
            100,
            4,
            "About 7 minutes to **200 labelled memes** at the present pace of 15 a minute.",
        ),
    ],
)
def test_it_says_how_long_it_is_to_the_next_goal(
    collection: Collection, n_memes: int, n_labelled: int, apart_s: int, told: str
) -> None:
    fill(collection, n_memes)
    for meme in range(1, n_labelled + 1):
        say(collection, meme, "ana", at=NOW - timedelta(seconds=apart_s * (n_labelled - meme)))
    assert told in [one.value for one in page().markdown]


def test_who_names_no_genre_comes_to_no_goal(collection: Collection) -> None:
    fill(collection, 120)
    for meme in range(1, 20):
        say(collection, meme, "ana", "unsure", NOW + timedelta(seconds=4 * meme))
    app = page()
    assert figures(app)["Labels a minute"] == "0"
    assert "100 to go to **100 labelled memes**." in [one.value for one in app.markdown]


def test_the_genre_nearest_to_its_goal_is_named_with_its_own_pace(collection: Collection) -> None:
    fill(collection, 120)
    for meme in range(1, 61):  # 45 of 50, and 15; one a minute, of these three in four
        genre = "political" if meme % 4 else "ironic"
        say(collection, meme, "ana", genre, NOW - timedelta(minutes=60 - meme))
    (told,) = [one.value for one in page().markdown if "Nearest" in one.value]
    # 5 to go; 22 came in the last half hour
    assert "Nearest to its next goal: Political, 45 of 50, about 7 minutes at its pace." in told


def test_the_charts_fit_the_schema_and_hold_what_they_are_given() -> None:
    assert [row["memes"] for row in rows(by_status({s: i for i, s in enumerate(Status)}))] == [
        *range(5)
    ]
    bars = [GenreBar("One", 0, 7, "50"), GenreBar(HOSTILE, 3, 0, "100")]
    assert [(row["genre"], row["memes"], row["next goal"]) for row in rows(by_genre(bars))] == [
        ("One", 0, "50"),
        ("One", 7, "50"),
        (HOSTILE, 3, "100"),
        (HOSTILE, 0, "100"),
    ]
    assert rows(by_genre([GenreBar("One", 0, 0, "50")]))[0]["memes"] == 0
    assert rows(by_source({HOSTILE: 2})) == [{"source": HOSTILE, "memes": 2}]
    assert rows(by_source({})) == []


def test_years_without_memes_have_their_place() -> None:
    chart = by_year({2012: 1, 2015: 2})
    assert rows(chart) == [{"year": 2012, "memes": 1}, {"year": 2015, "memes": 2}]
    assert chart.to_dict()["encoding"]["x"]["scale"]["domain"] == [2012, 2013, 2014, 2015]


def answered(totals: Sequence[int], day: date = TODAY) -> list[DayVotes]:
    return [DayVotes(day, f"{HOSTILE} {i}", n) for i, n in enumerate(totals)]


def test_those_who_answer_least_share_a_colour_where_there_are_too_few() -> None:
    named = [f"{HOSTILE} {i}" for i in range(9)]
    nine = by_day(answered(range(109, 100, -1)), TODAY)
    assert nine.to_dict()["encoding"]["color"]["sort"] == named
    assert [row["annotator"] for row in rows(nine)] == named

    twelve = by_day(answered(range(112, 100, -1)), TODAY)
    assert twelve.to_dict()["encoding"]["color"]["sort"] == [*named, "everybody else"]
    assert [row["annotator"] for row in rows(twelve)] == [*named, *["everybody else"] * 3]
    assert sum(row["votes"] for row in rows(twelve)) == sum(range(101, 113))


@pytest.mark.parametrize(
    ("day", "first", "last"),
    [
        (TODAY, (2026, 3, 18), (2026, 4, 1)),  # at least 14 days, and the whole of today
        (date(2026, 1, 1), (2026, 1, 1), (2026, 4, 1)),
        (date(2026, 4, 2), (2026, 3, 18), (2026, 4, 3)),  # a clock is ahead
    ],
)
def test_the_days_go_from_the_first_to_today(
    day: date, first: tuple[int, ...], last: tuple[int, ...]
) -> None:
    domain = by_day(answered([1], day), TODAY).to_dict()["encoding"]["x"]["scale"]["domain"]
    assert [(at["year"], at["month"], at["date"], at["utc"]) for at in domain] == [
        (*first, True),
        (*last, True),
    ]
