"""The window in a real browser: drop a meme, see its genre."""

import os
import random
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from core.genres import genre
from demo.drawing import draw
from tests.conftest import ROOT, Trained


@contextmanager
def served(data_dir: Path) -> Iterator[str]:
    """The window's address, while it is served."""
    with subprocess.Popen(
        [sys.executable, "memeEraML.py", "serve", "--port", "0"],
        cwd=ROOT,
        env=os.environ | {"MEMEERA_DATA_DIR": str(data_dir)},
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            address = re.search(r"http://[^ ]+", line)
            assert address, line
            yield address.group()
        finally:
            process.terminate()
            assert process.wait(20) == 0


@pytest.fixture(scope="module")
def page(trained: Trained, browser: Browser) -> Iterator[Page]:
    """The window, open in a browser."""
    with served(trained.data_dir) as url:
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.goto(url)
        yield page
        page.close()


def test_a_dropped_meme_gets_its_genres_as_bars(
    page: Page, tmp_path: Path, trained: Trained
) -> None:
    meme = tmp_path / "meme.jpg"
    draw("rage_comic", random.Random("window")).save(meme, quality=90)
    expect(page.get_by_text("What kind of meme is this?")).to_be_visible()
    page.locator("input[type=file]").set_input_files(meme)
    expect(page.get_by_role("progressbar")).to_have_count(len(trained.genres))
    for key in trained.genres:
        expect(
            page.get_by_text(re.compile(rf"{re.escape(genre(key).name)} · \d+%"))
        ).to_be_visible()
    expect(page.get_by_text(re.compile(rf"ms, model {trained.version}"))).to_be_visible()


def test_a_file_that_is_no_picture_is_told_in_the_window(page: Page, tmp_path: Path) -> None:
    text = tmp_path / "<b>text.jpg"
    text.write_text("no picture")
    page.locator("input[type=file]").set_input_files(text)
    expect(page.get_by_text("This file is not a picture that can be read.")).to_be_visible()
    expect(page.get_by_role("progressbar")).to_have_count(0)


def test_on_a_taken_port_nothing_is_served(trained: Trained) -> None:
    def serve(data_dir: Path, port: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "memeEraML.py", "serve", "--port", port],
            cwd=ROOT,
            env=os.environ | {"MEMEERA_DATA_DIR": str(data_dir)},
            capture_output=True,
            text=True,
            timeout=60,
        )

    with served(trained.data_dir) as url:
        done = serve(trained.data_dir, url.rsplit(":", 1)[1])
    assert done.returncode == 1
    assert "is taken" in done.stderr
