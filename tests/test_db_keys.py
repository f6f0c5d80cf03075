"""Names and addresses of any length go into the collection, and are found again."""

import random
from datetime import UTC, datetime

from sqlalchemy import select

from core.errors import Reject
from core.fingerprint import fingerprint
from db.columns import AnyText, Base, KeyText, as_key
from db.frontier import due, enqueue, mark_of, move_mark, n_pending, refuse_post, reject
from db.labels import Prior, cast, set_priors
from db.memes import AddOutcome, Collection, Known, Seen
from db.models import Lease, Sighting
from tests.pictures import picture


def long_text(seed: int) -> str:
    """3,000 letters of four bytes each, which cannot be packed."""
    rng = random.Random(seed)
    return "".join(chr(rng.randrange(0x20000, 0x2A000)) for _ in range(3000))


def seen(seed: int, index: int = 0) -> Seen:
    return Seen(
        "lemmy",
        long_text(seed),
        f"https://x.example/{long_text(seed)}",
        media_index=index,
        community=long_text(7),
        permalink=long_text(seed),
        title=long_text(seed),
    )


def add(collection: Collection, of: Seen) -> AddOutcome:
    """Add a picture that was seen there."""
    with collection.adding() as adder:
        return adder.add(picture(1), fingerprint(picture(1)), of)


def test_what_fits_is_kept_as_it_is_and_what_does_not_as_its_beginning_and_a_hash() -> None:
    assert as_key("é" * 1000) == "é" * 1000
    one, other = as_key("é" * 1001), as_key("é" * 1000 + "e")
    assert one != other
    assert one.startswith("é" * 900)
    assert max(len(key.encode()) for key in (one, other, as_key(long_text(1)))) <= 2000
    assert as_key("a\0" + "\ud800" * 3000) == as_key("a\0" + "\ud800" * 3000)


def test_every_indexed_text_is_bounded() -> None:
    unbounded = [
        f"{table.name}.{column.name}"
        for table in Base.metadata.tables.values()
        for keys in (
            *(index.columns for index in table.indexes),
            *(key.columns for key in table.constraints if hasattr(key, "columns")),
        )
        for column in keys
        if isinstance(column.type, AnyText) and not isinstance(column.type, KeyText)
    ]
    assert unbounded == []


def test_a_medium_of_any_name_is_queued_once_and_stored_once(collection: Collection) -> None:
    with collection.database.writing_alone() as session:
        assert enqueue(session, long_text(9), [seen(1), seen(2), seen(1, index=1)]) == 0
        assert enqueue(session, long_text(9), [seen(1), seen(2)]) == 2
        assert refuse_post(session, long_text(9), seen(3), Reject.REMOVED, long_text(3))
        assert not refuse_post(session, long_text(9), seen(3), Reject.REMOVED, "again")
        first, *_ = due(session, [long_text(9)], without=(), limit=9)
        assert first.seen.image_url == seen(1).image_url  # whole, to be fetched
        reject(session, first.id, Reject.EMPTY, "nothing")
        assert n_pending(session, [long_text(9)]) == 2
        assert n_pending(session, [long_text(8)]) == 0
    add(collection, seen(2))
    assert isinstance(add(collection, seen(2)), Known)
    with collection.database.reading() as session:
        (sighting,) = session.scalars(select(Sighting).where(Sighting.post_id == long_text(2)))
        assert sighting.title == long_text(2)
        assert session.scalar(select(Sighting.id).where(Sighting.community == long_text(7)))


def test_marks_communities_and_people_may_have_any_name(collection: Collection) -> None:
    added = add(collection, seen(2))
    for _ in range(2):
        with collection.database.writing_alone() as session:
            move_mark(session, long_text(9), "a mark")
            set_priors(session, [Prior(long_text(7), "ironic", 0.5)])
            cast(session, added.meme_id, long_text(4), genre="ironic", idempotency_key=long_text(5))
    with collection.database.writing_alone() as session:
        assert mark_of(session, long_text(9)) == "a mark"
        assert mark_of(session, long_text(8)) is None
        session.add(
            Lease(meme_id=added.meme_id, annotator=long_text(4), expires_at=datetime.now(UTC))
        )
