"""memeEraML.py classify, as a person and as a script meets it."""

import csv
import dataclasses
import doctest
import io
import json
import os
import random
import shutil
import struct
import subprocess
import sys
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

import core.images
import training.classifier
from core.errors import BadInput
from core.genres import GENRES
from core.settings import Settings
from demo.drawing import draw
from memeEraML import MemeEra, main
from tests.conftest import ROOT, Trained
from training.classifier import Prediction


def classify(
    data_dir: Path, *arguments: str | Path, stdin: bytes | None = None
) -> subprocess.CompletedProcess[str]:
    """Run memeEraML.py classify with its data folder."""
    done = subprocess.run(
        [sys.executable, "memeEraML.py", "classify", *map(str, arguments)],
        cwd=ROOT,
        env=os.environ | {"MEMEERA_DATA_DIR": str(data_dir)},
        input=stdin,
        capture_output=True,
        timeout=60,
    )
    out, err = done.stdout.decode(), done.stderr.decode()
    return subprocess.CompletedProcess(done.args, done.returncode, out, err)


@pytest.fixture
def memes(tmp_path: Path, trained: Trained) -> list[Path]:
    """A drawn meme of each genre that the model knows, none of which it was taught."""
    paths = []
    for genre in trained.genres:
        path = tmp_path / f"{genre}.jpg"
        draw(genre, random.Random(f"unseen {genre}")).save(path, quality=90)
        paths.append(path)
    return paths


def test_json_has_one_object_a_file_in_the_order_given(trained: Trained, memes: list[Path]) -> None:
    done = classify(trained.data_dir, "--json", *memes)
    assert done.returncode == 0
    assert done.stderr == ""
    answers: list[dict[str, Any]] = json.loads(done.stdout)
    assert [answer["file"] for answer in answers] == [str(path) for path in memes]
    for answer in answers:
        assert set(answer) == {"file", "model", "genre", "year", "words", "abstain", "ms"}
        assert answer["model"] == trained.version
        scores = [genre["score"] for genre in answer["genre"]]
        assert scores == sorted(scores, reverse=True)
        assert abs(sum(scores) - 1) < 1e-3
        assert {genre["label"] for genre in answer["genre"]} == set(trained.genres)
        assert answer["ms"] > 0
        year = answer["year"]
        assert 2005 <= year["low"] <= year["value"] <= year["high"]
        assert isinstance(answer["abstain"], bool)
    assert any(answer["words"] for answer in answers)  # text posts are full of them


def test_without_words_it_is_judged_by_the_picture_alone_and_sooner(
    trained: Trained, memes: list[Path]
) -> None:
    with_words = json.loads(classify(trained.data_dir, "--json", *memes).stdout)
    done = classify(trained.data_dir, "--json", "--no-words", *memes)
    answers = json.loads(done.stdout)
    assert [answer["words"] for answer in answers] == [None] * len(memes)
    assert [a["genre"] for a in answers] != [a["genre"] for a in with_words]
    assert max(a["ms"] for a in answers) < max(a["ms"] for a in with_words)


def test_the_report_for_people_is_a_line_a_file(trained: Trained, memes: list[Path]) -> None:
    done = classify(trained.data_dir, *memes)
    assert done.returncode == 0
    lines = done.stdout.splitlines()
    assert len(lines) == len(memes)
    assert all(str(path) in line and "%" in line for path, line in zip(memes, lines, strict=True))


def png_of(width: int, height: int) -> bytes:
    """A PNG that declares a size; its pixels are left out."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 99))


def test_what_is_no_picture_is_one_clear_line_each_and_the_rest_is_answered(
    tmp_path: Path, trained: Trained, memes: list[Path]
) -> None:
    jpeg = memes[0].read_bytes()
    bad = {
        "text.jpg": b"not a picture",
        "empty.png": b"",
        "huge.png": png_of(30_000, 30_000),
        "cut.jpg": jpeg[: len(jpeg) // 2],
    }
    for name, data in bad.items():
        (tmp_path / name).write_bytes(data)
    wrong = [*(tmp_path / name for name in bad), tmp_path / "missing.jpg"]
    done = classify(trained.data_dir, "--json", *wrong, memes[0])
    assert done.returncode == 2
    lines = done.stderr.splitlines()
    assert [line.split(": ")[0] for line in lines] == [str(path) for path in wrong]
    answers = json.loads(done.stdout)
    assert len(answers) == len(wrong) + 1
    assert all(set(answer) == {"file", "error"} for answer in answers[:-1])
    assert answers[-1]["genre"]


def test_before_there_is_a_model_of_ones_own_the_starter_answers(
    tmp_path: Path, memes: list[Path]
) -> None:
    done = classify(tmp_path / "nothing", "--json", *memes)
    assert done.returncode == 0, done.stderr
    answers = json.loads(done.stdout)
    assert {answer["model"] for answer in answers} == {"starter"}
    for answer in answers:
        assert {g["label"] for g in answer["genre"]} == {genre.key for genre in GENRES}
    assert not (tmp_path / "nothing").exists()


def test_a_model_that_is_damaged_or_unknown_is_told(
    tmp_path: Path, trained: Trained, memes: list[Path]
) -> None:
    assert classify(trained.data_dir, "--model", "x", memes[0]).returncode == 2
    data_dir = trained.copy_to(tmp_path / "copy")
    folder = data_dir / "models" / trained.version
    card = json.loads((folder / "card.json").read_text())
    (folder / "card.json").write_text(json.dumps(card | {"classes": card["classes"][:2]}))
    done = classify(data_dir, memes[0])
    assert done.returncode == 2
    assert "not of one run: the card tells of 2 genres" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    without_years = {k: card[k] for k in card if k != "years"}
    counts_otherwise = card | {"input": card["input"] | {"grams": {"lengths": [2], "places": 9}}}
    for older in (without_years, counts_otherwise):
        (folder / "card.json").write_text(json.dumps(older))
        done = classify(data_dir, memes[0])
        assert done.returncode == 2
        assert "an older one made it" in done.stderr
    (folder / "card.json").write_text(json.dumps(card))
    (folder / "model.tflite").write_bytes(b"damaged")
    done = classify(data_dir, memes[0])
    assert done.returncode == 2
    assert "cannot be loaded" in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr


def test_a_folder_is_classified_whole_by_name_and_what_is_no_picture_in_it_is_told(
    tmp_path: Path, trained: Trained, memes: list[Path]
) -> None:
    folder = tmp_path / "folder"
    (folder / "in it").mkdir(parents=True)
    shutil.copy(memes[1], folder / "b.jpg")
    shutil.copy(memes[0], folder / "in it" / "c.jpg")
    shutil.copy(memes[2], folder / ".hidden.jpg")
    (folder / "a.txt").write_text("no picture")
    (folder / "in it" / "round").symlink_to(folder)
    done = classify(trained.data_dir, "--json", "--no-words", folder, memes[2])
    answers = json.loads(done.stdout)
    files = ["a.txt", "b.jpg", "in it/c.jpg"]
    assert [answer["file"] for answer in answers] == [
        *(str(folder / name) for name in files),
        str(memes[2]),
    ]
    assert ["error" in answer for answer in answers] == [True, False, False, False]
    assert done.stderr.startswith(f"{folder / 'a.txt'}: not an image")
    assert done.returncode == 0  # nobody said that a.txt was a picture
    (folder / "in it" / "round").unlink()
    for name in files[1:]:
        (folder / name).unlink()
    assert classify(trained.data_dir, folder).returncode == 2
    (folder / "a.txt").unlink()
    empty = classify(trained.data_dir, folder)
    assert (empty.returncode, empty.stderr) == (2, f"{folder}: there is no file in it\n")


@pytest.mark.skipif(sys.platform == "darwin", reason="macOS takes no name that is no UTF-8")
def test_names_that_are_no_text_and_names_too_long_end_nothing(
    tmp_path: Path, trained: Trained, memes: list[Path]
) -> None:
    odd = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.jpg"))
    shutil.copy(memes[0], odd)
    done = classify(trained.data_dir, "--json", "--no-words", odd, tmp_path / ("x" * 300))
    assert done.returncode == 2
    good, bad = json.loads(done.stdout)
    assert os.fsencode(good["file"]) == os.fsencode(odd)
    assert bad["error"].startswith("cannot be read")


def test_standard_input_is_read_once(trained: Trained, memes: list[Path]) -> None:
    done = classify(trained.data_dir, "--json", "-", stdin=memes[0].read_bytes())
    by_name = classify(trained.data_dir, "--json", memes[0])
    answers = [json.loads(one.stdout)[0] for one in (done, by_name)]
    assert [answer["file"] for answer in answers] == ["-", str(memes[0])]
    assert answers[0]["genre"] == answers[1]["genre"]
    twice = classify(trained.data_dir, "-", "-", stdin=b"")
    assert (twice.returncode, len(twice.stderr.splitlines())) == (2, 1)


def test_csv_has_a_row_a_picture_that_spreadsheets_read(
    tmp_path: Path, trained: Trained, memes: list[Path]
) -> None:
    formula = tmp_path / "=cmd.jpg"
    shutil.copy(memes[0], formula)
    done = subprocess.run(
        [sys.executable, ROOT / "memeEraML.py", "classify", "--csv", "=cmd.jpg", "no.jpg"],
        cwd=tmp_path,
        env=os.environ | {"MEMEERA_DATA_DIR": str(trained.data_dir)},
        capture_output=True,
        text=True,
    )
    good, bad = csv.DictReader(io.StringIO(done.stdout))
    assert good["file"] == "'=cmd.jpg"
    scores = {genre: float(good[f"score_{genre}"]) for genre in trained.genres}
    assert good["genre"] == max(scores, key=scores.__getitem__)
    assert float(good["score"]) == max(scores.values())
    assert int(good["year_low"]) <= int(good["year"]) <= int(good["year_high"])
    assert (bad["file"], bad["genre"]) == ("no.jpg", "")
    assert bad["error"].startswith("cannot be read")


def test_top_k_gives_the_likeliest_alone(trained: Trained, memes: list[Path]) -> None:
    (whole,) = json.loads(classify(trained.data_dir, "--json", memes[0]).stdout)
    (top,) = json.loads(classify(trained.data_dir, "--json", "--top-k", "1", memes[0]).stdout)
    assert top["genre"] == whole["genre"][:1]
    assert classify(trained.data_dir, "--top-k", "0", memes[0]).returncode == 2


def test_explain_draws_where_the_model_looked_and_what_it_read(
    tmp_path: Path, trained: Trained, memes: list[Path]
) -> None:
    out = tmp_path / "why.png"
    (meme,) = [path for path in memes if "text_post" in path.name]
    done = classify(trained.data_dir, "--explain", out, meme)
    assert done.returncode == 0, done.stderr
    drawn = np.asarray(Image.open(out).convert("RGB")).astype(int)
    left = drawn[:, : drawn.shape[1] - 460]
    assert ((left[..., 0] - left[..., 2]) > 60).mean() > 0.02  # the heat
    assert (left == [0x0B, 0x6E, 0x99]).all(axis=2).any()  # boxes around words
    assert classify(trained.data_dir, "--explain", out, *memes).returncode == 2
    for wrong in (tmp_path / "no" / "why.png", tmp_path / "why.psd"):
        done = classify(trained.data_dir, "--explain", wrong, meme)
        assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)
    assert classify(trained.data_dir, "--explain", out, out).returncode == 2


def test_words_that_the_collection_knows_are_not_read_again(trained: Trained) -> None:
    file = next((trained.data_dir / "drawn").glob("rage_comic-*.png"))
    (answer,) = json.loads(classify(trained.data_dir, "--json", file).stdout)
    assert answer["words"][0].endswith("words of no genre")  # what the collection was told
    model = MemeEra.load(settings=Settings(data_dir=trained.data_dir))
    assert model.classify(file).words == model.classify(str(file)).words
    assert [line.text for line in model.classify(file).words or ()] == answer["words"]


def test_models_are_listed_and_the_one_that_answers_is_marked(
    trained: Trained, tmp_path: Path
) -> None:
    def models(data_dir: Path, *options: str) -> str:
        return subprocess.run(
            [sys.executable, "memeEraML.py", "models", *options],
            cwd=ROOT,
            env=os.environ | {"MEMEERA_DATA_DIR": str(data_dir)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout

    starter, own = models(trained.data_dir).splitlines()
    assert starter.startswith("  starter  macro F1 ")
    assert own.startswith(f"* {trained.version}  macro F1 ")
    rows = json.loads(models(trained.data_dir, "--json"))
    marked = [(row["version"], row["champion"]) for row in rows]
    assert marked == [("starter", False), (trained.version, True)]
    assert models(tmp_path / "nothing").startswith("* starter ")


def test_shells_complete_the_command() -> None:
    for shell in ("bash", "zsh", "fish"):
        done = subprocess.run(
            [sys.executable, "memeEraML.py", "completion", shell],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
        assert "_MEMEERA_COMPLETE" in done.stdout
    asked = subprocess.run(
        [Path(sys.executable).with_name("memeera")],
        env=os.environ
        | {"_MEMEERA_COMPLETE": "bash_complete", "COMP_WORDS": "memeera cl", "COMP_CWORD": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert asked.stdout == "plain,classify\n"


def test_the_example_of_the_class_is_true(
    trained: Trained, memes: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (meme,) = [path for path in memes if "rage_comic" in path.name]
    shutil.copy(meme, tmp_path / "meme.jpg")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MEMEERA_DATA_DIR", str(trained.data_dir))
    tests = doctest.DocTestFinder(recurse=False).find(MemeEra, "MemeEra")
    results = [doctest.DocTestRunner().run(test) for test in tests]
    assert sum(result.attempted for result in results) == 4
    assert sum(result.failed for result in results) == 0


def test_many_are_answered_in_order_and_a_bad_one_is_told(
    trained: Trained, memes: list[Path], tmp_path: Path
) -> None:
    model = MemeEra.load(settings=Settings(data_dir=trained.data_dir))
    pictures: list[Path | bytes] = [
        *memes,
        tmp_path / "missing.jpg",
        b"no picture",
        memes[0].read_bytes(),
    ]
    answers = list(model.classify_all(pictures, words=False))
    assert [isinstance(one, BadInput) for one in answers] == [False] * 3 + [True] * 2 + [False]
    expected = [model.classify(path, words=False).genre for path in [*memes, memes[0]]]
    assert [one.genre for one in answers if isinstance(one, Prediction)] == expected


def test_a_picture_that_does_what_nobody_foresaw_is_told_and_the_rest_is_answered(
    trained: Trained, memes: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    bad = memes[1].read_bytes()
    decode = core.images.decode

    def decode_or_fail(data: bytes, at_least_px: int | None = None) -> Image.Image:
        if data == bad:
            raise AttributeError("'int' object has no attribute 'split'\nand more")
        return decode(data, at_least_px)

    monkeypatch.setattr(training.classifier, "decode", decode_or_fail)
    monkeypatch.setenv("MEMEERA_DATA_DIR", str(trained.data_dir))
    answers = list(MemeEra.load().classify_all(memes, words=False))
    assert [isinstance(one, BadInput) for one in answers] == [False, True, False]
    said = CliRunner().invoke(
        main, ["classify", "--no-words", *map(str, memes)], standalone_mode=False
    )
    assert said.return_value == 2
    (line,) = said.stderr.splitlines()
    assert line.startswith(
        f"{memes[1]}: this picture could not be looked at: AttributeError: 'int'"
    )
    assert len(said.stdout.splitlines()) == 2


def test_a_prediction_cannot_be_changed(trained: Trained, memes: list[Path]) -> None:
    model = MemeEra.load(settings=Settings(data_dir=trained.data_dir))
    said = model.classify(memes[0], words=False)
    with pytest.raises(dataclasses.FrozenInstanceError):
        said.abstain = not said.abstain  # type: ignore[misc]


def test_bytes_path_and_picture_give_one_answer(trained: Trained, memes: list[Path]) -> None:
    classifier = MemeEra.load(settings=Settings(data_dir=trained.data_dir))
    file = io.BytesIO()
    Image.open(memes[0]).save(file, "PNG")
    (memes[0].parent / "same.png").write_bytes(file.getvalue())
    by_bytes = classifier.classify(file.getvalue())
    by_path = classifier.classify(memes[0].parent / "same.png")
    by_picture = classifier.classify(Image.open(memes[0]))
    assert by_bytes.genre == by_path.genre == by_picture.genre
    assert by_bytes.words == by_path.words == by_picture.words
    turned = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by a quarter
    Image.open(memes[0]).rotate(90, expand=True).save(turned, "PNG", exif=exif)
    assert classifier.classify(turned.getvalue()).genre == by_bytes.genre
    assert classifier.classify(Image.open(turned)).genre == by_bytes.genre
    again = classifier.classifier.classify(file.getvalue(), read=False, lines=by_bytes.words)
    assert again.genre == by_bytes.genre


def test_usage_errors_are_exit_code_2(trained: Trained) -> None:
    assert classify(trained.data_dir).returncode == 2
    assert classify(trained.data_dir, "--nonsense", "x").returncode == 2
