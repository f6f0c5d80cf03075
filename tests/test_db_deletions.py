"""What is gone at its source: files, rows, and what comes again."""

from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from core.errors import MemeEraError
from core.fingerprint import fingerprint, hash_bytes
from core.settings import Settings
from db.check import check
from db.decisions import standing
from db.deletions import (
    Removed,
    Removing,
    SeenPost,
    confirm,
    posts_to_check,
    remove_gone,
    sources_to_check,
)
from db.duplicates import duplicates
from db.labels import cast
from db.listing import describe_memes, labelled_memes
from db.memes import Added, Barred, Collection, Reposted
from db.models import Meme, MemeStatus, Outcome, Sighting
from db.pseudonyms import forgotten_post, salt
from db.rematch import Rematcher
from tests.collecting import add, place, state
from tests.pictures import picture, repost

ORIGINAL, SMALLER = picture(1), repost(picture(1))
OTHER = picture(2)


def removing(collection: Collection, session: Session) -> Removing:
    return Removing(session, collection.media, Path("data"))


def remove(collection: Collection, *post_ids: str) -> Removed:
    with collection.database.writing_alone() as session:
        return remove_gone(removing(collection, session), "test", post_ids)


def remove_and_be_killed(collection: Collection, *post_ids: str) -> None:
    with collection.database.writing_alone() as session:
        remove_gone(removing(collection, session), "test", post_ids)
        raise KeyboardInterrupt


def forgotten(collection: Collection, post_id: str) -> str:
    with collection.database.reading() as session:
        return forgotten_post(salt(session), "test", post_id)


def is_kept(collection: Collection, data: bytes) -> bool:
    return hash_bytes(data) in set(collection.media.names())


def is_sound(collection: Collection) -> bool:
    return check(collection.database, collection.media).is_clean


def test_a_meme_goes_with_the_last_post_that_showed_it(collection: Collection) -> None:
    meme_id = add(collection, ORIGINAL, "1", title="mine", author="0011223344556677").meme_id
    add(collection, ORIGINAL, "2")
    add(collection, OTHER, "3")

    assert remove(collection, "1") == Removed(posts=1)
    assert is_kept(collection, ORIGINAL)
    assert remove(collection, "2") == Removed(posts=1, memes=1, files=1)
    assert not is_kept(collection, ORIGINAL)
    assert is_kept(collection, OTHER)

    with collection.database.reading() as session:
        meme = session.get_one(Meme, meme_id)
        assert meme.status == MemeStatus.REMOVED
        assert meme.signature is None
        assert meme.words is None
        first, second = session.scalars(
            select(Sighting).where(Sighting.meme_id == meme_id).order_by(Sighting.id)
        )
        assert (first.title, first.author) == (None, None)
        assert first.gone_at is not None
        assert second.gone_at is not None
        row = standing(session, hash_bytes(ORIGINAL))
        assert row is not None
        assert (row.outcome, row.meme_id) == (Outcome.REMOVED, meme_id)
    assert is_sound(collection)
    assert remove(collection, "1", "2") == Removed()  # there is nothing left to do


def test_what_was_removed_is_not_learned_from_nor_listed_as_active(collection: Collection) -> None:
    kept = add(collection, OTHER, "1").meme_id
    gone = add(collection, ORIGINAL, "2").meme_id
    with collection.database.writing() as session:
        for meme_id in (kept, gone):
            cast(session, meme_id, "ana", genre="political", idempotency_key=f"{meme_id}")
    remove(collection, "2")
    with collection.database.reading() as session:
        assert [meme.meme_id for meme in labelled_memes(session)] == [kept]
        assert {row["id"]: row["status"] for row in describe_memes(session)} == {
            kept: "active",
            gone: "removed",
        }


def test_the_same_file_is_not_taken_in_again(collection: Collection) -> None:
    meme_id = add(collection, ORIGINAL, "1").meme_id
    remove(collection, "1")
    assert add(collection, ORIGINAL, "2") == Barred(meme_id)
    with collection.adding() as adder:
        assert adder.see_again(hash_bytes(ORIGINAL), place("3")) == Barred(meme_id)
    assert add(collection, ORIGINAL, "1") == Barred(meme_id)
    assert not is_kept(collection, ORIGINAL)
    assert set(state(collection)["sightings"]) == {forgotten(collection, "1")}


def test_pictures_are_no_longer_compared_with_a_removed_one(collection: Collection) -> None:
    other = Collection(collection.database, collection.media)  # of another process
    other.look(OTHER, fingerprint(OTHER))
    add(collection, ORIGINAL, "1")
    other.look(OTHER, fingerprint(OTHER))
    remove(collection, "1")
    assert isinstance(add(other, SMALLER, "2"), Added)


def test_a_copy_goes_alone(collection: Collection) -> None:
    meme_id = add(collection, ORIGINAL, "1").meme_id
    assert isinstance(add(collection, SMALLER, "2"), Reposted)
    assert remove(collection, "2") == Removed(posts=1, files=1)
    assert is_kept(collection, ORIGINAL)
    assert not is_kept(collection, SMALLER)
    assert add(collection, SMALLER, "3") == Barred(meme_id)
    with collection.database.reading() as session:
        assert session.get_one(Meme, meme_id).status == MemeStatus.ACTIVE
        assert list(duplicates(session)) == []  # nobody can look at it
    assert is_sound(collection)


def test_a_meme_that_is_still_seen_elsewhere_goes_on_with_that_file(collection: Collection) -> None:
    meme_id = add(collection, ORIGINAL, "1").meme_id
    add(collection, SMALLER, "2")
    with collection.database.writing() as session:
        cast(session, meme_id, "ana", genre="political", idempotency_key="a")

    assert remove(collection, "1") == Removed(posts=1, files=1)

    assert not is_kept(collection, ORIGINAL)
    assert is_kept(collection, SMALLER)
    own, gone = hash_bytes(SMALLER), hash_bytes(ORIGINAL)
    is_now = state(collection)
    assert set(is_now["memes"]) == {own}
    assert is_now["copies"] == {gone: own}
    first = forgotten(collection, "1")
    assert is_now["sightings"] == {first: (gone, own), "2": (own, own)}
    assert add(collection, ORIGINAL, "3") == Barred(meme_id)
    # Those who compare know the file that is left.
    assert isinstance(add(collection, repost(SMALLER, quality=50), "4"), Reposted)
    assert is_sound(collection)


def test_rematching_passes_over_what_was_removed(
    collection: Collection, capsys: pytest.CaptureFixture[str]
) -> None:
    add(collection, ORIGINAL, "1")
    add(collection, SMALLER, "2")
    add(collection, OTHER, "3")
    remove(collection, "1", "3")
    before = state(collection)
    tally = Rematcher(collection.database, collection.media).run()
    assert tally.skipped == 0
    assert capsys.readouterr().err == ""
    assert state(collection) == before


def test_killed_between_file_and_rows_the_next_time_finishes_it(collection: Collection) -> None:
    add(collection, ORIGINAL, "1")

    with pytest.raises(KeyboardInterrupt):
        remove_and_be_killed(collection, "1")
    assert not is_kept(collection, ORIGINAL)
    assert remove(collection, "1") == Removed(posts=1, memes=1, files=1)
    assert is_sound(collection)


def test_a_file_that_cannot_be_deleted_leaves_all_as_it_was(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    collection = Collection.open(settings)
    add(collection, ORIGINAL, "1")
    before = state(collection)
    path = Path(collection.media.path(hash_bytes(ORIGINAL), "PNG"))
    path.unlink()
    path.mkdir()  # root may delete any file, but not so
    with pytest.raises(MemeEraError, match="cannot be removed"):
        remove(collection, "1")
    assert state(collection) == before


def test_posts_are_asked_about_in_turn(collection: Collection) -> None:
    for post_id in ("1", "2", "3"):
        add(collection, picture(int(post_id)), post_id, permalink=f"https://a.example/{post_id}")
    with collection.database.reading() as session:
        assert sources_to_check(session) == ["test"]
        assert posts_to_check(session, "test", 2) == [
            SeenPost("1", "https://a.example/1", "https://example.com/1"),
            SeenPost("2", "https://a.example/2", "https://example.com/2"),
        ]
        assert posts_to_check(session, "another", 2) == []
    with collection.database.writing() as session:
        confirm(session, "test", ["1", "2"])
    remove(collection, "3")
    with collection.database.reading() as session:
        assert [post.post_id for post in posts_to_check(session, "test", 9)] == ["1", "2"]
    with collection.database.writing() as session:
        confirm(session, "test", ["1"])
    with collection.database.reading() as session:
        assert [post.post_id for post in posts_to_check(session, "test", 9)] == ["2", "1"]
    remove(collection, "1", "2")
    with collection.database.reading() as session:
        assert sources_to_check(session) == []


def test_a_gallery_is_one_post(collection: Collection) -> None:
    for index in (0, 1):
        data = picture(index)
        with collection.adding() as adder:
            adder.add(data, fingerprint(data), place("1", media_index=index))
    with collection.database.reading() as session:
        assert len(posts_to_check(session, "test", 9)) == 1
    assert remove(collection, "1") == Removed(posts=1, memes=2, files=2)
