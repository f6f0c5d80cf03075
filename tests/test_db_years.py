"""When a meme was made is told in one way, whoever asks and whatever the database's time zone."""

from collections import Counter
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from sqlalchemy import select, text

from db.known import known_memes
from db.labels import cast
from db.listing import describe_memes, labelled_memes, stats
from db.memes import Collection
from db.models import Meme, Sighting
from db.progress import progress
from db.showing import shown
from db.worklist import Filters, Overlap, wanting
from db.years import Years, year_by_meme
from tests.collecting import add
from tests.pictures import picture

NOW = datetime.now(UTC)
LAST_EVENING = datetime(2019, 12, 31, 23, 30, tzinfo=UTC)
FIRST_MORNING = datetime(2020, 1, 1, 0, 30, tzinfo=UTC)
AHEAD = NOW + timedelta(days=400)
TWICE = Overlap(share=1.0, votes=2)


# What was said of when a meme was seen, and the last year in which it can have been made.
CASES: list[tuple[list[dict[str, Any]], int | None]] = [
    ([{"posted_at": LAST_EVENING}], 2019),
    ([{"posted_at": FIRST_MORNING}], 2020),
    ([{"posted_at": LAST_EVENING.astimezone(timezone(timedelta(hours=9)))}], 2019),
    ([{"posted_at": FIRST_MORNING}, {"posted_at": LAST_EVENING}], 2019),
    ([{"posted_at": LAST_EVENING}, {"posted_at": FIRST_MORNING}], 2019),
    ([{"posted_at": FIRST_MORNING, "year_high": 2012}], 2012),
    ([{"posted_at": LAST_EVENING, "year_high": 2021}], 2019),
    ([{"posted_at": AHEAD}], None),
    ([{"posted_at": datetime.fromtimestamp(0, UTC)}], None),
    ([{"posted_at": AHEAD}, {"posted_at": FIRST_MORNING}], 2020),
    ([{"posted_at": AHEAD, "year_high": 2016}], 2016),
    ([{"posted_at": FIRST_MORNING, "year_high": 20}], 2020),
    ([{"year_high": AHEAD.year}], None),
    ([{"year_high": NOW.year}], NOW.year),
    ([{"posted_at": datetime(1990, 1, 1, tzinfo=UTC)}], 1990),
]
ZONES = {
    "sqlite": ["it has none"],
    "postgresql": ["UTC", "Pacific/Kiritimati", "America/Los_Angeles"],  # +14 and -8 hours
}


def test_everybody_tells_the_same_year_in_every_time_zone(collection: Collection) -> None:
    years = {}
    for i, (seen, year) in enumerate(CASES):
        for j, more in enumerate(seen):
            meme = add(collection, picture(i), f"{i}-{j}", **more).meme_id
        years[meme] = year
        with collection.database.writing() as session:
            cast(session, meme, "ana", genre="ironic", idempotency_key=str(i))
    n = Counter(years.values())
    asked = {near for year in n if year for near in (year - 1, year, year + 1)}
    kind = collection.database.engine.dialect.name
    for zone in ZONES[kind]:
        with collection.database.reading() as session:
            if kind == "postgresql":
                session.execute(text(f"SET TIME ZONE '{zone}'"))
            assert {one["id"]: one["year"] for one in describe_memes(session)} == years, zone
            assert {one.meme_id: one.year_high for one in labelled_memes(session)} == years, zone
            assert {one.meme_id: one.year for one in shown(session, list(years))} == years, zone
            known = known_memes(session, list(years))
            assert {one.meme_id: one.years.high for one in known} == years, zone
            assert progress(session, NOW).years == n, zone
            assert stats(session)["years"] == {str(y or "unknown"): n[y] for y in n}, zone
            found = {
                row.id: year
                for year in asked
                for row in wanting(session, Filters(year_low=year, year_high=year), TWICE)
            }
            assert found == {meme: year for meme, year in years.items() if year}, zone


BOUNDS: list[tuple[list[dict[str, Any]], Years]] = [
    ([{}], Years(None, None)),
    ([{"year_low": 2012, "year_high": 2014}], Years(2012, 2014)),
    ([{"year_low": 2012, "year_high": 2014}, {"year_high": 2010}], Years(None, 2010)),
    ([{"year_low": 2012}, {"year_low": 2013}], Years(2013, None)),
    ([{"year_low": AHEAD.year}], Years(None, None)),
    ([{"year_low": 7, "posted_at": FIRST_MORNING}], Years(None, 2020)),
    ([{"year_low": 2020, "posted_at": FIRST_MORNING}], Years(2020, 2020)),
    ([{"year_low": 2020, "posted_at": AHEAD}], Years(2020, None)),
]


def test_the_bounds_of_what_the_collection_knows(collection: Collection) -> None:
    bounds = {}
    for i, (seen, years) in enumerate(BOUNDS):
        for j, more in enumerate(seen):
            meme = add(collection, picture(i), f"{i}-{j}", **more).meme_id
        bounds[meme] = years
    with collection.database.reading() as session:
        known = known_memes(session, list(bounds))
        assert {one.meme_id: one.years for one in known} == bounds
        highs = {row.meme_id: row.year for row in session.execute(year_by_meme())}
    assert highs == {meme: years.high for meme, years in bounds.items()}


def test_a_date_that_cannot_be_is_not_where_a_meme_was_first_seen(collection: Collection) -> None:
    epoch = datetime.fromtimestamp(0, UTC)
    meme = add(collection, picture(1), "epoch", posted_at=epoch).meme_id
    add(collection, picture(1), "ahead", posted_at=AHEAD)
    with collection.database.reading() as session:
        (before,) = known_memes(session, [meme])
        assert before.first_seen is not None
        assert before.first_seen.posted_at is None
        assert session.get_one(Meme, meme).posted_at is None
    add(collection, picture(1), "true", posted_at=FIRST_MORNING)
    with collection.database.reading() as session:
        (after,) = known_memes(session, [meme])
        assert after.first_seen is not None
        assert after.first_seen.posted_at == FIRST_MORNING
        assert session.get_one(Meme, meme).posted_at == FIRST_MORNING
        # What a source said is kept as it said it.
        said = session.scalars(select(Sighting.posted_at).order_by(Sighting.id)).all()
    assert said == [epoch, AHEAD, FIRST_MORNING]
