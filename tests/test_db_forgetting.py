"""What is forgotten is nowhere any more, but for what keeps it out."""

import json
import struct
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text

from core.errors import BadInput
from core.fingerprint import fingerprint, hash_bytes
from core.settings import Settings
from core.shards import take_out
from core.words import Line
from db.check import check
from db.distinct import set_apart
from db.forgetting import Forgotten, forget
from db.frontier import due, enqueue
from db.labels import cast
from db.listing import labelled_memes
from db.memes import Barred, Collection, Known, Seen
from db.models import Base, Lease, Meme, Prediction, Sighting
from db.pictures import keep_words
from db.pseudonyms import pseudonym, salt
from tests.collecting import add
from tests.pictures import picture, repost

NOW = datetime.now(UTC)
MINE, SMALLER, OTHER = picture(1), repost(picture(1)), picture(2)


def post(post_id: str, by: str, source: str = "reddit", **more: Any) -> Seen:
    """A post whose address and id hold its author's name, as some do."""
    return Seen(
        source,
        f"{by}-{post_id}",
        f"https://i.example/{by}/{post_id}.png",
        permalink=f"https://example.com/u/{by}/{post_id}",
        title=f"by {by}",
        community=f"u_{by}",
        flair=f"{by}!",
        posted_at=datetime(2019, 5, 6, tzinfo=UTC),
        **more,
    )


@pytest.fixture
def mine(database_settings: Settings, collection: Collection) -> Collection:
    """Two files of one meme, by Mallory, and another meme; much is known of all."""
    with collection.database.writing() as session:
        mallory = pseudonym(salt(session), "reddit", "Mallory")
    for data, seen in (
        (MINE, post("1", "Mallory", author=mallory)),
        (SMALLER, post("2", "Mallory", author=mallory)),
        (OTHER, post("3", "Trent")),
    ):
        add_seen(collection, data, seen)
    with collection.database.writing() as session:
        enqueue(session, "new", [post("4", "Mallory", author=mallory), post("5", "Trent")])
        for meme in session.scalars(select(Meme)).all():
            cast(session, meme.id, "ana", genre="ironic", idempotency_key=str(meme.id))
            who = "Trent" if meme.sha256 == hash_bytes(OTHER) else "Mallory"
            keep_words(session, meme.id, [Line(f"{who} says", (0, 0, 1, 1), 0.9)])
            session.add(Lease(meme_id=meme.id, annotator="ana", expires_at=NOW))
            session.add(
                Prediction(
                    meme_id=meme.id,
                    model_version="v1",
                    genre="ironic",
                    scores={},
                    entropy=0.1,
                    held_out=True,
                    predicted_at=NOW,
                    embedding=b"12",
                )
            )
        set_apart(session, hash_bytes(SMALLER), hash_bytes(OTHER), "ana")
    write_shard(database_settings.data_dir, [MINE, OTHER])
    model = database_settings.models_dir / "v1"
    model.mkdir(parents=True)
    (model / "snapshot.json").write_text(json.dumps({"rows": [hash_bytes(MINE)]}))
    return collection


def add_seen(collection: Collection, data: bytes, seen: Seen) -> object:
    with collection.adding() as adder:
        return adder.add(data, fingerprint(data), seen)


def write_shard(data_dir: Path, pictures: list[bytes]) -> Path:
    """A shard as training writes it, but for the checksums."""
    path = data_dir / "shards" / "96px" / "000000-0.json"
    path.parent.mkdir(parents=True)
    records = [hash_bytes(data).encode() + b" picture" for data in pictures]
    framed = b"".join(struct.pack("<QI", len(r), 0) + r + b"\0\0\0\0" for r in records)
    path.with_suffix(".tfrecord").write_bytes(framed)
    aspects = {hash_bytes(data): 1.0 for data in pictures}
    path.write_text(json.dumps({"n_bytes": len(framed), "aspects": aspects}))
    return path


def forget_it(
    settings: Settings, collection: Collection, what: str, *, dry_run: bool = False
) -> Forgotten:
    return forget(collection.database, collection.media, settings, what, dry_run=dry_run)


def everything(settings: Settings, collection: Collection) -> str:
    """All that is kept, in the rows, the names of files, and the bytes of SQLite's own files."""
    with collection.database.reading() as session:
        found = [
            repr(row)
            for table in Base.metadata.sorted_tables
            for row in session.execute(select(table))
        ]
    for path in settings.data_dir.rglob("*"):
        if path.is_file() and "models" not in path.parts:
            found += [str(path), path.read_bytes().decode("latin-1")]
    return "\n".join(found)


def test_an_authors_name_is_nowhere_any_more(database_settings: Settings, mine: Collection) -> None:
    for what in ("author:Mallory", "Mallory", "u/Mallory"):  # however people write it
        would = forget_it(database_settings, mine, what, dry_run=True)
        assert would.removed.posts == 2, what
    done = forget_it(database_settings, mine, "reddit:Mallory")
    assert done.counts() == {
        "picture_files": 2,
        "memes": 1,
        "posts": 2,
        "pending": 1,
        "small_copies": 1,
        "votes": 1,
        "predictions": 1,
        "leases": 1,
        "told_apart": 1,
    }
    assert done.models == ("v1",)
    assert done.is_overwritten
    left = everything(database_settings, mine)
    assert "Mallory" not in left
    assert "Trent" in left
    assert check(mine.database, mine.media).is_clean
    with mine.database.reading() as session:
        assert [one.sha256 for one in labelled_memes(session)] == [hash_bytes(OTHER)]


def test_what_is_forgotten_is_not_taken_in_again(
    database_settings: Settings, mine: Collection
) -> None:
    forget_it(database_settings, mine, "author:Mallory")
    with mine.database.writing() as session:
        again = [post(n, "Mallory") for n in ("1", "2", "4")]
        assert enqueue(session, "top", again) == 3  # known, all of them
        assert [one.seen.post_id for one in due(session, None, without=[], limit=9)] == ["Trent-5"]
    for data, where in ((MINE, "1"), (SMALLER, "9"), (picture(5), "2")):
        assert isinstance(add_seen(mine, data, post(where, "Mallory")), Barred)
    assert "Mallory" not in everything(database_settings, mine)
    with pytest.raises(BadInput, match="nothing is kept of author:Mallory"):
        forget_it(database_settings, mine, "author:Mallory")


def test_of_a_picture_that_others_posted_the_post_alone_is_forgotten(
    database_settings: Settings, mine: Collection
) -> None:
    add_seen(mine, MINE, post("6", "Trent"))
    for what in ("https://i.example/Mallory/1.png", "post:reddit:Mallory-1", "reddit:Mallory-1"):
        would = forget_it(database_settings, mine, what, dry_run=True)
        assert would.counts() == {"posts": 1}, what
    done = forget_it(database_settings, mine, "https://example.com/u/Mallory/1")
    assert done.counts() == {"posts": 1}
    assert hash_bytes(MINE) in set(mine.media.names())
    left = everything(database_settings, mine)
    assert "Mallory-1" not in left
    assert "Mallory/1" not in left
    with mine.database.reading() as session:
        seen = session.scalars(select(Sighting).order_by(Sighting.id)).first()
        assert seen is not None
        assert (seen.year_high, seen.posted_at, seen.community) == (2019, None, None)
    assert add_seen(mine, MINE, post("6", "Trent")) == Known(seen.meme_id)


def test_a_meme_is_forgotten_whoever_posted_it(
    database_settings: Settings, mine: Collection
) -> None:
    add_seen(mine, MINE, post("6", "Trent"))
    done = forget_it(database_settings, mine, hash_bytes(SMALLER))  # a file of it
    assert done.what == "meme 1"
    assert (done.removed.posts, done.removed.files, done.removed.memes) == (3, 2, 1)
    assert set(mine.media.names()) == {hash_bytes(OTHER)}
    assert isinstance(add_seen(mine, MINE, post("7", "Trent")), Barred)
    assert forget_it(database_settings, mine, "meme:1").counts() == {}


def test_a_dry_run_counts_and_changes_nothing(
    database_settings: Settings, mine: Collection
) -> None:
    before = everything(database_settings, mine)
    would = forget_it(database_settings, mine, "1", dry_run=True)
    assert everything(database_settings, mine) == before
    assert forget_it(database_settings, mine, "1").counts() == would.counts()


def test_killed_before_its_rows_are_written_the_same_command_finishes_it(
    database_settings: Settings, mine: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("db.deletions.record_removal", die)  # files are gone by then
        with pytest.raises(KeyboardInterrupt):
            forget_it(database_settings, mine, "author:Mallory")
    assert hash_bytes(MINE) not in set(mine.media.names())
    assert forget_it(database_settings, mine, "author:Mallory").removed.files == 2
    assert "Mallory" not in everything(database_settings, mine)


def test_what_an_older_version_removed_by_half_goes_along(
    database_settings: Settings, mine: Collection
) -> None:
    with mine.database.writing() as session:
        session.execute(text("UPDATE sighting SET gone_at = crawled_at WHERE post_id = 'Trent-3'"))
    forget_it(database_settings, mine, "author:Mallory")
    assert "Trent-3" not in everything(database_settings, mine)


@pytest.mark.parametrize("what", ["", "meme:99", "99", "post:reddit:9", "0" * 64, "https://a.b/c"])
def test_what_is_not_there_ends_in_one_line(settings: Settings, what: str) -> None:
    collection = Collection.open(settings)
    add(collection, MINE, "1")
    with pytest.raises(BadInput, match="nothing is kept of"):
        forget_it(settings, collection, what)


def test_a_name_that_may_be_two_things_is_asked_about(settings: Settings) -> None:
    collection = Collection.open(settings)
    with collection.database.writing() as session:
        one = pseudonym(salt(session), "test", "1")
    add(collection, MINE, "a", author=one)
    with pytest.raises(BadInput, match="say meme:1 or author:1"):
        forget_it(settings, collection, "1")


def test_a_shard_that_is_cut_short_is_made_anew(tmp_path: Path) -> None:
    path = write_shard(tmp_path, [MINE, OTHER])
    path.write_text(path.read_text()[:-5])
    assert take_out(tmp_path, [hash_bytes(MINE)]) == 0
    assert list(path.parent.iterdir()) == []
