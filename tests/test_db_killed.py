"""Killed at any moment, adding and rematching lose, double and half-write nothing."""

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

from sqlalchemy import select

from core.fingerprint import hash_bytes
from core.settings import Settings
from db.check import check
from db.memes import Collection
from db.models import Rematch
from db.rematch import Rematcher, Tally
from tests.collecting import add, make_copy, make_meme, state
from tests.conftest import ROOT
from tests.pictures import picture, repost

PROGRAM = """
import sys
import db.rematch
from core.settings import Settings
from db.memes import Collection

class Telling(db.rematch.Rematcher):
    def _take(self, step):
        print("step", flush=True)
        return super()._take(step)

data_dir, url = sys.argv[1:]
db.rematch._STEP_FILES = 3
collection = Collection.open(Settings(data_dir=data_dir, database_url=url or None))
Telling(collection.database, collection.media).run()
"""


def start(program: str, settings: Settings, *args: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", program, settings.data_dir, settings.database_url or "", *args],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )


def kill_until_done(program: str, settings: Settings, *args: str, n_more: int = 0) -> int:
    """Run it again and again, killed in one of its first steps, until it comes to its end.

    Args:
        program: prints "step" before each, so that a fast machine is killed as often as a slow one.
        settings: of the collection.
        *args: of the program.
        n_more: steps that it may take beyond those of the time before, if it begins anew.

    Returns:
        How often it was killed.
    """
    rng, n_kills = random.Random(0), 0
    while True:
        with start(program, settings, *args) as process:
            assert process.stdout is not None
            for _ in range(rng.randint(1, 3) + n_more * n_kills):
                if process.stdout.readline() != "step\n":
                    assert process.wait() == 0
                    return n_kills
            time.sleep(rng.uniform(0, 0.01))  # somewhere in the step
            process.send_signal(signal.SIGKILL)
            n_kills += 1


def disorder(collection: Collection) -> None:
    """Much to mend: of each ten memes, one is another's copy, and one is there twice."""
    for number in range(20):
        add(collection, picture(number), str(number))
        if number % 2:
            add(collection, repost(picture(number)), f"{number} again")
    for number in range(0, 20, 10):
        make_meme(collection, repost(picture(number + 1)))
        make_copy(collection, picture(number + 3), picture(number + 2))


def test_killed_and_gone_on_it_ends_as_in_one_go(
    database_settings: Settings, tmp_path: Path
) -> None:
    collection = Collection.open(database_settings)
    disorder(collection)
    n_kills = kill_until_done(PROGRAM, database_settings)
    assert n_kills >= 3
    at_once = Collection.open(Settings(data_dir=tmp_path / "at once"))
    disorder(at_once)
    tally = Rematcher(at_once.database, at_once.media).run()
    assert (tally.merged, tally.split) == (2, 2)
    assert state(collection) == state(at_once)
    with collection.database.reading() as session:
        # A kill after the end, before the process was gone, lets another begin, with nothing to do.
        row = session.scalars(select(Rematch).order_by(Rematch.id)).first()
        assert row is not None
        assert Tally(**row.counts) == tally
    assert check(collection.database, collection.media).is_clean
    for opened in (collection, at_once):
        opened.database.engine.dispose()


ADDING = """
import sys
from pathlib import Path
from core.fingerprint import fingerprint
from core.settings import Settings
from db.memes import Collection, Seen

data_dir, url, folder = sys.argv[1:]
collection = Collection.open(Settings(data_dir=data_dir, database_url=url or None))
for file in sorted(Path(folder).iterdir()):
    print("step", flush=True)
    data = file.read_bytes()
    with collection.adding() as adder:
        adder.add(data, fingerprint(data), Seen("test", file.name, str(file)))
"""


def test_killed_while_adding_nothing_is_lost_doubled_or_half_there(
    database_settings: Settings, tmp_path: Path
) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    for number in range(15):
        (folder / f"{number:02}.png").write_bytes(picture(number))
        (folder / f"{number:02}r.jpg").write_bytes(repost(picture(number)))
    assert kill_until_done(ADDING, database_settings, str(folder), n_more=6) >= 3
    collection = Collection.open(database_settings)
    after = state(collection)
    assert set(after["memes"]) == {hash_bytes(picture(number)) for number in range(15)}
    assert after["copies"] == {
        hash_bytes(repost(picture(number))): hash_bytes(picture(number)) for number in range(15)
    }
    assert len(after["sightings"]) == 30
    report = check(collection.database, collection.media)
    assert (report.is_clean, report.n_rows) == (True, 30)
    assert report.n_files - report.n_young == 30
    collection.database.engine.dispose()
