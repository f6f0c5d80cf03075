"""Words are read once, in processes of their own; what was read outlives a kill."""

import json
import os
import signal
import subprocess
import sys
import time

from sqlalchemy import func, select

from core.images import decode
from core.settings import Settings
from core.words import read_words
from db.listing import describe_memes
from db.media import MediaStore
from db.memes import Collection
from db.models import Meme
from tests.captioned import captioned, jpeg
from tests.collecting import add
from tests.conftest import ROOT
from tests.pictures import picture


def arguments(*more: str) -> list[str]:
    return [sys.executable, "-m", "training", "read", *more]


def environment(settings: Settings) -> dict[str, str]:
    named = {"MEMEERA_DATA_DIR": str(settings.data_dir)}
    if settings.database_url:
        named["MEMEERA_DATABASE_URL"] = settings.database_url
    return os.environ | named


def read(settings: Settings, *more: str) -> dict[str, int]:
    """What the command says it did."""
    done = subprocess.run(
        arguments(*more, "--json"),
        cwd=ROOT,
        env=environment(settings),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    counts: dict[str, int] = json.loads(done.stdout)
    return counts


def kept(collection: Collection) -> dict[int, list[str] | None]:
    """What is known to be written in each meme."""
    with collection.database.reading() as session:
        return {meme["id"]: meme["words"] for meme in describe_memes(session)}


def test_the_words_of_every_meme_are_read_once(
    collection: Collection, database_settings: Settings
) -> None:
    above, below = "ONE DOES NOT", "WALK INTO MORDOR"
    written = jpeg(captioned(1, above, below))
    for number, data in enumerate((written, picture(1), jpeg(captioned(2, "GONE")))):
        add(collection, data, str(number))
    media = MediaStore.open(database_settings)
    with collection.database.reading() as session:
        gone = session.scalars(select(Meme).order_by(Meme.id.desc())).first()
        assert gone is not None
        media.delete(gone.sha256, gone.format)
    assert read(database_settings) == {"read": 2, "wordless": 1, "skipped": 1}
    lines = [line.text for line in read_words(decode(written))]
    assert " ".join(lines).replace(" ", "") == (above + below).replace(" ", "")
    assert kept(collection) == {1: lines, 2: [], 3: None}
    assert read(database_settings) == {"read": 0, "wordless": 0, "skipped": 1}


def test_killed_in_the_middle_it_goes_on_from_there(
    collection: Collection, database_settings: Settings
) -> None:
    n = 30
    for number in range(n):
        add(collection, picture(number), str(number))

    def n_read() -> int:
        with collection.database.reading() as session:
            return session.scalar(select(func.count()).where(Meme.words.is_not(None))) or 0

    program = subprocess.Popen(
        arguments("--workers", "1"),
        cwd=ROOT,
        env=environment(database_settings),
        stderr=subprocess.DEVNULL,
    )
    end_at = time.monotonic() + 60
    while not n_read() and time.monotonic() < end_at:
        time.sleep(0.02)
    program.kill()
    program.wait()
    before = n_read()
    assert 0 < before < n
    assert read(database_settings)["read"] == n - before
    assert n_read() == n


def test_without_a_terminal_it_tells_how_far_it_is_and_on_sigterm_what_is_kept(
    settings: Settings,
) -> None:
    collection = Collection.open(settings)
    n = 40
    for number in range(n):
        add(collection, picture(number), str(number))
    program = subprocess.Popen(
        arguments("--workers", "1"),
        cwd=ROOT,
        env=environment(settings),
        stderr=subprocess.PIPE,
        text=True,
    )
    assert program.stderr is not None
    assert program.stderr.readline() == f"reading memes: {n} to go\n"
    while not sum(words is not None for words in kept(collection).values()):
        time.sleep(0.02)
    program.send_signal(signal.SIGTERM)
    _, said = program.communicate(timeout=60)
    assert program.returncode == 143
    n_kept = sum(words is not None for words in kept(collection).values())
    assert said == f"stopped; {n_kept} memes read, {n_kept} of them without words: kept\n"
    assert 0 < n_kept < n
    assert read(settings, "--limit", "3")["read"] == 3
    assert sum(words is not None for words in kept(collection).values()) == n_kept + 3
    collection.database.engine.dispose()
