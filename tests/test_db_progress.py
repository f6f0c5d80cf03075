"""How far labeling has come: memes by status and genre, who said how much, and the pace."""

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta, timezone
from itertools import count
from typing import Any

import pytest
from sqlalchemy import text

import db.progress
from core.fingerprint import fingerprint
from core.genres import GENRES
from db.labels import Prior, cast_of_place, consensus, set_priors
from db.memes import Collection, Seen
from db.models import Meme, MemeStatus, Verdict, Vote
from db.progress import (
    DayVotes,
    Pace,
    Person,
    Progress,
    Status,
    minutes_to,
    next_goal,
    progress,
)
from db.years import years_of
from tests.pictures import picture

NOW = datetime(2026, 3, 31, 12, 0, tzinfo=UTC)
NO_GENRES = {genre.key: 0 for genre in GENRES}
_KEYS = count()


def add(collection: Collection, number: int, *places: Seen) -> int:
    """A meme, seen at one place or more."""
    data = picture(number)
    with collection.adding() as adder:
        for where in places or (Seen("test", str(number), "url"),):
            meme_id = adder.add(data, fingerprint(data), where).meme_id
    return meme_id


def remove(collection: Collection, meme: int) -> None:
    with collection.database.writing() as session:
        session.get_one(Meme, meme).status = MemeStatus.REMOVED


def vote(
    meme: int,
    annotator: str,
    what: str = "ironic",
    at: datetime = NOW,
    *,
    undone: bool = False,
    settles: bool = False,
) -> Vote:
    is_genre = what not in set(Verdict)
    return Vote(
        meme_id=meme,
        annotator=annotator,
        verdict=Verdict.GENRE if is_genre else Verdict(what),
        genre=what if is_genre else None,
        settles=settles,
        idempotency_key=f"key-{next(_KEYS)}",
        created_at=at,
        undone_at=at if undone else None,
    )


def say(collection: Collection, *votes: Vote) -> None:
    """In this order."""
    with collection.database.writing() as session:
        for one in votes:
            session.add(one)
            session.flush()


def look(collection: Collection) -> Progress:
    with collection.database.reading() as session:
        if collection.database.engine.dialect.name == "postgresql":
            session.execute(text("SET TIME ZONE 'America/New_York'"))  # days here are UTC's
        return progress(session, NOW)


def every(seconds: float, n: int, until: datetime = NOW) -> Iterator[datetime]:
    """Times so far apart, the last at `until`."""
    return (until - timedelta(seconds=seconds * (n - 1 - i)) for i in range(n))


def test_an_empty_collection_has_made_no_progress(collection: Collection) -> None:
    assert look(collection) == Progress(
        statuses=dict.fromkeys(Status, 0),
        genres=NO_GENRES,
        weak=NO_GENRES,
        sources={},
        years={},
        days=[],
        people=[],
        pace=None,
    )


@pytest.mark.parametrize("n_asked", [1, 5_000])
def test_each_meme_has_one_status_and_the_genre_that_most_say(
    collection: Collection, monkeypatch: pytest.MonkeyPatch, n_asked: int
) -> None:
    monkeypatch.setattr(db.progress, "_N_ASKED", n_asked)
    said: dict[int, Sequence[tuple[str, str, dict[str, Any]]]] = {
        0: [("ana", "ironic", {})],
        1: [("ana", "ironic", {}), ("bo", "ironic", {})],
        # of one mind in the end: the last word of each counts, and an undone one is none
        2: [("ana", "political", {}), ("ana", "ironic", {})],
        3: [("ana", "political", {"undone": True}), ("bo", "text_post", {})],
        # settled
        4: [("ana", "ironic", {}), ("bo", "ironic", {}), ("cy", "political", {"settles": True})],
        # disputed: most say a genre, the last does, the last says another thing
        5: [("ana", "ironic", {}), ("bo", "ironic", {}), ("cy", "political", {})],
        6: [("ana", "ironic", {}), ("bo", "political", {})],
        7: [("ana", "ironic", {}), ("bo", "unsure", {})],
        # no genre
        8: [("ana", "unsure", {})],
        9: [("ana", "ironic", {}), ("ana", "not_a_meme", {})],
        # waiting
        10: [("ana", "skip", {}), ("bo", "ironic", {"undone": True})],
        11: [],
        # removed
        12: [("ana", "ironic", {})],
        13: [("ana", "ironic", {}), ("bo", "political", {})],
    }
    memes = {number: add(collection, number) for number in said}
    for number, words in said.items():
        say(collection, *(vote(memes[number], who, what, **more) for who, what, more in words))
    for number in (12, 13):
        remove(collection, memes[number])
    now = look(collection)
    assert now.statuses == {
        Status.LABELLED: 5,
        Status.DISPUTED: 3,
        Status.NO_GENRE: 2,
        Status.WAITING: 2,
        Status.REMOVED: 2,
    }
    # 0, 1, 2, 5; 4, 6; 3
    assert now.genres == NO_GENRES | {"ironic": 4, "political": 2, "text_post": 1}
    assert (now.n_memes, now.n_labelled) == (12, 7)
    with collection.database.reading() as session:
        agreed = [row.genre for row in session.execute(consensus()) if row.meme_id <= memes[11]]
    assert sorted(filter(None, agreed)) == ["ironic"] * 4 + ["political"] * 2 + ["text_post"]


def test_random_votes_count_as_when_each_is_looked_at(collection: Collection) -> None:
    rng = random.Random(0)
    memes = [add(collection, number, *_anywhere(rng, number)) for number in range(30)]
    votes = [
        vote(
            rng.choice(memes[1:]),
            rng.choice("abcd"),
            rng.choice(("ironic", "ironic", "ironic", "political", "unsure", "not_a_meme", "skip")),
            NOW - timedelta(minutes=rng.randrange(5_000)),
            undone=rng.random() < 0.2,
            settles=rng.random() < 0.05,
        )
        for _ in range(300)
    ]
    say(collection, *votes)
    for meme in memes[-4:]:
        remove(collection, meme)
    now = look(collection)

    answers = [one for one in votes if not one.undone_at and one.verdict != Verdict.SKIP]
    with collection.database.reading() as session:
        active = [session.get_one(Meme, meme) for meme in memes[:-4]]
        years = Counter(years_of(one.sightings, []).high for one in active)
        sources = Counter(s for one in active for s in {at.source for at in one.sightings})
        ids = {one.id for one in active}
        agreed = {row.meme_id: row for row in session.execute(consensus()) if row.meme_id in ids}
    statuses = Counter(_status(answers, meme, agreed) for meme in ids)
    assert min(statuses.values()) > 0
    assert len(statuses) == 4
    assert now.statuses == statuses | {Status.REMOVED: 4}
    genres = Counter(row.genre for row in agreed.values() if row.genre)
    assert now.genres == NO_GENRES | genres
    assert now.sources == sources
    assert now.years == years
    days = Counter((one.created_at.date(), one.annotator) for one in answers)
    assert now.days == [DayVotes(*key, n) for key, n in sorted(days.items())]
    said = Counter(one.annotator for one in answers)
    assert {one.annotator: one.n for one in now.people} == said


def _anywhere(rng: random.Random, number: int) -> list[Seen]:
    return [
        Seen(
            rng.choice(("lemmy", "reddit")),
            f"{number}-{again}",
            "url",
            posted_at=rng.choice((None, NOW - timedelta(days=rng.randrange(4_000)))),
            year_high=rng.choice((None, rng.randrange(2015, 2027))),
        )
        for again in range(rng.randint(1, 3))
    ]


def _status(answers: Sequence[Vote], meme: int, agreed: dict[int, Any]) -> Status:
    last = {one.annotator: one for one in answers if one.meme_id == meme}
    if not last:
        return Status.WAITING
    is_settled = any(one.settles for one in last.values())
    if len({one.genre or one.verdict for one in last.values()}) > 1 and not is_settled:
        return Status.DISPUTED
    return Status.LABELLED if agreed[meme].genre else Status.NO_GENRE


def test_communities_suggest_genres_of_memes_that_nobody_answered(collection: Collection) -> None:
    def seen(post: str, community: str) -> Seen:
        return Seen("test", post, "url", community=community)

    one, two, answered, skipped, removed = (
        add(collection, number, seen(str(number), "irony")) for number in range(5)
    )
    both = add(collection, 5, seen("5", "irony"), seen("6", "politics"))
    add(collection, 7, seen("7", "unknown"))
    remove(collection, removed)
    with collection.database.writing() as session:
        set_priors(session, [Prior("irony", "ironic", 0.5), Prior("politics", "political", 0.8)])
    say(collection, vote(answered, "ana", "unsure"), vote(skipped, "ana", "skip"))
    assert both not in {one, two}
    assert look(collection).weak == NO_GENRES | {"ironic": 3, "political": 1}


def test_a_meme_counts_once_in_each_source_that_it_was_seen_in(collection: Collection) -> None:
    add(collection, 0, Seen("lemmy", "0", "url"), Seen("lemmy", "1", "url"))
    add(collection, 1, Seen("lemmy", "2", "url"), Seen("reddit", "2", "url"))
    add(collection, 2, Seen("folder", "3", "url"))
    remove(collection, add(collection, 3, Seen("reddit", "4", "url")))
    assert list(look(collection).sources.items()) == [("lemmy", 2), ("folder", 1), ("reddit", 1)]


def test_the_year_is_that_of_the_earliest_sighting_in_utc(collection: Collection) -> None:
    def seen(post: str, **more: Any) -> Seen:
        return Seen("test", post, "url", **more)

    west = timezone(timedelta(hours=-5))
    new_year = datetime(2015, 12, 31, 22, 0, tzinfo=west)  # 3:00 on the first of January in UTC
    add(collection, 0, seen("0", posted_at=new_year))
    add(collection, 1, seen("1", posted_at=new_year), seen("2", posted_at=NOW))
    add(collection, 2, seen("3", posted_at=NOW), seen("4", year_high=2012))
    add(collection, 3, seen("5", posted_at=new_year, year_high=2020))
    add(collection, 4, seen("6", posted_at=new_year, year_high=2010))
    add(collection, 5, seen("8"))
    remove(collection, add(collection, 6, seen("7", posted_at=NOW)))
    assert list(look(collection).years.items()) == [(2010, 1), (2012, 1), (2016, 3), (None, 1)]


def test_votes_count_on_their_day_in_utc_for_ninety_days(collection: Collection) -> None:
    meme = add(collection, 0)
    first = datetime(2026, 1, 1, tzinfo=UTC)  # 31 + 28 + 31 = 90 days with today
    evening = datetime(2026, 3, 30, 23, 59, tzinfo=UTC)
    say(
        collection,
        vote(meme, "ana", at=first - timedelta(seconds=1)),
        vote(meme, "ana", at=first),
        vote(meme, "bo", "unsure", at=evening),
        vote(meme, "bo", "skip", at=evening),
        vote(meme, "bo", at=evening, undone=True),
        vote(meme, "bo", at=evening + timedelta(minutes=2)),
        vote(meme, "ana", at=NOW),
        vote(meme, "ana", at=NOW),
    )
    assert look(collection).days == [
        DayVotes(date(2026, 1, 1), "ana", 1),
        DayVotes(date(2026, 3, 30), "bo", 1),
        DayVotes(date(2026, 3, 31), "ana", 2),
        DayVotes(date(2026, 3, 31), "bo", 1),
    ]


def test_a_persons_pauses_are_no_time_that_a_vote_takes(collection: Collection) -> None:
    meme = add(collection, 0)
    at = [NOW + timedelta(seconds=s) for s in (0, 2, 5, 10, 10 + 301, 10 + 301 + 300)]
    say(
        collection,
        vote(meme, "ana", at=at[0]),
        vote(meme, "ana", "skip", at=at[1]),
        vote(meme, "ana", at=at[2], undone=True),
        vote(meme, "bo", at=at[2]),
        vote(meme, "ana", at=at[3]),
        vote(meme, "ana", at=at[4]),
        vote(meme, "ana", at=at[5]),
        vote(meme, "cy", "skip", at=at[5]),
    )
    with collection.database.writing() as session:
        for number in range(9):
            place = f"file-{number}"
            cast_of_place(session, meme, "import", place=place, genre="ironic", trust=None)
    assert look(collection).people == [
        Person("import", 9, None),
        Person("ana", 4, 4.0),  # of 2, 3, 5 and 300 seconds
        Person("bo", 1, None),
    ]


def test_the_pace_is_that_of_the_last_half_hour_of_work(collection: Collection) -> None:
    meme = add(collection, 0)
    before = NOW - timedelta(days=1)
    say(
        collection,
        # A vote in 30 seconds for 20 minutes; the last 15 of them count.
        *(vote(meme, "ana", "political", at) for at in every(30, 41, before)),
        # Then in 15 minutes two people by turns, of whom one names no genre half of the time.
        *(
            vote(meme, ("ana", "bo")[i % 2], ("ironic", "unsure", "ironic", "ironic")[i % 4], at)
            for i, at in enumerate(every(15, 61))
        ),
    )
    # The vote after the pause ends no work that was seen: 60 votes, of which 15 name no genre.
    assert look(collection).pace == Pace({"ironic": 45, "political": 30}, 30.0)
    pace = look(collection).pace
    assert pace is not None
    assert (pace.a_minute(), pace.a_minute("political"), pace.a_minute("text_post")) == (2.5, 1, 0)


def test_what_was_taken_back_took_time_and_is_no_label(collection: Collection) -> None:
    meme = add(collection, 0)
    say(
        collection,
        *(vote(meme, "ana", at=at, undone=i == 3) for i, at in enumerate(every(4, 16))),
    )
    assert look(collection).pace == Pace({"ironic": 14}, 1.0)


def test_less_than_a_minute_of_work_tells_no_pace_nor_does_an_import(
    collection: Collection,
) -> None:
    meme = add(collection, 0)
    say(collection, *(vote(meme, "ana", at=at) for at in every(4, 15)))
    with collection.database.writing() as session:
        cast_of_place(session, meme, "import", place="file", genre="ironic", trust=None)
        session.flush()
        imported = session.query(Vote).filter_by(annotator="import").one()
        imported.created_at = NOW + timedelta(minutes=1)
    assert look(collection).pace is None


@pytest.mark.parametrize(
    ("n", "first", "goal"),
    [
        (0, 100, 100),
        (99, 100, 100),
        (100, 100, 200),
        (320, 100, 500),
        (500, 100, 1_000),
        (5_000, 100, 10_000),
        (10_000, 100, 20_000),
        (0, 50, 50),
        (50, 50, 100),
        (200, 50, 500),
    ],
)
def test_the_next_goal_is_above(n: int, first: int, goal: int) -> None:
    assert next_goal(n, first) == goal


def test_the_time_to_a_goal_follows_from_the_pace() -> None:
    assert minutes_to(500, 320, 15) == 12
    assert minutes_to(500, 320, 0) is None
