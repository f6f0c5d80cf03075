"""What models say of memes."""

import math
import time
from datetime import UTC, datetime
from threading import Thread

import pytest
from sqlalchemy import select, update

from core.genres import GENRES
from db.embeddings import packed_embedding
from db.memes import Collection
from db.models import Copy, Meme, MemeStatus, Prediction
from db.predictions import (
    Said,
    entropy,
    families_by_file,
    keep_predictions,
    n_unpredicted,
    unpredicted,
)
from tests.collecting import add_some

AT = packed_embedding([0.6, 0.8])


@pytest.fixture
def memes(collection: Collection) -> list[int]:
    return add_some(collection, 4)


def test_entropy_tells_how_undecided_scores_are() -> None:
    assert entropy({"ironic": 1.0, "political": 0.0}) == 0
    assert entropy({genre.key: 1 / 8 for genre in GENRES}) == pytest.approx(1)
    assert entropy({"ironic": 0.5, "political": 0.5}) == pytest.approx(math.log(2) / math.log(8))


def test_each_meme_is_asked_about_once_for_each_model(
    collection: Collection, memes: list[int]
) -> None:
    with collection.database.writing() as session:
        session.get_one(Meme, memes[3]).status = MemeStatus.REMOVED
        said = Said({"ironic": 0.75, "political": 0.25}, 2015, 2012, 2019, AT)
        keep_predictions(session, "v1", {memes[0]: said}, set())
    with collection.database.reading() as session:
        asked = unpredicted(session, "v1", after=0, limit=9)
        assert [one.meme_id for one in asked] == memes[1:3]
        assert unpredicted(session, "v1", after=memes[1], limit=9) == asked[1:]
        assert unpredicted(session, "v1", after=0, limit=1) == asked[:1]
        assert (n_unpredicted(session, "v1"), n_unpredicted(session, "v2")) == (2, 3)


def test_what_was_learned_from_is_marked_and_what_is_known_or_gone_is_passed_over(
    collection: Collection, memes: list[int]
) -> None:
    said = Said({"ironic": 0.25, "political": 0.75}, 2015, 2012, 2019, AT)
    with collection.database.writing() as session:
        keep_predictions(session, "v1", {memes[0]: said}, {memes[0]})
        keep_predictions(session, "v1", dict.fromkeys([*memes[:2], 99_999], said), set())
    with collection.database.reading() as session:
        rows = session.scalars(select(Prediction).order_by(Prediction.meme_id)).all()
    assert [(row.meme_id, row.genre, row.held_out) for row in rows] == [
        (memes[0], "political", False),
        (memes[1], "political", True),
    ]
    assert {(row.year, row.year_low, row.year_high) for row in rows} == {(2015, 2012, 2019)}


def test_a_meme_whose_place_an_older_version_did_not_keep_is_asked_about_anew(
    collection: Collection, memes: list[int]
) -> None:
    said = Said({"ironic": 1.0}, 2015, 2012, 2019, AT)
    with collection.database.writing() as session:
        keep_predictions(session, "v1", {memes[0]: said}, set())
        session.execute(update(Prediction).values(embedding=None))
    with collection.database.writing() as session:
        assert memes[0] in {one.meme_id for one in unpredicted(session, "v1", after=0, limit=9)}
        keep_predictions(session, "v1", {memes[0]: said}, set())
    with collection.database.reading() as session:
        assert session.scalars(select(Prediction.embedding)).all() == [AT]
        assert n_unpredicted(session, "v1") == 3


def test_two_processes_that_say_the_same_at_once_both_end_well(
    collection: Collection, memes: list[int]
) -> None:
    said = dict.fromkeys(memes, Said({"ironic": 1.0}, 2015, 2012, 2019, AT))
    kept: list[bool] = []

    def the_other() -> None:
        with collection.database.writing() as session:
            keep_predictions(session, "v1", said, set())
        kept.append(True)

    other = Thread(target=the_other)
    with collection.database.writing() as session:
        keep_predictions(session, "v1", said, set())
        other.start()
        time.sleep(0.1)  # it is at the same rows by now, or comes later
    other.join()
    assert kept == [True]
    with collection.database.reading() as session:
        assert sorted(session.scalars(select(Prediction.meme_id))) == memes


def test_families_are_found_of_any_number_of_files(
    collection: Collection, memes: list[int]
) -> None:
    with collection.database.writing() as session:
        files = list(session.scalars(select(Meme.sha256).order_by(Meme.id)))
        templates = [session.get_one(Meme, meme).template_id for meme in memes]
        session.execute(update(Meme).where(Meme.id == memes[0]).values(sha256="0" * 64))
        # What was a meme is a repost of another by now.
        file = {"sha256": files[0], "phash64": "", "phash256": "", "format": "PNG"}
        sizes = dict.fromkeys(("width", "height", "frames", "n_bytes"), 1)
        session.add(Copy(meme_id=memes[2], added_at=datetime.now(UTC), **file, **sizes))
    with collection.database.reading() as session:
        unknown = [f"{number:064x}" for number in range(1000, 3000)]
        found = families_by_file(session, [*files, *unknown])
        assert found == dict(
            zip(files, [templates[2], templates[1], templates[2], templates[3]], strict=True)
        )
        assert families_by_file(session, []) == {}
