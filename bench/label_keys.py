"""Whether each key on the label page counts for the picture that was shown when it fell.

Two people type at once, a key every 40 ms whatever their pages do meanwhile, in browsers that are
slowed down and on a machine that does other things as well. A witness in the page, which knows
nothing of the page's code, hears each key first and notes which picture the document shows; its
notes are compared with the votes that the server kept.

    python -m bench.label_keys [--runs 5] [--busy 2]

Wrong: a vote for another picture, or of another genre, than that of its key. Lost: a key that gave
no vote, and the page did not say so. Too early: a key of which it said that it counted for nothing.
"""

import asyncio
import itertools
import json
import multiprocessing
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import click
from playwright.async_api import Browser, CDPSession, Page, async_playwright
from sqlalchemy import select

from bench.drawn_files import draw_files
from bench.label_speed import forget_answers, import_files, labeling
from core.cli import run
from core.genres import GENRES
from core.settings import Settings
from db.models import Meme, Vote
from db.session import Database

__all__ = ["Fell", "said_by", "type_at_once"]

PEOPLE: Final = ("ana", "ben")
GAP_S: Final = 0.04
_RATES: Final = (1, 4, 6)
_PATIENCE_MS: Final = 240_000

_WITNESS: Final = """
window.fell = [];
const shown = () => {
  const root = document.querySelector('[data-painted]')?.shadowRoot;
  const isSeen = (image) => image.complete && image.checkVisibility({ visibilityProperty: true });
  const images = [...(root?.querySelectorAll('.pictures img') ?? [])].filter(isSeen);
  if (images.length > 1) throw new Error(`${images.length} pictures are shown at once`);
  return images[0]?.src.split('/').pop() ?? null;
};
const nTold = () => Number(document.querySelector('[data-too-early]')?.dataset.tooEarly ?? 0);
addEventListener('keydown', (event) => {
  if (!event.code.startsWith('Digit')) return;
  const one = { digit: Number(event.key), sha256: shown(), before: nTold() };
  window.fell.push(one);
  // When the page has heard of it as well, and of no later key.
  const told = () => { one.isToldEarly = nTold() > one.before; };
  addEventListener('keyup', told, { capture: true, once: true });
}, { capture: true });
"""


@dataclass(frozen=True, slots=True)
class Fell:
    """A key that fell, as the witness saw it."""

    digit: int
    sha256: str | None  # of the picture that the document showed
    is_told_early: bool  # whether the page said that it counted for nothing

    @property
    def meant(self) -> tuple[str | None, str]:
        """What it is a vote for."""
        return self.sha256, GENRES[self.digit - 1].key


async def type_at_once(
    program: str, address: str, people: Sequence[str], slow_down: float, n_keys: int
) -> dict[str, list[Fell]]:
    """Have each of these people type so many digits; gives what fell, in the order of the keys.

    Args:
        program: Chromium's.
        address: where the labeling tool is served.
        people: their names.
        slow_down: by how much each page's processor is to seem slower.
        n_keys: each person's.
    """
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=program, args=["--no-sandbox", "--disable-gpu"]
        )
        pages = [await _opened(browser, address, who) for who in people]
        keyboards = [await page.context.new_cdp_session(page) for page in pages]
        for keyboard in keyboards:
            await keyboard.send("Emulation.setCPUThrottlingRate", {"rate": slow_down})
        await _type(keyboards, n_keys)
        fell = {who: await _noted(page) for who, page in zip(people, pages, strict=True)}
        await browser.close()
    return fell


async def _opened(browser: Browser, address: str, who: str) -> Page:
    page = await (await browser.new_context()).new_page()
    page.set_default_timeout(_PATIENCE_MS)
    await page.add_init_script(_WITNESS)
    await page.goto(f"{address}/?who={who}")
    await page.wait_for_selector("[data-painted]")
    return page


async def _type(keyboards: Sequence[CDPSession], n_keys: int) -> None:
    """At a fixed pace: nothing waits until a page has heard of a key."""
    sending: list[asyncio.Task[Any]] = []
    started = time.monotonic()
    for i in range(n_keys):
        told = {"key": str(1 + i % 8), "code": f"Digit{1 + i % 8}"}
        for keyboard in keyboards:
            for kind in ("keyDown", "keyUp"):
                message = {"type": kind, **told}
                sending.append(
                    asyncio.create_task(keyboard.send("Input.dispatchKeyEvent", message))
                )
        await asyncio.sleep(max(0.0, started + (i + 1) * GAP_S - time.monotonic()))
    await asyncio.gather(*sending)


async def _noted(page: Page) -> list[Fell]:
    await page.get_by_text("All answers are kept.").wait_for()
    fell = await page.evaluate("window.fell")
    return [Fell(one["digit"], one["sha256"], one["isToldEarly"]) for one in fell]


def said_by(database: Database) -> dict[str, list[tuple[str, str | None]]]:
    """What each person said of which picture, in the order given."""
    said: dict[str, list[tuple[str, str | None]]] = {}
    with database.reading() as session:
        rows = session.execute(
            select(Vote.annotator, Meme.sha256, Vote.genre)
            .join(Meme, Meme.id == Vote.meme_id)
            .order_by(Vote.id)
        )
        for who, sha256, genre in rows:
            said.setdefault(who, []).append((sha256, genre))
    return said


def _counts(fell: Sequence[Fell], said: Sequence[tuple[str, str | None]]) -> dict[str, int]:
    counted = [key.meant for key in fell if not key.is_told_early]
    return {
        "keys": len(fell),
        "votes": len(said),
        "wrong": sum(vote not in counted for vote in said),
        "lost": sum(key not in said for key in counted),
        "too early": len(fell) - len(counted),
    }


def _spin() -> None:
    while True:
        pass


@contextmanager
def _busy(n: int) -> Iterator[None]:
    """A machine that does so many other things as well."""
    others = [multiprocessing.Process(target=_spin, daemon=True) for _ in range(n)]
    for other in others:
        other.start()
    try:
        yield
    finally:
        for other in others:
            other.kill()


@click.command()
@click.option("--memes", default=400, show_default=True)
@click.option("--keys", default=100, show_default=True, help="of each person, in each run")
@click.option("--runs", default=5, show_default=True, help="at each rate")
@click.option("--busy", default=2, show_default=True, help="processes that only take time")
def main(memes: int, keys: int, runs: int, busy: int) -> None:
    """Type blindly, and count what went wrong."""
    program = shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        raise click.ClickException("no Chromium on the PATH")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        draw_files(folder / "files", memes)
        settings = Settings(data_dir=folder / "data")
        import_files(folder / "files", settings)
        database = Database.open(settings)
        with labeling(settings) as address, _busy(busy):
            for rate, number in itertools.product(_RATES, range(1, runs + 1)):
                forget_answers(database)
                fell = asyncio.run(type_at_once(program, address, PEOPLE, rate, keys))
                said = said_by(database)
                found = [_counts(fell[who], said.get(who, [])) for who in PEOPLE]
                both = {key: sum(one[key] for one in found) for key in found[0]}
                click.echo(json.dumps({"slow_down": rate, "run": number} | both))
        database.engine.dispose()


if __name__ == "__main__":
    run(main, "python -m bench.label_keys", extra="labeling")
