"""Kills an import and a rematch again and again, and compares what is left with an undisturbed run.

    python -m bench.killed [--times 20] [--memes 480]

Each process is killed with SIGKILL at a random moment of its work and started again, so many times;
then it may finish. Memes, copies, families, sightings and files must equal those of a run in one
go, and `python -m db check` must find nothing.
"""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import click
from PIL import Image
from sqlalchemy import update

from bench.drawn_reposts import EASY, jpeg
from core.cli import run
from core.settings import Settings
from db.memes import Collection
from db.models import Copy, Meme
from demo.drawing import DRAWERS, caption, draw, draw_captioned
from tests.collecting import state


@click.command()
@click.option("--times", default=20, show_default=True)
@click.option("--memes", default=480, show_default=True)
def main(times: int, memes: int) -> None:
    """Count what kill -9 did to an import and to a rematch."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        files = folder / "files"
        files.mkdir()
        _draw(files, memes)
        importing = ["crawler", "import", str(files)]
        report = {
            "import": _compared(importing, importing, folder / "whole", folder / "killed", times)
        }
        for data_dir in (folder / "whole", folder / "killed"):
            shutil.rmtree(data_dir)
        _finished(importing, folder / "whole")
        _age(folder / "whole")
        shutil.copytree(folder / "whole", folder / "killed")
        rematch = ["db", "rematch"]
        idle = ["db", "stats"]
        report["rematch"] = _compared(rematch, idle, folder / "whole", folder / "killed", times)
    print(json.dumps(report, indent=2))


def _draw(folder: Path, n: int) -> None:
    """Memes of all genres and captions on a few templates, and reposts of a third of them."""
    rng = random.Random(1)
    for i in range(n):
        if i % 3 == 0:
            image: Image.Image = draw_captioned(i % 4, caption(rng), rng)
        else:
            image = draw(sorted(DRAWERS)[i % len(DRAWERS)], rng)
        (folder / f"{i:04}.jpg").write_bytes(jpeg(image, 90))
        if i % 3 == 1:
            changed = EASY[sorted(EASY)[i % len(EASY)]](image, rng)
            (folder / f"{i:04}-again.jpg").write_bytes(jpeg(changed, 80))


def _age(data_dir: Path) -> None:
    """Make a collection look as before signatures were kept: a rematch then has work to do."""
    collection = Collection.open(Settings(data_dir=data_dir))
    with collection.database.writing() as session:
        for table in (Meme, Copy):
            session.execute(update(table).values(signature=None))
    collection.database.engine.dispose()


def _compared(
    command: list[str], idle: list[str], whole: Path, killed: Path, times: int
) -> dict[str, Any]:
    """Run a command in one folder and kill it in another; `idle` takes as long to start."""
    started = time.monotonic()
    _finished(command, whole)
    full_s = time.monotonic() - started
    started = time.monotonic()
    _finished(idle, whole)
    idle_s = time.monotonic() - started
    # Together less than the work there is, so that it is never done before the last kill.
    most_s = 1.5 * (full_s - idle_s) / times
    rng = random.Random(2)
    n_killed = sum(_killed(command, killed, idle_s + rng.uniform(0, most_s)) for _ in range(times))
    _finished(command, killed)
    one, other = _state(whole), _state(killed)
    return {
        "killed": n_killed,
        "in_one_go_s": round(full_s, 1),
        "memes": len(one["memes"]),
        "copies": len(one["copies"]),
        "differences": sum(one[key] != other[key] for key in one),
        "check": _finished(["db", "check"], killed),
    }


def _state(data_dir: Path) -> dict[str, Any]:
    collection = Collection.open(Settings(data_dir=data_dir))
    found = {**state(collection), "files": sorted(set(collection.media.names()))}
    collection.database.engine.dispose()
    return found


def _process(command: list[str], data_dir: Path) -> "subprocess.Popen[str]":
    environment = {**os.environ, "MEMEERA_DATA_DIR": str(data_dir)}
    return subprocess.Popen(
        [sys.executable, "-m", *command],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def _finished(command: list[str], data_dir: Path) -> str:
    process = _process(command, data_dir)
    said, _ = process.communicate()
    if process.returncode != 0:
        raise click.ClickException(f"{' '.join(command)}: {said}")
    return said.strip().splitlines()[-1] if said.strip() else ""


def _killed(command: list[str], data_dir: Path, after_s: float) -> bool:
    """Start a command and kill it after a while; says whether it was still going."""
    process = _process(command, data_dir)
    try:
        process.communicate(timeout=after_s)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        process.communicate()
        return True
    return False


if __name__ == "__main__":
    run(main, "python -m bench.killed")
