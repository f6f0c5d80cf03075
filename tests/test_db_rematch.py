"""The whole collection decided anew: what other thresholds did is mended, once, whatever happens.

That a rematch has something to do, these tests put files where no matcher would: two files of one
meme are made two memes, two memes are made one.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from sqlalchemy import func, select, update

import db.rematch
from core.fingerprint import fingerprint, hash_bytes
from db.check import check
from db.decisions import standing
from db.duplicates import undo
from db.labels import cast
from db.memes import Collection
from db.models import Copy, DecisionRecord, Meme, MemeStatus, Rematch
from db.regrouping import move_copy
from db.rematch import Rematcher, Tally
from db.sightings import kept
from db.templates import new_template, tidy_template
from tests.collecting import add, make_copy, make_meme, state
from tests.pictures import picture, repost, sibling

NEW_YEAR = datetime(2015, 1, 1, tzinfo=UTC)


def rematch(collection: Collection) -> Tally:
    return Rematcher(collection.database, collection.media).run()


def take_back(collection: Collection, data: bytes) -> int:
    """A person says that these bytes are no repost."""
    with collection.database.writing_alone() as session:
        row = standing(session, hash_bytes(data))
        assert row is not None
        return undo(session, row.id, "ana").meme_id


def decisions(collection: Collection) -> int:
    with collection.database.reading() as session:
        return session.scalar(select(func.count()).select_from(DecisionRecord)) or 0


def fill(collection: Collection) -> None:
    """Five memes, two of them of one family, with some copies."""
    for number in (1, 2, 3, 4):
        add(collection, picture(number), str(number))
        again = repost(picture(number))
        add(collection, again, f"{number} again", posted_at=NEW_YEAR, nsfw=number == 1)
    add(collection, sibling(1, 1), "sibling")
    add(collection, repost(picture(1), quality=30), "1 once more")


def test_what_is_right_stays_as_it_is(collection: Collection) -> None:
    fill(collection)
    before, n_decisions = state(collection), decisions(collection)
    tally = rematch(collection)
    assert state(collection) == before
    assert decisions(collection) == n_decisions
    assert tally == Tally(memes=5, copies=5)


def test_two_memes_that_are_one_become_one_with_all_that_they_have(collection: Collection) -> None:
    fill(collection)
    before = state(collection)
    again, once_more = repost(picture(1)), repost(picture(1), quality=30)
    meme = make_meme(collection, again)
    with collection.database.writing_alone() as session:
        cast(session, meme, "ana", genre="ironic", idempotency_key="said of the copy")
        copy = session.scalars(select(Copy).where(Copy.sha256 == hash_bytes(once_more))).one()
        move_copy(session, copy, meme)

    tally = rematch(collection)

    assert (tally.merged, tally.split, tally.moved) == (1, 0, 0)
    after = state(collection)
    assert after.pop("votes") == {"said of the copy": (hash_bytes(again), hash_bytes(picture(1)))}
    assert before.pop("votes") == {}
    assert after == before
    with collection.database.reading() as session:
        row = standing(session, hash_bytes(again))
        assert row is not None
        assert (row.outcome, row.gone_id, row.meme_id) == ("repost", meme, 1)
    assert check(collection.database, collection.media).is_clean


def test_a_meme_that_is_the_copy_of_another_becomes_a_meme_again(collection: Collection) -> None:
    fill(collection)
    before = state(collection)
    make_copy(collection, picture(3), picture(2))  # its copy with it
    tally = rematch(collection)
    # Both become memes? No: the second is decided when the first is one already.
    assert (tally.split, tally.moved, tally.merged) == (1, 1, 0)
    after = state(collection)
    own = {hash_bytes(picture(3)), hash_bytes(repost(picture(3)))}
    assert len(own & set(after["memes"])) == 1
    assert len(after["memes"]) == len(before["memes"])
    assert {frozenset(pair) for pair in after["copies"].items()} == {
        frozenset(pair) for pair in before["copies"].items()
    }
    assert check(collection.database, collection.media).is_clean


def test_a_copy_of_the_wrong_meme_goes_to_the_right_one(collection: Collection) -> None:
    fill(collection)
    before = state(collection)
    with collection.database.writing_alone() as session:
        data = repost(picture(4))
        copy = session.scalars(select(Copy).where(Copy.sha256 == hash_bytes(data))).one()
        wrong = kept(session, hash_bytes(picture(2)))
        assert wrong is not None
        move_copy(session, copy, wrong.meme_id)
    assert rematch(collection).moved == 1
    assert state(collection) == before


def test_memes_go_to_the_family_where_they_belong(collection: Collection) -> None:
    fill(collection)
    before = state(collection)
    with collection.database.writing_alone() as session:
        memes = session.scalars(select(Meme).order_by(Meme.id)).all()
        homes = [meme.template_id for meme in memes]
        for meme in memes:  # the sibling alone, all others together
            meme.template_id = new_template(session) if meme is memes[-1] else homes[0]
        for home in {*homes, memes[-1].template_id}:
            tidy_template(session, home)
    assert rematch(collection).regrouped == 4
    assert state(collection) == before
    assert rematch(collection).regrouped == 0


def test_a_second_rematch_changes_nothing(collection: Collection) -> None:
    fill(collection)
    make_meme(collection, repost(picture(1)))
    make_copy(collection, picture(3), picture(2))
    make_copy(collection, sibling(1, 1), picture(4))
    rematch(collection)
    before, n_decisions = state(collection), decisions(collection)
    tally = rematch(collection)
    assert (tally.merged, tally.moved, tally.split, tally.regrouped) == (0, 0, 0, 0)
    assert state(collection) == before
    assert decisions(collection) == n_decisions


def test_what_a_person_split_is_not_joined_again(collection: Collection) -> None:
    fill(collection)
    wrong = repost(picture(1))
    take_back(collection, wrong)
    before, n_decisions = state(collection), decisions(collection)
    tally = rematch(collection)
    assert tally.merged == 0
    after = state(collection)
    assert hash_bytes(wrong) in after["memes"]
    assert after["copies"].keys() == before["copies"].keys()
    with collection.database.reading() as session:
        row = standing(session, hash_bytes(wrong))
        assert row is not None
        assert row.by == "person"  # his word is not written over
    assert decisions(collection) <= n_decisions + 1  # a copy may be nearer to the new meme


def test_nor_by_way_of_a_copy(collection: Collection) -> None:
    # Two memes that look the same, and a copy of the one was split from the other.
    fill(collection)
    wrong, other = repost(picture(1)), repost(picture(1), quality=30)
    take_back(collection, wrong)
    make_meme(collection, other)
    make_copy(collection, wrong, other)  # told apart from picture(1)
    rematch(collection)
    after = state(collection)["memes"]
    assert hash_bytes(picture(1)) in after
    assert len(after) == 6  # the two that look the same did not become one
    together = state(collection)["copies"]
    assert together.get(hash_bytes(wrong)) != hash_bytes(picture(1))


def test_removed_memes_and_their_copies_stay_as_they_are(collection: Collection) -> None:
    fill(collection)
    make_copy(collection, picture(3), picture(2))
    with collection.database.writing() as session:
        session.execute(
            update(Meme)
            .where(Meme.sha256 == hash_bytes(picture(2)))
            .values(status=MemeStatus.REMOVED)
        )
    before = state(collection)
    rematch(collection)
    assert state(collection) == before


def as_before(collection: Collection, **hashes: str) -> None:
    """Rows as an older version left them: no signature, no decisions; where given, other hashes."""
    with collection.database.writing() as session:
        for table in (Meme, Copy):
            session.execute(update(table).values(signature=None, **hashes))
        for row in session.scalars(select(DecisionRecord)):
            session.delete(row)


def test_what_older_rows_lack_is_read_from_their_files(collection: Collection) -> None:
    fill(collection)
    before = state(collection)
    as_before(collection, phash64="0" * 16, phash256="f" * 64)
    tally = rematch(collection)
    assert (tally.read_anew, tally.skipped) == (10, 0)
    assert state(collection) == before
    with collection.database.reading() as session:
        rows = [*session.scalars(select(Meme)), *session.scalars(select(Copy))]
        for row in rows:
            taken = fingerprint(collection.media.get(row.sha256, row.format))
            assert (row.phash64, row.phash256) == (taken.phash64, taken.phash256)
            assert standing(session, row.sha256) is not None
    assert rematch(collection).read_anew == 0


def test_a_file_that_is_missing_is_told_and_passed_over(
    collection: Collection, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(collection)
    as_before(collection)
    (path,) = [
        file
        for file in collection.media.files(hash_bytes(picture(4))[:2])
        if file.sha256 == hash_bytes(picture(4))
    ]
    collection.media.remove(path)
    tally = rematch(collection)
    # Its copy cannot be compared with it, and stays with it.
    assert (tally.memes, tally.copies, tally.skipped, tally.read_anew) == (5, 5, 2, 8)
    own, copy = [line for line in capsys.readouterr().err.splitlines() if "skipped" in line]
    assert own.startswith(f"the picture {path.path} is missing")
    assert hash_bytes(repost(picture(4))) in copy
    assert state(collection)["copies"][hash_bytes(repost(picture(4)))] == path.sha256


def test_another_process_may_add_and_split_in_between(
    collection: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(collection)
    make_meme(collection, repost(picture(1)))
    monkeypatch.setattr(db.rematch, "_STEP_FILES", 1)
    other = Collection(collection.database, collection.media)
    meanwhile: list[Callable[[], object]] = [
        lambda: add(other, picture(7), "7"),
        lambda: add(other, repost(picture(7)), "7 again"),
        lambda: take_back(other, repost(picture(2))),
        lambda: add(other, repost(picture(3), quality=30), "3 once more"),
    ]
    rematcher = Rematcher(collection.database, collection.media)
    take = rematcher._take

    def take_and_let_others(step: object) -> bool:
        more = take(step)  # type: ignore[arg-type]
        if meanwhile:
            meanwhile.pop(0)()
        return more

    monkeypatch.setattr(rematcher, "_take", take_and_let_others)
    rematcher.run()
    after = state(collection)
    assert after["copies"][hash_bytes(repost(picture(1)))] == hash_bytes(picture(1))
    assert after["copies"][hash_bytes(repost(picture(7)))] == hash_bytes(picture(7))
    assert after["copies"][hash_bytes(repost(picture(3), quality=30))] == hash_bytes(picture(3))
    assert hash_bytes(repost(picture(2))) in after["memes"]
    assert add(other, repost(picture(1), quality=80), "x").meme_id == 1
    assert check(collection.database, collection.media).is_clean


def test_two_rematches_at_once_are_one(collection: Collection) -> None:
    fill(collection)
    make_meme(collection, repost(picture(1)))
    first = Rematcher(collection.database, collection.media)
    second = Rematcher(collection.database, collection.media)
    assert (first.resumed, second.resumed) == (False, True)
    with ThreadPoolExecutor(1) as pool:
        step, same_step = first._prepare(pool), second._prepare(pool)
    assert first._take(step)
    assert second._take(same_step)  # not taken twice
    assert first.tally == second.tally
    first.run()
    assert second.run().n_seen == first.tally.n_seen
    with collection.database.reading() as session:
        row = session.scalars(select(Rematch)).one()
        assert row.finished_at is not None
        assert abs((datetime.now(UTC) - row.finished_at).total_seconds()) < 60
    assert not Rematcher(collection.database, collection.media).resumed
