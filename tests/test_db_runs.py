"""The record of each crawl and import."""

import json
from datetime import UTC, datetime, timedelta

from core.errors import Reject
from db.memes import Added, Collection, Known, Reposted
from db.runs import Counts, last_runs, save_counts, start_run


def some_counts() -> Counts:
    counts = Counts(listed=8, failed=1)
    for outcome in (Added(1), Added(2), Reposted(1), Known(1)):
        counts.record(outcome)
    counts.rejected[Reject.CORRUPT] += 1
    counts.rejected[Reject.TOO_SMALL] += 2
    return counts


def test_every_outcome_has_its_count() -> None:
    counts = some_counts()
    assert (counts.added, counts.reposts, counts.known) == (2, 1, 1)
    assert counts.n_rejected == 3
    assert counts.n_done == 7


def test_a_report_says_all_of_it_in_a_line() -> None:
    assert str(some_counts()) == (
        "8 listed: 2 added, 1 reposts, 1 known, 3 rejected (2 too_small, 1 corrupt), 1 failed"
    )
    assert str(Counts(listed=1, added=1)) == "1 listed: 1 added, 0 reposts, 0 known, 0 rejected"


def test_counts_survive_json() -> None:
    counts = some_counts()
    written = json.loads(json.dumps(counts.as_dict()))
    assert written["rejected"] == {"too_small": 2, "corrupt": 1}
    assert Counts.from_dict({**written, "id": 5, "source": "lemmy"}) == counts


def test_a_run_is_listed_while_it_goes_on_and_when_it_has_ended(collection: Collection) -> None:
    database = collection.database
    with database.writing() as session:
        run_id = start_run(session, "lemmy", "memes")
    with database.reading() as session:
        (going,) = last_runs(session)
    assert going["finished_at"] is None
    assert (going["source"], going["target"], going["added"]) == ("lemmy", "memes", 0)

    with database.writing() as session:
        save_counts(session, run_id, some_counts().as_dict())
    with database.reading() as session:
        (going,) = last_runs(session)
    assert (going["added"], going["finished_at"]) == (2, None)

    with database.writing() as session:
        save_counts(session, run_id, some_counts().as_dict(), finished=True)
    with database.reading() as session:
        (ended,) = last_runs(session)
    assert ended["rejected"] == {"too_small": 2, "corrupt": 1}
    started, finished = (
        datetime.fromisoformat(ended[f"{when}_at"]) for when in ("started", "finished")
    )
    assert started <= finished < datetime.now(UTC) + timedelta(seconds=1)
    assert Counts.from_dict(ended) == some_counts()


def test_the_newest_runs_come_first_and_no_more_than_asked_for(collection: Collection) -> None:
    with collection.database.writing() as session:
        ids = [start_run(session, "folder", f"/pictures/{n}") for n in range(12)]
    with collection.database.reading() as session:
        assert [run["id"] for run in last_runs(session)] == ids[:1:-1]
        assert [run["id"] for run in last_runs(session, limit=2)] == [ids[11], ids[10]]


def test_a_folder_whose_name_is_no_text_has_a_run_too(collection: Collection) -> None:
    with collection.database.writing() as session:
        start_run(session, "folder", "/pictures/caf\udce9")
    with collection.database.reading() as session:
        assert last_runs(session)[0]["target"] == "/pictures/caf\\udce9"
