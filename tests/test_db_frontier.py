"""Media on their way into the collection, and how far listings have come."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update

from core.errors import Reject
from db.frontier import (
    Medium,
    Tries,
    due,
    enqueue,
    mark_of,
    move_mark,
    n_pending,
    next_due,
    pending_counts,
    refuse_post,
    refused_counts,
    reject,
    settle,
    try_later,
)
from db.memes import Collection, Seen
from db.models import Pending, Sighting
from db.pseudonyms import pseudonym, salt
from tests.collecting import add
from tests.pictures import picture

LISTING = "lemmy:memes"
AT = datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)


def seen(post: str, index: int = 0) -> Seen:
    return Seen(
        "lemmy",
        post,
        f"https://x.example/{post}/{index}.png",
        media_index=index,
        community="memes",
        title="a title",
        score=-3,
        posted_at=AT,
        nsfw=True,
        author="0123456789abcdef",
        licence="CC0",
    )


def queue(collection: Collection, *media: Seen, listing: str = LISTING) -> int:
    with collection.database.writing_alone() as session:
        return enqueue(session, listing, media)


def waiting(collection: Collection, *listings: str, without: Iterable[int] = ()) -> list[Medium]:
    with collection.database.reading() as session:
        return due(session, listings or None, without=set(without), limit=10)


def test_what_is_queued_comes_out_as_it_went_in(collection: Collection) -> None:
    media = [seen("1"), seen("1", 1), Seen("lemmy", "2\0", "https://x.example/\ud800")]
    assert queue(collection, *media) == 0
    found = waiting(collection)
    assert [medium.seen for medium in found[:2]] == media[:2]
    assert found[2].seen.image_url == "https://x.example/\\ud800"  # as any text is kept
    assert queue(collection, *media) == 3  # known, that with a NUL as well


def test_a_medium_is_queued_once_wherever_it_is_now(collection: Collection) -> None:
    add(collection, picture(1), "stored")
    stored = Seen("test", "stored", "https://x.example/1.png")
    with collection.database.writing() as session:
        assert refuse_post(session, LISTING, seen("refused"), Reject.NO_PICTURE, "no picture")
        assert not refuse_post(session, LISTING, seen("refused"), Reject.REMOVED, "removed")
    assert queue(collection, stored, seen("refused"), seen("new"), seen("new")) == 3
    assert queue(collection, seen("new"), listing="lemmy:other") == 1
    assert [medium.seen.post_id for medium in waiting(collection)] == ["new"]


def test_only_what_is_asked_for_and_due_is_taken_in_turn(collection: Collection) -> None:
    queue(collection, *(seen(str(n)) for n in range(12)))
    queue(collection, seen("other"), listing="lemmy:other")
    first = waiting(collection, LISTING)
    assert [medium.seen.post_id for medium in first] == [str(n) for n in range(10)]
    more = waiting(collection, LISTING, without={medium.id for medium in first})
    assert [medium.seen.post_id for medium in more] == ["10", "11"]
    later = datetime.now(UTC) + timedelta(hours=1)
    with collection.database.writing() as session:
        session.execute(update(Pending).where(Pending.listing == LISTING).values(next_try_at=later))
    assert [medium.seen.post_id for medium in waiting(collection)] == ["other"]
    with collection.database.reading() as session:
        assert next_due(session, [LISTING], without=()) == later
        assert next_due(session, [LISTING], without=[m.id for m in first + more]) is None
        assert (n_pending(session, [LISTING]), n_pending(session, None)) == (12, 13)


def test_what_a_clock_that_was_ahead_put_off_is_due(collection: Collection) -> None:
    queue(collection, seen("1"))
    with collection.database.writing() as session:
        session.execute(update(Pending).values(next_try_at=datetime(2038, 1, 1, tzinfo=UTC)))
    assert [medium.seen.post_id for medium in waiting(collection)] == ["1"]
    with collection.database.reading() as session:
        at = next_due(session, None, without=())
        assert at is not None
        assert at <= datetime.now(UTC)


def test_attempts_rest_longer_and_longer_and_come_to_an_end(collection: Collection) -> None:
    queue(collection, seen("1"))
    (medium,) = waiting(collection)
    tries = Tries(most=3, first_rest_s=60)
    rests = []
    for _ in range(2):
        with collection.database.writing() as session:
            assert try_later(session, medium.id, Reject.NO_ANSWER, "no answer", tries)
            row = session.get_one(Pending, medium.id)
            rests.append((row.next_try_at - datetime.now(UTC)).total_seconds())
    assert rests == pytest.approx([60, 360], abs=5)
    assert waiting(collection) == []
    with collection.database.writing() as session:
        assert not try_later(session, medium.id, Reject.NO_ANSWER, "no answer", tries)
        assert pending_counts(session) == []
        assert refused_counts(session) == [{"listing": LISTING, "reason": "no_answer", "media": 1}]
    assert queue(collection, seen("1")) == 1


def test_a_site_that_asks_for_rest_gets_it(collection: Collection) -> None:
    queue(collection, seen("1"))
    (medium,) = waiting(collection)
    at = datetime.now(UTC) + timedelta(days=1)
    with collection.database.writing() as session:
        assert try_later(session, medium.id, Reject.HTTP_ERROR, "429", Tries(), not_before=at)
        (counted,) = pending_counts(session)
    assert counted == {
        "listing": LISTING,
        "reason": "http_error",
        "media": 1,
        "next_try_at": at.isoformat(),
    }


def test_what_is_stored_or_refused_is_pending_no_more(collection: Collection) -> None:
    queue(collection, seen("1"), seen("2"), seen("3"))
    one, two, three = (medium.id for medium in waiting(collection))
    with collection.database.writing() as session:
        settle(session, [one])
        reject(session, two, Reject.CORRUPT, "cut short")
        reject(session, two, Reject.CORRUPT, "by another process, meanwhile")
        assert try_later(session, two, Reject.NO_ANSWER, "nor is it tried again", Tries())
    assert [medium.id for medium in waiting(collection)] == [three]


def test_a_transaction_that_fails_leaves_all_as_it_was(collection: Collection) -> None:
    def fail() -> None:
        with collection.database.writing_alone() as session:
            enqueue(session, LISTING, [seen("1")])
            move_mark(session, LISTING, "far")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    with collection.database.reading() as session:
        assert (n_pending(session, None), mark_of(session, LISTING)) == (0, None)


def test_marks_move_by_listing(collection: Collection) -> None:
    for mark in ("1", "2"):
        with collection.database.writing() as session:
            move_mark(session, LISTING, mark)
    with collection.database.reading() as session:
        assert (mark_of(session, LISTING), mark_of(session, "other")) == ("2", None)


def test_authors_are_known_by_a_name_that_tells_nobody(collection: Collection) -> None:
    salts = []
    for _ in range(2):
        with collection.database.writing() as session:
            salts.append(salt(session))
    assert salts[0] == salts[1]
    name = pseudonym(salts[0], "reddit", "somebody")
    assert name == pseudonym(salts[0], "reddit", "somebody")
    others = {
        pseudonym(salts[0], "lemmy", "somebody"),
        pseudonym(salts[0], "reddit", "somebody else"),
        pseudonym(b"another collection", "reddit", "somebody"),
    }
    assert len(others | {name}) == 4


def test_a_sighting_keeps_who_posted_it_and_under_which_licence(collection: Collection) -> None:
    add(collection, picture(1), "1", author="0123456789abcdef", licence="CC0")
    with collection.database.reading() as session:
        sighting = session.scalars(select(Sighting)).one()
        assert (sighting.author, sighting.licence) == ("0123456789abcdef", "CC0")
