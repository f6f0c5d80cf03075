"""memeEraML.py classify, as a person and as a script meets it."""

import io
import json
import os
import random
import struct
import subprocess
import sys
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from core.genres import GENRES
from core.settings import Settings
from demo.drawing import draw
from tests.conftest import ROOT, Trained
from training.classifier import Classifier, YearRange


def classify(data_dir: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run memeEraML.py classify with its data folder."""
    return subprocess.run(
        [sys.executable, "memeEraML.py", "classify", *map(str, arguments)],
        cwd=ROOT,
        env=os.environ | {"MEMEERA_DATA_DIR": str(data_dir)},
        capture_output=True,
        text=True,
        timeout=60,
    )


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
    wrong = [*(tmp_path / name for name in bad), tmp_path / "missing.jpg", tmp_path]
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


def test_bytes_path_and_picture_give_one_answer(trained: Trained, memes: list[Path]) -> None:
    classifier = Classifier.load(Settings(data_dir=trained.data_dir))
    file = io.BytesIO()
    Image.open(memes[0]).save(file, "PNG")
    (memes[0].parent / "same.png").write_bytes(file.getvalue())
    by_bytes = classifier.classify(file.getvalue())
    by_path = classifier.classify(memes[0].parent / "same.png")
    by_picture = classifier.classify(Image.open(memes[0]))
    assert by_bytes.genre == by_path.genre == by_picture.genre
    assert by_bytes.words == by_path.words == by_picture.words
    again = classifier.classify(file.getvalue(), read=False, lines=by_bytes.words)
    assert again.genre == by_bytes.genre


def test_the_year_is_the_median_and_what_lies_between_the_first_and_the_last_tenth(
    trained: Trained,
) -> None:
    classifier = Classifier.load(Settings(data_dir=trained.data_dir))
    years = np.zeros(22, np.float32)
    years[[3, 10, 11, 15]] = [0.05, 0.3, 0.4, 0.25]  # 2008, 2015, 2016, 2020
    assert classifier.year_range(years) == YearRange(value=2016, low=2015, high=2020)


def test_usage_errors_are_exit_code_2(trained: Trained) -> None:
    assert classify(trained.data_dir).returncode == 2
    assert classify(trained.data_dir, "--nonsense", "x").returncode == 2
