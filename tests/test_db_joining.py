"""What a person says against the machine: said once, it holds, and it can be taken back."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.errors import BadInput
from core.fingerprint import hash_bytes
from core.settings import Settings
from db.check import check
from db.decisions import record, standing
from db.distinct import set_apart
from db.duplicates import Split, duplicates, undo
from db.joining import Joined, Left, Merged, join_families, merge, split_family, take_back
from db.labels import cast
from db.matching import Matcher, Repost
from db.memes import Collection, Reposted
from db.models import Copy, DecidedBy, DecisionRecord, DistinctPair, Meme, MemeStatus, Template
from db.regrouping import merge_meme
from db.rematch import Rematcher, Tally
from db.sightings import kept
from tests.collecting import add, make_copy, make_meme, state
from tests.pictures import picture, repost, sibling

ONE, TWO, THREE = picture(1), picture(2), picture(3)
OF_ONE, OF_TWO = repost(ONE), repost(TWO)
SIBLING, SECOND = sibling(1, 1), sibling(1, 2)  # of ONE


def names(*files: bytes) -> list[str]:
    return sorted(hash_bytes(data) for data in files)


def home(session: Session, data: bytes) -> tuple[int, int]:
    """The meme and the family of a file."""
    file = kept(session, hash_bytes(data))
    assert file is not None
    return file.meme_id, session.get_one(Meme, file.meme_id).template_id


def say_same(collection: Collection, data: bytes, into: bytes) -> Merged:
    """A person says that the meme of one file is that of another."""
    with collection.database.writing_alone() as session:
        return merge(session, home(session, data)[0], home(session, into)[0], "ana")


def take_out(collection: Collection, data: bytes) -> Left:
    with collection.database.writing_alone() as session:
        return split_family(session, home(session, data)[0], "ana")


def join(collection: Collection, data: bytes, into: bytes) -> Joined:
    """A person says that the families of two files are one."""
    with collection.database.writing_alone() as session:
        return join_families(session, home(session, data)[1], home(session, into)[1], "ana")


def split_again(collection: Collection, data: bytes) -> Split:
    """A person says that a file is no repost."""
    with collection.database.writing_alone() as session:
        row = standing(session, hash_bytes(data))
        assert row is not None
        return undo(session, row.id, "ana")


def withdraw(collection: Collection, decision_id: int) -> None:
    with collection.database.writing_alone() as session:
        take_back(session, decision_id, "ana")


def refused(collection: Collection, what: Callable[[Session], object]) -> str:
    with pytest.raises(BadInput) as caught, collection.database.writing_alone() as session:
        what(session)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def rematch(collection: Collection) -> Tally:
    return Rematcher(collection.database, collection.media).run()


def holds(collection: Collection) -> bool:
    """Whether all is as it was after a rematch, and nothing is broken."""
    before = state(collection)
    rematch(collection)
    assert check(collection.database, collection.media).is_clean
    return state(collection) == before


def families(collection: Collection) -> list[list[str]]:
    found: list[list[str]] = state(collection)["families"]
    return found


def n_pairs(collection: Collection) -> int:
    with collection.database.reading() as session:
        return session.scalar(select(func.count()).select_from(DistinctPair)) or 0


def one_and_two(collection: Collection) -> None:
    """Two memes that resemble each other in nothing, each with a copy."""
    for data in (ONE, OF_ONE, TWO, OF_TWO):
        add(collection, data, hash_bytes(data)[:4])


def family_of_three(collection: Collection) -> None:
    """Three memes of one family, and one of another."""
    for data in (ONE, SIBLING, SECOND, TWO):
        add(collection, data, hash_bytes(data)[:4])
    assert families(collection) == sorted([names(ONE, SIBLING, SECOND), names(TWO)])


# One meme of two.


def test_what_a_person_merges_becomes_a_copy_with_all_that_was_its_own(
    collection: Collection,
) -> None:
    one_and_two(collection)
    with collection.database.writing_alone() as session:
        cast(session, home(session, TWO)[0], "ana", genre="ironic", idempotency_key="of two")

    done = say_same(collection, TWO, ONE)

    own, other = hash_bytes(ONE), hash_bytes(TWO)
    after = state(collection)
    assert list(after["memes"]) == [own]
    assert after["copies"] == dict.fromkeys(names(OF_ONE, TWO, OF_TWO), own)
    assert after["sightings"] == {
        hash_bytes(data)[:4]: (hash_bytes(data), own) for data in (ONE, OF_ONE, TWO, OF_TWO)
    }
    assert after["votes"] == {"of two": (other, own)}
    assert (after["families"], after["representatives"]) == ([[own]], [own])
    with collection.database.reading() as session:
        row = standing(session, other)
        assert row is not None
        assert (row.id, row.outcome, row.by) == (done.decision_id, "repost", "person")
        assert (row.gone_id, row.meme_id) == (done.gone_id, done.meme_id)


def test_no_rematch_splits_what_a_person_merged(collection: Collection) -> None:
    one_and_two(collection)
    say_same(collection, TWO, ONE)
    assert holds(collection)


def test_a_merge_is_listed_by_itself_and_after_what_is_less_sure(collection: Collection) -> None:
    one_and_two(collection)
    done = say_same(collection, TWO, ONE)
    with collection.database.reading() as session:
        found = list(duplicates(session))
    assert [one.by for one in found] == ["pixels", "person", "person"]
    assert {(one.sha256, one.score) for one in found[1:]} == {
        (hash_bytes(TWO), None),
        (hash_bytes(OF_TWO), None),
    }
    assert done.decision_id in {one.decision_id for one in found}


def test_a_merge_is_undone_as_any_repost_and_its_copies_go_with_it(collection: Collection) -> None:
    one_and_two(collection)
    before = state(collection)
    say_same(collection, TWO, ONE)

    split_again(collection, TWO)

    after = state(collection)
    for key in ("memes", "copies", "sightings"):
        assert after[key] == before[key], key
    with collection.database.reading() as session:
        row = standing(session, hash_bytes(OF_TWO))
        assert row is not None
        assert row.by == "pixels"  # what was found before stands again
    tally = rematch(collection)  # the family, which nobody spoke of, is found again
    assert (tally.merged, tally.split, tally.moved, tally.regrouped) == (0, 0, 0, 1)
    assert state(collection) == before


def test_a_copy_that_came_with_a_merge_can_be_split_alone(collection: Collection) -> None:
    one_and_two(collection)
    say_same(collection, TWO, ONE)
    split_again(collection, OF_TWO)
    after = state(collection)
    assert sorted(after["memes"]) == names(ONE, OF_TWO)
    assert after["copies"] == {name: hash_bytes(ONE) for name in names(OF_ONE, TWO)}


def test_whoever_merges_forgets_that_the_files_were_told_apart(collection: Collection) -> None:
    one_and_two(collection)
    add(collection, THREE, "three")
    with collection.database.writing_alone() as session:
        for one, other in ((ONE, TWO), (OF_TWO, OF_ONE), (THREE, TWO)):
            set_apart(session, hash_bytes(one), hash_bytes(other), "ben")
    say_same(collection, TWO, ONE)
    with collection.database.reading() as session:
        pair = session.scalars(select(DistinctPair)).one()
    assert sorted([pair.sha256_a, pair.sha256_b]) == names(THREE, TWO)
    assert holds(collection)


def test_what_makes_no_sense_is_not_merged(collection: Collection) -> None:
    one_and_two(collection)
    three = add(collection, THREE, "three").meme_id
    with collection.database.reading() as session:
        one, two = home(session, ONE)[0], home(session, TWO)[0]
    assert "is itself" in refused(collection, lambda s: merge(s, one, one, "ana"))
    assert "meme 99 is not here" in refused(collection, lambda s: merge(s, one, 99, "ana"))
    say_same(collection, TWO, ONE)
    told = f"meme {two} is not here: it was made a copy of meme {one} meanwhile"
    assert refused(collection, lambda s: merge(s, two, three, "ana")) == told
    assert refused(collection, lambda s: merge(s, three, two, "ana")) == told
    with collection.database.writing() as session:
        session.get_one(Meme, three).status = MemeStatus.REMOVED
    assert "was removed" in refused(collection, lambda s: merge(s, three, one, "ana"))
    assert "was removed" in refused(collection, lambda s: merge(s, one, three, "ana"))


def test_other_processes_learn_of_a_merge(
    collection: Collection, database_settings: Settings
) -> None:
    one_and_two(collection)
    other = Collection.open(database_settings)
    matcher = Matcher(other.media)
    with other.database.reading() as session:
        matcher.follow(session)
    merged = say_same(collection, TWO, ONE)
    with other.database.reading() as session:
        matcher.follow(session)
        assert matcher.related(session.get_one(Meme, merged.meme_id).phash64, 9) == [merged.meme_id]
        copy = session.scalars(select(Copy).where(Copy.sha256 == hash_bytes(TWO))).one()
        assert merged.gone_id not in matcher.related(copy.phash64, 9)
    assert add(other, TWO, "again") == Reposted(merged.meme_id, copy.id)
    other.database.engine.dispose()


def test_what_a_person_joined_to_a_file_goes_where_that_goes(collection: Collection) -> None:
    # The machine makes one of ONE and its repost, which a person had said TWO to be.
    one_and_two(collection)
    make_meme(collection, OF_ONE)
    say_same(collection, TWO, OF_ONE)
    assert rematch(collection).merged == 1
    assert state(collection)["copies"] == {n: hash_bytes(ONE) for n in names(OF_ONE, TWO, OF_TWO)}

    split_again(collection, OF_ONE)

    assert state(collection)["copies"] == {n: hash_bytes(OF_ONE) for n in names(TWO, OF_TWO)}
    assert holds(collection)


def test_also_where_a_rematch_takes_it(collection: Collection) -> None:
    # Other thresholds had made THREE a copy of ONE; a person had said TWO to be THREE.
    one_and_two(collection)
    add(collection, THREE, "three")
    say_same(collection, TWO, THREE)
    with collection.database.writing_alone() as session:
        meme, into = home(session, THREE)[0], home(session, ONE)[0]
        merge_meme(session, session.get_one(Meme, meme), into)
        by_machine = Repost(into, 0.1, by=DecidedBy.PIXELS)
        record(session, hash_bytes(THREE), into, by_machine, gone_id=meme)
    assert rematch(collection).split == 1
    after = state(collection)["copies"]
    assert after.pop(hash_bytes(OF_ONE)) == hash_bytes(ONE)
    assert after == {name: hash_bytes(THREE) for name in names(TWO, OF_TWO)}


# A split taken back.


def test_a_split_that_is_taken_back_was_never_said(collection: Collection) -> None:
    one_and_two(collection)
    before = state(collection)
    with collection.database.reading() as session:
        row = standing(session, hash_bytes(OF_ONE))
        assert row is not None
    split = split_again(collection, OF_ONE)
    assert state(collection) != before

    withdraw(collection, split.decision_id)

    assert state(collection) == before
    assert n_pairs(collection) == 0
    with collection.database.reading() as session:
        again = standing(session, hash_bytes(OF_ONE))
        assert again is not None
        assert again.id > split.decision_id  # which other processes follow
        assert (again.gone_id, again.meme_id) == (split.meme_id, row.meme_id)
        assert (again.outcome, again.by, again.score) == (row.outcome, row.by, row.score)
    assert split_again(collection, OF_ONE).apart_from == split.apart_from


def test_the_split_of_a_merge_that_is_taken_back_leaves_the_merge(collection: Collection) -> None:
    one_and_two(collection)
    say_same(collection, TWO, ONE)
    before = state(collection)
    withdraw(collection, split_again(collection, TWO).decision_id)
    assert state(collection) == before
    assert holds(collection)


def test_only_a_word_that_stands_is_taken_back(collection: Collection) -> None:
    one_and_two(collection)
    split = split_again(collection, OF_ONE)

    def back(decision_id: int) -> str:
        return refused(collection, lambda session: take_back(session, decision_id, "ana"))

    assert back(99) == "there is no decision 99"
    assert "says new" in back(1)
    say_same(collection, OF_ONE, ONE)
    assert "no longer stands" in back(split.decision_id)
    split = split_again(collection, OF_ONE)
    withdraw(collection, split.decision_id)
    assert "was undone already" in back(split.decision_id)
    split = split_again(collection, OF_ONE)
    say_same(collection, ONE, TWO)  # what it was split from is no more
    assert "is not here" in back(split.decision_id)


# Families.


@pytest.mark.parametrize("taken", [ONE, SIBLING, SECOND])
def test_what_is_taken_out_of_a_family_stays_out(collection: Collection, taken: bytes) -> None:
    family_of_three(collection)
    done = take_out(collection, taken)
    stay = [data for data in (ONE, SIBLING, SECOND) if data != taken]
    assert families(collection) == sorted([names(taken), names(*stay), names(TWO)])
    assert state(collection)["representatives"] == names(taken, stay[0], TWO)
    with collection.database.reading() as session:
        assert home(session, taken) == (done.meme_id, done.template_id)
        assert home(session, stay[0])[1] == done.left_id
        row = session.get_one(DecisionRecord, done.decision_id)
        assert (row.sha256, row.outcome, row.by) == (hash_bytes(taken), "left_family", "person")
    assert holds(collection)


def test_a_meme_that_is_like_both_does_not_make_them_one(collection: Collection) -> None:
    family_of_three(collection)
    add(collection, repost(SIBLING), "copy")
    took = take_out(collection, SIBLING)
    with collection.database.reading() as session:
        matcher = Matcher(collection.media)
        matcher.follow(session)
    for caption in (3, 4):
        add(collection, sibling(1, caption), f"sibling {caption}")
    with collection.database.reading() as session:
        assert home(session, ONE)[1] == took.left_id
        assert home(session, SIBLING)[1] == took.template_id
        newest = {home(session, sibling(1, caption))[1] for caption in (3, 4)}
    assert newest <= {took.left_id, took.template_id}
    assert holds(collection)


def test_nor_does_a_machine_merge_what_is_not_even_of_one_family(collection: Collection) -> None:
    family_of_three(collection)
    add(collection, OF_ONE, "copy")
    with collection.database.writing_alone() as session:
        family = home(session, ONE)[1]
    meme = make_meme(collection, OF_ONE)
    with collection.database.writing_alone() as session:
        left = session.get_one(Meme, meme)
        alone, left.template_id = left.template_id, family
        session.flush()
        session.delete(session.get_one(Template, alone))
    take_out(collection, OF_ONE)
    assert holds(collection)
    assert hash_bytes(OF_ONE) in state(collection)["memes"]


def test_what_was_a_copy_meanwhile_does_not_come_back_into_the_family_it_left(
    collection: Collection,
) -> None:
    family_of_three(collection)
    take_out(collection, SIBLING)
    make_copy(collection, SIBLING, TWO)
    assert rematch(collection).split == 1
    assert families(collection) == sorted([names(ONE, SECOND), names(SIBLING), names(TWO)])
    assert holds(collection)


def test_one_that_is_alone_cannot_be_taken_out(collection: Collection) -> None:
    family_of_three(collection)
    took = take_out(collection, ONE)
    told = refused(collection, lambda session: split_family(session, took.meme_id, "ana"))
    assert "is alone in its family" in told
    assert "is not here" in refused(collection, lambda session: split_family(session, 99, "ana"))
    with collection.database.writing() as session:
        meme = home(session, SIBLING)[0]
        session.get_one(Meme, meme).status = MemeStatus.REMOVED
    assert "was removed" in refused(collection, lambda session: split_family(session, meme, "ana"))


@pytest.mark.parametrize("swapped", [False, True])
def test_two_families_are_one_for_good(collection: Collection, swapped: bool) -> None:
    family_of_three(collection)
    add(collection, THREE, "three")
    done = join(collection, *((ONE, TWO) if swapped else (TWO, ONE)))
    assert families(collection) == sorted([names(ONE, SIBLING, SECOND, TWO), names(THREE)])
    assert state(collection)["representatives"] == names(ONE, THREE)
    with collection.database.reading() as session:
        assert session.get(Template, done.gone_id) is None
        assert home(session, TWO)[1] == home(session, ONE)[1] == done.template_id
    assert holds(collection)
    add(collection, sibling(1, 3), "another")
    assert names(ONE, SIBLING, SECOND, TWO, sibling(1, 3)) in families(collection)


def test_they_stay_one_without_the_meme_by_which_they_were_joined(collection: Collection) -> None:
    family_of_three(collection)
    join(collection, TWO, ONE)
    took = take_out(collection, ONE)
    assert families(collection) == sorted([names(ONE), names(SIBLING, SECOND, TWO)])
    assert holds(collection)
    withdraw(collection, took.decision_id)
    assert families(collection) == [names(ONE, SIBLING, SECOND, TWO)]
    assert holds(collection)


def test_and_where_that_meme_is_a_copy_by_now(collection: Collection) -> None:
    family_of_three(collection)
    join(collection, TWO, ONE)
    say_same(collection, ONE, SIBLING)
    rematch(collection)
    # What was like the copy alone is of no family with it now; the person's word goes on.
    assert families(collection) == sorted([names(SIBLING, TWO), names(SECOND)])
    assert holds(collection)


def test_a_family_of_which_two_were_taken_out_gets_neither_back(collection: Collection) -> None:
    family_of_three(collection)
    add(collection, sibling(1, 3), "third")
    take_out(collection, SECOND)  # as against ONE
    take_out(collection, ONE)
    apart = sorted([names(ONE), names(SECOND), names(SIBLING, sibling(1, 3)), names(TWO)])
    assert families(collection) == apart
    assert holds(collection)


def test_what_was_taken_out_may_be_joined_again(collection: Collection) -> None:
    family_of_three(collection)
    take_out(collection, ONE)
    join(collection, ONE, SIBLING)
    assert families(collection) == sorted([names(ONE, SIBLING, SECOND), names(TWO)])
    assert holds(collection)


def test_what_was_said_of_a_family_can_be_taken_back(collection: Collection) -> None:
    family_of_three(collection)
    before = state(collection)
    said: list[tuple[Callable[..., Any], tuple[bytes, ...]]] = [
        (take_out, (SECOND,)),
        (take_out, (ONE,)),
        (join, (TWO, ONE)),
        (join, (ONE, TWO)),
    ]
    for word, files in said:
        done = word(collection, *files)
        assert state(collection)["families"] != before["families"]
        withdraw(collection, done.decision_id)
        assert state(collection) == before
    assert holds(collection)


def test_a_word_about_a_family_is_taken_back_while_it_stands(collection: Collection) -> None:
    family_of_three(collection)
    took = take_out(collection, SECOND)
    say_same(collection, SECOND, TWO)
    joined = join(collection, TWO, ONE)
    say_same(collection, TWO, ONE)
    for decision in (took.decision_id, joined.decision_id):
        told = refused(collection, lambda session, d=decision: take_back(session, d, "ana"))  # type: ignore[misc]
        assert f"decision {decision} no longer stands" in told


def test_families_that_are_no_more_are_not_joined(collection: Collection) -> None:
    family_of_three(collection)
    with collection.database.reading() as session:
        one, two = home(session, ONE)[1], home(session, TWO)[1]
    assert "is itself" in refused(collection, lambda s: join_families(s, one, one, "ana"))
    join(collection, TWO, ONE)
    gone = f"there is no family {two}"
    assert gone in refused(collection, lambda s: join_families(s, one, two, "ana"))
    assert gone in refused(collection, lambda s: join_families(s, two, one, "ana"))


def test_the_record_tells_machine_from_person(collection: Collection) -> None:
    family_of_three(collection)
    take_out(collection, SECOND)
    join(collection, TWO, ONE)
    rematch(collection)
    with collection.database.reading() as session:
        rows = session.execute(
            select(DecisionRecord.outcome, DecisionRecord.by, DecisionRecord.annotator).order_by(
                DecisionRecord.id
            )
        ).all()
    assert {annotator for _, _, annotator in rows[:-2]} == {None}
    assert [tuple(row) for row in rows[-2:]] == [
        ("left_family", "person", "ana"),
        ("joined_family", "person", "ana"),
    ]
    assert len(rows) == 6  # a rematch wrote over neither
