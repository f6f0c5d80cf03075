"""How fast the label page is: from a key to the next picture on the screen, in real Chromium.

Draws memes of 1080 px and about 120 KB, serves the labeling tool on them, and types answers as a
person's keyboard would. The time runs from the key's event to the end of the frame in which the
next picture is painted, told by the page itself and measured here by other means: by what is shown
in the document. Beside it, on the same files: Streamlit's native way, a button with a shortcut and
`st.image`, rerun at each key.

    python -m bench.label_speed [--memes 200]

It prints the median and the 95th percentile in milliseconds; then how many votes of so many keys,
40 ms apart, went where they belong; then the same of four people at once.
"""

import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import click
from playwright.sync_api import Browser, Page, sync_playwright
from sqlalchemy import select

from bench.drawn_files import draw_files
from core.cli import run
from core.genres import GENRES
from core.settings import Settings
from db.models import Lease, Meme, Vote
from db.session import Database

_ROOT: Final = Path(__file__).parents[1]
_GAP_S: Final = 0.3  # between keys, where the time to the next picture is measured
_FAST_S: Final = 0.04

# Noted at each digit: when, which picture was on the screen; and when the next was painted.
_WATCH: Final = """
window.keysSeen = []; window.paintedAfterMs = [];
addEventListener('keydown', (event) => {
  if (!event.code.startsWith('Digit')) return;
  const label = document.querySelector('[data-painted]')?.shadowRoot;
  const shown = () => (label ?? document).querySelector('.is-shown, .stImage img');
  const before = shown()?.src;
  window.keysSeen.push(before.split('/').pop());
  const look = () => {
    const now = shown();
    if (!now || now.src === before || !now.complete) return setTimeout(look, 0);
    requestAnimationFrame(() => {
      const channel = new MessageChannel();
      channel.port1.onmessage = () => {
        window.paintedAfterMs.push(performance.now() - event.timeStamp);
      };
      channel.port2.postMessage(null);
    });
  };
  queueMicrotask(look);
}, { capture: true });
"""

_NATIVE: Final = """
import sys
from pathlib import Path
import streamlit as st

files = sorted(Path(sys.argv[1]).iterdir())
at = st.session_state.setdefault("at", 0)

def answer():
    st.session_state["at"] += 1

for digit in "12345678":
    st.button(digit, key=f"{digit}-{at}", shortcut=digit, on_click=answer)
st.image(str(files[at]))
"""


@click.command()
@click.option("--memes", default=200, show_default=True)
@click.option("--people", default=4, show_default=True)
def main(memes: int, people: int) -> None:
    """Measure the label page beside Streamlit's native way."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        draw_files(folder / "files", memes + memes // 5)  # some are reposts of others
        settings = Settings(data_dir=folder / "data")
        import_files(folder / "files", settings)
        report: dict[str, Any] = {"memes": memes}
        with _browser() as browser:
            report["label page"] = _typed(browser, settings, memes, _GAP_S)
            report["label page, 40 ms between keys"] = _typed(browser, settings, memes, _FAST_S)
            report[f"{people} people at once"] = _together(browser, settings, memes, people)
            report["st.button and st.image"] = _native(browser, folder, memes)
    click.echo(json.dumps(report, indent=2))


def import_files(files: Path, settings: Settings) -> None:
    command = [sys.executable, "-m", "crawler", "import", str(files)]
    environment = os.environ | {"MEMEERA_DATA_DIR": str(settings.data_dir)}
    subprocess.run(command, check=True, cwd=_ROOT, env=environment, stdout=subprocess.DEVNULL)


@contextmanager
def _browser() -> Iterator[Browser]:
    program = shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        raise click.ClickException("no Chromium on the PATH")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()


@contextmanager
def _served(command: list[str], environment: dict[str, str]) -> Iterator[str]:
    told = os.environ | environment
    told.pop("PYTHONDONTWRITEBYTECODE", None)
    with subprocess.Popen(
        command, cwd=_ROOT, env=told, stdout=subprocess.PIPE, text=True
    ) as program:
        assert program.stdout is not None
        found = next(filter(None, (re.search(r"http://\S+", line) for line in program.stdout)))
        try:
            yield found[0]
        finally:
            program.kill()  # Streamlit stumbles over its closed output while it ends


def forget_answers(database: Database) -> None:
    """As if nobody had ever answered or looked."""
    with database.writing() as session:
        for table in (Vote, Lease):
            session.query(table).delete()


@contextmanager
def labeling(settings: Settings) -> Iterator[str]:
    database = Database.open(settings)
    forget_answers(database)
    database.engine.dispose()
    command = [sys.executable, "-m", "labeling", "--port", "0"]
    with _served(command, {"MEMEERA_DATA_DIR": str(settings.data_dir)}) as address:
        yield address


def _opened(browser: Browser, address: str, who: str) -> Page:
    page = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
    page.add_init_script(_WATCH)
    page.goto(f"{address}/?who={who}")
    page.wait_for_selector("[data-painted], .stImage img")
    page.wait_for_timeout(1500)
    return page


def _typed(browser: Browser, settings: Settings, n: int, gap_s: float) -> dict[str, Any]:
    with labeling(settings) as address:
        page = _opened(browser, address, "ana")
        _type(page, n, gap_s)
        page.wait_for_timeout(2000)
        times, seen = _noted(page)
        page.context.close()
    said = _said(settings)
    expected = [GENRES[i % 8].key for i in range(n)]
    return _percentiles(times) | {
        "keys": n,
        "votes": len(said),
        "on another picture": sum(
            vote != (sha256, genre)
            for vote, sha256, genre in zip(said, seen, expected, strict=False)
        ),
    }


def _type(page: Page, n: int, gap_s: float) -> None:
    """Send keys as the keyboard does, past Playwright, which waits for each."""
    keyboard = page.context.new_cdp_session(page)
    started = time.monotonic()
    for i in range(n):
        key = str(1 + i % 8)
        told = {"key": key, "code": f"Digit{key}"}
        keyboard.send("Input.dispatchKeyEvent", {"type": "keyDown", "text": key, **told})
        keyboard.send("Input.dispatchKeyEvent", {"type": "keyUp", **told})
        time.sleep(max(0.0, started + (i + 1) * gap_s - time.monotonic()))


def _noted(page: Page) -> tuple[list[float], list[str]]:
    return page.evaluate("window.paintedAfterMs"), page.evaluate("window.keysSeen")


def _said(settings: Settings) -> list[tuple[str, str | None]]:
    database = Database.open(settings)
    with database.reading() as session:
        rows = session.execute(
            select(Meme.sha256, Vote.genre).join(Vote, Vote.meme_id == Meme.id).order_by(Vote.id)
        )
        said = [(row.sha256, row.genre) for row in rows]
    database.engine.dispose()
    return said


def _percentiles(times: list[float]) -> dict[str, Any]:
    times = sorted(times)
    return {
        "median_ms": round(statistics.median(times), 1),
        "p95_ms": round(times[int(0.95 * len(times))], 1),
        "max_ms": round(times[-1], 1),
    }


def _together(browser: Browser, settings: Settings, n: int, people: int) -> dict[str, Any]:
    """Each key waits for its picture; all pages share one browser, as no four people do."""
    with labeling(settings) as address:
        pages = [_opened(browser, address, f"person{number}") for number in range(people)]
        keyboards = [page.context.new_cdp_session(page) for page in pages]
        for i in range(n // people):
            for keyboard in keyboards:
                told = {"key": str(1 + i % 8), "code": f"Digit{1 + i % 8}"}
                keyboard.send("Input.dispatchKeyEvent", {"type": "keyDown", **told})
                keyboard.send("Input.dispatchKeyEvent", {"type": "keyUp", **told})
            time.sleep(_GAP_S)
        pages[0].wait_for_timeout(2000)
        times = [ms for page in pages for ms in _noted(page)[0]]
        for page in pages:
            page.context.close()
    memes = [sha256 for sha256, _ in _said(settings)]
    return _percentiles(times) | {"votes": len(memes), "memes twice": len(memes) - len(set(memes))}


def _native(browser: Browser, folder: Path, n: int) -> dict[str, Any]:
    script = folder / "native.py"
    script.write_text(textwrap.dedent(_NATIVE), encoding="utf-8")
    command = [sys.executable, "-m", "streamlit", "run", str(script), "--server.headless=true"]
    command += ["--server.port=8599", "--browser.gatherUsageStats=false"]
    command += ["--server.address=127.0.0.1", "--", str(folder / "files")]
    with _served(command, {}) as address:
        page = _opened(browser, address, "ana")
        _type(page, min(n, 100), 2 * _GAP_S)
        times, _ = _noted(page)
        page.context.close()
    return _percentiles(times)


if __name__ == "__main__":
    run(main, "python -m bench.label_speed", extra="labeling")
