"""Labels as others keep them: our own export, folders named as genres, Label Studio's JSON."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select

from core.cells import guarded, unguarded
from core.errors import BadInput
from core.settings import Settings
from crawler.__main__ import main
from crawler.importing import import_files
from crawler.labels import Labelled, by_folders, by_labels_file
from crawler.sources.folder import Label, files_in
from crawler.sources.label_studio import read_annotations
from db.export import export
from db.export_choice import Choice
from db.labels import cast
from db.listing import labelled_memes
from db.memes import Collection
from db.models import Meme, Sighting, Vote
from db.session import reading
from tests.collecting import add
from tests.pictures import picture, sibling

GENRES = ("ironic", "political", "text_post")


def draw(folder: Path, *names: str) -> list[Path]:
    """Files of these names with pictures of their own."""
    for number, name in enumerate(names):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(picture(number))
    return files_in(folder)


def take_in(settings: Settings, folder: Path, known: Labelled) -> None:
    """Import a folder's pictures with what is known of them."""
    import_files(settings, folder, known.files, known.labels, annotator=known.annotator)


def votes(collection: Collection) -> list[tuple[str, str | None]]:
    """Who said what, in order."""
    with collection.database.reading() as session:
        rows = session.execute(
            select(Vote.annotator, Vote.genre).where(Vote.undone_at.is_(None)).order_by(Vote.id)
        )
        return [(who, genre) for who, genre in rows]


# --------------------------------------------------------------------------- our own export


def exported(collection: Collection, folder: Path, format_name: str) -> None:
    with collection.database.reading() as session:
        export(session, collection.media, folder, format_name, Choice())


@pytest.fixture
def first(tmp_path: Path) -> Iterator[Collection]:
    """24 labelled memes in another collection than `collection`; some are of one family."""
    opened = Collection.open(Settings(data_dir=tmp_path / "first"))
    for number in range(24):
        data = sibling(number - 1, 1) if number in (4, 8) else picture(number)
        meme = add(
            opened,
            data,
            str(number),
            community=f"=c{number % 3}",
            year_low=2010,
            year_high=2010 + number % 2,
            fold=number % 4,
            source_group=f"group {number // 3}",
        ).meme_id
        with opened.database.writing() as session:
            cast(session, meme, "ana", genre=GENRES[number // 4 % 3], trust="=sure")
    yield opened
    opened.database.engine.dispose()


def known_of(collection: Collection) -> dict[str, tuple[object, ...]]:
    """What is known of each meme, by SHA-256."""
    with collection.database.reading() as session:
        return {m.sha256: (m.genre, m.trust, m.folds) for m in labelled_memes(session)}


def test_what_is_exported_can_be_imported_and_exported_as_the_same(
    first: Collection, collection: Collection, database_settings: Settings, tmp_path: Path
) -> None:
    exported(first, tmp_path / "one", "csv")
    pictures = tmp_path / "one" / "images"
    known = by_labels_file(tmp_path / "one" / "labels.csv", pictures, files_in(pictures))
    assert not known.remarks
    take_in(database_settings, pictures, known)
    assert known_of(collection) == known_of(first)
    exported(collection, tmp_path / "two", "csv")
    one, two = ((tmp_path / name / "labels.csv").read_text("utf-8") for name in ("one", "two"))
    assert len(one.splitlines()) == 25
    assert one == two  # years, families, communities and sides, too


def test_an_exported_imagefolder_is_a_folder_of_folders(
    first: Collection, collection: Collection, database_settings: Settings, tmp_path: Path
) -> None:
    exported(first, tmp_path / "out", "imagefolder")
    known = by_folders(tmp_path / "out", files_in(tmp_path / "out"))
    (remark,) = known.remarks  # of README.md, classes.txt, and a metadata.jsonl a side
    assert remark.startswith("5 files lie in no folder that is named as a genre")
    take_in(database_settings, tmp_path / "out", known)
    before, after = (
        {sha256: genre for sha256, (genre, *_) in known_of(one).items()}
        for one in (first, collection)
    )
    assert after == before


# --------------------------------------------------------------------------- folders


def test_the_innermost_folder_that_is_named_as_a_genre_counts(tmp_path: Path) -> None:
    files = draw(
        tmp_path,
        "political/a.png",
        "Rage comic/b.png",
        "political/deep/IRONIC/c.png",
        "holiday/d.png",
        "e.png",
    )
    known = by_folders(tmp_path, files)
    said = {path.name: label.genre for path, (label,) in known.labels.items()}
    assert said == {"a.png": "political", "b.png": "rage_comic", "c.png": "ironic"}
    assert len(known.files) == 3
    (remark,) = known.remarks
    assert remark.startswith("2 files lie in no folder that is named as a genre")
    assert "1 in holiday" in remark


def test_folders_that_name_no_genre_are_one_clear_line(tmp_path: Path) -> None:
    files = draw(tmp_path, "cats/a.png", "dogs/b.png")
    with pytest.raises(BadInput, match="no folder in it is named as a genre") as caught:
        by_folders(tmp_path, files)
    assert "\n" not in str(caught.value)


def command(settings: Settings, *arguments: str) -> Result:
    """What `python -m crawler import` does with these settings."""
    variables = {
        "MEMEERA_DATA_DIR": str(settings.data_dir),
        "MEMEERA_DATABASE_URL": settings.database_url or "",
    }
    return CliRunner(env=variables).invoke(main, ["import", *arguments])


def test_the_command_takes_folders_in_once(database_settings: Settings, tmp_path: Path) -> None:
    draw(tmp_path / "in", "Political/a.png", "text_post/b.png", "c.png")
    for added in (2, 0):
        done = command(database_settings, "in", "--folders", "--json")
        assert json.loads(done.stdout)["added"] == added
        assert "1 files lie in no folder" in done.stderr
    with reading(database_settings) as session:
        assert sorted(session.scalars(select(Meme.status))) == ["active", "active"]
        said = session.execute(select(Vote.annotator, Vote.genre)).all()
    assert said == [("import:in", "political"), ("import:in", "text_post")]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["in", "--folders", "--labels", "x.csv"], "give one of them"),
        (["elsewhere", "--folders"], "there is no such folder"),
        (["in", "--labels", "x.json"], "No such file"),
        (["in/political/a.png", "--folders"], "no folder in it is named as a genre"),
    ],
)
def test_what_the_command_cannot_do_is_one_clear_line(
    settings: Settings, tmp_path: Path, arguments: list[str], says: str
) -> None:
    draw(tmp_path / "in", "political/a.png")
    error = command(settings, *arguments).exception
    assert isinstance(error, BadInput)
    assert says in str(error)
    assert "\n" not in str(error)
    assert not settings.data_dir.exists()


# --------------------------------------------------------------------------- a CSV


def test_what_is_nobodys_word_is_no_vote(
    collection: Collection, database_settings: Settings, tmp_path: Path
) -> None:
    files = draw(tmp_path / "in", "a.png", "b.png")
    table = "file,genre,source,by_people\na.png,ironic,'=there,FALSE\nb.png,ironic,,\n"
    (tmp_path / "labels.csv").write_text(table)
    known = by_labels_file(tmp_path / "labels.csv", tmp_path / "in", files)
    take_in(database_settings, tmp_path / "in", known)
    assert votes(collection) == [("import:labels", "ironic")]
    with collection.database.reading() as session:
        places = session.scalars(select(Sighting.community).order_by(Sighting.id)).all()
    assert places == ["=there", None]


def test_a_year_alone_is_taken_without_a_vote(
    collection: Collection, database_settings: Settings, tmp_path: Path
) -> None:
    files = draw(tmp_path / "in", "a.png", "b.png")
    (tmp_path / "years.csv").write_text("file,year\na.png,<=2014\nb.png,2019\n")
    known = by_labels_file(tmp_path / "years.csv", tmp_path / "in", files)
    take_in(database_settings, tmp_path / "in", known)
    assert votes(collection) == []
    with collection.database.reading() as session:
        query = select(Sighting.year_low, Sighting.year_high).order_by(Sighting.id)
        assert session.execute(query).all() == [(None, 2014), (2019, 2019)]


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("a.png,,", "no genre ''"),
        ("a.png,ironic,no", "line 2: by_people is true or false, not 'no'"),
        ("a\0.png,ironic,", "none of its files"),
        ("x" * 300 + ",ironic,", "none of its files"),
        ('"a\n.png",funny,', "no genre 'funny'"),
    ],
)
def test_a_line_that_cannot_be_used_is_told(tmp_path: Path, line: str, says: str) -> None:
    files = draw(tmp_path, "a.png")
    (tmp_path / "labels.csv").write_text(f"file,genre,by_people\n{line}\n")
    with pytest.raises(BadInput, match=says) as caught:
        by_labels_file(tmp_path / "labels.csv", tmp_path, files)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["=1", "+1", "-1", "@x", "\t=1", "'=1", "''@", "\uff1d1"])
def test_a_formula_is_guarded_and_comes_back(text: str) -> None:
    assert guarded(text) == f"'{text}"
    assert unguarded(guarded(text)) == text


@pytest.mark.parametrize("text", ["", "plain", "'quoted'", "a=b", "''"])
def test_what_is_no_formula_stays_as_it_is(text: str) -> None:
    assert guarded(text) == unguarded(text) == text


# --------------------------------------------------------------------------- Label Studio


def annotation(genre: str, who: int = 1, **more: Any) -> dict[str, Any]:
    """One person's word, as Label Studio exports it."""
    result = {
        "value": {"choices": [genre]},
        "from_name": "genre",
        "to_name": "image",
        "type": "choices",
    }
    return {
        "id": 7,
        "completed_by": who,
        "result": [result] if genre else [],
        "was_cancelled": False,
        "created_at": "2026-01-02T03:04:05.000000Z",
    } | more


def task(address: str, *annotations: dict[str, Any]) -> dict[str, Any]:
    return {"id": 1, "data": {"image": address}, "annotations": list(annotations)}


def saved(folder: Path, tasks: object) -> Path:
    path = folder / "export.json"
    path.write_text(json.dumps(tasks), encoding="utf-8")
    return path


def said(folder: Path, files: Sequence[Path], *tasks: dict[str, Any]) -> dict[str, list[Label]]:
    """What an export says of files, by their path in the folder."""
    found = read_annotations(saved(folder, tasks), files)
    return {str(path.relative_to(folder)): labels for path, labels in found.labels.items()}


@pytest.mark.parametrize(
    "address",
    [
        "/data/upload/1/0a1b2c3d-my_cat.png",
        "/data/upload/1/0a1b2c3d-my%20cat.png",
        "/data/local-files/?d=sub/my%20cat.png",
        "s3://bucket/sub/my cat.png",
        "https://host.example/sub/my%20cat.png?token=x",
        "sub\\my cat.png",
        "my cat.png",
    ],
)
def test_an_address_names_the_file_whose_path_ends_alike(tmp_path: Path, address: str) -> None:
    files = draw(tmp_path, "sub/my cat.png", "sub/dog.png")
    found = said(tmp_path, files, task(address, annotation("Political")))
    assert found == {"sub/my cat.png": [Label("political", annotator="1")]}


def test_of_two_files_of_one_name_that_whose_folder_is_named_so(tmp_path: Path) -> None:
    files = draw(tmp_path, "one/a.png", "two/a.png")
    found = said(tmp_path, files, task("s3://bucket/two/a.png", annotation("ironic")))
    assert list(found) == ["two/a.png"]
    with_neither = task("s3://bucket/three/a.png", annotation("ironic"))
    assert said(tmp_path, files, with_neither) == {}


def test_what_is_another_picture_by_its_folder_is_not_this_one(tmp_path: Path) -> None:
    files = draw(tmp_path, "one/a.png", "b.png")
    tasks = [
        task("s3://bucket/one/a.png", annotation("ironic")),
        task("s3://bucket/two/a.png", annotation("political", 2)),
        # Nothing tells which of these it is.
        task("/data/upload/1/0a1b2c3d-b.png", annotation("ironic")),
        task("/data/upload/1/0a1b2c3e-b.png", annotation("political")),
    ]
    found = read_annotations(saved(tmp_path, tasks), files)
    assert found.labels == {files[1]: [Label("ironic", annotator="1")]}
    assert found.unused == {"name a picture as others name it": 3}


def test_in_json_min_the_tasks_own_words_are_no_answer(tmp_path: Path) -> None:
    files = draw(tmp_path, "a.png", "b.png", "c.png")
    tasks = [
        {"image": name, "model_says": "ironic", "id": 1, **answer, "annotator": 3, "history": ""}
        for name, answer in (
            ("a.png", {"genre": "Political"}),
            ("b.png", {}),
            ("c.png", {"genre": {"choices": ["Political"]}, "other": ["x"]}),
        )
    ]
    found = said(tmp_path, files, *tasks)
    assert found == {
        "a.png": [Label("political", annotator="3")],
        "c.png": [Label("political", annotator="3")],
    }


def test_each_persons_last_word_is_a_vote_of_theirs(
    collection: Collection, database_settings: Settings, tmp_path: Path
) -> None:
    folder = tmp_path / "pictures"
    files = draw(folder, "a.png", "b.png")
    tasks = [
        task(
            "a.png",
            annotation("Ironic / surrealist", 3, created_at="2026-01-02"),
            annotation("political", 3, created_at="2026-01-01"),
            annotation("text_post", who={"id": 4, "email": "x@example.org"}),  # type: ignore[arg-type]
        ),
        {"id": 2, "image": "b.png", "genre": "Political", "annotator": 3},  # JSON-MIN
    ]
    known = by_labels_file(saved(tmp_path, tasks), folder, files)
    for _ in range(2):  # imported twice, nothing is said twice
        take_in(database_settings, folder, known)
        assert sorted(votes(collection)) == [
            ("import:export:3", "ironic"),
            ("import:export:3", "political"),
            ("import:export:4", "text_post"),
        ]
        with collection.database.reading() as session:
            assert len(session.scalars(select(Meme.id)).all()) == 2


def test_what_is_of_no_use_is_counted_and_told(tmp_path: Path) -> None:
    files = draw(tmp_path, "a.png")
    tasks: list[object] = [
        task("a.png", annotation("political")),
        task("elsewhere.png", annotation("political")),
        task("a.png", annotation("", was_cancelled=True)),
        task("a.png", annotation("funny", 2), annotation("", 5)),
        "no task",
        {"id": 5, "data": {"image": "a.png"}, "annotations": None},
        {"id": 6, "data": {"image": "https://[broken"}, "annotations": [annotation("ironic")]},
    ]
    known = by_labels_file(saved(tmp_path, tasks), tmp_path, files)
    assert [label.genre for labels in known.labels.values() for label in labels] == ["political"]
    text = "\n".join(known.remarks)
    for expected in (
        "2 annotations name no picture of the folder",
        "1 annotations were skipped",
        "2 annotations name no single genre, such as: 'funny'",
        "1 annotations are no tasks",
    ):
        assert expected in text


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("{}", "no list of tasks"),
        ("[", "export.json: "),
        ("[" * 100_000, "export.json: "),
        ("[]", "says nothing of a file"),
        ('[{"data": {"image": "b.png"}, "annotations": []}]', "there is no annotation in it"),
        ("\xff", "export.json: "),
    ],
)
def test_what_is_no_export_is_one_clear_line(tmp_path: Path, content: str, says: str) -> None:
    files = draw(tmp_path, "a.png")
    path = tmp_path / "export.json"
    path.write_bytes(content.encode("latin-1"))
    with pytest.raises(BadInput, match=says) as caught:
        by_labels_file(path, tmp_path, files)
    assert "\n" not in str(caught.value)
