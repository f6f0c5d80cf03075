"""What people say of reposts and families, as the Duplicates page sends it; a meme's history."""

from typing import Any

import pytest

from core.fingerprint import hash_bytes
from db.history import history, what_became
from db.labels import cast
from db.memes import Collection
from db.sightings import kept
from labeling.deciding import Decided, decide
from tests.collecting import add, state
from tests.pictures import picture, repost, sibling

ONE, TWO = picture(1), picture(2)
OF_ONE, SIBLING = repost(ONE), sibling(1, 1)


@pytest.fixture
def filled(collection: Collection) -> Collection:
    """A meme with a copy, one of its family, and one unlike them."""
    for data in (ONE, OF_ONE, SIBLING, TWO):
        add(collection, data, hash_bytes(data)[:4])
    return collection


def names(*files: bytes) -> list[str]:
    return sorted(hash_bytes(data) for data in files)


def meme_of(collection: Collection, data: bytes) -> int:
    with collection.database.reading() as session:
        file = kept(session, hash_bytes(data))
    assert file is not None
    return file.meme_id


def say(collection: Collection, op: str, **more: Any) -> Decided:
    return decide(collection.database, "ana", {"op": op, **more})


def decisions(collection: Collection, data: bytes) -> list[tuple[int, str, str | None]]:
    """Those about the files of a file's meme: which, what, and who said so."""
    with collection.database.reading() as session:
        found = history(session, meme_of(collection, data))
        assert found is not None
        return [(one.id, one.outcome, one.annotator) for one in found.decisions]


def test_each_can_be_said_and_taken_back(filled: Collection) -> None:
    before = state(filled)
    (repost_id,) = [one for one, what, _ in decisions(filled, ONE) if what == "repost"]
    one, two, sibling_ = (meme_of(filled, data) for data in (ONE, TWO, SIBLING))
    with filled.database.reading() as session:
        of_one, of_two = (
            found.meme.template_id
            for meme in (one, two)
            if (found := history(session, meme)) is not None
        )
    for operation in (
        {"op": "split", "decision_id": repost_id},
        {"op": "take_out", "meme_id": sibling_},
        {"op": "join", "template_id": of_two, "into_id": of_one},
    ):
        done = decide(filled.database, "ana", operation)
        assert done.decision_id is not None, operation
        assert state(filled) != before
        assert say(filled, "take_back", decision_id=done.decision_id) == Decided(None)
        assert state(filled) == before, operation


def test_a_merge_is_taken_back_by_a_split(filled: Collection) -> None:
    merged = say(filled, "merge", meme_id=meme_of(filled, TWO), into_id=meme_of(filled, ONE))
    assert sorted(state(filled)["memes"]) == names(ONE, SIBLING)
    assert say(filled, "split", decision_id=merged.decision_id).why_not == ""
    assert sorted(state(filled)["memes"]) == names(ONE, SIBLING, TWO)


@pytest.mark.parametrize(
    ("operation", "says"),
    [
        ({"op": "split", "decision_id": 99}, "there is no decision 99"),
        ({"op": "take_back", "decision_id": 1}, "decision 1 says new"),
        ({"op": "merge", "meme_id": 1, "into_id": 1}, "is itself"),
        ({"op": "merge", "meme_id": 1, "into_id": 99}, "meme 99 is not here"),
        ({"op": "take_out", "meme_id": 3}, "alone in its family"),
        ({"op": "join", "template_id": 1, "into_id": 99}, "there is no family 99"),
        ({"op": "join", "template_id": 1}, "into_id"),
        ({"op": "merge", "meme_id": "1", "into_id": 2}, "meme_id"),
        ({"op": "drop"}, "drop"),
        ({}, "op"),
    ],
)
def test_what_cannot_be_done_changes_nothing(
    filled: Collection, operation: dict[str, Any], says: str
) -> None:
    before = state(filled)
    done = decide(filled.database, "ana", operation)
    assert done.decision_id is None
    assert says in done.why_not
    assert "\n" not in done.why_not
    assert state(filled) == before


def test_a_history_tells_all_that_was_said(filled: Collection) -> None:
    one, two = meme_of(filled, ONE), meme_of(filled, TWO)
    with filled.database.writing() as session:
        for who, genre in (("ana", "ironic"), ("bo", "political")):
            cast(session, two, who, genre=genre)
    say(filled, "merge", meme_id=two, into_id=one)
    with filled.database.reading() as session:
        assert history(session, two) is None
        assert what_became(session, two) == one
        assert what_became(session, 99) is None
        found = history(session, one)
        assert found is not None
        assert [(vote.annotator, vote.genre) for vote in found.votes] == [
            ("ana", "ironic"),
            ("bo", "political"),
        ]
        assert len(found.sightings) == 3
    assert decisions(filled, ONE)[-1][1:] == ("repost", "ana")
