"""What is compared on the Review page: last words, and what models say that had not learned."""

from datetime import UTC, datetime

import pytest

from core.fingerprint import fingerprint
from db.labels import cast, undo_last
from db.memes import Collection, Seen
from db.models import Meme, MemeStatus, Prediction, Verdict
from db.reviewing import LastWord, held_out_scores, last_words
from tests.pictures import picture


@pytest.fixture
def memes(collection: Collection) -> list[int]:
    with collection.adding() as adder:
        return [
            adder.add(picture(n), fingerprint(picture(n)), Seen("test", str(n), "url")).meme_id
            for n in range(3)
        ]


def test_the_last_word_of_each_person_counts_and_a_skip_is_none(
    collection: Collection, memes: list[int]
) -> None:
    one, other, removed = memes
    with collection.database.writing() as session:
        cast(session, one, "ana", genre="ironic")
        cast(session, one, "bo", verdict=Verdict.UNSURE)
        cast(session, one, "ana", genre="political", settles=True)
        cast(session, one, "cy", verdict=Verdict.SKIP)
        cast(session, other, "bo", genre="ironic")
        cast(session, other, "bo", genre="text_post")
        undo_last(session, "bo")
        cast(session, removed, "bo", genre="ironic")
        session.get_one(Meme, removed).status = MemeStatus.REMOVED
    with collection.database.reading() as session:
        assert last_words(session) == [
            LastWord(one, "bo", "unsure", False),
            LastWord(one, "ana", "political", True),
            LastWord(other, "bo", "ironic", False),
        ]


def test_scores_are_the_newest_of_models_that_had_not_learned_from_a_judged_meme(
    collection: Collection, memes: list[int]
) -> None:
    one, other, unjudged = memes
    with collection.database.writing() as session:
        for meme in (one, other):
            cast(session, meme, "ana", genre="ironic")
        for meme, version, held_out in (
            (one, "v1", True),
            (one, "v2", True),
            (one, "v3", False),
            (other, "v1", False),
            (unjudged, "v1", True),
        ):
            session.add(
                Prediction(
                    meme_id=meme,
                    model_version=version,
                    genre="ironic",
                    scores={"ironic": float(version[1:])},
                    entropy=0.0,
                    held_out=held_out,
                    predicted_at=datetime.now(UTC),
                )
            )
            session.flush()
    with collection.database.reading() as session:
        assert held_out_scores(session) == {one: {"ironic": 2.0}}
