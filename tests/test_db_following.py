"""The matcher's index follows what becomes of memes, whoever does it."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import delete, event, func, select
from sqlalchemy.orm import Session

import db.matching
from core.fingerprint import fingerprint
from core.settings import Settings
from db.decisions import record
from db.duplicates import undo
from db.matching import Decision, Matcher, New, Repost, SameTemplate
from db.memes import Collection, Reposted
from db.models import DecidedBy, DecisionRecord, Meme, MemeStatus
from db.regrouping import merge_meme
from db.templates import merge_templates
from tests.collecting import add, place
from tests.pictures import picture, repost, sibling


@pytest.fixture
def other(database_settings: Settings) -> Iterator[Collection]:
    """The same collection as another process has it, with a matcher of its own."""
    opened = Collection.open(database_settings)
    yield opened
    opened.database.engine.dispose()


def known(matcher: Matcher) -> int:
    """How many memes are in the index."""
    return len(matcher._whole)


def test_nobody_who_looks_waits_for_one_who_adds(collection: Collection) -> None:
    add(collection, picture(1), "1")
    again = repost(picture(1))
    with collection.adding() as adder, ThreadPoolExecutor(1) as pool:
        added = adder.add(picture(2), fingerprint(picture(2)), place("2"))
        looked = pool.submit(collection.look, again, fingerprint(again)).result(20)
        second = repost(picture(2))
        unseen = pool.submit(collection.look, second, fingerprint(second)).result(20)
        assert isinstance(looked.decision, Repost)
        # What is not committed is not seen; whoever adds it decides anew.
        assert isinstance(unseen.decision, New)
        outcome = adder.add(second, fingerprint(second), place("3"), unseen)
        assert isinstance(outcome, Reposted)
        assert outcome.meme_id == added.meme_id


def followed(collection: Collection, matcher: Matcher, up_to: int | None = None) -> Matcher:
    with collection.database.reading() as session:
        matcher.follow(session, up_to=up_to)
    return matcher


def decide(collection: Collection, matcher: Matcher, data: bytes) -> Decision:
    with collection.database.reading() as session:
        return matcher.decide(session, fingerprint(data), lambda: data)


def merge(session: Session, meme_id: int, into: int) -> None:
    """As a rematch merges two memes."""
    meme = session.get_one(Meme, meme_id)
    sha256 = meme.sha256
    merge_meme(session, meme, into)
    decision = Repost(into, 0.0, by=DecidedBy.PIXELS)
    record(session, sha256, into, decision, gone_id=meme_id)


def last_decision(collection: Collection) -> int:
    with collection.database.reading() as session:
        return session.scalar(select(func.max(DecisionRecord.id))) or 0


def test_at_first_all_memes_are_loaded_those_without_decisions_too(collection: Collection) -> None:
    for number in range(3):
        add(collection, picture(number), str(number))
    with collection.database.writing() as session:
        session.execute(delete(DecisionRecord))  # as an older version left them
    matcher = followed(collection, Matcher(collection.media))
    assert known(matcher) == 3
    assert isinstance(decide(collection, matcher, repost(picture(2))), Repost)


def test_a_meme_of_another_process_is_found_without_loading_all_anew(
    collection: Collection, other: Collection
) -> None:
    add(collection, picture(1), "1")
    matcher = followed(collection, Matcher(collection.media))
    added = add(other, picture(2), "2")
    assert isinstance(decide(collection, matcher, repost(picture(2))), New)
    asked: list[str] = []
    event.listen(
        collection.database.engine,
        "before_cursor_execute",
        lambda _connection, _cursor, statement, *_: asked.append(statement),
    )
    followed(collection, matcher)
    assert not any("meme.id >" in statement for statement in asked)
    found = decide(collection, matcher, repost(picture(2)))
    assert isinstance(found, Repost)
    assert found.of == added.meme_id


def test_a_meme_that_another_process_split_off_is_followed(
    collection: Collection, other: Collection
) -> None:
    first = add(collection, picture(1), "1")
    add(collection, repost(picture(1)), "2")
    matcher = followed(collection, Matcher(collection.media))
    with other.database.writing_alone() as session:
        split = undo(session, last_decision(collection), "ana")
    followed(collection, matcher)
    assert known(matcher) == 2
    with other.database.writing_alone() as session:  # now the older one goes
        merge(session, first.meme_id, split.meme_id)
    found = decide(collection, followed(collection, matcher), repost(picture(1), quality=80))
    assert isinstance(found, Repost)
    assert found.of == split.meme_id


def test_a_meme_that_another_process_merged_is_no_more(
    collection: Collection, other: Collection
) -> None:
    one, two = add(collection, picture(1), "1"), add(collection, picture(2), "2")
    matcher = followed(collection, Matcher(collection.media))
    with other.database.writing_alone() as session:
        merge(session, two.meme_id, one.meme_id)
    followed(collection, matcher)
    assert known(matcher) == 1
    assert isinstance(decide(collection, matcher, repost(picture(2))), New)
    # What is added next takes no old id: what the record says of that one would be said of it.
    assert add(other, picture(3), "3").meme_id > two.meme_id


def test_new_hashes_of_a_meme_replace_its_old_ones(collection: Collection) -> None:
    meme = add(collection, picture(1), "1").meme_id
    matcher = followed(collection, Matcher(collection.media))
    taken = fingerprint(picture(2))
    with collection.database.writing_alone() as session:
        row = session.get_one(Meme, meme)
        row.phash64, row.phash256, row.signature = taken.phash64, taken.phash256, taken.signature
        record(session, row.sha256, meme, New())
    followed(collection, matcher)
    assert known(matcher) == 1
    assert isinstance(decide(collection, matcher, repost(picture(2))), Repost)
    assert isinstance(decide(collection, matcher, repost(picture(1))), New)


def test_a_removed_meme_is_not_in_the_index(collection: Collection) -> None:
    meme = add(collection, picture(1), "1").meme_id
    with collection.database.writing() as session:
        session.get_one(Meme, meme).status = MemeStatus.REMOVED
    assert known(followed(collection, Matcher(collection.media))) == 0


def test_when_templates_are_merged_the_survivor_is_the_answer(
    collection: Collection, other: Collection
) -> None:
    for seed in (1, 3):
        add(collection, picture(seed), str(seed))
    matcher = followed(collection, Matcher(collection.media))
    with other.database.writing_alone() as session:
        one, two = session.scalars(select(Meme.template_id).order_by(Meme.id))
        survivor = merge_templates(session, [two, one])
    assert survivor == one
    found = decide(collection, followed(collection, matcher), sibling(3, 1))
    assert isinstance(found, SameTemplate)
    assert found.template == one


def test_with_a_bound_nothing_is_known_beyond_it(collection: Collection) -> None:
    memes = [add(collection, picture(number), str(number)).meme_id for number in range(6)]
    matcher = Matcher(collection.media)
    for position, meme in enumerate(memes[:4], start=1):
        followed(collection, matcher, up_to=meme)
        assert known(matcher) == position
        assert matcher.knows_beyond(meme - 1)
        assert not matcher.knows_beyond(meme)
    add(collection, picture(7), "7")
    with collection.database.writing_alone() as session:
        merge(session, memes[1], memes[0])
        merge(session, memes[5], memes[0])  # beyond
    assert known(followed(collection, matcher, up_to=memes[3])) == 3
    assert known(followed(collection, matcher)) == 5
    assert matcher.knows_beyond(10**6)


def test_after_very_many_changes_all_is_loaded_anew(
    collection: Collection, other: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    memes = [add(collection, picture(number), str(number)).meme_id for number in range(5)]
    matcher = followed(collection, Matcher(collection.media))
    monkeypatch.setattr(db.matching, "_MANY_CHANGES", 2)
    with other.database.writing_alone() as session:
        for meme in memes[1:]:
            merge(session, meme, memes[0])
    add(other, picture(9), "9")
    followed(collection, matcher)
    assert known(matcher) == 2
    assert isinstance(decide(collection, matcher, repost(picture(9))), Repost)


def test_a_collection_of_many_is_loaded_in_parts(
    collection: Collection, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(db.matching, "_N_LOADED", 2)
    for number in range(5):
        add(collection, picture(number), str(number))
    matcher = followed(collection, Matcher(collection.media))
    assert known(matcher) == 5
    assert isinstance(decide(collection, matcher, repost(picture(4))), Repost)
