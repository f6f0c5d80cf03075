"""Which memes want another answer, and who is given which."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from core.fingerprint import fingerprint
from db.labels import cast, undo_last
from db.memes import Collection, Seen
from db.models import Lease, Meme, MemeStatus, Prediction, Sighting, Verdict
from db.worklist import (
    Filters,
    Overlap,
    answered_by,
    judged_families,
    labelled_by,
    labels_by_genre,
    lease,
    release,
    renew,
    sources,
    wanting,
)
from tests.pictures import picture

ONCE = Overlap()
ALL_TWICE = Overlap(share=1.0, votes=2)


@pytest.fixture
def memes(collection: Collection) -> list[int]:
    """Four memes of a family each."""
    return [add(collection, number) for number in range(4)]


def add(collection: Collection, number: int, **seen: Any) -> int:
    data = picture(number)
    with collection.adding() as adder:
        where = Seen("test", str(number), "url", **seen)
        return adder.add(data, fingerprint(data), where).meme_id


def say(collection: Collection, meme: int, annotator: str, what: str = "ironic") -> None:
    is_genre = what not in set(Verdict)
    with collection.database.writing() as session:
        verdict = Verdict.GENRE if is_genre else Verdict(what)
        cast(session, meme, annotator, genre=what if is_genre else None, verdict=verdict)


def predict(collection: Collection, meme: int, genre: str, version: str = "v1") -> None:
    with collection.database.writing() as session:
        session.add(
            Prediction(
                meme_id=meme,
                model_version=version,
                genre=genre,
                scores={genre: 0.75},
                entropy=0.5,
                held_out=True,
                predicted_at=datetime.now(UTC),
            )
        )


def open_ones(collection: Collection, overlap: Overlap = ONCE, **filters: Any) -> list[int]:
    with collection.database.reading() as session:
        return [row.id for row in wanting(session, Filters(**filters), overlap)]


def take(
    collection: Collection,
    annotator: str,
    memes: list[int],
    n: int = 9,
    overlap: Overlap = ONCE,
    **more: bool,
) -> list[int]:
    with collection.database.writing() as session:
        return lease(session, annotator, memes, n, overlap, **more)


def test_what_is_judged_wants_no_more_and_what_was_skipped_does(
    collection: Collection, memes: list[int]
) -> None:
    for meme, what in zip(memes, ("ironic", "unsure", "not_a_meme", "skip"), strict=True):
        say(collection, meme, "ana", what)
    assert open_ones(collection) == memes[3:]
    with collection.database.writing() as session:
        undo_last(session, "ana")
        undo_last(session, "ana")
    assert open_ones(collection) == memes[2:]


def test_a_removed_meme_wants_nothing(collection: Collection, memes: list[int]) -> None:
    with collection.database.writing() as session:
        session.get_one(Meme, memes[0]).status = MemeStatus.REMOVED
    assert open_ones(collection) == memes[1:]
    assert take(collection, "ana", memes) == memes[1:]


def test_where_two_are_to_judge_a_meme_wants_two_people(
    collection: Collection, memes: list[int]
) -> None:
    say(collection, memes[0], "ana")
    say(collection, memes[0], "ana", "political")  # the same person again
    assert open_ones(collection, ALL_TWICE) == memes
    say(collection, memes[0], "bo")
    assert open_ones(collection, ALL_TWICE) == memes[1:]


def test_the_share_that_several_judge_is_told_by_the_sha256() -> None:
    half = Overlap(share=0.5, votes=3)
    assert half.wanted("7" + "f" * 63) == 3
    assert half.wanted("8" + "0" * 63) == 1
    assert Overlap().wanted("0" * 64) == 1
    assert ALL_TWICE.wanted("f" * 64) == 2


def test_the_database_and_python_agree_on_that_share(
    collection: Collection, memes: list[int]
) -> None:
    for meme in memes:
        say(collection, meme, "bo")
    with collection.database.reading() as session:
        sha256s = {row.id: row.sha256 for row in session.execute(select(Meme.id, Meme.sha256))}
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        overlap = Overlap(share, 2)
        expected = [meme for meme in memes if overlap.wanted(sha256s[meme]) == 2]
        assert open_ones(collection, overlap) == expected


def test_filters_choose_by_where_a_meme_was_seen(collection: Collection) -> None:
    old = add(collection, 1, community="Memes", title="One does NOT simply", posted_at=year(2012))
    new = add(collection, 2, community="surreal", year_low=2019, year_high=2020)
    add(collection, 3)
    assert open_ones(collection, community="memes") == [old]
    assert open_ones(collection, source="test", community="surreal") == [new]
    assert open_ones(collection, source="elsewhere") == []
    assert open_ones(collection, year_low=2010, year_high=2015) == [old]
    assert open_ones(collection, year_low=2020) == [new]
    assert open_ones(collection, words="simply not") == [old]
    assert open_ones(collection, words="simply walk") == []


def test_words_are_found_in_any_case_and_language_and_in_nothing_but_the_texts(
    collection: Collection, memes: list[int]
) -> None:
    lines = [
        {"text": "ÉCOLE de 100 % Straße", "box": [0, 0.25, 1, 0.9], "confidence": 0.9},
        {"text": 'C:\\dir "so_it\'s"', "box": [0, 0, 1, 1], "confidence": 1},
    ]
    with collection.database.writing() as session:
        session.execute(update(Meme).where(Meme.id == memes[1]).values(words=lines))
        session.execute(update(Meme).where(Meme.id == memes[2]).values(words=[]))
    with collection.database.writing() as session:
        seen = session.scalars(select(Sighting).where(Sighting.meme_id == memes[3])).one()
        seen.title = "Über 5%_off ЖИЗНЬ"
    for words in ("école", "ÉCOLE", "DE", "100 %", "straße", "école so_it", "dir", "C:\\", '"so'):
        assert open_ones(collection, words=words) == [memes[1]], words
    for words in ("über", "ÜBER", "5%_", "жизнь", "Жизнь"):
        assert open_ones(collection, words=words) == [memes[3]], words
    for words in ("box", "text", "0.9", "0.25", "confidence", "[", "{", ",", "_cole", "1%0"):
        assert open_ones(collection, words=words) == [], words
    assert open_ones(collection, words="%") == [memes[1], memes[3]]
    assert open_ones(collection, words="straße c") == [memes[1]]
    assert open_ones(collection, words="\0") == []


def test_what_the_newest_model_suggests_can_be_chosen(
    collection: Collection, memes: list[int]
) -> None:
    predict(collection, memes[0], "political", "v1")
    predict(collection, memes[1], "political", "v1")
    predict(collection, memes[0], "ironic", "v2")
    assert open_ones(collection, suggested="ironic") == [memes[0]]
    assert open_ones(collection, suggested="political") == []  # an older model said so
    with collection.database.reading() as session:
        rows = wanting(session, Filters(), ONCE)
    assert [(row.entropy, row.genre) for row in rows[:2]] == [(0.5, "ironic"), (None, None)]


def test_a_meme_that_is_given_is_given_to_nobody_else(
    collection: Collection, memes: list[int]
) -> None:
    assert take(collection, "ana", memes, 2) == memes[:2]
    assert take(collection, "bo", memes, 9) == memes[2:]
    assert take(collection, "ana", memes, 9) == []  # not in another window either
    assert take(collection, "ana", memes, 9, held_too=True) == memes[:2]


def test_where_two_are_to_judge_two_may_look_at_once(
    collection: Collection, memes: list[int]
) -> None:
    say(collection, memes[0], "ana")
    assert take(collection, "bo", memes, 2, ALL_TWICE) == memes[:2]
    assert take(collection, "cy", memes, 2, ALL_TWICE) == memes[1:3]
    assert take(collection, "di", memes, 9, ALL_TWICE) == memes[2:]


def test_what_a_person_answered_or_skipped_is_not_given_again(
    collection: Collection, memes: list[int]
) -> None:
    say(collection, memes[0], "ana", "skip")
    assert take(collection, "ana", memes) == memes[1:]
    with collection.database.reading() as session:
        assert answered_by(session, "ana") == {memes[0]}


def test_a_lease_runs_out_unless_it_is_renewed(collection: Collection, memes: list[int]) -> None:
    assert take(collection, "ana", memes, 2) == memes[:2]
    with collection.database.writing() as session:
        past = datetime.now(UTC) - timedelta(seconds=1)
        session.execute(update(Lease).values(expires_at=past))
        renew(session, "ana", [memes[0], 99_999])  # one that is gone meanwhile
    assert take(collection, "bo", memes) == memes[1:]


def test_what_is_released_is_given_to_others(collection: Collection, memes: list[int]) -> None:
    take(collection, "ana", memes)
    with collection.database.writing() as session:
        release(session, "bo", memes)  # they are not his
        release(session, "ana", memes[:1])
    assert take(collection, "bo", memes) == memes[:1]


def test_counts_by_genre_family_and_person(collection: Collection, memes: list[int]) -> None:
    say(collection, memes[0], "ana", "political")
    say(collection, memes[0], "bo", "political")
    say(collection, memes[1], "ana", "skip")
    with collection.database.reading() as session:
        family = session.get_one(Meme, memes[0]).template_id
        assert judged_families(session) == {family: 1}
        labels = labels_by_genre(session)
        assert (labels["political"], sum(labels.values()), len(labels)) == (2, 2, 8)
        assert (labelled_by(session, "ana"), labelled_by(session, "cy")) == (1, 0)


def test_there_is_something_to_choose_from(collection: Collection) -> None:
    for number, community in enumerate(("b", "a", "b", None)):
        add(collection, number, community=community)
    with collection.database.reading() as session:
        there = sources(session)
    assert (there.n_memes, there.sources, there.communities) == (4, ["test"], ["b", "a"])


def year(number: int) -> datetime:
    return datetime(number, 6, 1, tzinfo=UTC)
