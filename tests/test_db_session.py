"""Transactions: who waits for whom, and who sees what."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import IntegrityError

from core.errors import MemeEraError
from core.fingerprint import fingerprint
from core.settings import Settings
from db.labels import Prior, cast, set_priors
from db.memes import Added, Collection, Reposted, Seen
from db.models import Community, Meme, Vote
from db.session import Database
from tests.pictures import picture


class Stopped(Exception):
    """Something went wrong in the middle of a transaction."""


@contextmanager
def meanwhile(work: Callable[[], object]) -> Iterator[threading.Event]:
    """Do the work in another thread; gives an event that is set when it is done."""
    done = threading.Event()
    failed: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001
            failed.append(error)
        done.set()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield done
    finally:
        thread.join(40)
    assert not thread.is_alive()
    assert failed == []


def add_a_meme(collection: Collection) -> int:
    with collection.adding() as adder:
        data = picture(1)
        return adder.add(data, fingerprint(data), Seen("test", "1", "url")).meme_id


def n_votes(database: Database) -> int:
    with database.reading() as session:
        return session.scalar(select(func.count(Vote.id))) or 0


def test_a_vote_waits_while_another_writes_and_then_counts(collection: Collection) -> None:
    meme = add_a_meme(collection)
    database = collection.database

    def vote() -> None:
        with database.writing() as session:
            cast(session, meme, "ana", genre="ironic")

    with collection.adding() as adder:
        set_priors(adder.session, [Prior("memes", "ironic", 0.5)])
        adder.session.flush()
        with meanwhile(vote) as voted:
            # In SQLite one writes at a time; PostgreSQL has no reason to wait.
            assert voted.wait(0.3) is (database.engine.dialect.name == "postgresql")
            adder.session.commit()
    assert n_votes(database) == 1


def test_who_adds_memes_waits_for_who_adds_memes(collection: Collection) -> None:
    other = Collection(collection.database, collection.media)
    outcomes = []

    def add_the_same() -> None:
        with other.adding() as adder:
            seen = Seen("test", "2", "url")
            outcomes.append(adder.add(picture(1), fingerprint(picture(1)), seen))

    with collection.adding() as adder:
        first = adder.add(picture(1), fingerprint(picture(1)), Seen("test", "1", "url"))
        assert isinstance(first, Added)
        with meanwhile(add_the_same) as added:
            assert not added.wait(0.3)
            adder.session.commit()
    assert outcomes == [Reposted(first.meme_id)]


def test_readers_wait_for_nobody(collection: Collection) -> None:
    with collection.adding() as adder:
        set_priors(adder.session, [Prior("memes", "ironic", 0.5)])
        adder.session.flush()
        with meanwhile(lambda: n_votes(collection.database)) as read:
            assert read.wait(20)


def test_a_reader_sees_one_state_whatever_others_write(collection: Collection) -> None:
    n_priors = select(func.count(Community.name))
    with collection.database.reading() as session:
        assert session.scalar(n_priors) == 0
        with collection.database.writing() as writer:
            set_priors(writer, [Prior("memes", "ironic", 0.5)])
        assert session.scalar(n_priors) == 0
    with collection.database.reading() as session:
        assert session.scalar(n_priors) == 1


def test_what_a_reader_changes_is_not_kept(collection: Collection) -> None:
    with collection.database.reading() as session:
        session.add(Community(name="memes", genre="ironic", weight=1.0))
        session.flush()
    with collection.database.reading() as session:
        assert session.scalar(select(func.count(Community.name))) == 0


def test_work_that_fails_is_taken_back(collection: Collection) -> None:
    with suppress(Stopped), collection.database.writing() as session:
        set_priors(session, [Prior("memes", "ironic", 0.5)])
        session.flush()
        raise Stopped
    with collection.database.reading() as session:
        assert session.scalar(select(func.count(Community.name))) == 0


def test_a_row_of_a_meme_that_is_not_there_is_refused(collection: Collection) -> None:
    with pytest.raises(IntegrityError), collection.database.writing() as session:
        cast(session, 77, "ana", genre="ironic")


def test_a_read_before_a_write_does_not_spoil_it(collection: Collection) -> None:
    """SQLite fails a transaction at once that read before another wrote, whatever the timeout."""
    meme = add_a_meme(collection)
    start = threading.Barrier(4)

    def vote_often(annotator: str) -> None:
        start.wait(20)
        for number in range(10):
            with collection.database.writing() as session:
                session.scalar(select(func.count(Vote.id)))
                cast(
                    session, meme, annotator, genre="ironic", idempotency_key=f"{annotator}{number}"
                )

    with (
        meanwhile(lambda: vote_often("ana")),
        meanwhile(lambda: vote_often("bo")),
        meanwhile(lambda: vote_often("cy")),
        meanwhile(lambda: vote_often("di")),
    ):
        pass
    assert n_votes(collection.database) == 40


def test_a_full_disk_is_one_line_and_keeps_what_was_there(settings: Settings) -> None:
    collection = Collection.open(settings)
    data = picture(1)
    with collection.adding() as adder:
        adder.add(data, fingerprint(data), Seen("web", "1", "https://x.example/1"))

    def fill_the_disk() -> None:
        with collection.adding() as adder:
            adder.session.execute(text("PRAGMA max_page_count = 1"))  # SQLite's way to be full
            for number in range(2, 100):
                more = picture(number)
                title = "x" * 5000
                place = Seen("web", str(number), "https://x.example", title=title)
                adder.add(more, fingerprint(more), place)

    with pytest.raises(MemeEraError, match=r"^the database .* is full; nothing of this step"):
        fill_the_disk()
    with collection.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Meme)) == 1
