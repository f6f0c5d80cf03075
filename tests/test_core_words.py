"""Reading the words in a picture, on pictures drawn here; the real reader, offline."""

import io
import json
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from difflib import SequenceMatcher
from pathlib import Path
from typing import Final

import pytest
from PIL import Image, ImageDraw

from core.images import decode
from core.words import MAX_WIDTH, Line, from_json, read_words, to_json
from demo.drawing.fonts import Face, font
from demo.drawing.lettering import Capitals, outlined
from tests.pictures import SIZE_PX, draw, encode

ROOT: Final = Path(__file__).parents[1]
TOP: Final = "one does not simply"
BOTTOM: Final = "read a meme"


def macro(width: int = 640, height: int = 640) -> Image.Image:
    """A captioned picture of the usual kind: outlined capitals over something colourful."""
    picture = draw(3).resize((width, height), Image.Resampling.BICUBIC)
    outlined(picture, TOP, 0, Capitals())
    outlined(picture, BOTTOM, 1, Capitals())
    return picture


def page(words: dict[tuple[int, int], str], size: tuple[int, int], size_px: int) -> Image.Image:
    """Black words on white, each with its left upper corner at the point."""
    picture = Image.new("RGB", size, "white")
    pen = ImageDraw.Draw(picture)
    for at, text in words.items():
        pen.text(at, text, font=font(Face.SANS, size_px), fill="black")
    return picture


def letters(lines: tuple[Line, ...]) -> str:
    return re.sub(r"\W", "", "".join(line.text for line in lines).lower())


def test_it_reads_both_captions_and_says_where_they_are() -> None:
    lines = read_words(macro())
    # The upper caption is too long for one row.
    assert [line.text for line in lines] == ["ONE DOES NOT", "SIMPLY", "READ A MEME"]
    assert min(line.confidence for line in lines) > 0.9
    for line, (top, bottom) in zip(lines, ((0, 0.17), (0.14, 0.32), (0.8, 1)), strict=True):
        left, upper, right, lower = line.box
        assert 0 <= left < 0.5 < right <= 1  # both are centred
        assert top <= upper < lower <= bottom


def test_boxes_are_shares_of_the_picture_as_it_came() -> None:
    (line,) = read_words(page({(600, 100): "RIGHT"}, (1200, 400), 60))
    expected = font(Face.SANS, 60).getbbox("RIGHT")
    ink = (
        (600 + expected[0]) / 1200,
        (100 + expected[1]) / 400,
        (600 + expected[2]) / 1200,
        (100 + expected[3]) / 400,
    )
    assert line.box == pytest.approx(ink, abs=0.05)


@pytest.mark.parametrize(("scale", "quality"), [(0.5, 40), (0.35, 60)])
def test_a_repost_reads_as_the_original(scale: float, quality: int) -> None:
    picture = macro(900, 700)
    smaller = picture.resize((round(900 * scale), round(700 * scale)))
    passed_on = decode(encode(smaller, "JPEG", quality=quality))
    original, repost = letters(read_words(picture)), letters(read_words(passed_on))
    assert SequenceMatcher(None, original, repost).ratio() > 0.95


def test_a_picture_without_words_gives_none() -> None:
    assert read_words(Image.new("RGB", (500, 400), "navy")) == ()
    assert read_words(draw(5).resize((SIZE_PX * 4, SIZE_PX * 4))) == ()


@pytest.mark.parametrize("size", [(8, 8), (8, 400), (400, 8), (31, 30), (9, 20_000), (20_000, 9)])
def test_a_picture_too_small_or_thin_for_words_ends_well(size: tuple[int, int]) -> None:
    assert read_words(Image.new("RGB", size, "white")) == ()


def test_rows_go_downward_and_each_from_left_to_right() -> None:
    words = {(30, 40): "north", (420, 52): "east", (30, 300): "south", (420, 288): "west"}
    lines = read_words(page(words, (700, 420), 48))
    assert [line.text for line in lines] == ["north", "east", "south", "west"]


def test_a_tall_comic_is_read_whole_and_every_line_once() -> None:
    # 600 x 3,000 px are read as 544 x 2,720, in tiles from 0, 816 and 1,632, each 1,088 high: their
    # edges lie at 900, 1,200, 1,800 and 2,100 px, and each goes through the middle of a line.
    expected = [f"panel number {i}" for i in range(10, 58)]
    words = {(40, 40 + 60 * i): text for i, text in enumerate(expected)}
    lines = read_words(page(words, (600, 3_000), 32))
    assert [line.text for line in lines] == expected
    for i, line in enumerate(lines):
        assert line.box[1] * 3_000 < 60 * (i + 1) < line.box[3] * 3_000


def test_the_tallest_comic_known_is_read() -> None:
    words = {(40, 300): "the beginning", (40, 10_300): "the middle", (40, 20_600): "the end"}
    lines = read_words(page(words, (600, 20_954), 40))
    assert [line.text for line in lines] == ["the beginning", "the middle", "the end"]


def test_of_a_page_full_of_text_the_upper_part_is_read() -> None:
    expected = [f"line {i} of a page that tells a very long story" for i in range(100, 200)]
    words = {(10, 10 + 30 * i): text for i, text in enumerate(expected)}
    lines = read_words(page(words, (560, 3_010), 20))
    assert 25 < len(lines) < 50
    assert [letters((line,)) for line in lines] == [
        text.replace(" ", "") for text in expected[: len(lines)]
    ]
    widths = [
        (right - left) * 560 / ((lower - upper) * 3_010)
        for left, upper, right, lower in (line.box for line in lines)
    ]
    assert 0.85 * MAX_WIDTH < sum(widths) <= MAX_WIDTH


def test_lines_survive_a_json_column() -> None:
    lines = (
        Line("ÇA VA ?", (0.1, 0.25, 0.5, 0.3), 0.9876),
        Line("über", (0.0, 0.9, 1.0, 1.0), 0.5),
    )
    assert from_json(json.loads(json.dumps(to_json(lines)))) == lines
    assert to_json([Line("x", (1 / 3, 0.0, 2 / 3, 1.0), 0.987654321)]) == [
        {"text": "x", "box": [0.3333, 0.0, 0.6667, 1.0], "confidence": 0.9877}
    ]


def test_what_was_read_fits_a_json_column() -> None:
    lines = read_words(macro())
    kept = json.loads(json.dumps(to_json(lines)))
    assert to_json(from_json(kept)) == kept


def test_threads_read_what_one_alone_reads() -> None:
    pictures = [page({(30, 60): f"word {i} of many"}, (500, 200), 44) for i in range(12)]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(read_words, pictures))
    assert together == [read_words(picture) for picture in pictures]
    assert [letters(lines) for lines in together] == [f"word{i}ofmany" for i in range(12)]


def test_first_calls_at_once_load_one_reader_and_say_nothing(tmp_path: Path) -> None:
    # Warnings are errors as in these tests, and what any library says would be on one of the two.
    buffer = io.BytesIO()
    macro().save(buffer, "PNG")
    (tmp_path / "macro.png").write_bytes(buffer.getvalue())
    script = """
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from core.images import decode
from core import words
picture = decode(Path(sys.argv[1]).read_bytes())
blank = picture.crop((0, 300, 40, 340))
with ThreadPoolExecutor(4) as pool:
    read = list(pool.map(words.read_words, [picture, blank, picture, blank]))
sys.exit(10 + len(read[0]) if read[0] == read[2] and read[1] == () else 1)
"""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script, str(tmp_path / "macro.png")],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout, done.stderr) == (13, "", "")


def test_the_reader_opens_no_connection(tmp_path: Path) -> None:
    script = """
import socket, sys
def refuse(*arguments):
    raise AssertionError(f"a connection: {arguments}")
socket.socket.connect = socket.getaddrinfo = refuse
from PIL import Image
from core.words import read_words
read_words(Image.new("RGB", (300, 300)))
"""
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_nothing_heavy_is_loaded_before_the_first_reading() -> None:
    script = """
import sys, core.words
print(sorted({"rapidocr", "onnxruntime", "cv2", "shapely", "requests"} & sys.modules.keys()))
"""
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout == "[]\n"
