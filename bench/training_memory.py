"""How much memory training takes on a large collection.

    python -m bench.training_memory [--memes 100000] [--folder DIR]

Makes a collection of so many labelled memes, each with a file of its own and words: a few hundred
drawn memes, told apart by what follows the picture in their file. Then runs `python -m training
fit` on it for one epoch, and prints the most memory that it held, in MB, and its time in minutes.
"""

import io
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from secrets import token_hex
from typing import Any, Final

import click
from tqdm import tqdm

from bench.drawn_rows import insert_rows, meme_row
from core.cli import run
from core.errors import MemeEraError
from core.genres import GENRES
from core.settings import Settings
from core.words import Line, to_json
from db.media import MediaStore
from db.models import Meme, Sighting, Template, Verdict, Vote
from db.session import Database
from demo.drawing import draw

_N_DRAWN: Final = 400  # pictures that differ
_N_LINES: Final = 4  # of words in each meme
_WORDS: Final = ("cat", "dog", "when", "you", "the", "monday", "boss", "nobody", "me", "again")


@click.command()
@click.option("--memes", "n_memes", default=100_000, show_default=True, type=click.IntRange(1000))
@click.option("--image-px", default=64, show_default=True, help="Side the network sees.")
@click.option("--folder", type=click.Path(path_type=Path), help="Where the collection is made.")
def main(n_memes: int, image_px: int, folder: Path | None) -> None:
    """Fit on a large drawn collection; print the most memory held."""
    with tempfile.TemporaryDirectory(dir=folder) as data_dir:
        _fill(Settings(data_dir=Path(data_dir)), n_memes)
        command = [sys.executable, "-m", "training", "fit", "--epochs", "1", "--image-px"]
        started = time.monotonic()
        done = subprocess.run(
            [*command, str(image_px)], env=os.environ | {"MEMEERA_DATA_DIR": data_dir}
        )
        minutes = (time.monotonic() - started) / 60
    if done.returncode:
        raise MemeEraError("the fit failed; see above")
    held_mb = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024  # Linux gives KiB
    report = {"memes": n_memes, "held_mb": round(held_mb), "minutes": round(minutes, 1)}
    print(json.dumps(report, indent=2))


def _fill(settings: Settings, n_memes: int) -> None:
    """Make the collection; nothing of it is known twice."""
    rng = random.Random(0)
    drawn = [_drawn(GENRES[i % len(GENRES)].key, i) for i in range(_N_DRAWN)]
    media = MediaStore.open(settings)
    now = datetime.now(UTC)
    database = Database.open(settings)
    numbers = tqdm(range(n_memes), desc="drawing", disable=None, file=sys.stderr)
    with database.writing() as session:
        connection = session.connection()
        insert_rows(connection, Template, ({"id": i + 1} for i in range(n_memes)))
        memes = (_meme(rng, i, drawn[i % _N_DRAWN], media, now) for i in numbers)
        insert_rows(connection, Meme, memes)
        insert_rows(connection, Sighting, (_sighting(i, now) for i in range(n_memes)))
        insert_rows(connection, Vote, (_vote(i, now) for i in range(n_memes)))
    database.engine.dispose()


def _drawn(genre: str, i: int) -> bytes:
    file = io.BytesIO()
    draw(genre, random.Random(i)).save(file, "JPEG", quality=85)
    return file.getvalue()


def _meme(
    rng: random.Random, i: int, picture: bytes, media: MediaStore, now: datetime
) -> dict[str, Any]:
    data = picture + i.to_bytes(8)  # readers stop at the picture's end
    name = sha256(data).hexdigest()
    media.put(name, "JPEG", data)
    return meme_row(rng, i + 1, now) | {
        "sha256": name,
        "n_bytes": len(data),
        "template_id": i + 1,
        "words": to_json(_lines(rng)),
    }


def _lines(rng: random.Random) -> list[Line]:
    texts = [f"{rng.choice(_WORDS)} {rng.getrandbits(40):x}" for _ in range(_N_LINES)]
    return [Line(t, (0.1, 0.2 * i, 0.9, 0.1 + 0.2 * i), 0.9) for i, t in enumerate(texts)]


def _sighting(i: int, now: datetime) -> dict[str, Any]:
    return {
        "meme_id": i + 1,
        "source": "folder",
        "post_id": f"post{i}",
        "media_index": 0,
        "community": f"community{i % 40}",
        "image_url": f"{i}.jpg",
        "crawled_at": now,
        "posted_at": now,
    }


def _vote(i: int, now: datetime) -> dict[str, Any]:
    return {
        "meme_id": i + 1,
        "annotator": "ana",
        "verdict": Verdict.GENRE,
        "genre": GENRES[i % _N_DRAWN % len(GENRES)].key,
        "idempotency_key": token_hex(16),
        "created_at": now,
    }


if __name__ == "__main__":
    run(main, "python -m bench.training_memory")
