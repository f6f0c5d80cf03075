"""The order in which memes are asked about, and that everybody gets others."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import delete

from core.fingerprint import fingerprint
from core.genres import GENRES
from db.labels import cast
from db.memes import Collection, Seen
from db.models import Lease, Prediction, Verdict
from db.worklist import Filters, Overlap
from labeling.worklist import Worklist, ordered
from tests.pictures import picture

N = 40
NO_LABELS = {genre.key: 0 for genre in GENRES}


def row(meme: int, template: int, entropy: float | None = 0.5, genre: str | None = None) -> Any:
    return meme, template, entropy, genre


def in_order(rows: list[Any], **more: Any) -> list[int]:
    settings = {"judged": {}, "labels": NO_LABELS} | more
    return [int(meme) for meme in ordered(rows, **settings)]


def by_reason(order: list[int]) -> list[int]:
    """All but every fifth, which is drawn by chance."""
    return [meme for place, meme in enumerate(order) if place % 5 != 4]


def test_every_meme_comes_once() -> None:
    for n in (0, 1, 2, 4, 5, 6, 100, 101):
        assert sorted(in_order([row(meme, meme % 7) for meme in range(n)])) == list(range(n))


def test_the_least_sure_come_first() -> None:
    order = in_order([row(meme, meme, entropy=meme / 1000) for meme in range(1000)])
    first = by_reason(order)[:50]
    assert first == sorted(first, reverse=True)
    assert min(first) >= 900


def test_every_fifth_is_drawn_by_chance() -> None:
    order = in_order([row(meme, meme, entropy=meme / 1000) for meme in range(1000)])
    drawn = order[4:250:5]
    assert 300 < sum(drawn) / len(drawn) < 700  # of 0 to 999
    assert order == in_order([row(meme, meme, entropy=meme / 1000) for meme in range(1000)])


def test_a_genre_with_few_labels_comes_before_others_as_unsure() -> None:
    labels = NO_LABELS | {"ironic": 100, "political": 10}
    rows = [row(meme, meme, 0.5, ("ironic", "political")[meme % 2]) for meme in range(100)]
    political = [meme % 2 for meme in in_order(rows, labels=labels)[:40]]
    assert 32 <= sum(political) < 40  # but for those drawn by chance


def test_one_of_each_family_comes_before_the_second_of_any() -> None:
    rows = [row(meme, meme % 10, entropy=(meme % 10) / 10) for meme in range(100)]
    order = in_order(rows)
    assert len({meme % 10 for meme in by_reason(order)[:8]}) == 8


def test_a_family_that_has_answers_waits_for_its_turn() -> None:
    rows = [row(meme, meme // 10, entropy=0.9 if meme < 10 else 0.1) for meme in range(100)]
    order = by_reason(in_order(rows, judged={0: 3}))
    assert all(meme >= 10 for meme in order[:9])


@pytest.fixture
def memes(collection: Collection) -> list[int]:
    with collection.adding() as adder:
        return [
            adder.add(picture(n), fingerprint(picture(n)), Seen("test", str(n), "url")).meme_id
            for n in range(N)
        ]


def test_a_person_gets_every_meme_once(collection: Collection, memes: list[int]) -> None:
    worklist = Worklist(collection.database)
    given: list[int] = []
    while some := worklist.take("ana", Filters(), 7):
        given += some
    assert sorted(given) == memes
    assert worklist.n_left(Filters()) == N


def test_four_people_at_once_get_each_meme_once(collection: Collection, memes: list[int]) -> None:
    """Of two servers on one collection."""
    worklists = [Worklist(collection.database) for _ in range(2)]

    def take_all(number: int) -> list[int]:
        given: list[int] = []
        while some := worklists[number % 2].take(f"person {number}", Filters(), 3):
            given += some
        return given

    with ThreadPoolExecutor(4) as pool:
        given = [meme for some in pool.map(take_all, range(4)) for meme in some]
    assert sorted(given) == memes


def test_what_two_are_to_judge_two_people_get(collection: Collection, memes: list[int]) -> None:
    worklist = Worklist(collection.database, Overlap(share=1.0, votes=2))
    given: Counter[int] = Counter()
    for person in ("ana", "bo", "cy"):
        while some := worklist.take(person, Filters(), 9):
            given.update(some)
    assert given == dict.fromkeys(memes, 2)


def test_what_was_skipped_comes_to_others(collection: Collection, memes: list[int]) -> None:
    with collection.database.writing() as session:
        for meme in memes[:-1]:
            cast(session, meme, "ana", verdict=Verdict.SKIP)
    worklist = Worklist(collection.database)
    assert worklist.take("ana", Filters(), 5) == memes[-1:]
    assert len(worklist.take("bo", Filters(), 50)) == N - 1


def test_what_is_new_or_free_again_comes_once_the_rest_is_given(
    collection: Collection, memes: list[int]
) -> None:
    worklist = Worklist(collection.database)
    assert len(worklist.take("ana", Filters(), N)) == N
    assert worklist.take("bo", Filters(), 5) == []
    with collection.database.writing() as session:
        session.execute(delete(Lease).where(Lease.meme_id == memes[3]))
    assert worklist.take("bo", Filters(), 5) == [memes[3]]
    data = picture(N)
    with collection.adding() as adder:
        new = adder.add(data, fingerprint(data), Seen("test", str(N), "url")).meme_id
    assert worklist.take("bo", Filters(), 5) == [new]


def test_filters_have_orders_of_their_own(collection: Collection, memes: list[int]) -> None:
    with collection.database.writing() as session:
        for meme in memes[:3]:
            session.add(
                Prediction(
                    meme_id=meme,
                    model_version="v",
                    genre="ironic",
                    scores={},
                    entropy=0.1,
                    held_out=True,
                    predicted_at=datetime.now(UTC),
                )
            )
    worklist = Worklist(collection.database)
    assert sorted(worklist.take("ana", Filters(suggested="ironic"), 9)) == memes[:3]
    assert len(worklist.take("ana", Filters(), 50)) == N - 3
