"""Votes, undo, and the label that follows."""

import threading
from typing import Protocol

import pytest
from sqlalchemy import select

from core.errors import BadInput
from core.fingerprint import fingerprint
from db.labels import (
    Prior,
    answers_of,
    cast,
    consensus,
    set_priors,
    undo,
    undo_last,
    weak_labels,
)
from db.memes import Collection, Seen
from db.models import Community, Meme, Verdict, Vote
from tests.pictures import picture


class Say(Protocol):
    """Casts one vote in a transaction of its own."""

    def __call__(
        self,
        meme: int,
        annotator: str,
        what: str | Verdict,
        *,
        key: str | None = None,
        trust: str | None = None,
    ) -> bool: ...


@pytest.fixture
def memes(collection: Collection) -> list[int]:
    """Three memes, seen in no community."""
    with collection.adding() as adder:
        return [
            adder.add(picture(n), fingerprint(picture(n)), Seen("test", str(n), "url")).meme_id
            for n in range(3)
        ]


@pytest.fixture
def say(collection: Collection) -> Say:
    def say_once(
        meme: int,
        annotator: str,
        what: str | Verdict,
        *,
        key: str | None = None,
        trust: str | None = None,
    ) -> bool:
        is_genre = not isinstance(what, Verdict)
        with collection.database.writing() as session:
            return cast(
                session,
                meme,
                annotator,
                genre=str(what) if is_genre else None,
                verdict=Verdict.GENRE if is_genre else Verdict(what),
                trust=trust,
                idempotency_key=key,
            )

    return say_once


def take_back(collection: Collection, annotator: str) -> int | None:
    with collection.database.writing() as session:
        return undo_last(session, annotator)


def agreed(collection: Collection) -> dict[int, tuple[str, str | None]]:
    """The consensus: verdict and genre by meme."""
    with collection.database.reading() as session:
        rows = session.execute(consensus()).all()
    assert len({row.meme_id for row in rows}) == len(rows)
    return {row.meme_id: (row.verdict, row.genre) for row in rows}


def test_a_vote_is_recorded_once_for_its_key(
    collection: Collection, memes: list[int], say: Say
) -> None:
    assert say(memes[0], "ana", "ironic", key="k1") is True
    assert say(memes[0], "ana", "ironic", key="k1") is False
    assert say(memes[1], "bo", "political", key="k1") is False
    with collection.database.reading() as session:
        vote = session.scalars(select(Vote)).one()
    assert (vote.meme_id, vote.annotator, vote.verdict, vote.genre) == (1, "ana", "genre", "ironic")
    assert vote.created_at.tzinfo is not None
    assert vote.undone_at is None


def test_votes_without_a_key_all_count(collection: Collection, memes: list[int], say: Say) -> None:
    assert say(memes[0], "ana", "ironic")
    assert say(memes[0], "ana", "ironic")
    with collection.database.reading() as session:
        assert len(session.scalars(select(Vote)).all()) == 2


def test_a_key_may_be_longer_than_its_column(memes: list[int], say: Say) -> None:
    key = "import:/" + "very/" * 100 + "long.png#0123:ironic"
    assert say(memes[0], "import", "ironic", key=key) is True
    assert say(memes[0], "import", "ironic", key=key) is False
    assert say(memes[0], "import", "ironic", key=key + "!") is True


def test_the_same_key_twice_at_the_same_moment_counts_once(
    collection: Collection, memes: list[int]
) -> None:
    ready, results = threading.Barrier(4), []

    def vote() -> None:
        ready.wait(20)
        with collection.database.writing() as session:
            results.append(cast(session, memes[0], "ana", genre="ironic", idempotency_key="k"))

    threads = [threading.Thread(target=vote) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(results) == [False, False, False, True]


def test_the_same_key_in_a_transaction_not_yet_committed_counts_once(
    collection: Collection, memes: list[int]
) -> None:
    results = []

    def vote() -> None:
        with collection.database.writing() as session:
            results.append(cast(session, memes[0], "ana", genre="ironic", idempotency_key="k"))
            results.append(cast(session, memes[1], "ana", genre="ironic", idempotency_key="l"))

    with collection.database.writing() as session:
        assert cast(session, memes[0], "ana", genre="ironic", idempotency_key="k")
        thread = threading.Thread(target=vote)
        thread.start()
        thread.join(0.3)
        assert thread.is_alive()  # it waits to learn whether this one comes to be
    thread.join(30)
    assert results == [False, True]


@pytest.mark.parametrize(
    ("genre", "verdict"),
    [(None, Verdict.GENRE), ("ironic", Verdict.SKIP), ("ironic", Verdict.NOT_A_MEME)],
)
def test_a_vote_names_a_genre_or_says_why_not(
    collection: Collection, memes: list[int], genre: str | None, verdict: Verdict
) -> None:
    with (
        collection.database.writing() as session,
        pytest.raises(BadInput, match=r"names a genre or says why not"),
    ):
        cast(session, memes[0], "ana", genre=genre, verdict=verdict)


def test_a_genre_that_does_not_exist_is_refused(memes: list[int], say: Say) -> None:
    with pytest.raises(BadInput, match="no genre 'dank'"):
        say(memes[0], "ana", "dank")


def test_a_second_genre_is_another_and_exists(collection: Collection, memes: list[int]) -> None:
    for second, says in (("ironic", "another one than the first"), ("dank", "no genre 'dank'")):
        with collection.database.writing() as session, pytest.raises(BadInput, match=says):
            cast(session, memes[0], "ana", genre="ironic", second_genre=second)


def test_a_word_that_settles_wins_until_another_does(
    collection: Collection, memes: list[int], say: Say
) -> None:
    meme = memes[0]
    say(meme, "ana", "ironic")
    say(meme, "bo", "ironic")
    for who, genre in (("cy", "political"), ("di", "rage_comic")):
        with collection.database.writing() as session:
            cast(session, meme, who, genre=genre, settles=True)
        say(meme, f"after {who}", "ironic")
        assert agreed(collection) == {meme: ("genre", genre)}
    take_back(collection, "di")
    assert agreed(collection) == {meme: ("genre", "political")}
    take_back(collection, "cy")
    assert agreed(collection) == {meme: ("genre", "ironic")}


def test_a_vote_is_undone_by_its_key_once_and_by_its_own_person(
    collection: Collection, memes: list[int], say: Say
) -> None:
    say(memes[0], "ana", "ironic", key="k1")
    say(memes[1], "ana", "ironic", key="k2")
    with collection.database.writing() as session:
        assert undo(session, "bo", "k1") is False
        assert undo(session, "ana", "k1") is True
        assert undo(session, "ana", "k1") is False
        assert undo(session, "ana", "unknown") is False
        assert [answer.idempotency_key for answer in answers_of(session, "ana", limit=9)] == ["k2"]


def test_answers_are_told_newest_first_and_in_parts(
    collection: Collection, memes: list[int], say: Say
) -> None:
    for number, meme in enumerate(memes):
        say(meme, "ana", "ironic", key=f"k{number}")
    say(memes[0], "bo", "ironic", key="other")
    with collection.database.reading() as session:
        last, middle = answers_of(session, "ana", limit=2)
        (first,) = answers_of(session, "ana", before=middle.vote_id, limit=2)
    assert [one.idempotency_key for one in (first, middle, last)] == ["k0", "k1", "k2"]
    assert (last.meme_id, last.verdict, last.genre) == (memes[2], Verdict.GENRE, "ironic")


def test_any_number_of_votes_can_be_undone_last_first(
    collection: Collection, memes: list[int], say: Say
) -> None:
    for meme in memes:
        say(meme, "ana", "ironic")
    say(memes[0], "bo", "political")

    assert [take_back(collection, "ana") for _ in range(4)] == [*reversed(memes), None]

    assert agreed(collection) == {memes[0]: ("genre", "political")}
    with collection.database.reading() as session:  # append-only: the rows are all there
        assert len(session.scalars(select(Vote)).all()) == 4


def test_a_skip_can_be_undone_too(collection: Collection, memes: list[int], say: Say) -> None:
    say(memes[0], "ana", Verdict.SKIP)
    assert take_back(collection, "ana") == memes[0]


def test_several_undone_in_one_transaction_are_several(
    collection: Collection, memes: list[int], say: Say
) -> None:
    for meme in memes:
        say(meme, "ana", "ironic")
    with collection.database.writing() as session:
        assert [undo_last(session, "ana") for _ in range(3)] == [*reversed(memes)]


def test_without_votes_there_is_no_consensus(collection: Collection, memes: list[int]) -> None:
    assert agreed(collection) == {}


def test_the_majority_is_right(collection: Collection, memes: list[int], say: Say) -> None:
    for annotator, genre in (("a", "ironic"), ("b", "ironic"), ("c", "political")):
        say(memes[0], annotator, genre)
    say(memes[1], "a", "text_post")
    assert agreed(collection) == {
        memes[0]: ("genre", "ironic"),
        memes[1]: ("genre", "text_post"),
    }


def test_of_equals_the_one_said_last_counts(
    collection: Collection, memes: list[int], say: Say
) -> None:
    for annotator, genre in (
        ("a", "ironic"),
        ("b", "political"),
        ("c", "political"),
        ("d", "ironic"),
    ):
        say(memes[0], annotator, genre)
    assert agreed(collection) == {memes[0]: ("genre", "ironic")}
    say(memes[1], "a", "political")
    say(memes[1], "b", "ironic")
    say(memes[1], "c", "rage_comic")
    assert agreed(collection)[memes[1]] == ("genre", "rage_comic")


def test_the_last_word_of_each_person_counts_once(
    collection: Collection, memes: list[int], say: Say
) -> None:
    for _ in range(5):
        say(memes[0], "ana", "ironic")
    say(memes[0], "ana", "political")
    assert agreed(collection) == {memes[0]: ("genre", "political")}
    say(memes[0], "bo", "text_post")
    say(memes[0], "cy", "text_post")
    assert agreed(collection) == {memes[0]: ("genre", "text_post")}


def test_after_an_undo_the_word_before_counts_again(
    collection: Collection, memes: list[int], say: Say
) -> None:
    say(memes[0], "ana", "ironic")
    say(memes[0], "ana", "political")
    take_back(collection, "ana")
    assert agreed(collection) == {memes[0]: ("genre", "ironic")}
    take_back(collection, "ana")
    assert agreed(collection) == {}


def test_a_skip_is_no_word_at_all(collection: Collection, memes: list[int], say: Say) -> None:
    say(memes[0], "ana", "ironic")
    say(memes[0], "ana", Verdict.SKIP)
    say(memes[1], "ana", Verdict.SKIP)
    assert agreed(collection) == {memes[0]: ("genre", "ironic")}


def test_not_a_meme_and_unsure_are_words_too(
    collection: Collection, memes: list[int], say: Say
) -> None:
    for annotator in ("a", "b"):
        say(memes[0], annotator, Verdict.NOT_A_MEME)
    say(memes[0], "c", "ironic")
    say(memes[1], "a", Verdict.UNSURE)
    assert agreed(collection) == {
        memes[0]: ("not_a_meme", None),
        memes[1]: ("unsure", None),
    }


def test_the_trust_of_an_imported_label_comes_with_it(
    collection: Collection, memes: list[int], say: Say
) -> None:
    say(memes[0], "import", "ironic", trust="viewed")
    say(memes[0], "ana", "ironic")
    say(memes[1], "ana", "ironic")
    say(memes[2], "first", "ironic", trust="weak")
    say(memes[2], "second", "ironic", trust="viewed")
    with collection.database.reading() as session:
        rows = session.execute(consensus()).all()
    assert {row.meme_id: row.trust for row in rows} == {
        memes[0]: "viewed",
        memes[1]: None,
        memes[2]: "viewed",
    }


def see_in(collection: Collection, meme: int, *communities: str) -> None:
    with collection.adding() as adder:
        for number, community in enumerate(communities):
            seen = Seen("test", f"{meme} {community} {number}", "url", community=community)
            adder.see_again(adder.session.get_one(Meme, meme).sha256, seen)


def suggested(collection: Collection) -> dict[int, tuple[str, float]]:
    with collection.database.reading() as session:
        rows = session.execute(weak_labels()).all()
    assert len({row.meme_id for row in rows}) == len(rows)
    return {row.meme_id: (row.genre, row.weight) for row in rows}


@pytest.fixture
def priors(collection: Collection) -> None:
    with collection.database.writing() as session:
        set_priors(
            session,
            [
                Prior("F7U12", "rage_comic", 0.9),
                Prior("funny", "top_bottom_text", 0.5),
                Prior("advice", "top_bottom_text", 0.7),
                Prior("politics", "political", 0.5),
            ],
        )


@pytest.mark.usefixtures("priors")
def test_a_community_suggests_its_genre_whatever_the_case_of_its_name(
    collection: Collection, memes: list[int]
) -> None:
    see_in(collection, memes[0], "f7u12")
    see_in(collection, memes[1], "Funny")
    see_in(collection, memes[2], "unknown")
    assert suggested(collection) == {
        memes[0]: ("rage_comic", 0.9),
        memes[1]: ("top_bottom_text", 0.5),
    }


@pytest.mark.usefixtures("priors")
def test_where_communities_differ_the_greater_sum_of_weights_wins(
    collection: Collection, memes: list[int]
) -> None:
    see_in(collection, memes[0], "f7u12", "funny", "advice")  # .9 against .5 + .7
    see_in(collection, memes[1], "f7u12", "funny")  # .9 against .5
    see_in(collection, memes[2], "funny", "politics")  # .5 against .5: the first by name
    assert suggested(collection) == {
        memes[0]: ("top_bottom_text", 0.7),
        memes[1]: ("rage_comic", 0.9),
        memes[2]: ("political", 0.5),
    }


@pytest.mark.usefixtures("priors")
def test_priors_set_again_replace_their_own_and_no_others(collection: Collection) -> None:
    with collection.database.writing() as session:
        set_priors(session, [Prior("FUNNY", "ironic", 0.1), Prior("funny", "ironic", 0.2)])
    with collection.database.reading() as session:
        rows = session.scalars(select(Community).order_by(Community.name)).all()
    assert [(row.name, row.genre, row.weight) for row in rows] == [
        ("advice", "top_bottom_text", 0.7),
        ("f7u12", "rage_comic", 0.9),
        ("funny", "ironic", 0.2),
        ("politics", "political", 0.5),
    ]
