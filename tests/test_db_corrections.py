"""What visitors of the window say: it asks, never counts, and goes when it is taken back."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import func, select

from app.correcting import Correction, correct, take_back
from core.fingerprint import fingerprint
from db.export_choice import Choice, choose
from db.history import history
from db.labels import cast, consensus
from db.listing import labelled_memes
from db.matching import New
from db.memes import Collection
from db.models import Channel, Copy, Meme, Sighting, Template, Verdict, Vote
from db.progress import progress
from db.reviewing import last_words
from db.showing import examples, shown
from db.worklist import (
    Filters,
    Overlap,
    answered_by,
    judged_families,
    labelled_by,
    labels_by_genre,
    release,
)
from labeling.worklist import Worklist
from tests.collecting import add, add_some
from tests.pictures import picture, repost


def say(collection: Collection, data: bytes, genre: str = "ironic", n: int = 1) -> int:
    """A correction of visitor n; gives the meme."""
    return correct(collection, Correction(data, genre, f"{n:08}", f"key-number-{n}")).meme_id


def back(collection: Collection, n: int = 1) -> bool:
    return take_back(collection, f"{n:08}", f"key-number-{n}")


def label(collection: Collection, meme: int, who: str, genre: str) -> None:
    with collection.database.writing() as session:
        cast(session, meme, who, genre=genre)


def n_rows(collection: Collection) -> tuple[int, ...]:
    with collection.database.reading() as session:
        return tuple(
            session.scalar(select(func.count()).select_from(table)) or 0
            for table in (Meme, Copy, Sighting, Template, Vote)
        )


def test_a_correction_counts_nowhere_until_somebody_who_labels_has_answered(
    collection: Collection,
) -> None:
    meme = say(collection, picture(1))
    with collection.database.reading() as session:
        assert session.execute(consensus()).all() == []
        assert labelled_memes(session) == []
        assert last_words(session) == []
        assert examples(session, 3)["ironic"] == []
        assert judged_families(session) == {}
        assert labels_by_genre(session)["ironic"] == 0
        assert labelled_by(session, "visitor 00000001") == 0
        counted = progress(session, datetime.now(UTC))
        assert (counted.people, counted.genres["ironic"]) == ([], 0)
        found = history(session, meme)
        assert found is not None
        assert [vote.channel for vote in found.votes] == [Channel.CORRECTION]
    label(collection, meme, "ana", "political")
    with collection.database.reading() as session:
        (row,) = session.execute(consensus())
        assert (row.meme_id, row.genre) == (meme, "political")
        (chosen,) = labelled_memes(session)
        assert chosen.genre == "political"
        assert [word.annotator for word in last_words(session)] == ["ana"]


def test_a_correction_never_makes_a_vote_of_two(collection: Collection) -> None:
    memes = add_some(collection, 8)
    for meme in memes:
        label(collection, meme, "ana", "ironic")
    say(collection, picture(0), "ironic")
    with collection.database.reading() as session:
        selection = choose(session, Choice())
    assert {one.votes for one in selection.chosen} == {1}
    assert selection.n_annotators == 1


def test_what_a_visitor_corrected_comes_first_also_where_it_has_its_answer(
    collection: Collection,
) -> None:
    memes = add_some(collection, 12)
    label(collection, memes[7], "ana", "political")
    label(collection, memes[9], "ana", "political")
    say(collection, picture(9), "ironic", 1)
    say(collection, picture(3), "ironic", 2)
    for who in ("ana", "ben"):  # she that answered it is asked again
        worklist = Worklist(collection.database, Overlap())
        assert worklist.take(who, Filters(), 2) == [memes[9], memes[3]]
        with collection.database.writing() as session:
            release(session, who, memes)
    with collection.database.reading() as session:
        assert memes[9] not in answered_by(session, "ana")
        suggested = shown(session, [memes[9], memes[7]])
        assert [one.visitors_say for one in suggested] == [("ironic",), ()]
    for meme in (memes[9], memes[3]):
        label(collection, meme, "ana", "political")
    with collection.database.reading() as session:
        assert {memes[9], memes[3], memes[7]} <= answered_by(session, "ana")
        assert shown(session, [memes[9]])[0].visitors_say == ()
    rest = Worklist(collection.database, Overlap()).take("ben", Filters(), 20)
    assert set(rest) == set(memes) - {memes[3], memes[7], memes[9]}


def test_a_skip_is_no_answer_to_a_correction(collection: Collection) -> None:
    (meme,) = add_some(collection, 1)
    say(collection, picture(0))
    with collection.database.writing() as session:
        cast(session, meme, "ana", verdict=Verdict.SKIP)
    assert Worklist(collection.database, Overlap()).take("ana", Filters(), 1) == []
    assert Worklist(collection.database, Overlap()).take("ben", Filters(), 1) == [meme]


def test_taken_back_a_correction_leaves_nothing(collection: Collection) -> None:
    add_some(collection, 2)
    before, files = n_rows(collection), set(collection.media.names())
    say(collection, picture(7))
    assert n_rows(collection) != before
    assert not take_back(collection, "somebody", "key-number-1")
    assert back(collection)
    assert n_rows(collection) == before
    assert set(collection.media.names()) == files
    assert not back(collection)
    again = say(collection, picture(7))  # it is not kept out
    with collection.database.reading() as session:
        assert session.get_one(Meme, again).status == "active"


def test_who_looks_for_memes_meanwhile_finds_it_no_more(collection: Collection) -> None:
    say(collection, picture(7))
    other = Collection(collection.database, collection.media)
    recompressed = repost(picture(7))
    assert other.look(recompressed, fingerprint(recompressed)).decision is not None
    back(collection)
    decision = other.look(recompressed, fingerprint(recompressed)).decision
    assert isinstance(decision, New)


@pytest.mark.parametrize("holder", ["seen", "judged", "corrected", "skipped"])
def test_taken_back_what_somebody_else_saw_or_judged_stays(
    collection: Collection, holder: str
) -> None:
    meme = say(collection, picture(7))
    match holder:
        case "seen":
            add(collection, picture(7), "elsewhere")
        case "judged":
            label(collection, meme, "ana", "ironic")
        case "corrected":
            say(collection, picture(7), "political", 2)
        case "skipped":
            with collection.database.writing() as session:
                cast(session, meme, "ana", verdict=Verdict.SKIP)
    assert back(collection)
    with collection.database.reading() as session:
        row = session.get_one(Meme, meme)
        assert collection.media.get(row.sha256, row.format) == picture(7)
        sources = set(session.scalars(select(Sighting.source)))
    seen = {"seen": {"test"}, "corrected": {"window"}}
    assert sources == seen.get(holder, set())
    if holder == "corrected":
        assert back(collection, 2)
        assert n_rows(collection) == (0, 0, 0, 0, 0)


def test_taken_back_a_copy_goes_and_its_meme_stays(collection: Collection) -> None:
    meme = add(collection, picture(7), "elsewhere").meme_id
    recompressed = repost(picture(7))
    assert say(collection, recompressed) == meme
    assert n_rows(collection)[1] == 1
    assert back(collection)
    assert n_rows(collection) == (1, 0, 1, 1, 0)
    assert len(set(collection.media.names())) == 1


def test_taken_back_the_first_of_two_files_leaves_the_other_as_the_memes_own(
    collection: Collection,
) -> None:
    meme = say(collection, picture(7))
    recompressed = repost(picture(7))
    assert add(collection, recompressed, "elsewhere").meme_id == meme
    assert back(collection)
    assert n_rows(collection) == (1, 0, 1, 1, 0)
    with collection.database.reading() as session:
        row = session.get_one(Meme, meme)
        assert collection.media.get(row.sha256, row.format) == recompressed
