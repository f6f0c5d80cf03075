"""The reposts that were found, and what it means to take one back."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from core.errors import BadInput
from core.fingerprint import fingerprint, hash_bytes
from db.decisions import standing
from db.distinct import barred_from, set_apart
from db.duplicates import Duplicate, Split, duplicates, undo
from db.labels import cast, cast_of_place
from db.memes import Added, Collection, Reposted
from db.models import Copy, DecisionRecord, DistinctPair, Meme
from db.regrouping import merge_meme
from tests.collecting import add, place, state
from tests.pictures import picture, repost

OLD = datetime(2012, 1, 1, tzinfo=UTC)
ORIGINAL, FIRST, SECOND = picture(1), repost(picture(1)), repost(picture(1), quality=30)


def listed(collection: Collection, **options: Any) -> list[Duplicate]:
    with collection.database.reading() as session:
        return list(duplicates(session, **options))


def take_back(collection: Collection, data: bytes) -> Split:
    """Undo the decision that these bytes are a repost."""
    with collection.database.writing_alone() as session:
        row = standing(session, hash_bytes(data))
        assert row is not None
        return undo(session, row.id, "ana")


def refused(collection: Collection, decision_id: int) -> str:
    with (
        pytest.raises(BadInput) as caught,
        collection.database.writing_alone() as session,
    ):
        undo(session, decision_id, "ana")
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_reposts_are_listed_with_their_meme_and_the_least_sure_first(
    collection: Collection,
) -> None:
    meme = add(collection, ORIGINAL, "1").meme_id
    add(collection, FIRST, "2")
    add(collection, FIRST, "2 again")
    add(collection, SECOND, "3")
    add(collection, picture(2), "4")
    other = add(collection, repost(picture(2)), "5").meme_id

    found = listed(collection)

    scores = [one.score for one in found]
    assert all(score is not None for score in scores)
    assert scores == sorted(scores, reverse=True)  # type: ignore[type-var]
    (one,) = [one for one in found if one.sha256 == hash_bytes(FIRST)]
    assert (one.meme_id, one.meme_sha256) == (meme, hash_bytes(ORIGINAL))
    assert one.meme_url == "https://example.com/1"
    assert (one.image_url, one.n_sightings) == ("https://example.com/2", 2)
    assert one.decided_at is not None
    assert abs(datetime.now(UTC) - one.decided_at) < timedelta(minutes=1)
    assert [one.meme_id for one in listed(collection, meme_id=other)] == [other]
    assert listed(collection, limit=1) == found[:1]
    assert len(found) == 3


def test_a_repost_without_a_decision_comes_last(collection: Collection) -> None:
    add(collection, ORIGINAL, "1")
    add(collection, FIRST, "2")
    with collection.database.writing() as session:
        row = session.scalars(select(Copy)).one()
        row.sha256 = "0" * 64  # its decision is about another file
    add(collection, SECOND, "3")
    last = listed(collection)[-1]
    assert (last.sha256, last.decision_id, last.score) == ("0" * 64, None, None)


def test_an_undo_makes_the_copy_a_meme_with_all_that_was_its_own(collection: Collection) -> None:
    meme = add(collection, ORIGINAL, "1", posted_at=OLD + timedelta(days=9)).meme_id
    add(collection, FIRST, "2", posted_at=OLD, nsfw=True)
    add(collection, SECOND, "3")
    copy = add(collection, FIRST, "4")
    with collection.database.writing() as session:
        cast(session, meme, "ana", genre="ironic", idempotency_key="of the meme")
        for post, outcome in (("1", None), ("4", copy.copy_id)):
            cast_of_place(
                session, meme, "import", place=post, genre="ironic", trust=None, copy_id=outcome
            )
    before = state(collection)

    split = take_back(collection, FIRST)

    after = state(collection)
    own, new = hash_bytes(ORIGINAL), hash_bytes(FIRST)
    assert split.apart_from == meme
    assert split.sha256 == new
    assert after["copies"] == {hash_bytes(SECOND): own}
    assert after["sightings"] == {
        "1": (own, own),
        "2": (new, new),
        "3": (hash_bytes(SECOND), own),
        "4": (new, new),
    }
    moved = {key for key, where in after["votes"].items() if where == (new, new)}
    assert moved == {key for key, where in before["votes"].items() if where == (new, own)}
    assert len(moved) == 1
    assert after["memes"][own][2:] == ("active", False, OLD + timedelta(days=9))
    assert after["memes"][new][2:] == ("active", True, OLD)
    assert after["memes"][new][1] == fingerprint(FIRST).signature
    assert after["families"] == [sorted([own, new])]
    assert after["representatives"] == [own]
    assert collection.media.get(new, "JPEG") == FIRST


def test_an_undo_is_recorded_and_told_apart(collection: Collection) -> None:
    meme = add(collection, ORIGINAL, "1").meme_id
    add(collection, FIRST, "2")
    split = take_back(collection, FIRST)
    with collection.database.reading() as session:
        _, old, new = session.scalars(select(DecisionRecord).order_by(DecisionRecord.id))
        pair = session.scalars(select(DistinctPair)).one()
    assert old.outcome == "repost"
    assert old.undone_at is not None
    assert (new.id, new.outcome, new.by) == (split.decision_id, "split", "person")
    assert (new.meme_id, new.nearest_id, new.undone_at) == (split.meme_id, meme, None)
    files = sorted([hash_bytes(ORIGINAL), hash_bytes(FIRST)])
    assert ([pair.sha256_a, pair.sha256_b], pair.annotator) == (files, "ana")


def test_what_was_split_is_seen_again_as_the_meme_that_it_is(collection: Collection) -> None:
    add(collection, ORIGINAL, "1")
    add(collection, FIRST, "2")
    split = take_back(collection, FIRST)
    assert add(collection, FIRST, "3") == Reposted(split.meme_id)
    assert add(collection, FIRST, "2").meme_id == split.meme_id


def test_only_a_repost_that_stands_can_be_undone(collection: Collection) -> None:
    add(collection, ORIGINAL, "1")
    add(collection, FIRST, "2")
    with collection.database.reading() as session:
        new, again = session.scalars(select(DecisionRecord.id).order_by(DecisionRecord.id))
    assert "there is no decision 99" in refused(collection, 99)
    assert "only reposts can be split" in refused(collection, new)
    split = take_back(collection, FIRST)
    assert f"decision {again} was undone already" in refused(collection, again)
    assert "only reposts can be split" in refused(collection, split.decision_id)


def test_a_decision_that_was_made_anew_names_its_successor(collection: Collection) -> None:
    add(collection, ORIGINAL, "1")
    add(collection, FIRST, "2")
    with collection.database.writing_alone() as session:
        row = standing(session, hash_bytes(FIRST))
        assert row is not None
        names = [c.name for c in DecisionRecord.__table__.columns if c.name != "id"]
        again = DecisionRecord(**{name: getattr(row, name) for name in names})
        session.add(again)
        session.flush()
        old, new = row.id, again.id
    assert f"decision {new} is the last about its file" in refused(collection, old)
    with collection.database.writing_alone() as session:
        undo(session, new, "ana")


def test_a_file_is_barred_from_every_meme_that_has_one_told_apart_from_it(
    collection: Collection,
) -> None:
    memes = [add(collection, picture(n), str(n)).meme_id for n in range(1, 5)]
    own = [hash_bytes(picture(n)) for n in range(1, 5)]
    add(collection, FIRST, "copy")  # of the first
    new = "f" * 64
    with collection.database.writing_alone() as session:
        assert barred_from(session, new) == set()
        set_apart(session, new, hash_bytes(FIRST), "ana")
        set_apart(session, own[3], new, "ana")
        set_apart(session, new, own[3], "ben")  # said already
        assert barred_from(session, new) == {memes[0], memes[3]}
        # Both ways; and a meme's copies go where it goes.
        assert barred_from(session, own[3]) == set()  # the new file is nowhere yet
        set_apart(session, hash_bytes(FIRST), own[1], "ana")
        assert barred_from(session, own[1]) == {memes[0]}
        assert barred_from(session, own[0]) == barred_from(session, hash_bytes(FIRST)) == {memes[1]}
        merge_meme(session, session.get_one(Meme, memes[1]), memes[2])
        assert barred_from(session, own[2]) == {memes[0]}
        assert barred_from(session, own[0]) == {memes[2]}
    with collection.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(DistinctPair)) == 3


def test_a_file_like_one_that_was_split_goes_to_the_nearer_meme_or_stays_apart(
    collection: Collection,
) -> None:
    add(collection, ORIGINAL, "1")
    add(collection, FIRST, "2")
    take_back(collection, FIRST)
    new = repost(picture(1), quality=80)
    with collection.database.writing_alone() as session:
        for other in (ORIGINAL, FIRST):
            set_apart(session, hash_bytes(new), hash_bytes(other), "ana")
    assert isinstance(add(collection, new, "3"), Added)


def test_two_posts_of_one_gallery_may_be_a_meme_and_its_copy(collection: Collection) -> None:
    with collection.adding() as adder:
        for index, data in enumerate((ORIGINAL, FIRST)):
            adder.add(data, fingerprint(data), place("1", media_index=index))
    assert len(listed(collection)) == 1
