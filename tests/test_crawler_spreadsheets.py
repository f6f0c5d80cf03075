"""Labels as spreadsheets write them, and names as file systems do: none is lost."""

import json
import unicodedata
from pathlib import Path

import pytest

from core.errors import BadInput
from crawler.labels import by_folders, by_labels_file
from crawler.sources.folder import Label, files_in, listing

IRONIC = Label("ironic")


def folder_of(root: Path, *names: str) -> list[Path]:
    """A folder with files of these names."""
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(name.encode())
    return files_in(root)


def said(root: Path, text: str | bytes, *names: str) -> dict[str, Label]:
    """What a list says of files of these names."""
    files = folder_of(root / "pictures", *names or ("a.png", "b.png"))
    table = root / "labels.csv"
    table.write_bytes(text if isinstance(text, bytes) else text.encode())
    known = by_labels_file(table, root / "pictures", files)
    inside = (root / "pictures").resolve()
    return {str(file.relative_to(inside)): labels[0] for file, labels in known.labels.items()}


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("File,Genre\na.png,ironic\n", id="capitals"),
        pytest.param(" FILE , genre \n a.png , Ironic \n", id="spaces"),
        pytest.param("\ufefffile,genre\r\na.png,ironic\r\n,\r\n , \r\n", id="mark, empty rows"),
        pytest.param("file,genre,,\na.png,ironic,,\n,,,\n,,,\n", id="empty columns and rows"),
        pytest.param("file,genre,a,b\na.png,ironic\n", id="short rows"),
        pytest.param("file,genre\na.png,ironic,x,y,z\n", id="long rows"),
        pytest.param("Datei;file;Genre\n1;a.png;ironic\n;;\n", id="semicolons"),
        pytest.param("file\tgenre\na.png\tironic\n", id="tabs"),
        pytest.param("sep=;\r\nfile;genre\r\na.png;ironic\r\n", id="as Excel asks for it"),
        pytest.param('"file";"genre"\n"a.png";"ironic"\n', id="quotes"),
        pytest.param("file,genre\ra.png,ironic\r", id="old Macs"),
        pytest.param("file,genre\na.png,ironic", id="no end of line"),
        pytest.param("file,genre\n.\\a.png,ironic\n", id="backslash"),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-le"])
def test_a_table_is_read_as_any_spreadsheet_writes_it(
    tmp_path: Path, text: str, encoding: str
) -> None:
    assert said(tmp_path, text.encode(encoding)) == {"a.png": IRONIC}


@pytest.mark.parametrize(
    ("genre", "key"),
    [
        ("Rage comic", "rage_comic"),
        ("RAGE_COMIC", "rage_comic"),
        ("top-text/bottom-text", "top_bottom_text"),
        ("Top text / bottom text", "top_bottom_text"),
        ("Text post", "text_post"),
        ("post ironic", "post_ironic"),
        ("Ironic / surrealist", "ironic"),
    ],
)
def test_a_genre_may_go_by_its_name(tmp_path: Path, genre: str, key: str) -> None:
    assert said(tmp_path, f"file,genre\na.png,{genre}\n") == {"a.png": Label(key)}


@pytest.mark.parametrize(
    ("year", "low", "high"),
    [
        ("2019.0", 2019, 2019),
        ("2019.00", 2019, 2019),
        ('"2019,0"', 2019, 2019),
        ("2019.0-2020.0", 2019, 2020),
        ("2019\u20132020", 2019, 2020),
        (" <= 2017.0", None, 2017),
        ("\u22652017", 2017, None),
        ("2019-05-01", 2019, 2019),
        ("2019-05-01 00:00:00", 2019, 2019),
    ],
)
def test_a_year_alone_is_kept_however_it_is_written(
    tmp_path: Path, year: str, low: int | None, high: int | None
) -> None:
    label = said(tmp_path, f"file,genre,year\na.png,,{year}\n")["a.png"]
    assert (label.genre, label.year_low, label.year_high) == (None, low, high)


def test_numbers_that_a_spreadsheet_made_of_whole_ones_are_whole(tmp_path: Path) -> None:
    label = said(tmp_path, "file,genre,fold,by people\na.png,ironic,3.0,TRUE\n")["a.png"]
    assert (label.fold, label.by_people) == (3, True)


def test_names_of_the_windows_code_page_are_read(tmp_path: Path) -> None:
    text = "file,genre\ncaf\xe9 \u201cno\u201d.png,ironic\n".encode("cp1252")
    name = "caf\xe9 \u201cno\u201d.png"
    assert said(tmp_path, text, name) == {name: IRONIC}


def test_backslashes_lead_into_folders(tmp_path: Path) -> None:
    text = "file,genre\nbelow\\a.png,ironic\n..\\pictures\\b.png,ironic\n"
    assert set(said(tmp_path, text, "below/a.png", "b.png")) == {"below/a.png", "b.png"}


@pytest.mark.parametrize("on_disk", ["NFC", "NFD"])
@pytest.mark.parametrize("in_list", ["NFC", "NFD"])
def test_an_accent_is_one_however_it_is_written(tmp_path: Path, on_disk: str, in_list: str) -> None:
    names = [f"caf\xe9/{letter}.png" for letter in "\xe5\uac00"]
    lines = [f"{name},ironic" for name in names]
    text = unicodedata.normalize(in_list, "\n".join(["file,genre", *lines]))  # type: ignore[arg-type]
    stored = [unicodedata.normalize(on_disk, name) for name in names]  # type: ignore[arg-type]
    assert set(said(tmp_path, text, *stored)) == set(stored)


@pytest.mark.parametrize("on_disk", ["NFC", "NFD"])
@pytest.mark.parametrize("uploaded", ["caf\xe9.png", "cafe\u0301.png", "0123abcd-cafe.png"])
def test_label_studio_finds_names_with_accents(tmp_path: Path, on_disk: str, uploaded: str) -> None:
    name = unicodedata.normalize(on_disk, "caf\xe9.png")  # type: ignore[arg-type]
    files = folder_of(tmp_path / "pictures", name)
    tasks = [{"image": f"/data/upload/1/{uploaded}", "id": 1, "genre": "Rage comic"}]
    (tmp_path / "export.json").write_bytes(json.dumps(tasks).encode("utf-16"))
    known = by_labels_file(tmp_path / "export.json", tmp_path / "pictures", files)
    assert [labels[0].genre for labels in known.labels.values()] == ["rage_comic"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("file,genre\n,ironic\n", "line 2: names no file"),
        ("file,genre\n\n,\na.png,comedy\n", "line 4: no genre 'comedy'"),
        ("sep=;\nfile;genre\na.png;comedy\n", "line 3: no genre 'comedy'"),
        ("file,genre,year\na.png,ironic,2019.5\n", "line 2: '2019.5' is no whole number"),
        ("file,genre,year\na.png,ironic,\u0662\u0660\u0661\u0669\n", "is no whole number"),
        ("file;title\na.png;x\n", "lacks the column genre"),
        ("PK\x03\x04 and so on", "save it as CSV"),
    ],
)
def test_a_row_that_says_nothing_usable_is_told_with_its_line(
    tmp_path: Path, text: str, says: str
) -> None:
    with pytest.raises(BadInput, match=says) as caught:
        said(tmp_path, text)
    assert "\n" not in str(caught.value)


# ------------------------------------------------------------------------------------- links


def test_pictures_that_are_links_are_taken_under_their_own_names(tmp_path: Path) -> None:
    (outside,) = folder_of(tmp_path / "elsewhere", "real.png")
    pictures = tmp_path / "pictures"
    folder_of(pictures, "a.png")
    (pictures / "ironic").mkdir()
    (pictures / "ironic" / "linked.png").symlink_to(outside)
    (pictures / "again.png").symlink_to("a.png")
    lines = "file,genre\nironic/linked.png,ironic\nagain.png,political\na.png,political\n"
    found = said(tmp_path, lines, "a.png")
    assert {name: label.genre for name, label in found.items()} == {
        "ironic/linked.png": "ironic",
        "again.png": "political",
        "a.png": "political",
    }
    assert set(said(tmp_path, f"file,genre\n{outside},ironic\n", "a.png")) == {"ironic/linked.png"}
    known = by_folders(pictures, files_in(pictures))
    assert [file.name for file in known.files] == ["linked.png"]


def test_linked_folders_and_links_to_nothing_are_told(tmp_path: Path) -> None:
    folder_of(tmp_path / "elsewhere", "real.png")
    pictures = tmp_path / "pictures"
    folder_of(pictures, "a.png", "below/b.png")
    (pictures / "out").symlink_to(tmp_path / "elsewhere")
    (pictures / "below" / "back").symlink_to(pictures)
    (pictures / "gone.png").symlink_to("nothing.png")
    (pictures / "loop.png").symlink_to("loop.png")
    found = listing(pictures)
    assert [file.name for file in found.files] == ["a.png", "b.png"]
    folders, links = found.remarks
    assert folders.startswith("2 links to folders are not followed")
    assert folders.endswith("such as below/back")
    assert links == "2 links lead to no file, such as gone.png"


def test_a_folder_of_nothing_but_linked_folders_says_so(tmp_path: Path) -> None:
    folder_of(tmp_path / "elsewhere", "real.png")
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures" / "out").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(BadInput, match="1 links to folders are not followed; import"):
        files_in(tmp_path / "pictures")
