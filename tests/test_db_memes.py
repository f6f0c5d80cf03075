"""Adding memes: real pictures, real databases, and two who add at the same moment."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from threading import Barrier

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import StatementError

from core.errors import MemeEraError
from core.fingerprint import fingerprint, hash_bytes
from core.settings import Settings
from db.memes import Added, AddOutcome, Collection, Known, Reposted, Seen
from db.models import Base, Copy, DecidedBy, DecisionRecord, Meme, Run, Sighting, Template
from db.pictures import as_fingerprint
from tests.conftest import ROOT
from tests.pictures import animation, picture, repost, sibling

NEW_YEAR = datetime(2015, 1, 1, tzinfo=UTC)


class Stopped(Exception):
    """Something went wrong in the middle of a transaction."""


def seen(post_id: str = "1", **more: object) -> Seen:
    return Seen("test", post_id, f"https://example.com/{post_id}.png", **more)  # type: ignore[arg-type]


def add(collection: Collection, data: bytes, where: Seen) -> AddOutcome:
    with collection.adding() as adder:
        return adder.add(data, fingerprint(data), where)


def only_meme(collection: Collection) -> Meme:
    with collection.database.reading() as session:
        return session.scalars(select(Meme)).one()


def count(collection: Collection, table: type[Base]) -> int:
    with collection.database.reading() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def test_a_picture_never_seen_is_added_with_its_file_and_its_sighting(
    collection: Collection,
) -> None:
    data = picture(1)

    outcome = add(
        collection,
        data,
        seen(
            "p1",
            media_index=2,
            community="AdviceAnimals",
            permalink="/r/AdviceAnimals/p1",
            title="¿Título? 🐸",
            flair="OC",
            score=-3,
            posted_at=NEW_YEAR,
            nsfw=True,
            year_low=2014,
            year_high=2015,
            source_group="g1",
            fold=4,
        ),
    )

    assert isinstance(outcome, Added)
    with collection.database.reading() as session:
        meme = session.scalars(select(Meme)).one()
        (sighting,) = meme.sightings
        template = session.scalars(select(Template)).one()
    taken = fingerprint(data)
    assert meme.id == outcome.meme_id == template.representative_id
    assert (meme.sha256, meme.phash64, meme.phash256) == (
        taken.sha256,
        taken.phash64,
        taken.phash256,
    )
    assert (meme.format, meme.width, meme.height, meme.frames) == ("PNG", 128, 128, 1)
    assert (meme.n_bytes, meme.status, meme.nsfw) == (len(data), "active", True)
    assert (meme.posted_at, meme.template_id) == (NEW_YEAR, template.id)
    assert (sighting.source, sighting.post_id, sighting.media_index) == ("test", "p1", 2)
    assert sighting.community == "adviceanimals"
    assert sighting.image_url == "https://example.com/p1.png"
    assert (sighting.permalink, sighting.title) == ("/r/AdviceAnimals/p1", "¿Título? 🐸")
    assert (sighting.flair, sighting.score, sighting.posted_at) == ("OC", -3, NEW_YEAR)
    assert (sighting.year_low, sighting.year_high) == (2014, 2015)
    assert (sighting.source_group, sighting.fold) == ("g1", 4)
    assert abs(datetime.now(UTC) - sighting.crawled_at) < timedelta(minutes=1)
    assert abs(datetime.now(UTC) - meme.added_at) < timedelta(minutes=1)
    assert collection.media.get(meme.sha256, meme.format) == data


def test_a_repost_adds_a_sighting_and_a_copy_but_no_meme(collection: Collection) -> None:
    data = repost(picture(1))
    first = add(collection, picture(1), seen("1"))
    again = add(collection, data, seen("2"))
    taken = fingerprint(data)
    with collection.database.reading() as session:
        copy = session.scalars(select(Copy)).one()
        _, sighting = session.scalars(select(Sighting).order_by(Sighting.id))
        assert as_fingerprint(copy) == taken
    assert again == Reposted(first.meme_id, copy.id)
    assert (copy.meme_id, sighting.meme_id, sighting.copy_id) == (1, 1, copy.id)
    assert abs(datetime.now(UTC) - copy.added_at) < timedelta(minutes=1)
    assert count(collection, Meme) == 1
    assert collection.media.get(taken.sha256, "JPEG") == data  # nothing is lost


def test_the_same_bytes_elsewhere_are_a_repost_without_another_file(collection: Collection) -> None:
    first = add(collection, picture(1), seen("1"))
    assert add(collection, picture(1), seen("2")) == Reposted(first.meme_id, copy_id=None)
    assert count(collection, Copy) == 0


def test_the_bytes_of_a_copy_elsewhere_are_that_copy(collection: Collection) -> None:
    first = add(collection, picture(1), seen("1"))
    data = repost(picture(1))
    copy = add(collection, data, seen("2"))
    assert copy.copy_id is not None
    assert add(collection, data, seen("3")) == Reposted(first.meme_id, copy.copy_id)
    assert add(collection, data, seen("2")) == Known(first.meme_id, copy.copy_id)
    assert (count(collection, Copy), count(collection, Sighting)) == (1, 3)


def test_what_was_decided_about_each_file_is_kept_with_its_score(collection: Collection) -> None:
    first = add(collection, picture(1), seen("1"))
    add(collection, picture(1), seen("the same bytes"))
    add(collection, repost(picture(1)), seen("2"))
    other = add(collection, sibling(1, 1), seen("3"))
    with collection.database.reading() as session:
        new, again, twin = session.scalars(select(DecisionRecord).order_by(DecisionRecord.id))
    assert (new.sha256, new.outcome, new.meme_id) == (
        fingerprint(picture(1)).sha256,
        "new",
        first.meme_id,
    )
    assert (again.outcome, again.meme_id, again.nearest_id) == ("repost", 1, 1)
    expected = ("same_template", other.meme_id, 1)
    assert (twin.outcome, twin.meme_id, twin.nearest_id) == expected
    assert again.score is not None
    assert twin.score is not None
    assert again.score < twin.score
    assert again.by in set(DecidedBy) - {DecidedBy.PERSON}
    assert [row.gone_id for row in (new, again, twin)] == [None] * 3
    assert all(abs(datetime.now(UTC) - r.decided_at) < timedelta(minutes=1) for r in (new, again))


def test_the_same_place_again_changes_nothing(collection: Collection) -> None:
    first = add(collection, picture(1), seen("1", posted_at=NEW_YEAR))
    earlier = seen("1", posted_at=NEW_YEAR - timedelta(days=9), nsfw=True)
    assert add(collection, picture(1), earlier) == Known(first.meme_id)
    assert add(collection, picture(2), earlier) == Known(first.meme_id)
    assert (count(collection, Meme), count(collection, Sighting)) == (1, 1)
    assert (only_meme(collection).posted_at, only_meme(collection).nsfw) == (NEW_YEAR, False)


def test_each_picture_of_a_gallery_is_its_own_medium(collection: Collection) -> None:
    one = add(collection, picture(1), seen("1", media_index=0))
    other = add(collection, picture(2), seen("1", media_index=1))
    assert [type(one), type(other)] == [Added, Added]


def test_two_sources_may_use_the_same_post_id(collection: Collection) -> None:
    add(collection, picture(1), Seen("one", "1", "url"))
    assert isinstance(add(collection, picture(1), Seen("other", "1", "url")), Reposted)


def test_antwin_is_another_meme_on_the_same_template(collection: Collection) -> None:
    outcomes = [add(collection, picture(1), seen("0"))]
    outcomes += [add(collection, sibling(1, c), seen(str(c))) for c in range(1, 5)]
    outcomes.append(add(collection, picture(2), seen("another template")))
    assert {type(outcome) for outcome in outcomes} == {Added}
    with collection.database.reading() as session:
        found = [meme.template_id for meme in session.scalars(select(Meme).order_by(Meme.id))]
        template = session.get_one(Template, found[0])
    assert len(set(found[:5])) == 1
    assert found[5] != found[0]
    assert template.representative_id == outcomes[0].meme_id


def test_a_still_is_no_repost_of_the_animation_it_was_taken_from(collection: Collection) -> None:
    moving = add(collection, animation(1), seen("1"))
    still = add(collection, picture(1), seen("2"))
    assert [type(moving), type(still)] == [Added, Added]
    assert add(collection, repost(picture(1)), seen("3")).meme_id == still.meme_id


def test_a_meme_is_as_old_as_its_earliest_sighting(collection: Collection) -> None:
    day = timedelta(days=1)
    for post_id, posted_at, expected in (
        ("1", None, None),
        ("2", NEW_YEAR, NEW_YEAR),
        ("3", NEW_YEAR + day, NEW_YEAR),
        ("4", NEW_YEAR - day, NEW_YEAR - day),
        ("5", None, NEW_YEAR - day),
    ):
        add(collection, picture(1), seen(post_id, posted_at=posted_at))
        assert only_meme(collection).posted_at == expected


def test_times_of_all_zones_are_one_time(collection: Collection) -> None:
    tokyo = timezone(timedelta(hours=9))
    add(collection, picture(1), seen("1", posted_at=datetime(2015, 1, 1, 9, tzinfo=tokyo)))
    stored = only_meme(collection).posted_at
    assert stored == NEW_YEAR
    assert stored.utcoffset() == timedelta(0)


def test_a_time_without_a_zone_is_refused(collection: Collection) -> None:
    naive = datetime(2015, 1, 1)  # noqa: DTZ001
    with pytest.raises(ValueError, match="has no time zone; times here are aware UTC"):
        seen("1", posted_at=naive)
    with collection.database.reading() as session:
        session.add(Run(source="x", target="x", started_at=naive, counts={}))
        with pytest.raises(StatementError, match="has no time zone; times here are aware UTC"):
            session.flush()


def test_two_threads_on_one_collection_take_turns(collection: Collection) -> None:
    def try_it(number: int) -> None:
        with suppress(Stopped), collection.adding() as adder:
            data = picture(number % 10)
            adder.add(data, fingerprint(data), seen(str(number)))
            if number >= 10:
                raise Stopped

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(try_it, [*range(10), *range(10, 30)]))
    assert count(collection, Meme) == count(collection, Sighting) == 10


def test_once_seen_as_not_safe_for_work_it_stays_so(collection: Collection) -> None:
    for post_id, nsfw, expected in (("1", False, False), ("2", True, True), ("3", False, True)):
        add(collection, picture(1), seen(post_id, nsfw=nsfw))
        assert only_meme(collection).nsfw is expected


def test_seeing_a_meme_again_needs_no_picture(collection: Collection) -> None:
    first = add(collection, picture(1), seen("1"))
    other = add(collection, picture(2), seen("2"))
    copy = add(collection, repost(picture(1)), seen("copy"))
    known, its_copy = (fingerprint(data).sha256 for data in (picture(1), repost(picture(1))))
    with collection.adding() as adder:
        assert adder.see_again(known, seen("3", posted_at=NEW_YEAR)) == Reposted(first.meme_id)
        assert adder.see_again(known, seen("3")) == Known(first.meme_id)
        assert adder.see_again(its_copy, seen("4")) == Reposted(first.meme_id, copy.copy_id)
        # A place is recorded once: what was seen there is what was recorded.
        assert adder.see_again(known, seen("2")) == Known(other.meme_id)
    assert count(collection, Sighting) == 5


def test_a_lost_file_comes_back_when_its_bytes_are_seen_again(collection: Collection) -> None:
    def lose() -> None:
        for name in list(collection.media.names()):
            collection.media.delete(name, "PNG" if name == own else "JPEG")
        assert list(collection.media.names()) == []

    data, again = picture(1), repost(picture(1))
    own, copy = hash_bytes(data), hash_bytes(again)
    add(collection, data, seen("1"))
    add(collection, again, seen("2"))
    lose()
    add(collection, data, seen("1"))  # where it was seen before
    add(collection, again, seen("3"))  # in another place
    assert set(collection.media.names()) == {own, copy}
    lose()
    with collection.adding() as adder:
        adder.see_again(own, seen("1"), data)
        adder.see_again(copy, seen("4"), again)
    assert set(collection.media.names()) == {own, copy}
    lose()
    add(collection, picture(2), seen("1"))  # another picture in its place puts back nothing
    assert list(collection.media.names()) == []


def test_a_rollback_takes_back_the_meme_but_may_leave_its_file(collection: Collection) -> None:
    with suppress(Stopped), collection.adding() as adder:
        adder.add(picture(1), fingerprint(picture(1)), seen("1"))
        raise Stopped
    assert [count(collection, table) for table in (Meme, Sighting, Template)] == [0, 0, 0]
    assert isinstance(add(collection, picture(1), seen("1")), Added)
    assert list(collection.media.names()) == [fingerprint(picture(1)).sha256]


def test_a_file_that_cannot_be_kept_leaves_no_row(settings: Settings) -> None:
    collection = Collection.open(settings)
    (settings.data_dir / "media").write_text("not a folder")
    with pytest.raises(MemeEraError, match="cannot be kept"):
        add(collection, picture(1), seen("1"))
    assert (count(collection, Meme), count(collection, Sighting)) == (0, 0)
    collection.database.engine.dispose()


@pytest.mark.parametrize("text", ["a\0b", "caf\udce9.png"], ids=["NUL", "bytes that are no UTF-8"])
def test_text_that_no_database_holds_is_escaped(collection: Collection, text: str) -> None:
    where = Seen("folder", text, text, title=text, permalink=text, flair=text)
    first = add(collection, picture(1), where)
    assert add(collection, picture(1), where) == Known(first.meme_id)
    with collection.database.reading() as session:
        stored = session.scalars(select(Sighting)).one()
    assert stored.post_id == stored.image_url == stored.title
    assert stored.title in ("a\\x00b", "caf\\udce9.png")


def test_two_who_add_one_meme_at_the_same_moment_end_with_one(database_settings: Settings) -> None:
    files = [picture(1), repost(picture(1)), repost(picture(1), quality=70)]
    both_ready = Barrier(len(files))

    def add_one(number: int) -> AddOutcome:
        collection = Collection.open(database_settings)
        taken = fingerprint(files[number])
        both_ready.wait(20)
        with collection.adding() as adder:
            outcome = adder.add(files[number], taken, seen(str(number)))
        collection.database.engine.dispose()
        return outcome

    with ThreadPoolExecutor(len(files)) as pool:
        outcomes = list(pool.map(add_one, range(len(files))))

    assert sorted(type(outcome).__name__ for outcome in outcomes) == [
        "Added",
        "Reposted",
        "Reposted",
    ]
    assert len({outcome.meme_id for outcome in outcomes}) == 1
    collection = Collection.open(database_settings)
    assert (count(collection, Meme), count(collection, Sighting)) == (1, 3)
    collection.database.engine.dispose()


PROGRAM = """
import sys
from pathlib import Path
from core.fingerprint import fingerprint, hash_bytes
from core.settings import Settings
from db.memes import Collection, Seen

file, data_dir, url = sys.argv[1:]
data = Path(file).read_bytes()
taken = fingerprint(data)
collection = Collection.open(Settings(data_dir=data_dir, database_url=url or None))
print("ready", flush=True)
sys.stdin.readline()
for number in range(20):
    with collection.adding() as adder:
        print(type(adder.add(data, taken, Seen("test", f"{file} {number}", file))).__name__)
"""


def test_two_programs_that_add_one_meme_end_with_one(
    database_settings: Settings, tmp_path: Path
) -> None:
    files = {tmp_path / "one.png": picture(1), tmp_path / "other.jpg": repost(picture(1))}
    programs = []
    for file, data in files.items():
        file.write_bytes(data)
        programs.append(
            subprocess.Popen(
                [
                    *(sys.executable, "-c", PROGRAM, file, database_settings.data_dir),
                    database_settings.database_url or "",
                ],
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
        )
    for program in programs:
        assert program.stdout is not None
        assert program.stdout.readline() == "ready\n"
    for program in programs:
        assert program.stdin is not None
        program.stdin.write("go\n")
        program.stdin.flush()
    outcomes = [line for program in programs for line in program.communicate(timeout=60)[0].split()]

    assert sorted(outcomes) == ["Added"] + ["Reposted"] * 39
    collection = Collection.open(database_settings)
    assert (count(collection, Meme), count(collection, Sighting)) == (1, 40)
    assert count(collection, Copy) == 1
    assert len(list(collection.media.names())) == 2
    collection.database.engine.dispose()
