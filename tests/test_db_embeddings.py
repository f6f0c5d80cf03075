"""Memes that a model sees alike."""

import numpy as np
import pytest
from sqlalchemy import insert, select

from db.embeddings import EmbeddingIndex, Similar, packed_embedding
from db.memes import Collection
from db.models import Meme, MemeStatus, Prediction
from db.predictions import Said, keep_predictions
from tests.collecting import add_some

ASKED = np.array([1, 0], np.float32)


@pytest.fixture
def memes(collection: Collection) -> list[int]:
    return add_some(collection, 4)


def predict(collection: Collection, model: str, where: dict[int, tuple[float, float]]) -> None:
    said = {
        meme: Said({"ironic": 1.0}, 2015, 2012, 2019, packed_embedding(embedding))
        for meme, embedding in where.items()
    }
    with collection.database.writing() as session:
        keep_predictions(session, model, said, set())


def nearest(
    collection: Collection, index: EmbeddingIndex, k: int = 9, but: int | None = None
) -> list[Similar]:
    with collection.database.reading() as session:
        index.follow(session)
        return index.nearest(session, ASKED, k, but=but)


def test_the_most_alike_come_first_of_one_model_alone(
    collection: Collection, memes: list[int]
) -> None:
    predict(collection, "v1", {memes[0]: (0.0, 1.0), memes[1]: (1.0, 0.0), memes[2]: (0.5, 0.0)})
    predict(collection, "v2", {memes[3]: (1.0, 0.0)})
    index = EmbeddingIndex("v1")
    assert nearest(collection, index) == [
        Similar(memes[1], 1.0),
        Similar(memes[2], 0.5),
        Similar(memes[0], 0.0),
    ]
    assert [one.meme_id for one in nearest(collection, index, 1)] == [memes[1]]
    assert [one.meme_id for one in nearest(collection, index, 1, memes[1])] == [memes[2]]


def test_it_follows_what_is_predicted_and_what_is_removed_meanwhile(
    collection: Collection, memes: list[int]
) -> None:
    index = EmbeddingIndex("v1")
    assert nearest(collection, index) == []
    predict(collection, "v1", {memes[0]: (1.0, 0.0)})
    assert len(nearest(collection, index)) == 1
    predict(collection, "v1", {memes[1]: (0.5, 0.0)})
    with collection.database.writing() as session:
        session.get_one(Meme, memes[0]).status = MemeStatus.REMOVED
    assert nearest(collection, index) == [Similar(memes[1], 0.5)]
    assert len(index) == 2


def test_a_prediction_that_went_and_one_that_came_late_are_followed_too(
    collection: Collection, memes: list[int]
) -> None:
    index = EmbeddingIndex("v1")
    predict(collection, "v1", {memes[0]: (1.0, 0.0), memes[1]: (0.5, 0.0), memes[2]: (0.0, 1.0)})
    assert len(nearest(collection, index)) == 3
    with collection.database.writing() as session:
        late = session.scalars(select(Prediction).where(Prediction.meme_id == memes[0])).one()
        gone = session.scalars(select(Prediction).where(Prediction.meme_id == memes[1])).one()
        session.delete(gone)
        session.flush()
        # As if the first had been committed after the others were read.
        session.execute(
            insert(Prediction).values(
                id=gone.id,
                meme_id=memes[3],
                model_version="v1",
                genre="ironic",
                scores={},
                entropy=0.0,
                held_out=True,
                predicted_at=late.predicted_at,
                embedding=packed_embedding([0.25, 0.0]),
            )
        )
        session.delete(late)
    assert [one.meme_id for one in nearest(collection, index)] == [memes[3], memes[2]]
