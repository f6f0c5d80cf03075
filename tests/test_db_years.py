"""When a meme was made is told in one way, whoever asks and whatever the database's time zone."""

import random
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from sqlalchemy import Select, event, select, text
from sqlalchemy.orm import Session

from core.errors import BadInput
from core.fingerprint import hash_bytes
from core.settings import Settings
from db.known import known_memes, years_of_file
from db.labels import cast, undo
from db.listing import describe_memes, labelled_memes, stats, unlabelled_memes
from db.memes import Collection
from db.models import Channel, Meme, Sighting, Verdict, Vote
from db.progress import progress
from db.showing import shown
from db.worklist import Filters, Overlap, wanting
from db.years import Clues, Years, said_of, told_of, year_by_meme, year_of_meme, years_of
from tests.collecting import add, add_some, make_copy, make_meme
from tests.pictures import picture, repost

NOW = datetime.now(UTC)
LAST_EVENING = datetime(2019, 12, 31, 23, 30, tzinfo=UTC)
FIRST_MORNING = datetime(2020, 1, 1, 0, 30, tzinfo=UTC)
AHEAD = NOW + timedelta(days=400)
MANY = Overlap(share=1.0, votes=9)


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
    kind = collection.database.engine.dialect.name
    for zone in ZONES[kind]:
        with collection.database.reading() as session:
            if kind == "postgresql":
                session.execute(text(f"SET TIME ZONE '{zone}'"))
            assert_all_tell(session, years)


def assert_all_tell(session: Session, years: dict[int, int | None]) -> None:
    """Everybody who is asked says these last years of these memes, which are labelled, and all."""
    n = Counter(years.values())
    assert {one["id"]: one["year"] for one in describe_memes(session)} == years
    assert {one.meme_id: one.year_high for one in labelled_memes(session)} == years
    assert {one.meme_id: one.year for one in shown(session, list(years))} == years
    assert {one.meme_id: one.years.high for one in known_memes(session, list(years))} == years
    files = session.execute(select(Meme.id, Meme.sha256)).all()
    assert {meme: years_of_file(session, sha256).high for meme, sha256 in files} == years
    assert progress(session, NOW).years == n
    assert stats(session)["years"] == {str(y or "unknown"): n[y] for y in n}
    found = {
        row.id: year
        for year in {near for year in n if year for near in (year - 1, year, year + 1)}
        for row in wanting(session, Filters(year_low=year, year_high=year), MANY)
    }
    assert found == {meme: year for meme, year in years.items() if year}


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


# --------------------------------------------------------------------------- what people say


@dataclass(frozen=True, slots=True)
class Word:
    """One vote with years, or without."""

    years: tuple[int, int] | None
    who: str = "ana"
    verdict: Verdict = Verdict.GENRE
    channel: Channel = Channel.LABEL
    is_undone: bool = False


def say(collection: Collection, meme: int, *words: Word) -> None:
    with collection.database.writing() as session:
        for word in words:
            n = session.query(Vote).count()
            cast(
                session,
                meme,
                word.who,
                genre="ironic" if word.verdict is Verdict.GENRE else None,
                verdict=word.verdict,
                channel=word.channel,
                years=word.years,
                idempotency_key=str(n),
            )
            if word.is_undone:
                session.flush()
                assert undo(session, word.who, str(n))


A_SOURCE = {"posted_at": FIRST_MORNING, "year_low": 2018, "year_high": 2019}

# Where a meme was seen, what people said of it, and the years that follow.
SAID: dict[str, tuple[dict[str, Any], list[Word], Years]] = {
    "a person may know more": ({}, [Word((2015, 2016))], Years(2015, 2016)),
    "than when it was seen": (
        {"posted_at": FIRST_MORNING},
        [Word((2016, 2016))],
        Years(2016, 2016),
    ),
    "nobody says it is later": (
        {"posted_at": FIRST_MORNING},
        [Word((2021, 2022))],
        Years(None, 2020),
    ),
    "within": ({"posted_at": FIRST_MORNING}, [Word((2019, 2022))], Years(2019, 2020)),
    "earlier than the source": (A_SOURCE, [Word((2016, 2017))], Years(2016, 2017)),
    "later than the source": (A_SOURCE, [Word((2020, 2020))], Years(2018, 2019)),
    "narrower": (A_SOURCE, [Word((2019, 2019))], Years(2019, 2019)),
    "wider": (A_SOURCE, [Word((2010, 2021))], Years(2018, 2019)),
    "the earliest of two": ({}, [Word((2016, 2016)), Word((2014, 2015), "bo")], Years(2014, 2015)),
    "both of two": ({}, [Word((2012, 2016)), Word((2014, 2018), "bo")], Years(2014, 2016)),
    "the last word": ({}, [Word((2012, 2012)), Word((2016, 2017))], Years(2016, 2017)),
    "the last with years": ({}, [Word((2012, 2012)), Word(None)], Years(2012, 2012)),
    "undone": ({}, [Word((2012, 2012), is_undone=True)], Years(None, None)),
    "the last that stands": (
        {},
        [Word((2016, 2017)), Word((2012, 2012), is_undone=True)],
        Years(2016, 2017),
    ),
    "a skip": ({}, [Word((2016, 2016), verdict=Verdict.SKIP)], Years(2016, 2016)),
    "unsure": ({}, [Word((2016, 2016), verdict=Verdict.UNSURE)], Years(2016, 2016)),
    "no meme": ({}, [Word((2016, 2016), verdict=Verdict.NOT_A_MEME)], Years(2016, 2016)),
    "a visitor": ({}, [Word((2012, 2012), channel=Channel.CORRECTION)], Years(None, None)),
    "a visitor after ana": (
        {},
        [Word((2016, 2016)), Word((2012, 2012), channel=Channel.CORRECTION)],
        Years(2016, 2016),
    ),
}


def test_what_people_say_of_a_memes_years_counts_like_what_a_source_says(
    collection: Collection,
) -> None:
    years = {}
    for i, (seen, words, expected) in enumerate(SAID.values()):
        meme = add(collection, picture(i), str(i), **seen).meme_id
        say(collection, meme, *words)
        years[meme] = expected
    names = dict(zip(years, SAID, strict=True))
    with collection.database.reading() as session:
        found = {one.meme_id: one.years for one in known_memes(session, list(years))}
        assert {names[meme]: one for meme, one in found.items()} == {
            names[meme]: one for meme, one in years.items()
        }
        lows = {one.meme_id: one.year_low for one in labelled_memes(session)}
        assert lows == {meme: years[meme].low for meme in lows}
    with collection.database.writing() as session:
        # So that each is labelled, and one word more: nobody says when anything was made.
        for meme in years:
            cast(session, meme, "cy", genre="ironic")
    with collection.database.reading() as session:
        assert_all_tell(session, {meme: one.high for meme, one in years.items()})


def test_the_years_of_memes_that_nobody_labelled(collection: Collection) -> None:
    meme, other = add_some(collection, 2)
    say(collection, meme, Word((2016, 2017), verdict=Verdict.SKIP))
    with collection.database.reading() as session:
        told = {one.meme_id: (one.year_low, one.year_high) for one in unlabelled_memes(session)}
    assert told == {meme: (2016, 2017), other: (None, None)}


def test_the_database_finds_the_years_that_python_finds(collection: Collection) -> None:
    rng, memes = random.Random(3), []
    for i in range(12):
        for j in range(rng.randrange(1, 3)):
            posted_at = datetime(rng.randrange(1985, 2028), 6, 1, tzinfo=UTC)
            high = rng.choice([None, 7, rng.randrange(2010, 2024)])
            low = rng.choice([None, rng.randrange(2005, 2020)])
            seen = {"posted_at": rng.choice([None, posted_at]), "year_low": low, "year_high": high}
            meme = add(collection, picture(i), f"{i}-{j}", **seen).meme_id
        memes.append(meme)
        for _ in range(rng.randrange(5)):
            first = rng.randrange(2005, 2024)
            years = rng.choice([None, (first, min(2024, first + rng.randrange(3)))])
            channel = rng.choice([Channel.LABEL, Channel.REVIEW, Channel.CORRECTION])
            word = Word(years, rng.choice("abc"), channel=channel, is_undone=rng.random() < 0.3)
            say(collection, meme, word)
    with collection.database.reading() as session:
        told = told_of(session, memes)
        highs = {meme: years_of(*told[meme]).high for meme in memes}
        assert len(set(highs.values())) > 4
        assert {row.meme_id: row.year for row in session.execute(year_by_meme())} == highs
        some = {row.meme_id: row.year for row in session.execute(year_by_meme(memes[:3]))}
        assert some == {meme: highs[meme] for meme in memes[:3]}
        one_by_one = session.execute(select(Meme.id, year_of_meme().label("year")))
        assert {row.id: row.year for row in one_by_one} == highs


def test_each_clue_is_told_by_itself(collection: Collection) -> None:
    meme = add(collection, picture(1), "1", **A_SOURCE).meme_id
    add(collection, picture(1), "2", posted_at=LAST_EVENING)
    say(collection, meme, Word((2017, 2017)), Word((2015, 2017), "bo"))
    (bare,) = (add(collection, picture(2), "3").meme_id,)
    with collection.database.reading() as session:
        clues = {one.meme_id: one.clues for one in shown(session, [meme, bare])}
    nothing = Years(None, None)
    assert clues == {
        meme: Clues(2019, Years(2018, 2019), Years(2017, 2017)),
        bare: Clues(None, nothing, nothing),
    }


@pytest.mark.parametrize(
    ("years", "why"),
    [
        ((1989, 2016), r"^a meme was made in a year from 1990 to \d{4}: 1989$"),
        (
            (2016, NOW.year + 1),
            rf"^a meme was made in a year from 1990 to \d{{4}}: {NOW.year + 1}$",
        ),
        ((2016, 2015), "^the first year comes before the last: 2016-2015$"),
    ],
)
def test_years_that_cannot_be_are_no_vote(
    collection: Collection, years: tuple[int, int], why: str
) -> None:
    (meme,) = add_some(collection, 1)
    with pytest.raises(BadInput, match=why):
        say(collection, meme, Word(years))
    say(collection, meme, Word((1990, NOW.year)))
    with collection.database.reading() as session:
        assert [(one.year_low, one.year_high) for one in session.scalars(select(Vote))] == [
            (1990, NOW.year)
        ]


def test_a_year_goes_where_the_file_goes_of_which_it_was_said(collection: Collection) -> None:
    first, second = picture(1), repost(picture(2))
    meme = add(collection, first, "1").meme_id
    other = add(collection, second, "2").meme_id
    say(collection, meme, Word((2016, 2016)))
    say(collection, other, Word((2012, 2012), "bo"), Word((2014, 2015)))

    def years() -> dict[str, Years]:
        with collection.database.reading() as session:
            return {one: years_of_file(session, hash_bytes(data)) for one, data in both.items()}

    both = {"first": first, "second": second}
    apart = {"first": Years(2016, 2016), "second": Years(2012, 2012)}
    assert years() == apart
    make_copy(collection, second, first)
    # Of ana, who said something of both, the last word counts.
    assert years() == dict.fromkeys(both, Years(2012, 2012))
    with collection.database.reading() as session:
        assert sorted(said_of(session)[meme]) == [(2012, 2012), (2014, 2015)]
    make_meme(collection, second)
    assert years() == apart


def steps(session: Session, query: Select[*tuple[Any, ...]]) -> list[str]:
    """How SQLite looks votes up for a query."""
    asked = query.compile(session.connection().engine, compile_kwargs={"literal_binds": True})
    plan = session.execute(text(f"EXPLAIN QUERY PLAN {asked}")).all()
    return [row.detail for row in plan if "vote" in row.detail]


def test_votes_without_a_year_are_not_looked_at(settings: Settings) -> None:
    collection = Collection.open(settings)
    with collection.database.reading() as session:
        for query in (year_by_meme([1]), select(Meme.id).where(year_of_meme() == 2016)):
            of_one = steps(session, query)
            assert of_one
            assert all(
                step.startswith("SEARCH") and "USING INDEX ix_vote_years" in step for step in of_one
            ), of_one
        of_all = steps(session, year_by_meme())
        assert of_all
        assert all("USING INDEX ix_vote_years" in step for step in of_all), of_all
    collection.database.engine.dispose()


def test_years_cost_a_few_queries_however_many_memes(collection: Collection) -> None:
    memes = add_some(collection, 6)
    for meme in memes:
        say(collection, meme, Word((2016, 2016)), Word((2015, 2015), "bo"))
    asked: list[str] = []
    listening = collection.database.engine, "before_cursor_execute"

    def hear(_1: object, _2: object, statement: str, *_: object) -> None:
        asked.append(statement)

    n = {}
    event.listen(*listening, hear)
    for some in (memes[:1], memes):
        with collection.database.reading() as session:
            asked.clear()
            shown(session, some)
            known_memes(session, some)
            n[len(some)] = len(asked)
    with collection.database.reading() as session:
        asked.clear()
        labelled_memes(session)
        assert len(asked) <= len(memes)
    event.remove(*listening, hear)
    assert n[1] == n[6]
