"""What does not fit together is found, and mended where nothing is lost by it."""

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import select, text, update

from core.fingerprint import hash_bytes
from core.settings import Settings
from db.check import MENDED, Problem, Report, check
from db.memes import Collection
from db.models import Copy, Meme, Sighting, Template
from db.regrouping import move_copy
from tests.collecting import add, state
from tests.pictures import picture, repost

FILES = [picture(1), repost(picture(1)), picture(2), picture(3)]


@pytest.fixture
def media(database_settings: Settings, collection: Collection) -> Path:
    """Where the files of a small collection lie: three memes and a copy."""
    for number, data in enumerate(FILES):
        add(collection, data, str(number))
    return database_settings.data_dir / "media"


def look(collection: Collection, *, repair: bool = False) -> Report:
    return check(collection.database, collection.media, repair=repair)


def path_of(media: Path, data: bytes) -> Path:
    (path,) = media.rglob(f"{hash_bytes(data)}.*")
    return path


def grow_old(path: Path, age_s: float = 4000) -> None:
    then = time.time() - age_s
    os.utime(path, (then, then))


def stray(media: Path, name: str) -> Path:
    """A file that nobody knows, an hour old and more."""
    path = media / name[:2] / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x")
    grow_old(path)
    return path


def test_a_collection_in_order_is_clean(collection: Collection, media: Path) -> None:
    report = look(collection)
    assert report.is_clean
    assert (report.n_rows, report.n_files, report.n_young) == (4, 4, 0)
    assert report.found == {}


def test_an_empty_collection_is_clean(collection: Collection) -> None:
    assert look(collection, repair=True).is_clean


def test_all_parts_are_looked_at(collection: Collection, media: Path) -> None:
    parts: list[None] = []
    check(collection.database, collection.media, advance=lambda: parts.append(None))
    assert len(parts) == 256


def test_old_files_without_rows_and_parts_are_found_and_removed(
    collection: Collection, media: Path
) -> None:
    name = "ab" + "0" * 62
    orphan = stray(media, f"{name}.png")
    part = stray(media, f"{name}.jpg.0123abcd.part")
    first = stray(media, f"{'0' * 64}.gif")
    last = stray(media, f"{'f' * 64}.gif")
    # The same picture under another extension is nobody's file either.
    twin = stray(media, path_of(media, FILES[0]).with_suffix(".gif").name)

    report = look(collection)

    assert not report.is_clean
    assert report.found == {Problem.FILE_WITHOUT_ROW: 4, Problem.LEFT_OVER_PART: 1}
    assert set(report.examples[Problem.FILE_WITHOUT_ROW]) == set(
        map(str, (first, last, orphan, twin))
    )
    assert report.examples[Problem.LEFT_OVER_PART] == [str(part)]
    assert orphan.exists()
    assert look(collection, repair=True).is_clean
    assert not any(path.exists() for path in (orphan, part, first, last, twin))
    assert len(list(collection.media.names())) == 4
    assert look(collection).found == {}


def test_a_young_file_may_be_on_its_way_in(collection: Collection, media: Path) -> None:
    young = stray(media, f"{'a' * 64}.png")
    part = stray(media, f"{'b' * 64}.png.00ff.part")
    for path in (young, part):
        grow_old(path, 3500)
    report = look(collection, repair=True)
    assert (report.is_clean, report.n_young) == (True, 2)
    assert young.exists()
    assert part.exists()


def test_a_file_that_the_store_cannot_have_written_is_left_alone(
    collection: Collection, media: Path
) -> None:
    notes = stray(media, "ab-notes.txt")
    assert look(collection, repair=True).is_clean
    assert notes.exists()


def test_a_file_whose_row_came_meanwhile_is_not_removed(
    collection: Collection, media: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = picture(5)
    sha256 = hash_bytes(data)
    collection.media.put(sha256, "PNG", data)
    grow_old(path_of(media, data))
    age_s = collection.media.age_s

    def age_and_add(file: object) -> float:
        age = age_s(file)  # type: ignore[arg-type]
        add(collection, data, "5")
        return age

    monkeypatch.setattr(collection.media, "age_s", age_and_add)
    look(collection, repair=True)
    assert collection.media.get(sha256, "PNG") == data


def test_rows_without_files_and_files_of_another_size_are_found(
    collection: Collection, media: Path
) -> None:
    meme, copy = path_of(media, FILES[0]), path_of(media, FILES[1])
    meme.unlink()
    copy.write_bytes(b"cut short")
    report = look(collection, repair=True)
    assert report.found == {Problem.ROW_WITHOUT_FILE: 1, Problem.WRONG_SIZE: 1}
    assert not report.is_clean
    assert report.examples[Problem.ROW_WITHOUT_FILE] == [str(meme)]
    (line,) = report.examples[Problem.WRONG_SIZE]
    assert line == f"{copy}: 9 bytes, not {len(FILES[1])}"


def test_a_copy_without_a_file_is_found(collection: Collection, media: Path) -> None:
    path_of(media, FILES[1]).unlink()
    assert look(collection).found == {Problem.ROW_WITHOUT_FILE: 1}


def break_hash(collection: Collection) -> None:
    with collection.database.writing() as session:
        session.execute(update(Meme).where(Meme.id == 1).values(phash64="xyz"))
        session.execute(update(Copy).values(inner_phash256="AB" * 32))


def make_both(collection: Collection) -> None:
    with collection.database.writing() as session:
        session.execute(update(Copy).values(sha256=hash_bytes(FILES[0]), format="PNG"))
        session.execute(update(Copy).values(n_bytes=len(FILES[0])))


def cross_copies(collection: Collection) -> None:
    with collection.database.writing() as session:
        copy = session.scalars(select(Copy)).one()
        move_copy(session, copy, 2)
        session.execute(update(Sighting).where(Sighting.copy_id == copy.id).values(meme_id=1))


def unsee(collection: Collection) -> None:
    with collection.database.writing() as session:
        session.execute(update(Sighting).where(Sighting.meme_id == 3).values(meme_id=2))


@pytest.mark.parametrize(
    ("break_it", "found"),
    [
        (break_hash, {Problem.MALFORMED_HASH: 2}),
        (make_both, {Problem.MEME_AND_COPY: 1}),
        (cross_copies, {Problem.COPY_OF_ANOTHER: 1}),
        (unsee, {Problem.MEME_WITHOUT_SIGHTING: 1}),
    ],
)
def test_what_rows_cannot_mean_is_found_and_left(
    collection: Collection,
    media: Path,
    break_it: Callable[[Collection], None],
    found: dict[Problem, int],
) -> None:
    break_it(collection)
    before = state(collection)
    report = look(collection, repair=True)
    assert {p: n for p, n in report.found.items() if p is not Problem.FILE_WITHOUT_ROW} == found
    assert not report.is_clean
    assert state(collection) == before


def test_a_row_that_points_nowhere_is_found(settings: Settings) -> None:
    # Only whoever switches the checks off can write one.
    collection = Collection.open(settings)
    add(collection, FILES[0], "1")
    with collection.database.engine.connect() as connection:
        connection.connection.cursor().execute("PRAGMA foreign_keys = OFF")
        with connection.begin():
            connection.execute(text("UPDATE sighting SET copy_id = 99"))
    report = look(collection)
    assert report.found == {Problem.BROKEN_KEY: 1}
    assert report.examples[Problem.BROKEN_KEY] == ["sighting.copy_id 1"]
    collection.database.engine.dispose()


def test_templates_are_put_right(collection: Collection, media: Path) -> None:
    before = state(collection)
    with collection.database.writing() as session:
        session.add(Template())
        one, two, three = session.scalars(select(Template).order_by(Template.id)).all()[:3]
        one.representative_id, two.representative_id = two.representative_id, None
        assert three.representative_id is not None
    report = look(collection)
    assert report.found == {Problem.EMPTY_TEMPLATE: 1, Problem.WRONG_REPRESENTATIVE: 2}
    assert set(report.found) <= MENDED
    assert look(collection, repair=True).is_clean
    assert state(collection) == before
    assert look(collection).found == {}


def test_of_very_many_problems_some_are_shown_and_all_are_counted(
    collection: Collection, media: Path
) -> None:
    for number in range(25):
        stray(media, f"{number:064x}.png")
    report = look(collection)
    assert report.found[Problem.FILE_WITHOUT_ROW] == 25
    assert len(report.examples[Problem.FILE_WITHOUT_ROW]) == 10


def test_files_elsewhere_than_in_a_folder_are_checked_too(settings: Settings) -> None:
    elsewhere = Settings(data_dir=settings.data_dir, media_url=f"memory://{settings.data_dir}")
    collection = Collection.open(elsewhere)
    add(collection, FILES[0], "1")
    collection.media.put("a" * 64, "PNG", b"on its way in")
    report = look(collection, repair=True)
    assert (report.is_clean, report.n_files, report.n_young) == (True, 2, 1)
    collection.database.engine.dispose()
