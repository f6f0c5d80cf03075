"""What the collection knows of a picture that somebody shows it."""

from datetime import UTC, datetime

from sqlalchemy import text

from core.fingerprint import fingerprint
from core.settings import Settings
from core.words import Line, to_json
from db.known import Known, Place, Relation, known, known_memes, words_in_file
from db.labels import cast, consensus
from db.memes import Collection
from db.models import Meme, MemeStatus
from db.sightings import kept
from tests.captioned import captioned, jpeg
from tests.collecting import add, state
from tests.pictures import picture

LAST_YEAR = datetime(2025, 3, 1, tzinfo=UTC)
LONG_AGO = datetime(2014, 3, 1, tzinfo=UTC)


def ask(collection: Collection, data: bytes) -> Known:
    return known(collection, data, fingerprint(data))


def meme_id(collection: Collection, data: bytes) -> int:
    with collection.database.reading() as session:
        file = kept(session, fingerprint(data).sha256)
    assert file is not None
    return file.meme_id


def test_a_file_we_have_is_told_with_where_and_when_it_was_first_seen(
    collection: Collection,
) -> None:
    add(collection, picture(1), "later", community="memes", posted_at=LAST_YEAR)
    add(collection, picture(1), "first", permalink="https://example.com/p", posted_at=LONG_AGO)
    add(collection, picture(1), "some time")
    before = state(collection)
    found = ask(collection, picture(1))
    assert found.relation is Relation.SAME_FILE
    assert found.meme is not None
    assert (found.meme.n_seen, found.n_of_template) == (3, 1)
    assert found.meme.first_seen == Place("test", None, None, "https://example.com/p", LONG_AGO)
    assert found.meme.genre is None
    assert state(collection) == before


def test_what_people_say_of_one_meme_is_found_without_all_other_votes(settings: Settings) -> None:
    collection = Collection.open(settings)
    asked = consensus([1]).compile(
        collection.database.engine, compile_kwargs={"literal_binds": True}
    )
    with collection.database.reading() as session:
        plan = session.execute(text(f"EXPLAIN QUERY PLAN {asked}")).all()
    steps = [row.detail for row in plan if "vote" in row.detail]
    assert steps
    assert all(step.startswith("SEARCH") for step in steps), steps
    collection.database.engine.dispose()


def test_a_repost_another_caption_and_something_new_are_told_apart(collection: Collection) -> None:
    first = captioned(1, "ONE DOES NOT", "SIMPLY TELL")
    add(collection, jpeg(first), "first")
    meme = meme_id(collection, jpeg(first))
    with collection.database.writing() as session:
        cast(session, meme, "ann", genre="top_bottom_text")
    again = ask(collection, jpeg(first.resize((first.width // 2, first.height // 2)), 60))
    other = ask(collection, jpeg(captioned(1, "ANOTHER LINE", "ALTOGETHER HERE")))
    new = ask(collection, picture(7))
    assert [one.relation for one in (again, other, new)] == [
        Relation.REPOST,
        Relation.SAME_TEMPLATE,
        Relation.NEW,
    ]
    assert again.meme == other.meme
    assert again.meme is not None
    assert (again.meme.meme_id, again.meme.genre) == (meme, "top_bottom_text")
    assert new.meme is None


def test_what_was_removed_is_not_known_any_more(collection: Collection) -> None:
    add(collection, picture(1), "post")
    meme = meme_id(collection, picture(1))
    with collection.database.writing() as session:
        row = session.get_one(Meme, meme)
        row.status, row.removed_at = MemeStatus.REMOVED, LAST_YEAR
    assert ask(collection, picture(1)) == Known(Relation.NEW, None, 0)
    with collection.database.reading() as session:
        assert known_memes(session, [meme]) == []


def test_words_are_known_where_the_file_was_read(collection: Collection) -> None:
    add(collection, picture(1), "post")
    lines = (Line("such words", (0.1, 0.1, 0.9, 0.2), 0.9),)
    sha256 = fingerprint(picture(1)).sha256
    with collection.database.reading() as session:
        assert words_in_file(session, sha256) is None
    with collection.database.writing() as session:
        session.get_one(Meme, meme_id(collection, picture(1))).words = to_json(lines)
    with collection.database.reading() as session:
        assert words_in_file(session, sha256) == lines
        assert words_in_file(session, "0" * 64) is None
